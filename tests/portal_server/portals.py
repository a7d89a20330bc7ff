"""The portals' own formats, with their traps, over an invented set of notices."""

import base64
import hashlib
import io
import json
from urllib.parse import urlsplit

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from tests.portal_server import answer
from tests.portal_server.faults import CODE, NOTICE, aliyun_challenge, notice_html

ARCHIVED_URL = "http://xjyiwu.example/xjyw/c108396/202406/0123456789abcdef0123456789abcdef.shtml"
CRAWLED_URL = "http://crawled.example/a"
ARCHIVED = notice_html().encode()
CHANGED_COPY = b"<html>rewritten</html>"


def _json(data, **more):
    return answer(json.dumps(data, ensure_ascii=False).encode(), "application/json; charset=utf-8", **more)


def sha1_32(body):
    return base64.b32encode(hashlib.sha1(body).digest()).decode()


# Wayback

HEADER = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]


def _cdx_row(url, time, digest=None, length="1200"):
    return ["example,xjyiwu)/", time, url, "text/html", "200", digest or sha1_32(ARCHIVED), length]


def _cdx(sock, asked, server):
    url = asked.query.get("url", "")
    if "blocked-site" in url:
        fault = "AdministrativeAccessControlException: Blocked Site Error"
        return answer(b"", status="403 Forbidden", headers=[("X-Archive-Wayback-Runtime-Error", fault)])
    if "too-many" in url:
        return answer(b"<html>429</html>", status="429 Too Many Requests")
    if "header-only" in url:
        return _json([HEADER])
    if "empty-body" in url:
        return answer(b"", "application/json")
    if "bad-digest" in url:
        return _json([HEADER, _cdx_row(url, "20240701000000", digest="A" * 32)])
    if "xjyiwu" in url or "hami" in url or "yiwu" in url:
        page = f"http://{url.removesuffix('/*')}{urlsplit(ARCHIVED_URL).path}" if url.endswith("/*") else ARCHIVED_URL
        rows = [
            ["x)/", "20240618083000", page, "warc/revisit", "-", sha1_32(ARCHIVED), "500"],
            _cdx_row(page, "20240615083000"),
            _cdx_row(page, "20240631999999"),
            _cdx_row(page, "29990631999999"),
            _cdx_row("http://elsewhere.example/a", "20240616083000"),
            _cdx_row(page, "20240616083000", length="0"),
            _cdx_row("some/not/even/url/thing", "20240617083000"),
        ]
        return _json([HEADER, *rows, [], ["example%2Cxjyiwu%29%2F+20240618083001"]])
    return _json([])


def _replay(sock, asked, server):
    body = CHANGED_COPY if "bad-digest" in asked.path else ARCHIVED
    return answer(body, "text/html; charset=utf-8", headers=[("Memento-Datetime", "Sat, 15 Jun 2024 08:30:00 GMT")])


# Common Crawl


def _warc_member():
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=True)
    http = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
    record = writer.create_warc_record(
        CRAWLED_URL,
        "response",
        payload=io.BytesIO(ARCHIVED),
        length=len(ARCHIVED),
        http_headers=http,
        warc_headers_dict={"WARC-Date": "2025-08-01T00:00:00Z"},
    )
    writer.write_record(record)
    return out.getvalue()


MEMBER = _warc_member()
CRAWL_OFFSET = 4096
CRAWL_FILE = bytes(CRAWL_OFFSET) + MEMBER + bytes(100)


def _collinfo(sock, asked, server):
    return _json([{"id": f"CC-MAIN-2025-{week}", "cdx-api": "", "from": "", "to": ""} for week in (33, 30, 26, 21)])


def _crawl_index(sock, asked, server):
    if "2025-30" not in asked.path or "crawled" not in asked.query.get("url", ""):
        message = {"message": "No Captures found for: " + asked.query.get("url", "")}
        return _json(message, status="404 Not Found")
    if asked.query.get("filter") != "=status:200":
        return _json({"message": "bad filter"}, status="400 Bad Request")
    row = {
        "urlkey": "k",
        "timestamp": "20250801000000",
        "url": CRAWLED_URL,
        "mime": "text/html",
        "status": "200",
    }
    row |= {"digest": sha1_32(ARCHIVED), "length": str(len(MEMBER)), "offset": str(CRAWL_OFFSET)}
    row |= {"filename": "crawl-data/CC-MAIN-2025-30/one.warc.gz", "encoding": "UTF-8"}
    return answer((json.dumps(row) + "\n{not json\n").encode(), "text/x-ndjson")


def _crawl_data(sock, asked, server):
    start, end = asked.headers["range"].removeprefix("bytes=").split("-")
    body = CRAWL_FILE[int(start) : int(end) + 1]
    span = f"bytes {start}-{end}/{len(CRAWL_FILE)}"
    return answer(body, "application/octet-stream", "206 Partial Content", [("Content-Range", span)])


# cninfo: midnight of 9 October 2024 in Shanghai is still the 8th in Greenwich

MIDNIGHT_MS = 1728403200000


def _cninfo_row(number):
    title = f"关于投资<em>智算中心</em>项目的公告{number}"
    return {
        "announcementId": str(number),
        "secCode": "600821",
        "secName": "金开新能",
        "orgId": "gssh0600821",
        "announcementTitle": title,
        "announcementTime": MIDNIGHT_MS,
        "adjunctUrl": f"finalpage/2024-10-09/{number}.PDF",
        "adjunctType": "PDF",
    }


def _cninfo(sock, asked, server):
    key, page = asked.form.get("searchkey", ""), int(asked.form["pageNum"])
    if key == "无此词":
        return _json({"totalAnnouncement": 0, "announcements": None, "hasMore": False})
    total = 65
    if key == "很多":
        # 300 a day; past page 100 the last page comes again, in silence
        first, last = asked.form["seDate"].split("~")
        days = int(last[-2:]) - int(first[-2:]) + 1
        total, page = days * 300, min(page, 100)
    numbers = range((page - 1) * 30, min(page * 30, total))
    rows = [_cninfo_row(number) for number in numbers]
    if key == "很多":
        for row in rows:
            row["announcementTitle"] = f"很多{asked.form['seDate']}{row['announcementId']}"
    return _json({"totalAnnouncement": total, "announcements": rows, "hasMore": page * 30 < total})


def _cninfo_stocks(sock, asked, server):
    return _json({"stockList": [{"code": "600821", "orgId": "gssh0600821", "zwjc": "金开新能"}]})


def _cninfo_pdf(sock, asked, server):
    if "x-requested-with" in asked.headers or "form" in asked.headers.get("content-type", ""):
        return answer(b"no", status="404 Not Found")
    return answer(b"%PDF-1.4\n" + asked.path.encode() + b"\n%%EOF\n", "application/pdf")


# ggzy

GGZY_PATH = "/information/deal/html/{}/650000/0101/20240712/0065a1b2c3.html"


def _ggzy_row(number, title):
    return {
        "id": f"id{number}",
        "title": title,
        "publishTime": "2024-07-12 10:00:00",
        "provinceText": "新疆",
        "informationTypeText": "招标公告",
        "url": GGZY_PATH.format("a"),
    }


def _ggzy(sock, asked, server):
    if not asked.headers.get("referer", "").startswith("https://www.ggzy.gov.cn/"):
        return answer(aliyun_challenge().encode())
    key = asked.form.get("FINDTXT", "")
    codes = {"码829": 829, "码800": 800, "码804": 804}
    if key in codes:
        return _json({"code": codes[key], "message": "x", "data": None})
    if key == "智算中心":
        rows, total = [_ggzy_row(1, NOTICE), _ggzy_row(2, "智算中心监理公告")], 2
    else:  # no hit: the full list comes, as without a keyword
        rows, total = [_ggzy_row(n, f"道路养护工程{n}") for n in range(20)], 1000
    data = {"records": rows, "total": total, "size": 20, "current": 1, "pages": 1}
    return _json({"code": 200, "message": "成功", "data": data})


def _ggzy_page(sock, asked, server):
    layer = asked.path.split("/")[4]
    if layer == "a":
        return answer(f"<html><h4 class=h4_o>{NOTICE}</h4><p>{'栏目' * 300}</p></html>".encode())
    return answer(notice_html().encode())


# Epoint: pn is a row offset, wd is percent-encoded inside the JSON

EPOINT_ROWS = [f"智算中心设备采购第{n}包" for n in range(23)]


def _epoint(sock, asked, server):
    from urllib.parse import unquote

    body = json.loads(asked.body)
    word, start = unquote(body["wd"]), body["pn"]
    if "%" not in body["wd"]:
        return _json({"result": {"totalcount": 0, "records": []}})
    hits = [title for title in EPOINT_ROWS if word in title]
    rows = [
        {
            "title": f"<em style='color:red'>{t}</em>",
            "webdate": "2024-09-01 08:00:00",
            "categorynum": "001001",
        }
        for t in hits[start : start + body["rn"]]
    ]
    for number, row in enumerate(rows):
        row["linkurl"] = f"/jyxx/001001/{start + number}.html"
    return _json({"result": {"totalcount": len(hits), "records": rows}})


# ccgp


def _ccgp(sock, asked, server):
    if asked.query.get("kw") == "频繁":
        return answer("<html><title>安全验证</title>频繁访问！请稍后</html>".encode())
    item = (
        f'<li><a href="http://www.ccgp.example/cggg/dfgg/gkzb/202407/t20240712_1.htm"> {NOTICE} </a><p>。</p>'
        "<span>2024.07.12 23:46:51 | 采购人：伊吾县 | 代理机构：某公司<br>"
        "<strong>公开招标公告</strong> | 新疆 | </span></li>"
    )
    head = '<html><body><p>共找到 1 条内容</p><ul class="vT-srch-result-list-bid">'
    page = f"{head}{item}</ul>{'导航' * 300}</body></html>"
    return answer(page.encode())


def _tzxm(sock, asked, server):
    names = ("项目名称", "项目代码", "审批事项", "审批时间", "审批结果")
    heads = "".join(f"<th>{name}</th>" for name in names)
    row = f"<tr><td>{NOTICE}</td><td>{CODE}</td><td>节能审查</td><td>2024-08-24</td><td>批复</td></tr>"
    other = "<tr><td>水库</td><td>2406-650522-04-01-999999</td><td>备案</td><td>2024-08-24</td><td></td></tr>"
    return answer(f"<html><table><tr>{heads}</tr>{row}{other}</table></html>".encode())


def _sse(sock, asked, server):
    if asked.headers.get("referer") != "https://www.sse.com.cn/":
        return answer(b"", status="403 Forbidden")
    row = {
        "TITLE": "金开新能关于智算中心的公告",
        "SSEDATE": "2024-10-09",
        "URL": "/disclosure/listedinfo/1.pdf",
    }
    return _json({"pageHelp": {"total": 1, "data": [row]}})


def _szse(sock, asked, server):
    body = json.loads(asked.body)
    row = {
        "title": f"关于{body['searchKey'][0]}的公告",
        "publishTime": "2024-10-09 00:00:00",
        "attachPath": "/disc/1.PDF",
    }
    return _json({"announceCount": 1, "data": [row]})


def _eastmoney(sock, asked, server):
    row = {"title": "金开新能:智算中心公告", "notice_date": "2024-10-09 00:00:00", "art_code": "AN2024"}
    return _json({"data": {"list": [row], "total_hits": 1}})


def _chinamobile(sock, asked, server):
    rows = [{"name": "智算中心服务器采购", "publishDate": "2024-10-09 08:00:00", "id": "77"}]
    rows += [{"name": "智算中心旧公告", "publishDate": "2019-01-01 08:00:00", "id": "78"}]  # the dates are ignored
    return _json({"code": 0, "data": {"content": rows, "totalElements": 2}})


def _robots(sock, asked, server):
    return answer(b"User-agent: *\nDisallow: /forbidden-by-robots\n", "text/plain")


ROUTES = {
    "/robots.txt": _robots,
    "/cdx/search/cdx": _cdx,
    "/web/": _replay,
    "/collinfo.json": _collinfo,
    "/CC-MAIN-": _crawl_index,
    "/crawl-data/": _crawl_data,
    "/new/hisAnnouncement/query": _cninfo,
    "/new/data/szse_stock.json": _cninfo_stocks,
    "/finalpage/": _cninfo_pdf,
    "/information/pubTradingInfo/getTradList": _ggzy,
    "/information/deal/html/": _ggzy_page,
    "/inteligentsearchnew/": _epoint,
    "/inteligentsearch/": _epoint,
    "/bxsearch": _ccgp,
    "/tzpt/statics/html/announce/": _tzxm,
    "/publicResults/": _tzxm,
    "/security/stock/": _sse,
    "/api/disc/": _szse,
    "/api/security/ann": _eastmoney,
    "/api-b2b/": _chinamobile,
}
