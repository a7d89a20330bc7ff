import json

import pytest

from osint.filings import decode
from osint.http import Trouble
from osint.portals import AnswerClass, classify
from tests.portal_server.faults import NOTICE, aliyun_challenge, notice_html


def kind_of(body, *, status=200, content_type="text/html", url="http://h.example/a/b.shtml", **more):
    headers = {"content-type": content_type, **more.pop("headers", {})}
    body = body.encode() if isinstance(body, str) else body
    return classify(status=status, headers=headers, body=body, url=url, **more).kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (notice_html(), AnswerClass.CONTENT),
        ("<html><body>智算中心</body></html>", AnswerClass.CONTENT),
        (aliyun_challenge(), AnswerClass.CHALLENGE),
        ("<script>var aliyun_waf_aa='x'</script>", AnswerClass.CHALLENGE),
        ("<html><title>安全验证</title></html>", AnswerClass.CHALLENGE),
        ("<html>denied by bot</html>", AnswerClass.CHALLENGE),
        (
            "<html><title>Just a moment...</title><script src=/cdn-cgi/challenge-platform/x></script></html>",
            AnswerClass.CHALLENGE,
        ),
        ("<html>您的操作过于频繁，请稍后再试</html>", AnswerClass.RATE_LIMITED),
        ("<html><title>错误页面！中国政府采购网</title></html>", AnswerClass.SOFT_404),
        ("<html>您要查看的网页可能已被删除、名称已被更改，或者暂时不可用。页面不存在</html>", AnswerClass.SOFT_404),
        ("<html><title>404 Not Found</title><body>nothing</body></html>", AnswerClass.SOFT_404),
        ("<html><div>暂无数据</div></html>", AnswerClass.SOFT_404),
        ("<html><title>检索</title>没有找到相关结果</html>", AnswerClass.EMPTY_RESULT),
        ("<html><title>Access Denied</title>You don't have permission</html>", AnswerClass.BLOCKED),
        ("<html><head></head><body></body></html>", AnswerClass.BLOCKED),
        ("", AnswerClass.EMPTY),
        ("<html><div id=app></div><script src=a.js></script></html>", AnswerClass.JS_SHELL),
        (
            "<html><div id='root'> </div><script src=a.js></script><nav>" + "<a>政务公开</a>" * 43 + "</nav></html>",
            AnswerClass.JS_SHELL,
        ),
        (
            "<html><div id=app><h1>公告</h1><p>" + "服务端已经渲染的正文。" * 9 + "</p></div><script></script></html>",
            AnswerClass.CONTENT,
        ),
    ],
)
def test_page_has_its_class(body, kind):
    assert kind_of(body) is kind


@pytest.mark.parametrize(
    "phrase",
    [
        "访问过于频繁",
        "页面不存在",
        "安全验证",
        "没有找到相关结果",
        "访问被拒绝",
        "404",
        "denied by bot",
        "aliyun_waf_aa",
    ],
)
def test_long_article_that_quotes_a_signal_is_content(phrase):
    story = "本报记者调查了当地的数据中心建设情况。" * 150
    text = f"<html><title>报道</title><p>{story}网站显示{phrase}。</p></html>"
    assert kind_of(text) is AnswerClass.CONTENT


def test_bot_script_and_comments_are_no_evidence_of_a_block():
    page = notice_html().replace("</body>", "<!-- 验证码 --><script src=/_bot_sbu/sbu_fpc.js></script></body>")
    assert kind_of(page) is AnswerClass.CONTENT


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"announcements": None, "totalAnnouncement": 0}, AnswerClass.EMPTY_RESULT),
        ({"announcements": None}, AnswerClass.EMPTY_RESULT),
        ([], AnswerClass.EMPTY_RESULT),
        ([["urlkey", "timestamp"]], AnswerClass.EMPTY_RESULT),
        ({"code": 200, "data": {"records": [], "total": 0}}, AnswerClass.EMPTY_RESULT),
        ({"result": {"totalcount": 0, "records": []}}, AnswerClass.EMPTY_RESULT),
        ({"code": 829, "message": "x"}, AnswerClass.CHALLENGE),
        ({"code": 800}, AnswerClass.RATE_LIMITED),
        ({"code": 804}, AnswerClass.BLOCKED),
        ({"code": 200, "data": {"records": [{"title": "a"}], "total": 1}}, AnswerClass.CONTENT),
        ({"announcements": [{"a": 1}], "categoryList": None, "totalAnnouncement": 1}, AnswerClass.CONTENT),
    ],
)
def test_json_has_its_class(data, kind):
    assert kind_of(json.dumps(data), content_type="application/json") is kind
    assert kind_of(f"jsonCallback({json.dumps(data)});", content_type="text/javascript") is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, AnswerClass.BLOCKED),
        (405, AnswerClass.BLOCKED),
        (493, AnswerClass.BLOCKED),
        (404, AnswerClass.GONE),
        (410, AnswerClass.GONE),
        (429, AnswerClass.RATE_LIMITED),
        (503, AnswerClass.RATE_LIMITED),
        (500, AnswerClass.UNREACHABLE),
        (504, AnswerClass.TIMEOUT),
        (302, AnswerClass.INCOMPLETE),
    ],
)
def test_status_has_its_class_and_a_challenge_goes_before_it(status, kind):
    assert kind_of("<html>x</html>", status=status) is kind
    assert kind_of(aliyun_challenge(), status=status) is AnswerClass.CHALLENGE


def test_html_where_pdf_or_json_was_due_is_a_challenge():
    assert kind_of("<html>hello there</html>", url="http://h.example/a.PDF") is AnswerClass.CHALLENGE
    assert kind_of("<html>hello there</html>", due="json") is AnswerClass.CHALLENGE
    assert (
        kind_of(b"%PDF-1.7\n\x00", content_type="application/pdf", url="http://h.example/a.pdf") is AnswerClass.CONTENT
    )
    assert kind_of("<html><title>错误页面</title></html>", url="http://h.example/a.pdf") is AnswerClass.SOFT_404


def test_home_page_in_place_of_a_notice_is_a_soft_404():
    said = {"url": "http://h.example/c1/202401/a.shtml", "final_url": "http://h.example/"}
    assert kind_of(notice_html(), **said) is AnswerClass.SOFT_404
    assert (
        kind_of(notice_html(), url="http://h.example/", final_url="http://h.example/index.html") is AnswerClass.CONTENT
    )


def test_closed_site_at_the_archive_is_blocked():
    headers = {"x-archive-wayback-runtime-error": "AdministrativeAccessControlException: Blocked Site Error"}
    assert kind_of("", status=403, headers=headers) is AnswerClass.BLOCKED


@pytest.mark.parametrize("trouble", [Trouble.LENGTH, Trouble.DISCONNECT, Trouble.ENCODING])
def test_body_that_stops_short_is_never_content(trouble):
    assert kind_of(notice_html(), trouble=trouble, detail="x") is AnswerClass.INCOMPLETE


@pytest.mark.parametrize(
    "body",
    [b"<" * 100_000, b"<div>" * 20_000, b"{" * 50_000, b"[" * 50_000, b"\x00" * 5000, b"<!--" * 9999, b"\xff\xfe"],
)
def test_hostile_body_gets_a_class_and_no_exception(body):
    assert kind_of(body) in AnswerClass


@pytest.mark.parametrize(
    ("encoding", "label", "meta"),
    [
        ("utf-8", "", ""),
        ("utf-8", "text/html; charset=gbk", ""),
        ("gbk", "text/html; charset=gb2312", ""),
        ("gb18030", "", "gb2312"),
        ("gbk", "text/html; charset=utf-8", "utf-8"),
        ("gbk", "text/html; charset=iso-8859-1", ""),
        ("gbk", "", ""),
        ("utf-16", "", ""),
    ],
)
def test_chinese_text_is_read_whatever_the_label(encoding, label, meta):
    raw = notice_html(meta or "x").encode(encoding)
    text = decode(raw, label).text
    assert NOTICE in text and "\ufffd" not in text


@pytest.mark.parametrize("label", ["", "text/html; charset=big5", "text/html; charset=gb2312"])
def test_big5_is_told_from_gb18030(label):
    text = "智慧計算中心伺服器採購案，請投標廠商於期限內提出文件。"
    assert decode(text.encode("big5"), label)[0] == text


def test_mixed_encodings_keep_the_larger_part():
    raw = notice_html().encode() + "版权所有".encode("gbk")
    assert NOTICE in decode(raw, "text/html; charset=utf-8")[0]


@pytest.mark.parametrize(
    "text",
    [
        "项目总投资404万元，第404号公告",
        "本公告所述项目不存在利益冲突，特此声明",
        "设备到货后进行安全验证，系统通过验证并投入使用",
        "The Forbidden City data centre was not slow down by rules",
        "本次打击非法访问计算机系统的行动已经完成",
        "伊吾县智算中心一期项目竣工环境保护验收公示，公示期二十个工作日，建设单位为伊吾县某公司，联系人见下。"
        "项目位于伊吾县工业园区，占地面积一百亩，主要建设机房两栋。附件：暂无数据",
    ],
)
def test_short_notice_with_a_word_of_alarm_is_content(text):
    assert kind_of(f"<html><title>关于开展网络安全验证工作的通知</title><p>{text}</p></html>") is AnswerClass.CONTENT


@pytest.mark.parametrize(
    "text",
    [
        "抱歉，您访问的页面不存在！",
        "404 - 页面未找到",
        "404",
        "Error 404",
        "该信息已被删除。",
        "对不起，找不到您要访问的网页",
        "文章不存在或已删除",
    ],
)
def test_soft_404_in_many_words(text):
    assert kind_of(f"<html><body>{text}</body></html>".encode("gbk"), content_type="text/html") is AnswerClass.SOFT_404
