"""Answers that are not what they seem: challenges, encodings, and broken HTTP."""

import gzip
import os
import socket
import struct
import time
import zlib

from tests.portal_server import answer

NOTICE = "哈密市伊吾县智算中心项目招标公告"
CODE = "2406-650522-04-01-123456"
PARAGRAPH = "本项目由伊吾县发展和改革委员会备案，建设内容为智算中心机房、配电系统和服务器，资金来源为企业自筹。"


def notice_html(charset="utf-8"):
    return (
        f'<!DOCTYPE html><html><head><meta charset="{charset}"><title>{NOTICE}</title></head><body>'
        f"<h1>{NOTICE}</h1><p>项目代码：{CODE}</p><p>{PARAGRAPH * 3}</p></body></html>"
    )


def aliyun_challenge():
    script = "var arg1='0F1E2D3C4B5A69788796A5B4C3D2E1F00F1E2D3C';function r(){document.cookie='acw_sc__v2='+arg1}"
    data = "<textarea id='renderData' style='display:none'>{}</textarea>"
    return f"<html><script>{script}</script>{data}</html>"


def _page(text, kind="text/html; charset=utf-8", status="200 OK", encoding="utf-8", headers=()):
    def made(sock, asked, server):
        return answer(text.encode(encoding) if isinstance(text, str) else text, kind, status, headers)

    return made


def _slow_loris(sock, asked, server):
    sock.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not server.stop.wait(0.1):
        sock.sendall(b"a")


def _slow_body(sock, asked, server):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n<html><p>")
    while not server.stop.wait(0.05):
        sock.sendall(b"slow")


def _silent(sock, asked, server):
    server.stop.wait(30)


def _endless(sock, asked, server):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><p>")
    while not server.stop.is_set():
        sock.sendall(b"endless " * 8192)


BOMB = gzip.compress(bytes(40 << 20), 1)


def _bomb(sock, asked, server):
    return answer(BOMB, headers=[("Content-Encoding", "gzip")])


def _gzip(sock, asked, server):
    return answer(gzip.compress(notice_html().encode()), headers=[("Content-Encoding", "gzip")])


def _deflate(sock, asked, server):
    return answer(zlib.compress(notice_html().encode())[2:-4], headers=[("Content-Encoding", "deflate")])


def _gzip_cut(sock, asked, server):
    return answer(gzip.compress(os.urandom(5000))[:3000], headers=[("Content-Encoding", "gzip")])


def _gzip_damaged(sock, asked, server):
    body = bytearray(gzip.compress(os.urandom(5000)))
    body[20] ^= 255
    body[10] = 7  # a block type that does not exist
    return answer(bytes(body), headers=[("Content-Encoding", "gzip")])


CHUNKED_GZIP = b"5\r\n\x1f\x8b\x08\0\0\r\n0\r\n\r\n"


def _chunked_gzip(sock, asked, server):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
    sock.sendall(head + CHUNKED_GZIP)


def _chunked(sock, asked, server):
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
        b"Transfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n"
    )
    body = notice_html().encode()
    pieces = [body[i : i + 100] for i in range(0, len(body), 100)]
    chunks = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(p), p) for p in pieces)
    sock.sendall(head + chunks + b"0\r\nX-End: yes\r\n\r\n")


def _chunked_cut(sock, asked, server):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
    sock.sendall(b"64\r\n" + b"<html><p>a page that ends in")


def _truncated(sock, asked, server):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n" + b"<html>" + b"t" * 494)


def _reset(sock, asked, server):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def _empty_reply(sock, asked, server):
    return b""


def _garbage(sock, asked, server):
    return b"\x16\x03\x01 this is no HTTP\r\n\r\n"


def _redirect(target):
    def made(sock, asked, server):
        place = target(server) if callable(target) else target
        return answer(b"moved", status="302 Found", headers=[("Location", place)])

    return made


def _later(sock, asked, server):
    time.sleep(0.3)
    return answer(notice_html().encode())


SHELL = (
    "<!DOCTYPE html><html><head><title></title></head>"
    "<body><nav><a href=/>首页</a><a href=/a>政务公开</a></nav>"
    "<div id=app></div><script src=/static/js/app.8f3a.js></script></body></html>"
)
GOOD_WITH_BOT_SCRIPT = notice_html().replace(
    "</body>",
    "<!-- 输入图片验证码 var arg1='x' acw_sc__v2 --><script src=/_bot_sbu/sbu_fpc.js></script></body>",
)
BIG5_NOTICE = (
    "<html><head><title>公告</title></head><body><p>" + "智慧計算中心伺服器採購案，請投標廠商於期限內提出文件。" * 6
)

ROUTES = {
    "/index": _page("<html><title>门户</title><body><p>政府门户网站首页</p></body></html>"),
    "/good": _page(notice_html()),
    "/good-bot-script": _page(GOOD_WITH_BOT_SCRIPT),
    "/gbk": _page(notice_html("gb2312"), "text/html", encoding="gbk"),
    "/gb18030": _page(notice_html("gb2312").replace("伊吾", "伊吾㐀𠮷"), "text/html", encoding="gb18030"),
    "/big5": _page(BIG5_NOTICE, "text/html; charset=big5", encoding="big5hkscs"),
    "/big5-unlabelled": _page(BIG5_NOTICE, "text/html", encoding="big5hkscs"),
    "/mislabelled": _page(notice_html("utf-8"), "text/html; charset=utf-8", encoding="gbk"),
    "/mixed": _page(notice_html().encode() + "版权所有".encode("gbk"), "text/html; charset=utf-8"),
    "/aliyun": _page(aliyun_challenge()),
    "/aliyun-405": _page(aliyun_challenge(), status="405 Method Not Allowed"),
    "/security-title": _page("<html><title>安全验证</title><body>请完成安全验证后继续访问</body></html>"),
    "/guarded.pdf": _page("<html><script>denied by bot</script></html>", "application/pdf"),
    "/real.pdf": _page(b"%PDF-1.4\n1 0 obj\n%%EOF\n", "application/pdf"),
    "/soft-404-gbk": _page(
        "<html><head><meta charset=gb2312><title>提示信息</title></head>"
        "<body>您访问的页面不存在或已被删除！</body></html>",
        "text/html",
        encoding="gbk",
    ),
    "/soft-404-ccgp": _page("<html><title>错误页面！中国政府采购网</title><body>错误</body></html>"),
    "/no-data": _page("<html><body><div>暂无数据</div></body></html>"),
    "/to-home/c108396/202406/page.shtml": _redirect("/index.html"),
    "/shell": _page(SHELL),
    "/too-often": _page("<html><body>您的访问过于频繁，请稍后再试</body></html>"),
    "/denied-200": _page("<html><title>访问被拒绝</title><body>您的请求已被拦截</body></html>"),
    "/stub": _page("<html><head></head><body></body></html>"),
    "/empty-200": _page(""),
    "/no-hits": _page("<html><title>检索</title><body>没有找到相关结果</body></html>"),
    "/403": _page("Forbidden", status="403 Forbidden"),
    "/493": _page("", status="493 Blocked"),
    "/404": _page("<html><body>Not Found</body></html>", status="404 Not Found"),
    "/410": _page("gone", status="410 Gone"),
    "/500": _page("oops", status="500 Internal Server Error"),
    "/502": _page("bad gateway", status="502 Bad Gateway"),
    "/503": _page("busy", status="503 Service Unavailable"),
    "/429": _page("slow down", status="429 Too Many Requests"),
    "/429-after": _page("slow down", status="429 Too Many Requests", headers=[("Retry-After", "120")]),
    "/slow-loris": _slow_loris,
    "/slow-body": _slow_body,
    "/silent": _silent,
    "/endless": _endless,
    "/bomb": _bomb,
    "/gzip": _gzip,
    "/deflate": _deflate,
    "/gzip-cut": _gzip_cut,
    "/gzip-damaged": _gzip_damaged,
    "/chunked": _chunked,
    "/chunked-gzip": _chunked_gzip,
    "/part": _page("<p>a part", status="206 Partial Content", headers=[("Content-Range", "bytes 0-8/99")]),
    "/part-of-200": _page("<p>a part", headers=[("Content-Range", "bytes 0-8/99")]),
    "/chunked-cut": _chunked_cut,
    "/truncated": _truncated,
    "/reset": _reset,
    "/empty-reply": _empty_reply,
    "/garbage": _garbage,
    "/later": _later,
    "/redirect-loop": _redirect("/redirect-loop"),
    "/redirect-good": _redirect("/good?token=secret123"),
    "/redirect-file": _redirect("file:///etc/passwd"),
    "/redirect-private": _redirect("http://10.0.0.1/"),
    "/redirect-metadata": _redirect("http://169.254.169.254/latest/meta-data/"),
    "/redirect-loopback": _redirect(lambda server: f"{server.url}/secret"),
    "/redirect-loopback-hex": _redirect(lambda server: f"http://0x7f000001:{server.server_address[1]}/secret"),
    "/secret": _page("the secret of the machine"),
    "/forbidden-by-robots": _page(notice_html()),
}
