"""Give every answer one class, and name the signal that decided it."""

from __future__ import annotations

import enum
import json
import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from osint.filings import Page, element_text
from osint.http import Trouble, is_url


class AnswerClass(enum.StrEnum):
    """What an answer is.

    The last three are our own limits and faults of the line, kept apart from what a host said.
    """

    CONTENT = "content"
    CHALLENGE = "challenge"
    RATE_LIMITED = "rate-limited"
    BLOCKED = "blocked"
    SOFT_404 = "soft-404"
    JS_SHELL = "JS shell"
    EMPTY_RESULT = "empty result"
    KEYWORD_IGNORED = "keyword ignored"
    GONE = "gone"
    TIMEOUT = "timeout"
    RECEIPT = "receipt"
    """A web archive says that it took a copy, or that it will."""
    EMPTY = "empty"
    """An answer of success, or of no change, without a byte; nothing tells why."""
    REDIRECT = "redirect"
    """An answer that sends to another address, which is not followed here."""
    INCOMPLETE = "incomplete"
    """The body stops short, or was stopped by our limits."""
    UNREACHABLE = "unreachable"
    """No answer began: name, connection, TLS, or a failing server (5xx)."""
    REFUSED = "refused"
    """We did not ask: a forbidden address or scheme, or robots.txt."""

    @property
    def by_hand(self) -> bool:
        """Whether a person with a browser may see more than the tool."""
        return self in (AnswerClass.CHALLENGE, AnswerClass.BLOCKED, AnswerClass.JS_SHELL, AnswerClass.REFUSED)


Form = Literal["", "json", "pdf", "binary"]  # form of a body that is due; empty is not stated


@dataclass(frozen=True)
class Classified:
    """The class of one answer and its reason."""

    kind: AnswerClass
    """Class of the answer."""
    signal: str
    """What decided it, in a few words."""


_TROUBLE = {
    Trouble.TIMEOUT: AnswerClass.TIMEOUT,
    Trouble.RESET: AnswerClass.BLOCKED,
    Trouble.EMPTY_REPLY: AnswerClass.RATE_LIMITED,
    Trouble.UNREACHABLE: AnswerClass.UNREACHABLE,
    Trouble.REFUSED: AnswerClass.REFUSED,
    Trouble.LENGTH: AnswerClass.INCOMPLETE,
    Trouble.DISCONNECT: AnswerClass.INCOMPLETE,
    Trouble.ENCODING: AnswerClass.INCOMPLETE,
}

# signals of portals seen in saved bodies; each is code that no ordinary page carries
_CHALLENGE_CODE = (
    ("var arg1= with acw_sc__v2", re.compile(r"\bacw_sc__v2\b")),
    ("aliyun_waf_aa / aliyun_waf_bb", re.compile(r"aliyun_waf_(aa|bb)\b")),
    ("renderData textarea", re.compile(r"<textarea[^>]{0,200}id=[\"']?renderData", re.I)),
    ("aliyunCaptcha slider", re.compile(r"aliyunCaptcha-sliding-slider|id=[\"']?nc_1_n1z")),
    ("Cloudflare challenge", re.compile(r"/cdn-cgi/challenge-platform/|window\._cf_chl_opt|id=\"cf-challenge")),
)
_ARG1 = re.compile(r"var\s+arg1\s*=\s*['\"]")
_CHALLENGE_TITLE = re.compile(
    r"^\W*(安全|人机|访问|滑动|滑块)验证(码|页面|中心|系统)?\W*$|just a moment|attention required|captcha", re.I
)
_CHALLENGE_TEXT = re.compile(
    r"denied by bot|请(先|您)?(完成|通过|进行|点击)[^。]{0,8}验证|拖动(下方)?滑块|请输入.{0,8}验证码|vaptcha"
    r"|verify (that )?you are (a )?human",
    re.I,
)
_CHALLENGE_BARE = re.compile(r"var\s+arg1\s*=\s*['\"][0-9A-Fa-f]{16,}")
_RATE_TEXT = re.compile(
    r"频繁访问|(访问|操作|请求|查询)(过于|太|太过|过)?频繁"
    r"|too many requests|rate limit exceeded|please slow down",
    re.I,
)
_BLOCK_TEXT = re.compile(
    r"access denied|request (was )?blocked|403\W{0,3}forbidden|^\W*forbidden\W*$|拒绝访问|禁止访问"
    r"|访问被(拒绝|拦截|阻断|禁止)|(请求|访问)(已|存在).{0,12}(拦截|阻断|威胁)|没有权限访问"
    r"|IP.{0,10}(被禁|受限|黑名单|被限制)",
    re.I,
)
_ERROR_404 = r"(^|[\s|_-])404($|[\s|_-]|错误|页面)|404\W{0,3}(not found|error)|(error|错误)\W{0,3}404"
_GONE_TITLE = re.compile(rf"错误页面|{_ERROR_404}|页面(不存在|未找到|没有找到|已删除|找不到)|^\W*not found\W*$", re.I)
_GONE_TEXT = re.compile(
    rf"错误页面！|{_ERROR_404}"
    r"|(页面|网页|文章|信息|内容|文件|公告|资源|栏目|地址)[^。；\n]{0,8}"
    r"(不存在|已(被)?删除|已(被)?下架|已过期|没有找到|未找到|找不到|被移除)(?=$|[^\u4e00-\u9fff]|或|、)"
    r"|(找不到|未找到|没有找到|无法找到)(该|此|您|指定|相关|相应|请求|访问|要|的|查看){0,6}(页|网页|文件|文章|资源)"
    r"|(page|file|url|resource|document)[^.]{0,40}not found|^\W*not found|no longer (exists|available)",
    re.I,
)
_NO_DATA = "暂无数据"
_EMPTY_TEXT = re.compile(
    r"(没有|未|无)(找到|查询到|检索到|搜索到|查到|符合)[^。\n]{0,8}(结果|记录|数据|信息|公告)|共(找到)?\s*0\s*条|0\s*条(结果|记录)"
    r"|(查询|搜索|检索)结果为空|no (results|captures|matches) (were )?found|无相关(数据|结果|信息|记录)",
    re.I,
)
_MOUNT_IDS = ("app", "root", "__next", "__nuxt", "main-app", "q-app")
OK = 200  # least status of a final answer
NO_BODY = (204, 205, 304)  # statuses whose answers have no body
_SHORT = 400  # visible characters below which a phrase speaks for the whole page (a long article may quote it)


def classify(
    *,
    status: int | None,
    headers: dict[str, str],
    body: bytes | None,
    url: str,
    final_url: str = "",
    trouble: Trouble = Trouble.NONE,
    detail: str = "",
    due: Form = "",
) -> Classified:
    """Return the class of one answer.

    `due` is the form expected, empty for what URL and media type say. `trouble` and `detail` are those of
    `osint.http.Answer`; header names are in lower case.

    >>> body = "<html><title>安全验证</title><body>请完成验证</body></html>".encode()
    >>> classify(status=200, headers={"content-type": "text/html"}, body=body, url="https://x.gov.cn/a").kind
    <AnswerClass.CHALLENGE: 'challenge'>
    """
    if status is None or trouble is Trouble.REFUSED:
        return Classified(_TROUBLE.get(trouble, AnswerClass.UNREACHABLE), detail or "no answer")
    raw = body or b""
    page = Page(raw, headers.get("content-type", ""))
    challenge = _challenge(page)
    if challenge:
        return Classified(AnswerClass.CHALLENGE, challenge)
    by_status = _by_status(status, headers)
    if by_status:
        return by_status
    if trouble:
        return Classified(_TROUBLE[trouble], detail)
    if page.data is not None:
        return _json(page.data)
    return _whole(page, url, final_url or url, due)


def _by_status(status: int, headers: dict[str, str]) -> Classified | None:
    if "administrativeaccesscontrol" in headers.get("x-archive-wayback-runtime-error", "").lower():
        return Classified(AnswerClass.BLOCKED, f"status {status}: the archive keeps this site closed")
    if status < OK:
        return Classified(AnswerClass.INCOMPLETE, f"status {status}: an interim answer, without the final one")
    if status in (429, 503):
        after = headers.get("retry-after", "")
        return Classified(AnswerClass.RATE_LIMITED, f"status {status}" + (f", Retry-After {after}" if after else ""))
    if status in (404, 410):
        return Classified(AnswerClass.GONE, f"status {status}")
    if status in (408, 504):
        return Classified(AnswerClass.TIMEOUT, f"status {status}")
    if 400 <= status < 500:
        return Classified(AnswerClass.BLOCKED, f"status {status}")
    if status >= 500:
        return Classified(AnswerClass.UNREACHABLE, f"status {status}: the server failed")
    if status in NO_BODY:
        return Classified(AnswerClass.EMPTY, f"status {status}: an answer that has no body")
    if 300 <= status < 400 and (location := headers.get("location", "")):
        return Classified(AnswerClass.REDIRECT, f"status {status} to {location}")
    if 300 <= status < 400:
        return Classified(AnswerClass.INCOMPLETE, f"status {status} without a Location")
    return None


def _whole(page: Page, url: str, final_url: str, due: Form) -> Classified:
    """Classify a whole body that is not JSON, received with a status of success."""
    if not page.raw:
        return Classified(AnswerClass.EMPTY, "success with a body of 0 bytes; nothing tells why")
    due = due or _due(url, page.media_type)
    if page.raw.startswith(b"%PDF-"):
        return Classified(AnswerClass.CONTENT, "%PDF-")
    if page.is_binary and due not in ("json", "pdf"):
        return Classified(AnswerClass.CONTENT, page.media_type or "binary")
    said = _said(page)
    if said:
        return said
    asked, landed = _path(url), _path(final_url)
    if url != final_url and asked.strip("/") and not due and landed.strip("/") in ("", "index.html", "index.htm"):
        return Classified(AnswerClass.SOFT_404, "the home page came instead of the asked path")
    if due in ("json", "pdf") or (due == "binary" and page.is_html):
        form = {"json": "JSON", "pdf": "%PDF-"}.get(due, "a file")
        return Classified(AnswerClass.CHALLENGE, f"{'HTML' if page.is_html else 'something else'} where {form} was due")
    shell = _shell(page)
    if shell:
        return Classified(AnswerClass.JS_SHELL, shell)
    if page.is_html and not page.visible and not page.has_media:
        return Classified(AnswerClass.BLOCKED, f"stub: {len(page.raw)} bytes of markup without a visible word")
    signal = f"{len(page.visible)} visible characters" if page.is_html else page.media_type
    return Classified(AnswerClass.CONTENT, signal)


def _said(page: Page) -> Classified | None:
    """Return what a page says about itself, by its title or, if it is short, by its text."""
    short = page.visible if len(page.visible) < _SHORT else ""
    if _NO_DATA in short and len(page.text_outside_links) < 60:
        return Classified(AnswerClass.SOFT_404, f"{_NO_DATA!r} and hardly a word more")
    rules = (
        (AnswerClass.RATE_LIMITED, _RATE_TEXT, _RATE_TEXT),
        (AnswerClass.SOFT_404, _GONE_TITLE, _GONE_TEXT),
        (AnswerClass.EMPTY_RESULT, _EMPTY_TEXT, _EMPTY_TEXT),
        (AnswerClass.BLOCKED, _BLOCK_TEXT, _BLOCK_TEXT),
    )
    for kind, title_rule, text_rule in rules:
        found = (title_rule.search(page.title) if len(page.visible) < 5 * _SHORT else None) or text_rule.search(short)
        if found:
            where = "title" if found.string is page.title else "text"
            return Classified(kind, f"{found.group().strip()!r} in the {where}")
    return None


def _challenge(page: Page) -> str:
    if isinstance(page.data, dict) and str(page.data.get("code")) == "829":
        return "code 829 in the JSON"
    if page.is_binary or page.data is not None:
        return ""
    bare = page.without_comments
    for name, rule in _CHALLENGE_CODE:
        if rule.search(bare) and len(page.visible) < 5 * _SHORT and ("arg1" not in name or _ARG1.search(bare)):
            return name
    if _CHALLENGE_TITLE.search(page.title) and len(page.visible) < 5 * _SHORT:
        return f"title {page.title.strip()[:40]!r}"
    if len(page.visible) < _SHORT:
        if _CHALLENGE_BARE.search(bare):
            return "var arg1= with a long hexadecimal"
        found = _CHALLENGE_TEXT.search(page.visible)
        if found:
            return f"{found.group()!r} in the text"
    return ""


_EMPTY_KEYS = ("announcements", "records", "rows", "list", "data", "result", "items", "content", "hits")
_TOTAL_KEYS = ("total", "totalcount", "totalAnnouncement", "announceCount", "totalRecordNum", "totalElements")


def _json(data: Any) -> Classified:
    if data in ([], {}, None):
        return Classified(AnswerClass.EMPTY_RESULT, f"the JSON is {json.dumps(data)}")
    if isinstance(data, list):
        header_only = len(data) == 1 and isinstance(data[0], list)
        if header_only:
            return Classified(AnswerClass.EMPTY_RESULT, "a header row and no more")
        return Classified(AnswerClass.CONTENT, f"JSON list of {len(data)}")
    code = str(data.get("code", ""))
    if code == "800":
        return Classified(AnswerClass.RATE_LIMITED, "code 800 in the JSON: too frequent")
    if code == "804":
        return Classified(AnswerClass.BLOCKED, "code 804 in the JSON: the query is too wide, narrow it")
    for place in _objects(data):
        for key in _EMPTY_KEYS:
            if key in place and place[key] in ([], None) and not any(place.get(k) for k in _EMPTY_KEYS):
                return Classified(AnswerClass.EMPTY_RESULT, f"{key}: {json.dumps(place[key])}")
        for key in _TOTAL_KEYS:
            if key in place and str(place[key]) == "0":
                return Classified(AnswerClass.EMPTY_RESULT, f"{key}: 0")
    return Classified(AnswerClass.CONTENT, "JSON")


def _objects(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the object and those one and two steps down, where portals keep their lists."""
    within = [one for one in data.values() if isinstance(one, dict)]
    return [data, *within, *(inner for one in within for inner in one.values() if isinstance(inner, dict))]


_FILE_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".doc", ".docx", ".xls", ".xlsx", ".zip", ".rar", ".wps", ".ofd")


def _path(url: str) -> str:
    return urlsplit(url).path if is_url(url) else ""


def _due(url: str, media_type: str) -> Form:
    path = _path(url).lower()
    if path.endswith(".pdf") or media_type == "application/pdf":
        return "pdf"
    if path.endswith(".json") or media_type.endswith("json"):
        return "json"
    return "binary" if path.endswith(_FILE_ENDINGS) else ""


def _shell(page: Page) -> str:
    """Return why a page is a frame for scripts, or an empty string; menus do not count as content."""
    if not page.is_html or page.tree is None:
        return ""
    mounts = [e for e in page.tree.iter("div") if e.get("id") in _MOUNT_IDS]
    empty = [e for e in mounts if len(element_text(e)) < 20]
    scripts = sum(1 for _ in page.tree.iter("script"))
    outside = page.text_outside_links
    if empty and scripts and len(outside) < 200 and next(page.tree.iter("table"), None) is None:
        return f"empty <div id={empty[0].get('id')}> and {len(outside)} characters outside menus"
    if scripts and len(outside) < 10 and not page.has_media:
        return f"{scripts} scripts and {len(outside)} characters outside menus"
    return ""
