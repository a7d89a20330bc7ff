"""Find the words by which a sentence takes a claim back: withdrawn, refused, cancelled, or said not to be so."""

from __future__ import annotations

import re
from typing import NamedTuple

from osint.register import Modality

_HAN = re.compile("[一-龥]")
_TAKES_BACK = {
    Modality.WITHDRAWN: (
        "终止|撤[回销]|放弃(?!中标)|夭折|告吹|[已自动即]失效|无疾而终|落败|未中标|不了了之|(?:企业|集团|公司|投资方|开发商)[^,。;]{0,4}退出|[被作]废(?![标料])|清退|取消[^,。;]{0,24}(?:合同|协议|订单)|"
        "流标|作罢|泡汤|下马|弃标|[被予以]否决|注销|吊销|退(?:货|订|单)(?!率)|"
        "毁约|解约|不再(?:实施|推进|建设|执行)|(?:采购|招标|谈判|磋商)失败|(?<![作按为])废标(?!处理|条款|情形)|停建|搁置|驳回|关停|不予(?:批复|核准|备案|受理|通过)|叫停(?!在建)|"
        "(?:项目|计划|合同|协议|订单|采购|招标|建设)[^,。;]{0,8}(?:取消|中止|暂停|解除)|"
        "解除[^,。;]{0,8}(?:合同|协议|订单)|"
        "取消[了该本原]?(?:中标|成交|采购|项目|合同|订单|招标|备案|建设|计划)",
        "withdrawn|withdrew|reject(?:ed|s)(?! (?:reports|claims|allegations|suggestions|rumou?rs))|"
        "cancelled|canceled|scrapped|shelved|paused|halted(?! (?:work|construction))|abandoned|"
        "(?:den(?:y|ied)|block(?:ed)?|refused?) (?:the |a )?(?:rezoning|application|permit|plan|scheme)|"
        "kill(?:ed|ing) (?:the|a|an|plans)|"
        "applications? (?:\\w+ )?refused|(?:took|taken|take) [^.;,]{0,60}\\boffline|terminated|lapsed|not awarded|"
        "(?:will not|not to|no longer) proceed|no (?:tenders|bids) (?:were )?received|walked away from|"
        "backed out|eliminated from|"
        "called off|pulled (?:the |its |their |out|from)|yanked|nixed|quashed|rescinded|revoked|"
        "surrendered|relinquished|"
        "vetoed|overturned|"
        "(?:struck|strikes?|voted|votes?|turns?) down|(?:thrown|threw|throws) out|overturns|"
        "(?:projects?|plans?|contracts?|orders?|leases?) cancell?ations?|"
        "pulled the plug|shut down for good|written off|"
        "gave up on|no longer (?:planned|pursuing|going ahead)|(?:will|would) not be built|never materiali[sz]ed|"
        "turned down|axed|decommissioned|blocked (?:the|a|an|plans?)|"
        "(?:is|was|were|been) (?:blocked|suspended|refused)|(?:refused|denied) (?:planning )?permission|"
        "(?:plans?|proposals?|projects?|schemes?|bids?|deals?|orders?)\\b[^.;,]{0,60}"
        "\\b(?:dropped|ditched|died|collapsed|fell through)",
    ),
    Modality.DENIED: (
        "辟谣|否认|并[未无]|从未|从没|没说过|不实|不属实|失实|[系为是属]谣言|[系为是属]虚[构假]|[系为](?:误[读传]|"
        "笔误|乌龙)|"
        "系[^,。;]{0,6}错误|(?<![尚暂还仍])未(?:采购|购买|购入|订购|签署|拥有)|没有(?:采购|购买|部署|安装|签署|计划)",
        "did(?: not|n't)(?! (?:only|identify|name|disclose|say|specify|respond|comment|provide|give|elaborate|reveal|"
        "immediately|detail)\\b)|never (?:bought|ordered|installed|owned|signed|said|planned|agreed|built|"
        "had|purchased|received|intended)|denied|denies|untrue|unfounded|baseless|no such|"
        "(?:rejected|dismissed) (?:reports|claims|allegations|suggestions|rumou?rs)|"
        "has not (?:bought|ordered|installed|signed)|"
        "do(?:es)?(?: not|n't) (?:have|own|hold|operate) [^.;,]{0,40}\\d[\\d,.]*",
    ),
}
_TAKES_BACK_IN = {
    modality: (re.compile(han), re.compile(rf"\b(?:{latin})\b")) for modality, (han, latin) in _TAKES_BACK.items()
}
_LATIN, _NOT = re.compile("[A-Za-z]{4}"), re.compile("未|没有|不会")
_STILL = re.compile(
    r"(?:未|没有|不会|无|有权|可以?|若|如|如果|一旦|否则)(?:被)?$|原[^,。;\d]{0,4}(?:证|批复|文件|许可|合同|通知|公告)"
    r"(?:同时|即行?|随之|相应|自行|自动)?$|"
    r"\b(?:may|could|might|can|if|unless|would|right to|entitled to|option to) (?:be |is |are )?$|"
    r"\b(?:not|never|without|denied|nor)\W{1,3}(?:be |been |being )?$",
    re.IGNORECASE,
)
_OBJECTION = re.compile(r"\s(?:objections?|appeals?|claims?|calls|criticism|a bid to stop|异议)", re.IGNORECASE)
LONGEST_TAKEN_BACK = 240
"""characters of a sentence in which what takes it back is sought"""


class TakenBack(NamedTuple):
    """The words by which a sentence takes a claim back."""

    modality: Modality
    """withdrawn (was meant, is no more) or denied (is said not to be)"""
    words: str
    start: int
    """offset of the words"""


def taken_back(text: str, start: int, stop: int) -> TakenBack | None:
    """Return the words by which a sentence says that a plan is withdrawn, refused or denied; None where it does not.

    >>> taken_back("The 450 MW plan was withdrawn.", 0, 30)[:2], taken_back("辟谣:并无1500张加速卡", 0, 14)[:2]
    ((<Modality.WITHDRAWN: 'withdrawn'>, 'withdrawn'), (<Modality.DENIED: 'denied'>, '辟谣'))
    """
    part = text[start:stop]
    is_han = not part.isascii() and _HAN.search(part) is not None
    is_latin = not is_han or _LATIN.search(part) is not None
    lower = part.lower() if is_latin else part
    lower = lower if len(lower) == len(part) else part
    for modality, patterns in _TAKES_BACK_IN.items():
        match = next((m for pattern in patterns[not is_han : 1 + is_latin] if (m := pattern.search(lower))), None)
        kept = match and modality is Modality.WITHDRAWN and _NOT.search(match.group()[:-2])
        if match and not (kept or _STILL.search(part, 0, match.start()) or _OBJECTION.match(part, match.end())):
            return TakenBack(modality, part[match.start() : match.end()].strip(), start + match.start())
    return None
