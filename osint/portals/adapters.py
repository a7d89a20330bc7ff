"""The portals as a table, and their answers, JSON or HTML, as rows of one shape."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from osint.filings import Page
from osint.register import find_date


@dataclass(frozen=True, slots=True)
class Hit:
    """One row of a search answer; what a portal does not say is empty."""

    title: str
    """Title of the notice or filing."""
    date: str
    """Day as YYYY-MM-DD."""
    place: str = ""
    """Province or office, in the words of the portal."""
    kind: str = ""
    """Kind of notice, in the words of the portal."""
    url: str = ""
    """Page or file to capture."""
    source: str = ""
    """Short name of the portal."""
    how_found: str = ""
    """Why it is in the result."""
    project_code: str = ""
    """项目代码, if the row states one."""


@dataclass(frozen=True)
class Source:
    """One portal. In `params`, {words}, {start}, {end}, {page} and {stock} are filled in."""

    name: str
    """Short name, as in OSINT_BASE_<NAME>, which points the adapter at a mirror or a test server."""
    title: str
    """Name and content, in the words of the portal."""
    base: str
    """Scheme and host of the portal."""
    path: str
    """Path of the search page."""
    params: dict[str, Any]
    """Parameters of the query string, the form or the JSON body."""
    rows: tuple[str, ...] = ()
    """Path to the list in the JSON; empty for HTML."""
    total: tuple[str, ...] = ()
    """Path to the count of hits in the JSON."""
    fields: dict[str, str] = field(default_factory=dict)
    """title, date, place, kind and url by their names in a row."""
    known: str = ""
    """When it was last known to work, and by whom."""
    limits: str = ""
    """Published or observed limits, and what the portal cannot do."""
    sends: str = "query"
    """Where the parameters go: query, form or json."""
    form: str = "json"
    """Form of the answer: json or html."""
    first: int = 1
    """Number of the first page."""
    step: int = 1
    """Added for the next page; a row offset where it is more than 1."""
    size: int = 20
    """Rows per page; 0 is not known."""
    per_minute: float = 10.0
    """Requests per minute that we allow ourselves."""
    dates: str = "%Y-%m-%d"
    """Format of days in the request (strftime)."""
    link: str = ""
    """Prefix of a relative URL; {} marks where an id goes."""
    headers: dict[str, str] = field(default_factory=dict)
    """Extra request headers."""
    regions: tuple[str, ...] = ()
    """Two digits of the provinces it covers; empty is all of China."""
    needs_stock: bool = False
    """Cannot search without a stock code."""
    full_text: bool = False
    """Searches the text, so that a title may lack the words."""
    split_over: int = 0
    """Hits beyond which the portal repeats itself without notice; the days are then split."""
    baseline: bool = False
    """Known to ignore a keyword without hits: compared with the answer to no keyword."""
    by_hand: str = ""
    """Page for a person to open."""

    @property
    def host(self) -> str:
        """Base in force: the override of the environment, else the portal itself."""
        return base_url(self.name, self.base)


def base_url(name: str, default: str) -> str:
    """Return the base URL of a source, which OSINT_BASE_<NAME> overrides."""
    return (os.environ.get(f"OSINT_BASE_{name.upper()}") or default).rstrip("/")


def _epoint(name: str, title: str, host: str, path: str, **more: Any) -> Source:
    """Return one of the sites that run Epoint; they differ in path, sorting and category."""
    sort = more.pop("sort", "webdate")
    body = {
        "token": "",
        "pn": "{page}",
        "rn": 10,
        "sdt": "{start} 00:00:00",
        "edt": "{end} 23:59:59",
        "wd": "{words_quoted}",
        "fields": more.pop("searched", "title"),
        "cnum": "001",
        "sort": f'{{"{sort}":"0"}}',
        "ssort": "title",
        "cl": 200,
        "terminal": "",
        "condition": [],
        "time": None,
        "highlights": "title",
        "statistics": None,
        "unionCondition": [],
        "accuracy": "100",
        "noParticiple": "0",
        "searchRange": None,
        "isBusiness": "1",
    }
    return Source(
        name=name,
        title=title,
        base=host,
        path=path,
        params=body,
        sends="json",
        rows=("result", "records"),
        total=("result", "totalcount"),
        fields={"title": "title", "date": "webdate", "kind": "categorynum", "url": "linkurl"},
        first=0,
        step=10,
        size=10,
        limits="no limit found; `pn` is a row offset; some sites return nothing, without an error, with `fields`",
        **more,
    )


SOURCES: tuple[Source, ...] = (
    Source(
        name="cninfo",
        title="巨潮资讯: filings of listed companies",
        base="http://www.cninfo.com.cn",
        path="/new/hisAnnouncement/query",
        sends="form",
        params={
            "pageNum": "{page}",
            "pageSize": "30",
            "column": "szse",
            "tabName": "fulltext",
            "plate": "",
            "stock": "{stock}",
            "searchkey": "{words}",
            "secid": "",
            "category": "",
            "trade": "",
            "seDate": "{start}~{end}",
            "sortName": "",
            "sortType": "",
            "isHLtitle": "false",
        },
        rows=("announcements",),
        total=("totalAnnouncement",),
        fields={
            "title": "announcementTitle",
            "date": "announcementTime",
            "kind": "adjunctType",
            "url": "adjunctUrl",
        },
        size=30,
        per_minute=12,
        split_over=3000,
        headers={"X-Requested-With": "XMLHttpRequest"},
        link="http://static.cninfo.com.cn/",
        known="April 2026, 2,055 PDFs from London (public recon)",
        limits="pageSize is always 30; pages past 100 repeat without notice; PDF host answers 404 to API headers",
    ),
    Source(
        name="ggzy",
        title="全国公共资源交易平台: tenders and awards of all provinces",
        base="https://www.ggzy.gov.cn",
        path="/information/pubTradingInfo/getTradList",
        sends="form",
        params={
            "FINDTXT": "{words}",
            "PAGENUMBER": "{page}",
            "SOURCE_TYPE": "1",
            "DEAL_TIME": "06",
            "TIMEBEGIN": "{start}",
            "TIMEEND": "{end}",
            "TIMEBEGIN_SHOW": "{start}",
            "TIMEEND_SHOW": "{end}",
            "DEAL_PROVINCE": "{province}",
            "isShowAll": "1",
        },
        rows=("data", "records"),
        total=("data", "total"),
        fields={
            "title": "title",
            "date": "publishTime",
            "place": "provinceText",
            "kind": "informationTypeText",
            "url": "url",
        },
        per_minute=6,
        headers={
            "Referer": "https://www.ggzy.gov.cn/deal/dealList.html",
            "Origin": "https://www.ggzy.gov.cn",
        },
        link="https://www.ggzy.gov.cn",
        baseline=True,
        known="September 2026 (public scrapers); a saved answer of March 2026",
        limits="codes 829 captcha, 800 too frequent, 804 narrow the query; ignores a keyword without hits",
        by_hand="https://www.ggzy.gov.cn/deal/dealList.html",
    ),
    _epoint(
        "epoint_xinjiang",
        "新疆公共资源交易网",
        "https://ggzy.xinjiang.gov.cn",
        "/inteligentsearchnew/rest/esinteligentsearch/getFullTextDataNew",
        link="https://ggzy.xinjiang.gov.cn/xinjiangggzy_new",
        regions=("65",),
        known="2025-26 (public scrapers)",
        by_hand="https://ggzy.xinjiang.gov.cn/",
    ),
    _epoint(
        "epoint_bingtuan",
        "兵团公共资源交易网",
        "https://ggzy.xjbt.gov.cn",
        "/inteligentsearch/rest/esinteligentsearch/getFullTextDataNew",
        searched="title;content",
        full_text=True,
        link="https://ggzy.xjbt.gov.cn",
        regions=("65",),
        known="2025-26 (public scrapers)",
        by_hand="https://ggzy.xjbt.gov.cn/",
    ),
    _epoint(
        "epoint_qinghai",
        "青海公共资源交易网",
        "https://www.qhggzyjy.gov.cn",
        "/inteligentsearch/rest/inteligentSearch/getFullTextData",
        sort="showdate",
        link="https://www.qhggzyjy.gov.cn",
        regions=("63",),
        known="2025-26 (public scrapers)",
        by_hand="https://www.qhggzyjy.gov.cn/",
    ),
    Source(
        name="ccgp",
        title="中国政府采购网: public buyers only",
        base="https://search.ccgp.gov.cn",
        path="/bxsearch",
        form="html",
        params={
            "searchtype": "2",
            "page_index": "{page}",
            "bidSort": "0",
            "pinMu": "0",
            "bidType": "0",
            "dbselect": "bidx",
            "kw": "{words}",
            "start_time": "{start}",
            "end_time": "{end}",
            "timeType": "6",
            "pppStatus": "0",
            **dict.fromkeys(("buyerName", "projectId", "agentName", "displayZone", "zoneId"), ""),
        },
        dates="%Y:%m:%d",
        per_minute=6,
        full_text=True,
        known="August-September 2026 (public scrapers)",
        limits="other scrapers wait 3 to 10 s between requests and stop at the first 频繁访问 page; 20 rows per page",
        by_hand="https://search.ccgp.gov.cn/bxsearch",
    ),
    Source(
        name="tzxm",
        title="全国投资项目在线审批监管平台: approvals of the last days",
        base="https://new.tzxm.gov.cn",
        path="/tzpt/statics/html/announce/{page}.shtml",
        form="html",
        params={},
        size=0,
        known="24 August 2026 (public scraper)",
        limits="twenty static pages, no search and no way back: poll it; search wants an image code",
        by_hand="https://new.tzxm.gov.cn/bsdt/",
    ),
    Source(
        name="qhtzxm",
        title="青海投资项目在线审批: energy reviews",
        base="http://www.qhtzxm.gov.cn",
        path="/publicResults/getPublicResults",
        form="html",
        params={
            "pageNumber": "{page}",
            "pageSize": "10",
            "dealCode": "",
            "projectName": "{words}",
            "taskName": "节能审查",
            "curTab": "0",
            "deptCode": "",
            "impStatus": "",
        },
        size=10,
        regions=("63",),
        known="2022 (public code); whether it still answers is not known",
        limits="not found",
        by_hand="http://www.qhtzxm.gov.cn/",
    ),
    Source(
        name="sse",
        title="上海证券交易所",
        base="https://query.sse.com.cn",
        path="/security/stock/queryCompanyBulletin.do",
        params={
            "isPagination": "true",
            "productId": "{code}",
            "keyWord": "{words}",
            "securityType": "0101,120100,020100,020200,120200",
            "reportType": "ALL",
            "beginDate": "{start}",
            "endDate": "{end}",
            "pageHelp.pageSize": "25",
            "pageHelp.pageNo": "{page}",
            "pageHelp.beginPage": "{page}",
            "pageHelp.cacheSize": "1",
            "pageHelp.endPage": "5",
        },
        rows=("pageHelp", "data"),
        total=("pageHelp", "total"),
        fields={"title": "TITLE", "date": "SSEDATE", "kind": "BULLETIN_TYPE", "url": "URL"},
        size=25,
        headers={"Referer": "https://www.sse.com.cn/"},
        link="https://static.sse.com.cn",
        known="October 2026 (public probes)",
        limits="needs its Referer; files are on static.sse.com.cn, not on www",
    ),
    Source(
        name="szse",
        title="深圳证券交易所",
        base="https://www.szse.cn",
        path="/api/disc/announcement/annList",
        sends="json",
        params={
            "seDate": ["{start}", "{end}"],
            "searchKey": ["{words}"],
            "channelCode": ["listedNotice_disc"],
            "pageSize": 50,
            "pageNum": "{page}",
        },
        rows=("data",),
        total=("announceCount",),
        fields={"title": "title", "date": "publishTime", "url": "attachPath"},
        size=50,
        headers={"Referer": "https://www.szse.cn/disclosure/listed/notice/index.html"},
        link="https://disc.static.szse.cn/download",
        known="August-October 2026 (public scrapers)",
        limits="not found; searches titles without a stock code",
    ),
    Source(
        name="eastmoney",
        title="东方财富: copies of filings",
        base="https://np-anotice-stock.eastmoney.com",
        path="/api/security/ann",
        params={
            "sr": "-1",
            "page_size": "50",
            "page_index": "{page}",
            "ann_type": "A",
            "client_source": "web",
            "stock_list": "{code}",
            "f_node": "0",
            "s_node": "0",
        },
        rows=("data", "list"),
        total=("data", "total_hits"),
        fields={"title": "title", "date": "notice_date", "url": "art_code"},
        size=50,
        needs_stock=True,
        link="https://pdf.dfcfw.com/pdf/H2_{}_1.pdf",
        known="August-October 2026 (public scrapers)",
        limits="a copy, not the origin; knows stock codes only",
    ),
    Source(
        name="chinamobile",
        title="中国移动采购与招标网",
        base="https://b2b.10086.cn",
        path="/api-b2b/api-sync-es/white_list_api/b2b/publish/queryList",
        sends="json",
        params={
            "name": "{words}",
            "publishType": "PROCUREMENT",
            "publishOneType": "PROCUREMENT",
            "purchaseType": "",
            "companyType": "",
            "size": 20,
            "current": "{page}",
            "creationDateStart": "{start}",
            "creationDateEnd": "{end}",
            "sfactApplColumn5": "PC",
        },
        rows=("data", "content"),
        total=("data", "totalElements"),
        fields={
            "title": "name",
            "date": "publishDate",
            "place": "companyTypeName",
            "kind": "publishOneType",
            "url": "id",
        },
        link="https://b2b.10086.cn/#/noticeDetail?publishId=",
        known="August 2026 (public scraper)",
        limits="dates are sometimes ignored; old TLS: --legacy-tls b2b.10086.cn accepts it, there alone",
        by_hand="https://b2b.10086.cn/#/biddingHall",
    ),
)

_HEADERS = {
    "title": ("项目名称", "公告标题", "标题", "名称"),
    "project_code": ("项目代码", "项目统一代码", "代码"),
    "date": ("审批时间", "办结时间", "发布时间", "批复时间", "日期"),
    "place": ("审批部门", "地区", "部门"),
    "kind": ("审批事项", "事项名称", "事项", "审批结果", "结果"),
}


def read_hits(source: Source, body: bytes, content_type: str, url: str) -> tuple[list[Hit], int | None]:
    """Return the rows of one page and the total that the portal states (None if it states none)."""
    page = Page(body, content_type)
    if source.form == "json":
        return _json_hits(source, page.data)
    if page.tree is None:
        return [], None
    return _ccgp_hits(page, url) if source.name == "ccgp" else (_table_hits(page, url), None)


def _json_hits(source: Source, data: Any) -> tuple[list[Hit], int | None]:
    rows = _at(data, source.rows)
    if rows is None and source.name == "chinamobile":
        rows = _at(data, ("data", "records"))
    total = _at(data, source.total)
    rows = rows if isinstance(rows, list) else []
    hits = [_json_hit(source, row) for row in rows if isinstance(row, dict)]
    return hits, int(total) if str(total).isdecimal() else None


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _day(cell: object) -> str:
    """Return the date in a cell, empty where there is none."""
    found = find_date(cell)
    return found.text if found else ""


def _json_hit(source: Source, row: dict[str, Any]) -> Hit:
    value = {name: row.get(key) for name, key in source.fields.items()}
    title = re.sub(r"<[^>]{1,40}>", "", str(value.get("title") or "")).strip()
    company = row.get("secName")
    return Hit(
        f"{company}：{title}" if company else title,
        _day(value.get("date")),
        str(value.get("place") or ""),
        str(value.get("kind") or ""),
        _link(source, str(value.get("url") or "")),
    )


def _link(source: Source, value: str) -> str:
    if not value or value.startswith(("http://", "https://")):
        return value
    if "{}" in source.link:
        return source.link.format(value)
    if source.link.endswith(("/", "=")):
        return source.link + value.lstrip("/")
    return f"{source.link}/{value.lstrip('/')}"


def _ccgp_hits(page: Page, url: str) -> tuple[list[Hit], int | None]:
    hits = []
    for item in page.tree.xpath("//ul[contains(@class,'vT-srch-result-list-bid')]/li"):
        links, spans, strong = item.xpath("./a"), item.xpath("./span"), item.xpath("./span/strong")
        if not links:
            continue
        line = re.sub(r"\s+", " ", spans[0].text_content()) if spans else ""
        parts = [part.strip() for part in line.split("|")]
        place = parts[-2] if len(parts) > 4 else parts[-1] if len(parts) > 3 else ""
        kind = strong[0].text_content().strip() if strong else ""
        hits.append(
            Hit(links[0].text_content().strip(), _day(line), place, kind, urljoin(url, links[0].get("href", "")))
        )
    total = re.search(r"共找到\s*(\d+)\s*条", page.visible)
    return hits, int(total[1]) if total else None


def _table_hits(page: Page, url: str) -> list[Hit]:
    hits = []
    for table in page.table_rows:
        for line in table:
            row = {name: next((line[h] for h in heads if h in line), "") for name, heads in _HEADERS.items()}
            if row["title"] or row["project_code"]:
                # these lists link no row: the page and the code are all there is to point at
                hits.append(Hit(**{**row, "date": _day(row["date"]), "url": url}))
    return hits
