"""Take secrets out of addresses: by what a name means, by what a value looks like, however deep it is nested."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, unquote, unquote_plus, urlsplit, urlunsplit

STRIPPED = "stripped"
DEPTH = 3
"""Addresses inside the values of addresses that are looked into."""
_ALWAYS = frozenset(
    re.findall(
        r"\w+",
        """
        token jwt secret password passwd passwort pwd passphrase oauth bearer signature credential credentials cookie
        csrf xsrf csrftoken xsrftoken authtoken accesstoken usertoken idtoken refreshtoken appsecret openid unionid
        jsessionid phpsessionid phpsessid aspsessionid sessionid hmac idcard idno castgc bduss sessdata samlrequest
        samlresponse
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
        "key mk pin pw tgt gda yzm hdnts hdnea hdntl upt bilijct xbogus abogus account captcha imei imsi deviceid",
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
    r"(?:token|secret|passw(?:or)?d|pwd|signature|sess(?:ion)?id|accessid|keypairid|(?<!pos)(?<!ob)session)(?:md5|v?\d+)?$"
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
_IN_HOOK = re.compile(r"(?<=/)(?=[\w-]*[A-Za-z])(?=[\w-]*\d)[\w-]{12,}")
"""The part of such an address that holds letters and digits."""
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
_LONG, _DENSE = 20, 0.36
"""A secret by its looks: characters, and words and numbers that it falls into for each; those of a title are long."""
_LEAST = 12
"""Characters where its name says that it is a key of something."""
_MAILED_LEAST = 8
"""Characters behind a word that says that it was sent to one person."""
_NAMES_A_DOCUMENT = 25
"""Characters under a name that ends in `id`: the 128 bits by which portals name documents take 24."""
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
_USER_WITH_SLASH = re.compile(r"(?<=//)[^?#\s]*@")
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

    >>> strip_secrets("https://u:p@x.example/a;token=1?q=a&accessToken=2&next=%2Fb%3Fjwt%3D3#f")
    'https://x.example/a;token=stripped?q=a&accessToken=stripped&next=%2Fb%3Fjwt%3Dstripped'
    """
    return _stripped(url, DEPTH)


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
    path = _INSTANCE.sub(rf"\1/{STRIPPED}", _GRANT.sub(STRIPPED, path))
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
        if _is_secret_part(first, parts[at - 1] if at else ""):
            first = STRIPPED
        elif "%3a%2f%2f" in first.lower() and depth:
            inside = _stripped(plain := unquote(first), depth - 1)
            first = first if inside == plain.partition("#")[0] else quote(inside, safe="")
        pairs = (one if one in ";&" else _pair(one, 0) for one in rest)
        parts[at] = "".join([first, *pairs])
    return "/".join(parts)


def _is_secret_part(part: str, before: str) -> bool:
    """Say whether a part of a path is a secret, by its looks and by the part before it."""
    if _JWT.fullmatch(unquote(part)) or _BOT.fullmatch(part) or _VENDOR.search(part):
        return True
    if (named := _NAMED_PART.fullmatch(part)) and _is_named(named[1]):
        return True
    if any(name in _ALWAYS for name in _name_parts(before)):
        return _looks_secret(part, _LEAST)
    if _MAILED.intersection(re.split(r"[-_]", before.lower())):
        return _looks_secret(part, _MAILED_LEAST)
    return _is_named(before) and _looks_secret(part)


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
        return STRIPPED if _looks_secret(unquote_plus(pair)) or (colon and value and _is_named(named)) else pair
    if not value:
        return pair
    if _is_secret(unquote_plus(name), unquote_plus(value)):
        return f"{name}={STRIPPED}"
    plain = unquote(value)
    for _ in range(DEPTH):
        plain = unquote(plain) if "%" in plain and not re.search(r"[?&;=]|://", plain) else plain
    inside = _USER.sub("", _IN_JSON.sub(_json_pair, plain))
    if depth and re.search(r"[?&;=]|://", plain):
        inside = _stripped(inside, depth - 1) if re.search(r"[?]|://", plain) else _list(inside, depth - 1)
    if inside not in (plain, plain.partition("#")[0]):
        return f"{name}={quote(inside, safe='')}"
    return pair


def _json_pair(found: re.Match[str]) -> str:
    quote_of_name, name, between, quote_of_value, value = found.groups()
    kept = STRIPPED if _is_secret(name, value) else value
    return f"{quote_of_name}{name}{quote_of_name}{between}{quote_of_value}{kept}{quote_of_value}"


def _is_secret(name: str, value: str) -> bool:
    parts = _name_parts(name)
    whole = "".join(parts)
    if whole in _OPAQUE and not value.isascii():
        return False
    if whole in _CODES:
        return True
    if whole == "code":
        return len(value) >= _OAUTH_CODE or bool(re.search(r"[A-Za-z]", value) and re.search(r"\d", value))
    least = _LEAST if whole.endswith("key") else _NAMES_A_DOCUMENT if parts[-1:] == ["id"] else _LONG
    return _is_named(name) or bool(_MAIL.fullmatch(value) or _CITIZEN.fullmatch(value)) or _looks_secret(value, least)


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


def _looks_secret(value: str, least: int = _LONG) -> bool:
    """Say whether a value is a key of a known form, or at least `least` characters as mixed as only keys are."""
    if _JWT.search(value) or _TICKET.fullmatch(value) or _VENDOR.search(value) or _HEADER.search(value):
        return True
    if " " in value:  # `+` in a query is a blank between words, or a letter of base64
        return any(_looks_secret(one, _LONG) for one in value.split(" "))
    if len(value) < least or _DOCUMENT.fullmatch(value) or not re.fullmatch(r"[\w+/=~.-]+", value, re.ASCII):
        return False
    return len(_PART.findall(value)) >= _DENSE * len(value) and not re.search(r"[.]\w{2,4}$", value)
