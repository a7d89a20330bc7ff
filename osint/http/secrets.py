"""Take secrets out of addresses: by what a name means, by what a value looks like, however deep it is nested."""

from __future__ import annotations

import math
import re
from collections import Counter
from urllib.parse import quote, unquote, unquote_plus, urlsplit, urlunsplit

STRIPPED = "stripped"
DEPTH = 3
"""Addresses inside the values of addresses that are looked into."""
_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        token jwt secret password passwd passwort pwd pass passphrase auth authorization oauth bearer sig
        signature sign session sessionid sess sid jsessionid phpsessid aspsessionid credential credentials ticket
        cookie csrf xsrf csrftoken xsrftoken authtoken accesstoken usertoken idtoken refreshtoken appsecret openid
        unionid otp pin ak tk sk assertion nonce verifier codeverifier phone mobile tel telephone email mail
        idcard idno username user login uname
        """,
    )
)
"""Parts of a name whose value is a secret, or says who the user is."""
_KEYS = re.compile(r"(?:access|api|app|auth|secret|private|public|subscription|shared|account|client|map)key")
"""Compounds of `key` that are secrets wherever they stand in a name; searchkey and monkey are words."""
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.?[\w-]*")
_LONG, _BITS, _RUNS = 20, 3.6, 3
"""A secret by its looks: characters, bits of entropy of each, and stretches of digits; a title has one year."""
_OAUTH_CODE = 16
"""Characters from which a `code` is no stock and no postal code."""
_DOCUMENT = re.compile(
    r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[\d.,_-]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
"""Numbers, digests and UUIDs: the ids by which portals name documents, without which an address finds nothing."""
_USER = re.compile(r"(?<=//)[^/?#@\s]*@")


def strip_secrets(url: str) -> str:
    """Return a URL without user name, password, fragment and the values of secrets, also in addresses inside of it.

    >>> strip_secrets("https://u:p@x.example/a;token=1?q=a&accessToken=2&next=%2Fb%3Fjwt%3D3#f")
    'https://x.example/a;token=stripped?q=a&accessToken=stripped&next=%2Fb%3Fjwt%3Dstripped'
    """
    return _stripped(url, DEPTH)


def _stripped(url: str, depth: int) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return _USER.sub("", url)
    host = parts.netloc.rpartition("@")[2]
    path = "/".join(_path_part(part) for part in parts.path.split("/"))
    query = re.sub(r"[^&;]+", lambda pair: _pair(pair[0], depth), parts.query)
    return urlunsplit((parts.scheme, host, path, query, ""))


def _path_part(part: str) -> str:
    """Return a part of a path without secret parameters (`;sid=`), and with none in place of a token."""
    first, *parameters = part.split(";")
    if _JWT.fullmatch(unquote(first)):
        first = STRIPPED
    return ";".join([first, *(_pair(parameter, 0) for parameter in parameters)])


def _pair(pair: str, depth: int) -> str:
    """Return one `name=value` without its secret."""
    name, equals, value = pair.partition("=")
    if not equals:
        return STRIPPED if _JWT.fullmatch(unquote_plus(pair)) else pair
    if not value:
        return pair
    if _is_secret(unquote_plus(name), unquote_plus(value)):
        return f"{name}={STRIPPED}"
    plain = unquote(value)
    for _ in range(DEPTH):
        plain = unquote(plain) if "%" in plain and not re.search(r"[?&;=]|://", plain) else plain
    if depth and re.search(r"[?&;=]|://", plain):
        inside = _stripped(plain, depth - 1) if re.search(r"[?]|://", plain) else _inner(plain, depth - 1)
        if inside != plain.partition("#")[0]:
            return f"{name}={quote(inside, safe='')}"
    return pair


def _inner(text: str, depth: int) -> str:
    """Return a list of `name=value` that stands in a value, without its secrets."""
    return re.sub(r"[^&;]+", lambda pair: _pair(pair[0], depth), text)


def _is_secret(name: str, value: str) -> bool:
    parts = [part.lower() for part in _PART.findall(name)]
    whole = "".join(parts)
    if whole in _WORDS or any(part in _WORDS for part in parts):
        return True
    if whole == "key" or _KEYS.search(whole):
        return True
    if whole == "code":
        return len(value) >= _OAUTH_CODE or bool(re.search(r"[A-Za-z]", value) and re.search(r"\d", value))
    return _looks_secret(value)


def _looks_secret(value: str) -> bool:
    """Say whether a value is a JWT, or as long and as mixed as only keys are."""
    if _JWT.search(value):
        return True
    if len(value) < _LONG or _DOCUMENT.fullmatch(value) or not re.fullmatch(r"[\w+/=~.-]+", value, re.ASCII):
        return False
    kinds = sum(bool(re.search(form, value)) for form in ("[a-z]", "[A-Z]", r"\d"))
    counts = Counter(value)
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    mixed = kinds == len(("lower", "upper", "digit")) and len(re.findall(r"\d+", value)) >= _RUNS
    return mixed and bits >= _BITS and not re.search(r"[.]\w{2,4}$", value)
