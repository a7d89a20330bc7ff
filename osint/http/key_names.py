"""Say what the name of a value in an address allows: a secret, the id of a document, words and numbers, or nothing."""

from __future__ import annotations

import re
import unicodedata


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ALWAYS = _words("""
    token jwt secret password passwd passwort pwd passphrase passcode oauth bearer signature credential
    credentials cookie csrf xsrf csrftoken xsrftoken authtoken accesstoken usertoken idtoken refreshtoken
    appsecret openid unionid apikey jsessionid phpsessionid phpsessid chksm aspsessionid sessionid hmac idcard
    idno castgc bduss sessdata samlrequest samlresponse otp
""")
"""Parts of a name that make its value a secret, or that say who the user is, wherever they stand in it."""
_LAST = _words("""
    pass auth authorization sig sign session sess sessid sid login ticket ak tk sk assertion nonce verifier
    codeverifier phone mobile tel telephone email mail username user userid uname uin keypair mima shouji sfz
    sfzh sjh shenfenzheng nick nickname realname tqm tiquma fwm
""")
"""The same where they are the thing that is named: `user` and `userName`, not `userType`; `signDate` is a day."""
_WHOLE = _words("""
    key mk pin pw tgt gda yzm hdnts hdnea hdntl upt bilijct skoid sktid xbogus abogus account captcha imei imsi
    deviceid
""")
"""The same where they are the whole name."""
_TAILS = _words("id no name num number value hash hex md key str data state hint")
"""Parts behind the thing that is named, and digits."""
_ABOUT = _words("type expires expire time date version count length")
"""Parts behind the name of a secret that name something of it which is none."""
_CHINESE = "密码|口令|令牌|密钥|签名|身份证|手机|电话|邮箱|用户名|账号|帐号|验证码|提取码|访问码|取件码|邀请码|暗号"
_IN_CHINESE = re.compile(_CHINESE)
_SAID = re.compile(
    rf"(?:{_CHINESE})\W*[\s:=：为是]\W*[A-Za-z\d]{{3,}}|\b(?:pass(?:word|code|wd)|pwd)\W*(?:[:=：]|\bis\b)\W*[A-Za-z\d]{{3,}}",
    re.I,
)
_ENDS = re.compile(
    r"(?:token|secret|passw(?:or)?d|pwd|signature|sess(?:ion)?id|accessid|keypairid|(?<!pos)(?<!ob)session)(?:md5|v?\d+)?$|nonce$"
    r"|^aspsessionid|(?:phone|mobile|card|passport)(?:no|num|number)$"
)
_KEYS = re.compile(
    r"(?:access|api|app|auth|secret|private|public|subscription|shared|account|client|map|export|session|user|device|license|web|server"
    r"|encrypt|decrypt)key"
)
"""Compounds of `key` that are secrets wherever they stand in a name; searchkey and monkey are words."""
_TWO = 2
"""Words of a part of a path at most that announce a secret (`access-token`); more are a title."""
_OPAQUE = _words("key sign sig session ticket auth pin sid")
"""Names whose secrets are ASCII, and never words: `key=智算中心` is what was searched for, `signDate` when."""
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NAMES_A_DOCUMENT = re.compile(
    r"(?<!app)(?<!client)(?<!tenant)(?<!trace)(?<!request)(?<!visitor)(?<!invite)(?<!reset)(?<!login)(?<!access)ids?$"
    r"|(?:no|num|number|bh|xh|dm|sn|pk|biz|sha|sha1|sha256|md5|digest|checksum|doi|slug|title|commit|ref"
    r"|file|filename|path|name|article|notice|news|record)$|guid|uuid|\Av\Z"
)
"""Names of what finds a document: its id, number (编号 bh, 序号 xh, 代码 dm), digest or file."""
_NAMES_A_THING = re.compile(
    r"(?:stock|sec|security|area|region|city|county|country|zip|postal|post|project|proj|credit|org|company|unit|dept|industry|hs|bar|bond"
    r"|product|item|category|cat|class|type|column|channel|node|notice|tender|bid|plan|section|site|dict|status|lang|epsg|crs|admin|fund"
    r"|xm|qy|xzqh|trade|source|ship|port|station|base|group|part|model|currency|language|state|province|district|division)code$"
)
"""Names of the code of a thing; any other code is one that opens something."""
_STANDING = re.compile(r"[A-Z]{1,3}|\d{1,9}")
"""The code of a country, a stock or a place, which `code` alone may name."""
_ALLOWS_WORDS = _words("""
    type types kind mode sort order direction lang language locale format output view tab layout theme style
    color width height size layer layers crs srs band bands service version rev revision method action function
    module controller channel column section part class status stage level scope filter filters field fields
    select group source from campaign medium content term platform site portal zone area region district city
    county province country place location address town street host domain charset encoding subject topic topics
    tag tags category categories author company organization organisation department industry project buyer
    agent supplier owner bidder brand product model series text label labels caption description names query
    search keyword keywords searchword searchkey searchkeys hotkey hotword word words page pages start end begin
    offset limit count row rows index position first last prev next min max date day days month year time
    datetime timestamp since until before after expires interval period zoom scale radius depth latitude
    longitude bbox bounds center extent folder branch item items asset assets collection collections template
    unit units symbol badge logo highlight license repo report event parameter parameters params option options
    display show state request range value feature features explain active activity price amount total subtotal
    tilematrix tilematrixset tilerow tilecol schema outputschema namespace typename resource root node menu step
    reason primarykey monkey title stock ticker error component publisher flag flags config age groups list url
    uri urls fqdn collapse rendition editor edition volume issue chapter doctype fmt act func mod ctl ctrl org
    dept cat q s w kw wd to via hl gl ie oe do op cmd opt tz nav lat lon lng sr sf sp np pn ps rn lx lb rq ds bt
    mc xmmc zt spm usp ver pos num jg dq hy px
""")
"""Names whose values are words and numbers of a search, a place, a time or of how something is shown."""
_ALLOWS_A_NUMBER = _words("p t ts x y z r _")
_NUMBER = re.compile(r"-?\d{1,7}|1[4-9]\d{8}(?:\d{3})?")
"""Short names of a page, a place on a map or a moment, and what they hold."""
_OF_A_COMPOUND = 4
"""Letters of such a name from which it counts at the end of a longer one as well (`searchtype`); `word` does not."""
_CODES = frozenset(
    f"{one}code" for one in _words("verify check device sms js securityjs access extract fetch pickup invite")
)


def is_secret_name(name: str, value: str) -> bool:
    """Say whether a name is that of a secret, as far as its value can be one."""
    whole = whole_name(name)
    if whole in _OPAQUE and not value.isascii():
        return False
    if whole == "code":
        return not _STANDING.fullmatch(value)
    return whole in _CODES or is_named(name)


def is_named(name: str) -> bool:
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
    return bool(is_thing or _KEYS.search(whole) or _ENDS.search(whole) or _IN_CHINESE.search(name))


def says_secret(text: str) -> bool:
    """Say whether a text tells a password or an access code in words (`提取码：ab12`)."""
    return bool(_SAID.search(text))


def is_secret_word(word: str) -> bool:
    """Say whether a part of a path announces a secret in whatever follows."""
    parts = _name_parts(word)
    return "".join(parts) in _ALWAYS | _WHOLE or (len(parts) <= _TWO and any(part in _ALWAYS for part in parts))


def finds_document(name: str) -> bool:
    """Say whether a name is that of an id, a number, a file or the code of a thing."""
    whole = whole_name(name)
    return bool(_NAMES_A_DOCUMENT.search(whole) or _NAMES_A_THING.search(whole) or whole == "code")


def allows_words(name: str) -> bool:
    """Say whether words and numbers are expected under a name."""
    parts = [part for part in _name_parts(name) if not part.isdigit()] or [""]
    whole = "".join(parts)
    ends = (whole[at:] for at in range(1, len(whole) - _OF_A_COMPOUND + 1))
    return parts[-1] in _ALLOWS_WORDS or any(end in _ALLOWS_WORDS and end != "word" for end in ends)


def is_number_of(name: str, value: str) -> bool:
    """Say whether a value is the number that a short name stands for (`p=45812`, `t=1718000000`)."""
    return name.lower() in _ALLOWS_A_NUMBER and bool(_NUMBER.fullmatch(value))


def whole_name(name: str) -> str:
    """Return the letters and digits of a name in lower case."""
    return "".join(_name_parts(name))


def _name_parts(name: str) -> list[str]:
    return [part.lower() for part in _PART.findall(unicodedata.normalize("NFKC", name))]
