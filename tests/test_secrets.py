"""No secret of an address is kept, and what finds the document stays."""

import random
import string

import pytest

from osint.http import forbidden, is_cut, strip_secrets

S = "zZ9-s3cr3t"
LONG = "dGhpcyBpcyBhIHZlcnkgc2VjcmV0IFhZWjEyMw9Q7"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
NAMES = (
    "token", "accessToken", "userToken", "access_token", "refresh-token", "idToken", "csrftoken", "csrf_token", "X-Amz-Security-Token",
    "X-Amz-Signature", "X-Amz-Credential", "sig", "signature", "sign", "Signature", "AccessKeyId", "OSSAccessKeyId", "accesskey", "apikey",
    "api_key", "apiKey", "appkey", "appSecret", "authkey", "auth_key", "key", "subscription-key", "jwt", "tk", "ak", "sk", "pass",
    "passwd", "password", "pwd", "phone", "mobile", "openid", "unionId", "ticket", "session_id", "JSESSIONID", "sid", "authorization",
    "code_verifier", "otp", "email", "userName",
)  # fmt: skip
ELSEWHERE = (
    f"https://user:{S}@x.example/a?q=1",
    f"https://{S}@x.example/a",
    f"http://user:{S}@[::1/a",
    f"https://x.example/a#access_token={S}",
    f"https://x.example/a;token={S}?q=1",
    f"https://x.example/a;jsessionid={S}/b",
    f"https://x.example/a?q=1;token={S}",
    f"https://x.example/login?next=%2Fb%3Ftoken%3D{S}",
    f"https://x.example/login?next=https%3A%2F%2Fuser%3A{S}%40y.example%2F",
    f"https://x.example/login?next=%252Fb%253Ftoken%253D{S}",
    f"https://x.example/a?state=a%3D1%26jwt%3D{S}",
    f"https://x.example/a?%74oken={S}",
    f"https://x.example/a?code=4%2F0A{S}{S}",
    f"https://x.example/a?x={LONG}{S}",
    f"https://x.example/a&token={S}",
    f"https://user:p/{S}@x.example/a",
    f"https://user:{S}@x.example:99999/a?token={S}",
    f"https://web.archive.org/web/2024id_/https://user:{S}@x.example/a",
    f"https://x.example/r/https%3A%2F%2Fuser%3A{S}%40y.example%2Fa",
    f"https://x.example/a?p=%7B%22apiKey%22%3A%22{S}%22%7D",
    f"https://x.example/a?p={{'token':'{S}'}}",
    f"https://x.example/#/login?token={S}",
    f"https://x.example/(S({S}abcdefghijk))/a.aspx",
    f"https://x.example/api/key/dGhpcyBpcyBh1IHZlcnk2gc3V{S}/a",
    f"https://x.example/bot123456789:{S}{S}{S}{S}/send",
    f"https://hooks.x.example/services/T0/B0/{S}{S}{S}",
    f"https://x.example/open-apis/bot/v2/hook/{S}{S}{S}",
    f"https://x.example/a?ticket2=ST-12-{S}&x=ST-12-{S}",
    f"https://x.example/a?%E5%AF%86%E7%A0%81={S}&\u4ee4\u724c={S}",
    f"https://x.example/a?loginToken={S}&pass_ticket={S}&uin={S}&vtoken={S}&hmac={S}&GoogleAccessId={S}&Key-Pair-Id={S}",
    f"https://x.example/a?verifyCode={S}1a&yzm={S}&jscode={S}&exportkey={S}&SESSDATA={S}&accesstokenv2={S}",
    f"https://x.example/a?redirect=user:{S}@y.example&next=//user:{S}@y.example/",
    f"http:/user:{S}@x.example/a",
    f"https:user:{S}@x.example/a",
    f"https://x.example/a?h=Authorization%3A%20Bearer%20{S}&x-h=Basic+{S}",
    f"https://x.example/a?p=%7B%22password%22%3A%20{S}%7D",
    f"https://x.example/a?token:{S}",
    f"https://x.example/a?\uff54\uff4f\uff4b\uff45\uff4e={S}",
    f"https://x.example/a?k=sk-proj-{S}{S}&v=xoxb-1{S}",
    f"https://x.example/token/aB1cD2{S}/b#!/token/aB1cD2{S}",
    f"https://x.example/reset/{LONG}{S}",
    f"https://x.example/p/{LONG}{S}/n/ns/b/c/o/a.pdf?login_hint={S}&session_state={S}&pw={S}",
    f"https://hook.x.example/{S}abc",
    f"https://x.webhook.x.example/webhookb2/a@b/IncomingWebhook/{S}abc/1",
    f"https://x.example/a?device_code={S}&m={S}@y.example",
    f"https://x.example/geocoding/v3/?ak=1&sn={S}&JSESSION={S}&extractionCode={S}",
    f"https://x.example/a#center=94.68,43.24&token={S}",
    f"https://x.example/a?sfz={S}&idCardNo={S}&smsCode={S}&captcha={S}&deviceId={S}&userid={S}&ASPSESSIONIDAB={S}&licenseKey={S}",
)  # fmt: skip
KEPT = (
    "http://h.example/?keyword=%E6%99%BA&monkey=1",
    "http://h.example/?searchkey=a&keywords=b&hotkey=c",
    "http://h.example/?code=600821&stock=600821",
    "http://h.example/?infoid=6d5f8a1e-1c2b-4d3e-9f00-aabbccddeeff&categorynum=001002",
    "http://h.example/?id=0123456789abcdef0123456789abcdef",
    "http://h.example/?path=/cms/2024-06/t20240630_1.shtml&author=li&authority=a&design=b&passage=c&designation=d",
    "http://h.example/a/b.html?announcementId=1220001234&announcementTime=2024-06-30",
    "http://h.example/?url=http%3A%2F%2Fy.example%2Fa%3Fid%3D5",
    "http://h.example/?title=TheLongTitleOfANoticeWithoutAnyBlank2024",
    "http://h.example/?bbox=93.1,43.2,94.5,44.6&datetime=2024-01-01T00:00:00Z/2024-12-31T23:59:59Z",
    "http://h.example/?acw_sc__v2=",
    "http://h.example/?projectName=%E5%93%88%E5%AF%86%E6%99%BA%E7%AE%97%E4%B8%AD%E5%BF%83%E9%A1%B9%E7%9B%AE",
    "http://h.example/(S(abc))/a;v=1/b",
    "https://web.archive.org/web/20240615083000id_/http://x.example/a?id=5",
    "http://h.example/bxsearch?searchtype=1&pinMu=0&bidSort=0&kw=%E6%99%BA&timeType=6",
    "http://h.example/?key=%E6%99%BA%E7%AE%97&sign=%E5%93%88",
    "http://h.example/?signDate=2024-06-12&signUpTime=2024&userType=2&tokenType=1&username_display=0&telephoneArea=0902",
    "http://h.example/#/notice/detail?id=5",
    "http://h.example/site/detail?parentId=66485&articleId=Vn7kD3qPz9LmXw2RtYb8Hg==",
    "http://h.example/way/1234567890#map=15/42.8123/-93.5123",
    "http://h.example/examine?projectuuid=5b6a7c8d9e0f11223344&creditCode=91650100MA77A1B2X3&i=a@2x.png",
    "http://h.example/s?__biz=MzA3MzI4MjgzMw==&mid=26507&idx=1&sn=85f1fc6a7cb4b1e8e2c3d8a1b6f7e9d0",
    "http://h.example/?projectCode=2312-650500-04-01-123456&st=2024-01-01",
    "http://h.example/hooks-of-steel/9c1d7f0e3a5b4c6d8e9f0a1b2c3d4e5f.pdf",
    "http://h.example/news/sk-hynix-semiconductor-plant?q=Basic%20computing&to=mailto:li@y.example",
    "http://h.example/?tab=account&accountType=2&hsCode=84714140&barcode=690123&primaryKey=id&creditCode=91650500MA7XXXXX1K",
    "http://h.example/wayback/#mapCenter=94.68%2C43.24%2C15&mode=explore&active=45134",
    "http://h.example/session-2024/sign-2024a/key-projects-2024/a?kw=H100+A800+GPU+B200+H20+L40S&possession=1",
    "http://h.example/China_map#43.2410,94.6823,15",
    "http://h.example/wms/2024-annual-report/wfs/12",
    "http://h.example/verify/notice-of-completion-2024.html?d=%7B%22page%22%3A%2012%7D",
    "http://h.example/news/in-focus-the-lighthouse-in-the-desert-1FKvJ5je9wY/p.html?p=45812&div=-1&c=show&stockCode=600821",
    "http://h.example/?url=y.example/a/b&filter==status:200&r=news/view&x=13.5&t=1718000000&wsdl",
    "http://h.example/wiki/Category:Data_centres?id=10.1371%2Fjournal.pone.0327031",
    "urn:sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
)  # fmt: skip


@pytest.mark.parametrize("url", [*(f"https://x.example/a?q=1&{name}={S}&r=2" for name in NAMES), *ELSEWHERE])
def test_no_secret_is_kept(url):
    kept = strip_secrets(url)
    assert S not in kept and "user" not in kept.partition("?")[0]
    assert (kept == strip_secrets(kept) and "x.example" in kept) or "[::1" in kept


def test_a_token_by_its_looks_is_not_kept():
    for start in ("npm_", "shpat_", "dop_v1_", "SG.abcdefghijklmnop."):
        assert "a1a1" not in strip_secrets(f"https://x.example/?n={start}{'a1' * 16}")
    for url in (
        f"https://x.example/{JWT}",
        f"https://x.example/?a={JWT}",
        f"https://x.example/?{JWT}",
        f"https://x.example/?q={LONG}",
    ):
        assert JWT not in strip_secrets(url) and LONG not in strip_secrets(url)


def test_nearly_every_random_key_is_taken_out_under_any_name_and_behind_a_word_that_was_mailed():
    rng, signs = random.Random(1), string.ascii_letters + string.digits
    found = {"https://x.example/?x=": 24, "https://x.example/?docId=": 32, "https://x.example/login/email-link/": 12}
    for start, length in found.items():
        keys = ["".join(rng.choice(signs) for _ in range(length)) for _ in range(200)]
        assert sum(key in strip_secrets(start + key) for key in keys) <= 20, start


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("https://x.example/ogc/wms/b3c1f7e0-5a2d-4c9e-8f16-0d7e9b2a4c55?REQUEST=GetMap", "b3c1f7e0"),
        ("https://x.example/a?idNumber=652201199001011234", "652201199001011234"),
        ("https://x.example/a?sig_hex=00ff11ee22dd33cc44bb55aa66997788", "00ff11ee22dd33cc44bb55aa66997788"),
        ("https://x.example/portal/sid_a8f3c1e9b7d24506/index.htm", "a8f3c1e9b7d24506"),
        ("https://x.example/a?p=U2FsdGVkX1+9pQz7WmL3vTnK5rYb8cJd2HfXs6Ga", "9pQz7WmL3vTnK5rYb8cJd2HfXs6Ga"),
    ],
)
def test_a_secret_is_known_by_what_stands_before_it_or_by_its_looks_between_blanks(url, secret):
    assert secret not in strip_secrets(url)


@pytest.mark.parametrize(
    "address",
    [
        *(
            f"a?{name}=@"
            for name in ("h", "entry", "roomcode", "param1", "data[k]", "k[]", "answer", "访问码", "safeword", "c")
        ),
        *(f"{word}/@" for word in ("token", "invite", "verify-email", "join", "otp", "auth", "reset-password")),
        *("a;k=@", "a;pin=@/b", "k=@/b", "#/a?k=@", "#/invite/@", "a?@", "a?q=1&@", "?next=%2Fa%3Fk%3D@", "?next=/a?@"),
        *(
            "?url=h.example/reset/@",
            "r/https%253A%252F%252Fh.example%252Fa%253Fk%253D@",
            "?dsn=u:@@db/x",
            "?h=a;@",
            "?h=a%26@",
        ),
        *("s/1AbC%20提取码：@", "share?q=（访问码：@）", "?q=the+password+is+@", "login?q=1&h=@", "pwd:@/a"),
    ],
)
@pytest.mark.parametrize("secret", ["bluehorse", "Summer24", "qw7z", "493021", "839201847362"])
def test_a_secret_that_looks_like_a_word_or_a_number_is_known_by_its_place(address, secret):
    kept = strip_secrets(f"https://x.example/{address.replace('@', secret, 1)}")
    assert secret not in kept and kept == strip_secrets(kept)


@pytest.mark.parametrize("where", ["confirm/@", "auth/a?d=@", "otp/@", "verify?h=@"])
def test_a_day_may_be_a_code_where_an_address_is_that_of_one_person(where):
    assert "20240612" not in strip_secrets(f"https://x.example/{where.replace('@', '20240612')}")
    assert "20240612" in strip_secrets("https://x.example/a?h=20240612")


def test_two_tokens_are_one_page_and_two_opaque_values_without_a_telling_name_are_two():
    rng = random.Random(2)
    keys = ["".join(rng.choice(string.ascii_letters + string.digits) for _ in range(40)) for _ in range(200)]
    assert len({strip_secrets(f"https://x.example/a?token={key}") for key in keys}) == 1
    assert len({strip_secrets(f"https://x.example/a?x={key}") for key in keys}) == len(keys)
    assert sum(key in strip_secrets(f"https://x.example/a?x={key}") for key in keys) <= 2
    for where in ("?noticeId=%032x", "?%032x", "/a/%032x", "/a/%032x/b.html", "?file=/up/%032x.pdf", "?sha1=%040x"):
        urls = [f"https://x.example/{where % (number * 7**37)}" for number in range(1, 9)]
        assert [strip_secrets(url) for url in urls] == urls


def test_an_address_that_lost_a_part_is_known_by_it():
    for url in ("?token=1", "?x=tq8ZbX0vR2mK9s3d", "tq8ZbX0vR2mK9s3d/a", "?next=%2Fb%3Fjwt%3D1"):
        assert is_cut(strip_secrets(f"https://x.example/{url}")) and not is_cut(f"https://x.example/{url}")
    assert not is_cut("https://x.example/stripped-cable?q=stripped+down&d=stripped-down")


@pytest.mark.parametrize("url", KEPT)
def test_what_finds_the_document_is_kept(url):
    assert strip_secrets(url) == url


@pytest.mark.parametrize(
    "address", ["64:ff9b:1::a00:1", "::127.0.0.1", "::10.0.0.1", "fec0::1", "::ffff:0:127.0.0.1", "::ffff:0:10.0.0.1"]
)
def test_every_form_of_a_private_address_is_refused(address, monkeypatch):
    monkeypatch.delenv("OSINT_ALLOW_LOOPBACK", raising=False)
    assert forbidden(address)


def test_loopback_and_public_addresses_are_as_before(monkeypatch):
    monkeypatch.delenv("OSINT_ALLOW_LOOPBACK", raising=False)
    assert forbidden("::1") == "loopback" and not forbidden("2606:4700::1111") and not forbidden("1.1.1.1")
