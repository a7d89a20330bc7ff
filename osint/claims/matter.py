"""Give the rows of a filing the stage that its kind or a heading states, where their own words state none."""

from __future__ import annotations

import re

from osint.claims.assertion import Assertion, StageWay
from osint.claims.claim import TextClaim
from osint.claims.hypothetical import is_of_any
from osint.claims.stages import grows_from, stage_of_heading, stage_of_state
from osint.register import LADDER, TAKEN_BACK, Modality

_TITLE = 60
"""characters in which a document without a title names its kind"""
_NAMED, _ABOUT = re.compile(r"关于[^，。；\n]{2,50}的?(?:公告|通知|批复|公示|意见)"), 200
_SENTENCE = re.compile(r"[，,。；;]")
_FIRST_WORDS = re.compile(r"[^，。；;,\n:：|]*")
_GOES_BEHIND = re.compile(r"(?:正式)?(?:发布|中(?!标)|披露|出炉|挂网|后|的?截图)")
"""what stands behind the name of a filing that is only told of"""
_ACTS, _ACT_REACH = (
    re.compile(
        r"\A\s*(?:合同|采购|招标|备案|批准文)(?:编?号)|\A\s*(?:第?[一二三四\d]{1,2})?(?:包|标段|标包|采购包|分包|包件)[一二三四五\d]{0,2}\s?[:：]|准予备案|予以(?:备案|公示|核准|批准|受理|许可)|现予(?:公示|受理)|(?:我[局厅委]|经研究[，,]?|"
        r"原则)(?:原则)?同意|同意你(?:公司|单位|局)|批复如下|同意(?:建设|实施)|采用单一来源|拟采购的货物|"
        r"\b(?:[Cc]onsent|[Pp]ermission|[Aa]pproval) is (?:hereby )?granted|\bis hereby (?:granted|approved)"
    ),
    4000,
)
"""words by which a filing without a title puts its matter on paper, and the characters in which they are sought"""
_SHORT = 1200
"""characters up to which a text is taken for one notice, whatever its title"""
_ENDS = re.compile(r"(?:现|决定|特此)?予以?(?:终止|废标|流标|撤销|取消)|\b[Aa]pplication is (?:hereby )?refused")
"""words by which a filing without a title calls off what it names"""
_ENDED = re.compile(
    r"(?:结果|决定|结论|意见|状态)[:：]\s?(?:不予|终止|流标|废标|驳回|撤[回销]|[不未]通过|退回|失败)|"
    r"本[次项](?:采购|招标|询价|谈判|磋商|出让|拍卖)(?:活动)?(?:失败|终止|流标|废标|取消)|"
    r"\b(?:decision|outcome|result|recommendation)\s?(?::|is|-|–)\s?(?:refus|reject|declin|dismiss|withdrawn|cancel)",
    re.IGNORECASE,
)
"""the same in the first lines of any filing: its outcome"""
_LIST = re.compile(r"名单|清单")
_STATUS = re.compile(
    r"(?:建设|项目|工程|形象)?(?:进度|进展|状态|阶段|现状)\s?[:：]\s?([^\s◎|；;。，,]{2,14})|"
    r"\bstatus\s?:\s?([a-z ]{4,30})",
    re.IGNORECASE,
)
"""a field of a form that states the stage of what it describes"""
_FILED = re.compile(
    r"(?:招标|采购|中标|成交|询价|竞价|竞买|比选|遴选|邀标|拍卖|挂牌|入围|中选|开标|评标|定标|磋商|谈判|合同|单一来源|更正|澄清|"
    r"变更|受理|审批|出让|结果)[^，。\n招采中成]{0,8}?(?:公[告示]|(?:结果|清单|明细)(?:表|一览)?$|通知书)|(?:用地|项目|规划)公示|"
    r"登记表|答疑|(?:经济)?技术指标|审批意见|招标文件|拟批准|批前公[告示]|资格预审|关于(?:同意|核准|批准|准予)|变更告知|"
    r"合同(?:主要)?(?:条款|要点|摘要|概要)|主要条款|工程量清单|报价清单|货物(?:需求)?(?:一览|清单)|成交(?:确认书|情况)|"
    r"采购(?:需求|清单|文件|意向)|(?:分项)?报价表|投标函|开标记录|招标(?:项目|计划)|签订[^，。\n]{0,20}合同的?公告|重大合同|"
    r"备案(?:证|公示|信息)?|批复|核准|(?:节能)?审查意见|节能报告|合同(?:书|文本)?$|(?:用地|规划|施工)许可证?|用地预审|"
    r"拟审批\w{0,4}公[告示]|环境影响(?:报告|评价|登记)\w?|"
    r"\b(?:(?:tender|procurement|award|contract) notice|request for (?:proposals?|tenders?|quotations?|bids)|"
    r"invitation to (?:tender|bid)|call for (?:tenders|bids)|contract award|notice of award|award of contract|"
    r"planning (?:application|permission|consent|statement)|invitation for bids|letter of award|purchase order|"
    r"bid tabulation|notice of public hearing|public hearing notice|(?:special|conditional) use permit|"
    r"site plan (?:review|application)|environmental (?:impact statement|assessment)|interconnection agreement|"
    r"cost-benefit analysis|staff report|lease agreement|supply agreement|decision notice|"
    r"notice of decision|building permit)\b",
    re.IGNORECASE,
)
"""titles of filings that put their matter on paper"""
_ACCEPTED = re.compile(r"(?:竣工|完工)验收(?:公[告示]|报告|备案|意见|鉴定)")
"""titles of filings by which a building is taken over"""
_CALLED_OFF = re.compile(
    r"(?:终止|废标|流标|中止|采购失败|招标失败|撤[销回]|取消)(?:采购|招标|中标)?(?:的?(?:公[告示]|通知|决定))|"
    r"\b(?:cancellation|termination) (?:notice|of)\b|\bcancellations\b|"
    r"(?:项目|投资|协议|合同|合作|计划|建设)(?:提前|正式|已|宣布|被)?(?:终止|取消|撤销|搁置|告吹|流产)(?!条款|条件|情形|风险|日期)|"
    r"(?<![不未拟])(?:终止|取消|撤销|放弃|叫停)[^,，。]{2,40}(?:项目|协议|合同|合作|投资|建设)(?!.{0,12}(?:传闻|传言|不实))|"
    r"\b(?:scraps?|scrapped|cancels?|cancell?ed|withdraws|withdrawn|shelves|shelved|abandons|abandoned|rejects|rejected|"
    r"nixes|kills|terminates?|terminated)\b"
    r"(?:(?! to | lawsuit| appeal| challenge| petition| moratorium| ban\b)[^,.;:]){0,40}"
    r"\b(?:plans?|proposals?|projects?|campus|data cent(?:er|re)|rezoning|applications?)\b",
    re.IGNORECASE,
)
"""titles of filings and of news that call off what they name"""
_GOES_ON = re.compile(
    r"部分|子项|之一|变更|改为|重新|另行|新增|并(?:投资|建设|新建|签)|恢复|"
    r"\b(?:not|after|despite|but|as|while|some|part|two|three|one of|instead|revised|resubmit\w*|"
    r"alternative|appeals?)\b",
    re.IGNORECASE,
)
"""words of a title by which only a part is called off, or something else takes its place"""
_MACHINES = ("chips", "servers", "racks", "compute", "power", "transformer")
_ON_PAPER = ("duration", "pue", "energy", "gen", "battery", "battery_energy")
_BUILT = (*_MACHINES, "floor", "land", "voltage", "tce", "money_cny", "money_usd", "money_eur", "money_hkd")
_LENT = {
    "announced": _BUILT,
    "filed": (*_MACHINES, "floor", "land", "voltage", "tce"),
    "ground broken": _BUILT,
    "roofed": _BUILT,
    "powered": (*_MACHINES, "floor", "land"),
    "running": (*_MACHINES, "floor", "land", "pue"),
}
"""kinds to which a heading lends a rung: a hall that runs says nothing of the stage of a sum"""
_OF_MANY = re.compile(r"项目|清单|一览|名单|\b(?:projects|sites)\b", re.IGNORECASE)
"""words of a heading that stands over several places or parts"""
_OF_BIDDERS = re.compile(
    r"第[二三四五]\s?(?:中标|成交)?候选人|注册资[本金]|业绩|资格|资质|注册|类似项目|营业额|罚款|近[一二三四五两\d]年|承[接揽建担]过|完成过|"
    r"(?:投标|申请|响应|应答)(?:人|单位|方)[^,，。]{0,6}(?:具有|具备|自有|拥有)|"
    r"\b(?:eligibility|qualifications?|turnover|experience|past (?:\w+ )?years)\b",
    re.IGNORECASE,
)
"""words of a sentence, or of the heading over it, that speaks of who may bid, and what else he has built"""
_PENALTY, _PENALTY_REACH = (
    re.compile(r"逾期|迟延|延误|延迟|违约|超过[^，,。；;\d]{0,2}$|\b(?:late|default|overdue)\b"),
    16,
)
"""words before a term after which somebody is in default, and the characters in which they are sought"""
_OF_REGION = re.compile(r"全[国省区市县州]|我[国省区市县州]|行业|累计|nationwide|province-wide|industry")
"""words of a sentence that speaks of more than the matter of its filing"""
_OPEN = re.compile(
    r"未|尚|没有|无法|不再|是否|将|拟|计划|预计|力争|远期|(?:建成|投产|达产|完成|投运)后|若|如果|[?？]|\bnot?\b|"
    r"n't\b|\b(?:never|none|yet|will|would|plans?|if)\b",
    re.IGNORECASE,
)
"""words of a sentence that says otherwise than its heading, or leaves it open"""
_OWN_PLAN = re.compile(r"(?:拟|计划|将)[一-龥]{2}|(?:全部)?(?:建成|投产|达产|完成|投运|实施)后(?!期)")
"""what a filing says of its own matter: a plan that is on paper"""
_EXCLUDES = re.compile(r"不在本次|不予批准|另行(?:报批|报审|审批|验收|申请)|不再执行|未建设|不纳入|均?予以?废止")
_SENTENCE_END = re.compile(r"[。；;\n]")
"""what a sentence goes on with that leaves its number out of the matter of the filing"""
_CLAUSE_END = re.compile(r"[，。；：;\n]|[,:](?!\d)")
_HEADING, _REACH = 40, 400
"""longest heading, and characters behind it over which it lends its stage (judgement)"""
_NO_HEADING = re.compile(r"[。！？!?；;|]|[，,].*[，,]|\d\s?[万亿]?(?:元|P|MW|[架台张套亩])|[:：].")
_UNIT_NOTE = re.compile(r"[(（]单位[:：][^()（）\n]{1,12}[)）]")
_BYLINE = re.compile(
    r"来源|发布|作者|记者|编辑|浏览|字号|字体|时间|日期|20\d\d\s?[-/.年]\s?\d|\b(?:by|published|posted|updated)\b",
    re.IGNORECASE,
)
_DESIGNED = re.compile(
    r"可(?:布[置放]|容纳|部署|安装|放置|安放|摆放|承载|提供)|设计(?!院|师|单位)|规划(?!局)|\bdesigned\b"
)
"""words before a number that say what there can be, of which a heading says nothing"""
_ANOTHER_ACT = re.compile(
    r"投建|投资(?:建设|兴建|新建)|另(?:行|外|有|建|一)|其他项目|别的项目|\b(?:another|others?|remaining|separate(?:ly)?)\b",
    re.IGNORECASE,
)
"""words by which a sentence turns to a project of its own"""
_PROJECT = re.compile(
    r"([一-龥]{2,6})(?:(?:超级|先进|绿色|云|人工智能)?(?:计算|算力|智算|数据|超算)(?:中心|基地|集群)|产业园)"
)
_GENERIC_NAME = re.compile(r"[该本此其这整个座全为的将在是了由建设型新大有以及和与]$")
_PART = re.compile(r"[一二三四五六]期|[一二三四五六\d]号|\b(?:phase|building|hall) ?\d", re.IGNORECASE)


class Matter:
    """What the title and the headings of a filing say of the stage of its rows."""

    def __init__(self, title: str, text: str) -> None:
        """Take the title, or the first words of a filing without one, and the text under it."""
        is_sentence = title and text.lstrip().startswith(title) and _SENTENCE.search(title)
        self._title = _first_words(text) if is_sentence or not title else title
        self._text = text
        self._accepted = _ACCEPTED.search(self._title)
        self._filed = _FILED.search(self._title)
        if self._filed and self._title is not title and _GOES_BEHIND.match(self._title, self._filed.end()):
            self._filed = None  # 中标公告发布后: a text that begins by telling of a filing
        self._called_off = None if _GOES_ON.search(self._title) else _CALLED_OFF.search(self._title)
        self._called_off = self._called_off or _ENDED.search(text, 0, _ABOUT)
        says_its_kind = self._filed or self._called_off or self._accepted or _LIST.search(text, 0, _TITLE)
        if (not title or len(text) < _SHORT) and not says_its_kind:
            self._called_off = _ENDS.search(text, 0, _ACT_REACH)
            self._filed = _ACTS.search(text, 0, _ACT_REACH)
        self._status = _status(text[:_ACT_REACH])

    def stage(self, claim: TextClaim) -> TextClaim:
        """Return a claim with the stage that its filing gives it and the reason, which is never of high confidence."""
        told = self._told(claim)
        return told.at_most_medium() if told.rung and told.rung_reason else told

    def _told(self, claim: TextClaim) -> TextClaim:
        if self._called_off:
            return _called_off(claim, self._called_off[0])
        is_of_grid = claim.rung_reason and claim.rung_reason not in tuple(StageWay)
        is_goods = claim.kind == "count" and claim.row_label
        if is_of_grid or not (is_goods or claim.kind in (*_BUILT, *_ON_PAPER)):
            return claim
        if (claim.rung or claim.modality) and not (self._filed and self._plans_elsewhere(claim)):
            return claim
        heading = self._heading_of(claim.start, bool(claim.column_label))
        words = f"{claim.sentence} {claim.column_label} {claim.row_label}"
        if _OF_BIDDERS.search(words) or _OF_REGION.search(words) or (heading and _OF_BIDDERS.search(heading)):
            return claim
        if (claim.per and not claim.kind.startswith("money")) or grows_from(self._text, claim.start, claim.end):
            return claim
        if claim.kind == "duration" and _PENALTY.search(self._text, max(0, claim.start - _PENALTY_REACH), claim.start):
            return claim
        if not claim.column_label and _EXCLUDES.search(_SENTENCE_END.split(self._text[claim.end : claim.end + 60])[0]):
            return claim
        if self._accepted:
            return _staged(claim, "roofed", "roofed", "has", f"the document is a {self._accepted[0]}")
        if self._filed:
            aim, modality = (claim.aim, claim.modality) if claim.rung else ("filed", "has")
            return _staged(claim, "filed", aim, modality, f"the document is a {self._filed[0]}")
        if self._status and claim.kind in _LENT.get(self._status.rung, _MACHINES):
            said = self._status
            return _staged(claim, said.rung, said.aim, said.modality, "a field of the document states it")
        if not heading or (not claim.column_label and self._is_of_none(claim)):
            return claim
        return _under_heading(claim, heading)

    def _is_of_none(self, claim: TextClaim) -> bool:
        """Say whether a claim is told of any thing of a kind, or of what is only designed, so that no heading lends."""
        before = self._text[max(0, claim.start - _REACH // 4) : claim.start]
        clause = claim.start - len(_CLAUSE_END.split(before)[-1])
        return is_of_any(self._text, claim.start, claim.end, clause) or (
            _DESIGNED.search(self._text, clause, claim.start) is not None
        )

    def _plans_elsewhere(self, claim: TextClaim) -> bool:
        """Say whether a claim is a plan only by another clause of its sentence: 投资12亿元，计划9月开工."""
        before, behind = (
            self._text[max(0, claim.start - _REACH) : claim.start],
            self._text[claim.end : claim.end + _REACH],
        )
        clause = _CLAUSE_END.split(before)[-1] + claim.quote + _CLAUSE_END.split(behind, maxsplit=1)[0]
        return claim.rung == "announced" and not _OPEN.search(_OWN_PLAN.sub("", clause))

    def _heading_of(self, start: int, in_table: bool) -> str:
        """Return the nearest line above an offset that reads like a heading, if it is near; else nothing."""
        for line in reversed(self._text[max(0, start - _REACH) : start].split("\n")[:-1]):
            if not in_table and _UNIT_NOTE.search(line):
                return ""  # the caption of a table says nothing of the text behind it
            words = _UNIT_NOTE.sub("", line).strip(" \t　#*:：")
            if 1 < len(words) <= _HEADING and not _NO_HEADING.search(words) and not _BYLINE.search(words):
                return words
        return ""


def _first_words(text: str) -> str:
    """Return the words with which a text without a title begins, where they can be one: 终止公告：…."""
    named = _NAMED.search(text, 0, _ABOUT)
    words = named[0] if named else next(_FIRST_WORDS.finditer(text[:_TITLE].strip(" |\t\n")))[0]
    return "" if re.search(r"未|尚|无|不|凡|须|应当|(?:拟|将|计划|有意)签|not\b|\bno\b", words) else words


def _status(text: str) -> Assertion | None:
    """Return the stage that a field of a form states, if there is one such field."""
    found = list(_STATUS.finditer(text))
    said = stage_of_state(found[0][1] or found[0][2]) if len(found) == 1 else None
    return said if said and said.rung else None


def _under_heading(claim: TextClaim, heading: str) -> TextClaim:
    """Return a claim with the stage of the heading that it stands under, if its own sentence leaves it to that."""
    own = claim.sentence.rpartition("\n")[2] + claim.column_label if claim.column_label else claim.sentence
    if _OPEN.search(own) or (not claim.column_label and _is_of_other(own, heading)):
        return claim
    parts, named = set(_PART.findall(claim.sentence.lower())), set(_PART.findall(heading.lower()))
    said = stage_of_heading(heading)
    is_other = not parts <= named and not (_OF_MANY.search(heading) and not named)
    if not said.rung or is_other or claim.kind not in _LENT.get(said.rung, _MACHINES):
        return claim
    return _staged(claim, said.rung, said.aim, said.modality, f"the heading says {heading!r}")


def _is_of_other(own: str, heading: str) -> bool:
    """Say whether a sentence tells of another project than its heading, by its verb or by the name that it gives."""
    if _ANOTHER_ACT.search(own):
        return True
    if _OF_MANY.search(heading) and not _PROJECT.search(heading):
        return False
    names = [named[1] for named in _PROJECT.finditer(own) if not _GENERIC_NAME.search(named[1])]
    return bool(names) and not any(name[at : at + 2] in heading for name in names for at in range(len(name) - 1))


def _staged(claim: TextClaim, rung: str, aim: str, modality: str, reason: str) -> TextClaim:
    return claim._replace(rung=rung, aim=aim, modality=modality, rung_reason=reason)


def _called_off(claim: TextClaim, kind: str) -> TextClaim:
    """Return a claim of a filing that calls off what it names, unless the words say that it stands."""
    if claim.rung not in ("", *LADDER[:2]) or claim.modality in TAKEN_BACK or claim.kind not in _BUILT:
        return claim
    reason = f"the document is a {kind}"
    return _staged(claim, "", "", str(Modality.WITHDRAWN), reason).warned(reason)._replace(confidence="low")
