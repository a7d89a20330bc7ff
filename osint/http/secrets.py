"""Take secrets out of addresses: of a value stays what its name and its place allow, whatever it looks like.

Words and numbers stay under a name that is known to hold them, ids under that of a document; under any other name only
what opens nothing anywhere (`_HARMLESS`). A value under the name of a secret becomes `stripped`, so that one page asked
with two tokens stays one page. Any other becomes `stripped-` and the first digits of its SHA-256, so that two documents
stay two.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote, unquote, unquote_plus, urlsplit, urlunsplit

from osint.http.key_names import (
    allows_words,
    finds_document,
    is_named,
    is_number_of,
    is_secret_name,
    is_secret_word,
    says_secret,
    whole_name,
)
from osint.http.plain import MARGIN_BITS, is_plain

STRIPPED = "stripped"
DEPTH = 3
"""Addresses inside the values of addresses that are looked into."""
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.?[\w-]*")
_VENDOR = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-(?:proj-|ant-)[\w-]{16,}|sk-[A-Za-z0-9]{20,}|[spr]k_(?:live|test)_\w{10,}|AIza[\w-]{30,}|xox[a-z]-[\w-]{10,}"
    r"|gh[a-z]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_\w{20,}|ya29\.[\w-]{10,}|A[KS]IA(?=[A-Z]*\d)[0-9A-Z]{16}"
    r"|LTAI[0-9A-Za-z]{8,}|AKID[0-9A-Za-z]{12,}|npm_\w{30,}|shp[a-z]{2}_\w{20,}|do[opr]_v1_\w{30,}|SG\.[\w-]{16,}\.[\w-]{16,})"
)
"""Keys whose first letters say whose they are."""
_HEADER = re.compile(r"\b(?:Bearer|Basic|Digest|Token)[\s:]+(?=\S{0,80}[\d=])[\w+/=.~-]{8,}", re.I)
"""The value of a header by which a program shows who it is."""
_USER = re.compile(r"(?:(?<=//)|(?<=:/)|\A(?!mailto:)/*)[^\s/?#@:]+:[^\s/?#@]+@(?=[\w-]+[.:/]|localhost\b|\[)")
"""User name and password before a host, also where the address has no scheme."""
_CITIZEN = re.compile(r"[1-8]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]")
"""The number of a citizen of China: six digits of a place, the day of birth, four more."""
_TICKET = re.compile(r"(?:ST|PT|TGT|PGT)-\d+-\S+")
_MAP_KEY, _MAP_SIGNATURE = re.compile(r"(?:\A|[&;])ak="), re.compile(r"((?:\A|[&;])sn=)[^&;]+")
"""Beside the key of a map service `sn` signs the request; alone it finds an article of WeChat."""
_BOT = re.compile(r"(?:bot)?\d{6,}:[\w-]{30,}")
"""A part of a path that is a number and a key, by which a program names itself to a messenger."""
_HOOK = re.compile(r"(?:\A|[/.])(?:incoming)?(?:web)?hooks?(?:b2)?[/.]", re.I)
"""A part of a host or a path by which a program posts to a messenger: who knows the address may."""
_IN_HOOK = re.compile(r"(?<=/)(?=[\w-]*\d)[\w-]{6,}")
"""The parts of such an address that hold digits."""
_VERSION = re.compile(r"v\d+(?:[.]\d+)?")
"""A part of a path behind which an interface expects a noun; a key stands there where it names who asks."""
_SHELVES = frozenset(
    re.findall(
        r"\w+",
        "d s p v item items file files folder folders doc docs document documents article articles detail video watch",
    )
)
"""Parts of a path behind which a document has its id, though more follows."""
_UNTIL = re.compile(r"(?<=/)[\da-f]{32,64}(?=/1[5-9]\d{8}/)|(?<=/1[5-9]\d{8}/)[\da-f]{32,64}(?=/)")
"""A digest in a path beside the second until which it opens what follows."""
_GRANT = re.compile(r"(?<=/p/)[\w-]{20,}(?=/n/)")
"""What a cloud that takes no signature in the query writes into the path of a file that it lends."""
_INSTANCE = re.compile(r"(?<=/)(w[mcf]s|wmts)/(?=[\da-fA-F-]*\d)[\da-fA-F]{8}[\da-fA-F-]{8,}(?=/|\Z)")
"""A part of a path behind the name of a map service: the instance of one user, whom it is charged to."""
_NAMED_PART = re.compile(r"([A-Za-z]\w*?)[_:~-](?=[\da-f-]*[a-f])(?=[\da-f-]*\d)([\da-f-]{12,})")
"""A part of a path that is the name of a secret and a hexadecimal value of it."""
_MAIL = re.compile(r"[\w.+-]+@[a-z][\w-]*(?:[.][\w-]+)*[.][a-z]{2,}(?<![.](?:png|jpg|gif|svg))", re.I)
"""An e-mail address, which says who asks; `a@2x.png` is none."""
_COOKIELESS = re.compile(r"\((?:[A-Z]\([\w-]{16,}\))+\)")
"""A session that ASP.NET writes into a path."""
_IN_JSON = re.compile(r"""(["'])([^"'\\]{1,40})\1(\s*:\s*)(["']?)([^"'\\{}\[\],\s]+|(?<=["'])[^"'\\]+)\4""")
_MAILED = frozenset(
    {
        "reset",
        "unsubscribe",
        "invite",
        "activate",
        "confirm",
        "verify",
        "magic",
        "email",
        "auth",
        "join",
        "redeem",
        "unlock",
        "otp",
    }
)
"""Words of a part of a path behind which stands what was sent to one person."""
_PERSONAL = _MAILED | {"login", "signin", "sso", "oauth", "oauth2", "cas", "2fa", "mfa", "callback"}
"""Words of a part of a path that make all its values those of one person, numbers and days too."""
_ROUTE = _PERSONAL | {
    "new",
    "help",
    "index",
    "edit",
    "form",
    "account",
    "password",
    "user",
    "users",
    "link",
    "token",
    "about",
    "faq",
}
"""Words of a part of a path that are no secret behind a word that announces one."""
_TITLED = re.compile(r"(?:[A-Za-z]{2,}[-_]){3,}[\w-]+")
"""A part of a path that begins with words: the title of a document, with its id behind."""
_HARMLESS = re.compile(
    r"[+-]?\d{1,3}|[+-]?\d{1,5}[.]\d+(?:[,/][+-]?\d{1,5}(?:[.]\d+)?)*"
    r"|(?:19[89]|20[0-3])\d(?:[-/.]?(?:0?[1-9]|1[0-2])(?:[-/.]?(?:0?[1-9]|[12]\d|3[01])(?:[T ][\d:.+-]+Z?)?)?)?"
    r"|true|false|yes|no|on|off|none|all|asc|desc|[a-z]{1,2}|[a-z]{2}[-_][A-Za-z]{2}"
    r"|(?:html?|xml|json|csv|pdf|wsdl|raw|print|download|(?:(?:show|list|view|detail|info|index|search|content|article|page)s?|news|home|site"
    r"|default)(?:[/_-]|(?=\Z)))+",
)
"""Values that open nothing under any name: numbers of less than four digits, places, days, words of a program."""
_ID = re.compile(r"[\w.~:=+/,*@-]{,24}")
"""An id that is neither a number nor hexadecimal; 128 bits in base64 take 24 characters."""
_KEY_LENGTH = 16
"""Characters from which a part inside a path is a key; from here on the digest of a value has 32 bits, before it 16."""
_MD5 = 32
"""Characters from which a hexadecimal value without a name is the digest of a document."""
_SHORT = 8
"""Characters below which the digest of a value has 8 bits, as more would tell the value to who tries all."""
_TAKEN_OUT = re.compile(rf"{STRIPPED}(?:-(?:[0-9a-f]{{2}}|[0-9a-f]{{4}}|[0-9a-f]{{8}}))?")
_DOCUMENT = re.compile(r"[0-9a-fA-F]{,64}|[\d.,_-]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""Numbers, digests and UUIDs: the ids by which portals name documents, without which an address finds nothing."""
_CUT = re.compile(
    rf"(?<=[=:'\"]){_TAKEN_OUT.pattern}(?=[]&;#,)'\"}}]|\Z)|/{STRIPPED}-(?:[0-9a-f]{{2}}){{1,4}}(?![\w-])"
)
"""What stands in an address where something was taken out."""
_PHONE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d{9}")
"""The number of a mobile telephone of China."""
_FILE = re.compile(
    r"/.*|[^?&;=]*[.](?:[jsx]?html?|jspx?|aspx?|php|do|action|pdf|docx?|xlsx?|pptx?|ofd|csv|txt|md|(?:geo)?json|xml|km[lz]|zip|rar|7z|w?gz"
    r"|tar|jpe?g|png|gif|webp|svg|tiff?|jp2|mp[34]|m3u8|mhtml?|wacz|warc|js|css)",
    re.I,
)
"""A path or the name of a file as a value, which finds a document as the path of an address does."""
_USER_WITH_SLASH = re.compile(r"(?<=//)[^?#\s]*@")
_HAS_PARTS = re.compile(r"(?<!\A)=(?!=*\Z)|://|\A/[^?]*[?]")
"""A value that is an address or a list of values itself; `=` at its end fills up base64."""
_ADDRESS = re.compile(r"\bhttps?://[^\s<>\"',;]+", re.I)
_OF_A_SCRIPT = re.compile(r"!?/")
"""Begins a fragment that is read by a script as a path, and names a page."""
_ON_A_MAP = re.compile(r"(?:\w+=)?-?[\d.]+(?:[/,]-?[\d.]+)+")
"""A fragment that is a place on a map."""
_AMONG_OTHERS = re.compile(r"(?:\A|&)\w+=-?\d+[.]\d+(?:(?:,|%2C|/)-?\d+(?:[.]\d+)?)+(?=&)", re.I)
"""A place on a map that is one of several values of a fragment."""


def strip_secrets(url: str) -> str:
    """Return a URL without user name, password, and the values of secrets, also in addresses inside of it.

    A fragment goes as well, unless it is the path of a page that scripts show (`#/notice?id=5`) or a place on a map.
    What is returned comes back the same, as addresses that were kept are looked up by it.

    >>> strip_secrets("https://u:p@x.example/a;token=1?q=a&accessToken=2&next=%2Fb%3Fjwt%3D3#f")
    'https://x.example/a;token=stripped?q=a&accessToken=stripped&next=%2Fb%3Fjwt%3Dstripped'
    """
    for _ in range(DEPTH):
        before, url = url, _stripped(url, DEPTH)
        if url == before:
            break
    return url


def is_cut(url: str) -> bool:
    """Say whether a part of an address was taken out before, so that it leads to no page.

    >>> is_cut("https://x.example/a?token=stripped"), is_cut("https://x.example/stripped-cable")
    (True, False)
    """
    return bool(_CUT.search(unquote(unquote(unquote(url)))))


def _stripped(url: str, depth: int) -> str:
    url = _USER.sub("", url)
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        url = _USER_WITH_SLASH.sub("", url)
        head, mark, query = url.partition("#")[0].partition("?")
        return head + mark + _list(query, depth)
    host = parts.netloc.rpartition("@")[2]
    words = {word for part in parts.path.lower().split("/") if "." not in part for word in re.split(r"[-_]", part)}
    of_one = bool(words & _PERSONAL)
    path = re.sub(r"(https?:/+)[^/?#@\s]*@", r"\1", _path(parts.path, depth))
    path = _INSTANCE.sub(rf"\1/{STRIPPED}", _GRANT.sub(STRIPPED, _UNTIL.sub(STRIPPED, path)))
    if _HOOK.search(host + path):
        path = _IN_HOOK.sub(STRIPPED, path)
    fragment = parts.fragment if _ON_A_MAP.fullmatch(parts.fragment) else ""
    if _AMONG_OTHERS.search(parts.fragment):
        fragment = _list(parts.fragment, depth)
    if depth and _OF_A_SCRIPT.match(parts.fragment):
        fragment = _stripped(parts.fragment, depth - 1)
    return urlunsplit((parts.scheme, host, path, _list(parts.query, depth, of_one=of_one), fragment))


def _path(path: str, depth: int) -> str:
    """Return a path without secret parameters (`;sid=`), and with none in place of a token or behind its name."""
    parts = _COOKIELESS.sub(f"(S({STRIPPED}))", path).split("/")
    for at, part in enumerate(parts):
        first, *rest = re.split("([;&])", part)
        first = _of_part(first, parts[at - 1] if at else "", is_last=not any(parts[at + 1 :]))
        plain = _unquoted(first)
        if "://" in plain and "://" not in first and depth:
            inside = _stripped(plain, depth - 1)
            first = first if inside == plain.partition("#")[0] else quote(inside, safe="")
        pairs = (one if one in ";&" else _pair(one, 0) for one in rest)
        parts[at] = "".join([first, *pairs])
    return "/".join(parts)


def _unquoted(text: str) -> str:
    for _ in range(DEPTH):
        text = unquote(text)
    return text


def _of_part(part: str, before: str, *, is_last: bool) -> str:
    """Return a part of a path, or what stands in its place: by its looks, its place and the part before it."""
    plain = unquote(part)
    if _is_key(plain) or _BOT.fullmatch(plain) or _MAIL.fullmatch(plain) or says_secret(plain):
        return STRIPPED
    if (named := _NAMED_PART.fullmatch(part)) and (is_named(named[1]) or named[1] == "private"):
        return STRIPPED
    if _TAKEN_OUT.fullmatch(part):
        return part
    pair = re.fullmatch(r"([^=:~]+)([=:~])(?!//)(.+)", plain)
    if pair and (pair[2] == "=" or is_named(pair[1])) and (instead := _kept(pair[1], pair[3])):
        return f"{quote(pair[1])}{pair[2]}{instead}"
    words = set(re.split(r"[-_]", before.lower()))
    is_mailed = words <= _ROUTE and bool(words & _MAILED)
    is_announced = is_secret_word(before)
    is_plain_part = is_plain(plain, margin_bits=0 if is_announced or is_mailed else MARGIN_BITS)
    is_file = bool(_FILE.fullmatch(plain))
    if is_announced or is_mailed:
        is_noun = plain.lower() in _ROUTE or (is_file and is_plain_part) or not plain or not plain.isascii()
        return part if is_noun else STRIPPED if is_announced else _digest(plain)
    if is_plain_part or is_file or re.fullmatch(r"[\d.,_-]+", plain):
        return part
    if _VERSION.fullmatch(before) and len(part) >= _KEY_LENGTH:
        return _digest(plain)
    if _DOCUMENT.fullmatch(plain):
        return part
    if is_named(before):
        return STRIPPED
    is_found = is_last or before in _SHELVES or len(part) < _KEY_LENGTH or _TITLED.fullmatch(plain)
    return part if is_found else _digest(plain)


def _list(query: str, depth: int, *, of_one: bool = False) -> str:
    """Return a list of `name=value` without its secrets; `of_one` where the address is that of one person."""
    if _MAP_KEY.search(query):
        query = _MAP_SIGNATURE.sub(rf"\1{STRIPPED}", query)
    return re.sub(r"[^&;]+", lambda pair: _pair(pair[0], depth, of_one=of_one), query)


def _pair(pair: str, depth: int, *, of_one: bool = False) -> str:
    """Return one `name=value` without its secret."""
    name, equals, value = pair.partition("=")
    if not equals:
        named, colon, value = unquote_plus(pair).partition(":")
        if colon and value and is_named(named):
            return STRIPPED
        is_digest = len(pair) >= _MD5 and _DOCUMENT.fullmatch(pair)
        return pair if is_digest and not of_one else _kept("", unquote_plus(pair), of_one=of_one) or pair
    if not value:
        return pair
    if instead := _kept(unquote_plus(name), unquote_plus(value), of_one=of_one):
        return f"{name}={instead}"
    plain = unquote(value)
    for _ in range(DEPTH):
        plain = unquote(plain) if "%" in plain and not _HAS_PARTS.search(plain) else plain
    inside = _USER.sub("", _IN_JSON.sub(_json_pair, plain))
    if depth and _HAS_PARTS.search(plain):
        inside = _stripped(inside, depth - 1) if re.search(r"[?]|://", plain) else _list(inside, depth - 1)
    if inside not in (plain, plain.partition("#")[0]):
        return f"{name}={quote(inside, safe='')}"
    return pair


def _json_pair(found: re.Match[str]) -> str:
    quote_of_name, name, between, quote_of_value, value = found.groups()
    kept = _kept(name, value) or value
    return f"{quote_of_name}{name}{quote_of_name}{between}{quote_of_value}{kept}{quote_of_value}"


def _kept(name: str, value: str, *, of_one: bool = False) -> str:
    """Return what stands in the place of a value; empty if it may stay."""
    if _TAKEN_OUT.fullmatch(value):
        return ""
    is_who = any(one.fullmatch(value) for one in (_MAIL, _CITIZEN, _PHONE))
    if is_secret_name(name, value) or _is_key(value) or is_who or says_secret(value):
        return STRIPPED
    if _HAS_PARTS.search(_unquoted(value)) or "{" in value:  # each part is looked at
        return ""
    if of_one:
        return "" if allows_words(name) and re.fullmatch("[A-Za-z_-]+", value) and is_plain(value) else _digest(value)
    is_id = finds_document(name) and (_ID.fullmatch(value) or _DOCUMENT.fullmatch(value))
    is_worded = (finds_document(name) or allows_words(name) or not value.isascii()) and is_plain(value)
    if is_id or is_worded or _HARMLESS.fullmatch(value) or is_number_of(name, value) or _FILE.fullmatch(value):
        path = _path(value, 0) if "/" in value else value
        return "" if path == value else quote(path, safe="")
    return STRIPPED if whole_name(name).endswith("key") else _digest(value)


def _digest(value: str) -> str:
    """Return what stands for a value that may be a secret and may find a document."""
    digits = 8 if len(value) >= _KEY_LENGTH else 4 if len(value) >= _SHORT else 2
    return f"{STRIPPED}-{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()[:digits]}"


def strip_header(name: str, value: str) -> str:
    """Return the value of a header of an answer without secrets: all of it by its name, else those of its addresses.

    >>> strip_header("X-Auth-Token", "5"), strip_header("Link", "<https://x.example/?token=5>; rel=next")
    ('stripped', '<https://x.example/?token=stripped>; rel=next')
    """
    if is_named(name):
        return STRIPPED
    return _ADDRESS.sub(lambda found: strip_secrets(found[0]), value)


def _is_key(value: str) -> bool:
    """Say whether a value holds a key of a known form."""
    forms = (_JWT, _VENDOR, _HEADER)
    return bool(_TICKET.fullmatch(value) or any(form.search(value) for form in forms))
