"""Take secrets out of addresses: all that is neither plain words, numbers and dates nor where documents have their ids.

A value under the name of a secret becomes `stripped`, so that one page asked with two tokens stays one page. Any other
value that is not plain becomes `stripped-` and the first digits of its SHA-256, so that two documents stay two.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import quote, unquote, unquote_plus, urlsplit, urlunsplit

from osint.http.plain import MARGIN_BITS, is_plain

STRIPPED = "stripped"
DEPTH = 3
"""Addresses inside the values of addresses that are looked into."""
_ALWAYS = frozenset(
    re.findall(
        r"\w+",
        """
        token jwt secret password passwd passwort pwd passphrase oauth bearer signature credential credentials cookie
        csrf xsrf csrftoken xsrftoken authtoken accesstoken usertoken idtoken refreshtoken appsecret openid unionid
        jsessionid phpsessionid phpsessid chksm aspsessionid sessionid hmac idcard idno castgc bduss sessdata
        samlrequest samlresponse
        """,
    )
)
"""Parts of a name that make its value a secret, or that say who the user is, wherever they stand in it."""
_LAST = frozenset(
    re.findall(
        r"\w+",
        """
        pass auth authorization sig sign session sess sessid sid login ticket otp ak tk sk assertion nonce verifier
        codeverifier phone mobile tel telephone email mail username user userid login uname uin keypair mima shouji
        sfz sfzh sjh shenfenzheng nick
        """,
    )
)
"""The same where they are the thing that is named: `user` and `userName`, not `userType`; `signDate` is a day."""
_WHOLE = frozenset(
    re.findall(
        r"\w+",
        "key mk pin pw tgt gda yzm hdnts hdnea hdntl upt bilijct skoid sktid xbogus abogus account captcha imei imsi"
        " deviceid",
    )
)
"""The same where they are the whole name."""
_TAILS = frozenset(
    {"id", "no", "name", "num", "number", "value", "hash", "hex", "md", "key", "str", "data", "state", "hint"}
)
"""Parts behind the thing that is named, and digits."""
_ABOUT = frozenset({"type", "expires", "expire", "time", "date", "version", "count", "length"})
"""Parts behind the name of a secret that name something of it which is none."""
_CHINESE = re.compile("密码|口令|令牌|密钥|签名|身份证|手机|电话|邮箱|用户名|账号|帐号|验证码|提取码")
_ENDS = re.compile(
    r"(?:token|secret|passw(?:or)?d|pwd|signature|sess(?:ion)?id|accessid|keypairid|(?<!pos)(?<!ob)session)(?:md5|v?\d+)?$|nonce$"
    r"|^aspsessionid"
)
_KEYS = re.compile(
    r"(?:access|api|app|auth|secret|private|public|subscription|shared|account|client|map|export|session|user|device|license|web|server"
    r"|encrypt|decrypt)key"
)
"""Compounds of `key` that are secrets wherever they stand in a name; searchkey and monkey are words."""
_OPAQUE = frozenset({"key", "sign", "sig", "session", "ticket", "auth", "pin", "sid"})
"""Names whose secrets are ASCII, and never words: `key=智算中心` is what was searched for, `signDate` when."""
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.?[\w-]*")
_VENDOR = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-(?:proj-|ant-)[\w-]{16,}|sk-[A-Za-z0-9]{20,}|[spr]k_(?:live|test)_\w{10,}|AIza[\w-]{30,}|xox[a-z]-[\w-]{10,}"
    r"|gh[a-z]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_\w{20,}|ya29\.[\w-]{10,}|A[KS]IA(?=[A-Z]*\d)[0-9A-Z]{16}"
    r"|LTAI[0-9A-Za-z]{8,}|AKID[0-9A-Za-z]{12,}|npm_\w{30,}|shp[a-z]{2}_\w{20,}|do[opr]_v1_\w{30,}|SG\.[\w-]{16,}\.[\w-]{16,})"
)
"""Keys whose first letters say whose they are."""
_HEADER = re.compile(r"\b(?:Bearer|Basic|Digest|Token)[\s:]+(?=\S{0,80}[\d=])[\w+/=.~-]{8,}", re.I)
"""The value of a header by which a program shows who it is."""
_USER = re.compile(r"(?:(?<=//)|(?<=:/)|\A(?!mailto:)/*)[^\s/?#@:]+:[^\s/?#@]+@(?=[\w-]+\.|localhost\b|\[)")
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
_MAILED = frozenset({"reset", "unsubscribe", "invite", "activate", "confirm", "verify", "magic", "email"})
"""Words of a part of a path behind which stands what was sent to one person."""
_NAMES_A_DOCUMENT = re.compile(
    r"(?<!app)(?<!client)(?<!tenant)(?<!trace)(?<!request)(?<!visitor)ids?$"
    r"|(?:no|num|code|number|bh|xh|dm|sn|pk|biz|sha|sha1|sha256|md5|hash|digest|checksum|doi|slug|title|commit|ref"
    r"|file|filename|path|name|article|notice|news|record)$|guid|\Av\Z"
)
"""Names of what finds a document: its id, number (编号 bh, 序号 xh, 代码 dm), digest or file."""
_OF_A_DOCUMENT = 24
"""Characters at most of an id that is neither a number nor hexadecimal; 128 bits in base64 take 24."""
_KEY_LENGTH = 16
"""Characters from which a part inside a path is a key; from here on the digest of a value has 32 bits, before it 16."""
_TAKEN_OUT = re.compile(rf"{STRIPPED}(?:-[0-9a-f]{{4,8}})?")
_CODES = frozenset(
    f"{one}code"
    for one in re.findall(
        r"\w+", "auth verify check device sms js securityjs access extract extraction fetch pickup invite pass"
    )
)
_OAUTH_CODE = 16
"""Characters from which a `code` is no stock and no postal code."""
_DOCUMENT = re.compile(r"[0-9a-fA-F]{,64}|[\d.,_-]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""Numbers, digests and UUIDs: the ids by which portals name documents, without which an address finds nothing."""
_CUT = re.compile(
    rf"(?<=[=:'\"]){_TAKEN_OUT.pattern}(?=[]&;#,)'\"}}]|\Z)|/{STRIPPED}-(?:[0-9a-f]{{4}}){{1,2}}(?![\w-])"
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
_HAS_PARTS = re.compile(r"[?&;]|=(?!=*\Z)|://")
"""A value that is an address or a list of values itself; `=` at its end fills up base64."""
_ADDRESS = re.compile(r"\bhttps?://[^\s<>\"',;]+", re.I)
_ROUTE = re.compile(r"!?/")
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
    path = re.sub(r"(https?:/+)[^/?#@\s]*@", r"\1", _path(parts.path, depth))
    path = _INSTANCE.sub(rf"\1/{STRIPPED}", _GRANT.sub(STRIPPED, _UNTIL.sub(STRIPPED, path)))
    if _HOOK.search(host + path):
        path = _IN_HOOK.sub(STRIPPED, path)
    fragment = parts.fragment if _ON_A_MAP.fullmatch(parts.fragment) else ""
    if _AMONG_OTHERS.search(parts.fragment):
        fragment = _list(parts.fragment, depth)
    if depth and _ROUTE.match(parts.fragment):
        fragment = _stripped(parts.fragment, depth - 1)
    return urlunsplit((parts.scheme, host, path, _list(parts.query, depth), fragment))


def _path(path: str, depth: int) -> str:
    """Return a path without secret parameters (`;sid=`), and with none in place of a token or behind its name."""
    parts = _COOKIELESS.sub(f"(S({STRIPPED}))", path).split("/")
    for at, part in enumerate(parts):
        first, *rest = re.split("([;&])", part)
        first = _of_part(first, parts[at - 1] if at else "", is_last=at == len(parts) - 1)
        if "%3a%2f%2f" in first.lower() and depth:
            inside = _stripped(plain := unquote(first), depth - 1)
            first = first if inside == plain.partition("#")[0] else quote(inside, safe="")
        pairs = (one if one in ";&" else _pair(one, 0) for one in rest)
        parts[at] = "".join([first, *pairs])
    return "/".join(parts)


def _of_part(part: str, before: str, *, is_last: bool) -> str:
    """Return a part of a path, or what stands in its place: by its looks, its place and the part before it."""
    plain = unquote(part)
    if _is_key(plain) or _BOT.fullmatch(plain) or _MAIL.fullmatch(plain):
        return STRIPPED
    if (named := _NAMED_PART.fullmatch(part)) and (_is_named(named[1]) or named[1] == "private"):
        return STRIPPED
    is_mailed = bool(_MAILED.intersection(re.split(r"[-_]", before.lower())))
    is_announced = is_mailed or any(name in _ALWAYS for name in _name_parts(before))
    is_opaque = not (
        is_plain(plain, margin_bits=0 if is_announced else MARGIN_BITS)
        or _FILE.fullmatch(plain)
        or re.fullmatch(r"[\d.,_-]+", plain)
    )
    if not is_opaque or _TAKEN_OUT.fullmatch(part):
        return part
    if is_announced and not is_mailed:
        return STRIPPED
    if is_mailed or (_VERSION.fullmatch(before) and len(part) >= _KEY_LENGTH):
        return _digest(plain)
    if _DOCUMENT.fullmatch(plain):
        return part
    if _is_named(before):
        return STRIPPED
    return part if is_last or before in _SHELVES or len(part) < _KEY_LENGTH else _digest(plain)


def _list(query: str, depth: int) -> str:
    """Return a list of `name=value` without its secrets."""
    if _MAP_KEY.search(query):
        query = _MAP_SIGNATURE.sub(rf"\1{STRIPPED}", query)
    return re.sub(r"[^&;]+", lambda pair: _pair(pair[0], depth), query)


def _pair(pair: str, depth: int) -> str:
    """Return one `name=value` without its secret."""
    name, equals, value = pair.partition("=")
    if not equals:
        named, colon, value = unquote_plus(pair).partition(":")
        if colon and value and _is_named(named):
            return STRIPPED
        return pair if _DOCUMENT.fullmatch(pair) else _kept("", unquote_plus(pair)) or pair
    if not value:
        return pair
    if instead := _kept(unquote_plus(name), unquote_plus(value)):
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


def _kept(name: str, value: str) -> str:
    """Return what stands in the place of a value; empty if it may stay."""
    if _TAKEN_OUT.fullmatch(value):
        return ""
    if _is_secret_name(name, value) or _is_key(value) or any(one.fullmatch(value) for one in (_MAIL, _CITIZEN, _PHONE)):
        return STRIPPED
    if _HAS_PARTS.search(value) or "{" in value:  # each part is looked at
        return ""
    whole = "".join(_name_parts(name))
    if _NAMES_A_DOCUMENT.search(whole) and (len(value) <= _OF_A_DOCUMENT or _DOCUMENT.fullmatch(value)):
        return ""
    if _FILE.fullmatch(value):
        return "" if _path(value, 0) == value else quote(_path(value, 0), safe="")
    if is_plain(value):
        return ""
    return STRIPPED if whole.endswith("key") else _digest(value)


def _digest(value: str) -> str:
    """Return what stands for a value that may be a secret and may find a document."""
    digits = 8 if len(value) >= _KEY_LENGTH else 4
    return f"{STRIPPED}-{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()[:digits]}"


def _is_secret_name(name: str, value: str) -> bool:
    """Say whether a name is that of a secret, as far as its value can be one."""
    whole = "".join(_name_parts(name))
    if whole in _OPAQUE and not value.isascii():
        return False
    if whole == "code":
        return len(value) >= _OAUTH_CODE or bool(re.search(r"[A-Za-z]", value) and re.search(r"\d", value))
    return whole in _CODES or _is_named(name)


def _name_parts(name: str) -> list[str]:
    return [part.lower() for part in _PART.findall(unicodedata.normalize("NFKC", name))]


def strip_header(name: str, value: str) -> str:
    """Return the value of a header of an answer without secrets: all of it by its name, else those of its addresses.

    >>> strip_header("X-Auth-Token", "5"), strip_header("Link", "<https://x.example/?token=5>; rel=next")
    ('stripped', '<https://x.example/?token=stripped>; rel=next')
    """
    if _is_named(name):
        return STRIPPED
    return _ADDRESS.sub(lambda found: strip_secrets(found[0]), value)


def _is_named(name: str) -> bool:
    """Say whether a name is that of a secret, or of who the user is."""
    parts = _name_parts(name)
    whole = "".join(parts)
    if parts and parts[-1] in _ABOUT:
        return False
    if whole in _ALWAYS | _LAST | _WHOLE or any(part in _ALWAYS for part in parts):
        return True
    while len(parts) > 1 and (parts[-1] in _TAILS or parts[-1].isdigit()):
        parts.pop()
    is_thing = "".join(parts) in _ALWAYS or (parts and parts[-1] in _LAST)
    return bool(is_thing or _KEYS.search(whole) or _ENDS.search(whole) or _CHINESE.search(name))


def _is_key(value: str) -> bool:
    """Say whether a value holds a key of a known form."""
    forms = (_JWT, _VENDOR, _HEADER)
    return bool(_TICKET.fullmatch(value) or any(form.search(value) for form in forms))
