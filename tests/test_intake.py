"""What an import takes in is whole, or says why it is not: nothing that is cut, altered or coded is called content."""

import base64
import gzip
import hashlib
import io
import json
import random
import struct
import subprocess
import sys
import threading
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from osint.archive import Archive, export, intake, verify
from osint.cli.main import main
from osint.sources import history, import_saved

PAGE = b"<p>" + b"".join(b"line %d of the notice; " % i for i in range(400))
URL = "https://x.example/n.html"
DATE = "2021-06-01T00:00:00Z"


def warc(body=PAGE, http=(), about=(), status="200 OK", url=URL, kind="response", packed=False, date=DATE):
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=packed)
    head = StatusAndHeaders(status, [("Content-Type", "text/html"), *http], protocol="HTTP/1.1")
    about = {"WARC-Date": date, **dict(about)}
    more = {"http_headers": head} if kind in ("response", "revisit") else {"warc_content_type": "text/html"}
    record = writer.create_warc_record(
        url, kind, payload=io.BytesIO(body), length=len(body), warc_headers_dict=about, **more
    )
    writer.write_record(record)
    return out.getvalue()


def bare(block, kind="response", **fields):
    """A record written by hand, without digests."""
    lines = [
        b"WARC/1.0",
        b"WARC-Type: " + kind.encode(),
        b"WARC-Target-URI: " + URL.encode(),
        b"WARC-Date: " + DATE.encode(),
    ]
    lines += [f"{name.replace('_', '-')}: {value}".encode() for name, value in fields.items()]
    lines += [b"Content-Type: application/http; msgtype=response", b"Content-Length: %d" % len(block)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + block + b"\r\n\r\n"


def http(body, *headers, status=b"200 OK"):
    return b"\r\n".join([b"HTTP/1.1 " + status, b"Content-Type: text/html", *headers]) + b"\r\n\r\n" + body


def zipped(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as box:
        for name, body in parts.items():
            box.writestr(name.replace("__", "/").replace("_gz", ".gz"), body)
    return out.getvalue()


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "captures").open()


@pytest.fixture
def take(archive, tmp_path):
    def take(body, name="saved", **more):
        path = tmp_path / name
        path.write_bytes(body)
        about = {"by": "desk", "obtained": "2026-11-24", "origin": "https://x.example", **more}
        return import_saved(archive, path, **about)

    return take


def sha1(body):
    return "sha1:" + base64.b32encode(hashlib.sha1(body).digest()).decode()


def longer(record, more):
    """The same record with a length that reaches into what follows."""
    length = int(record.split(b"Content-Length: ")[-2 if b"HTTP/1.1" in record else -1].split(b"\r\n")[0])
    return record.replace(
        b"Content-Length: %d\r\n\r\nHTTP" % length, b"Content-Length: %d\r\n\r\nHTTP" % (length + more)
    )


def tiff(order, size=2000):
    """A picture of one strip, which lies behind its directory."""
    fields = ((256, 3, 1, 40), (273, 4, 1, 46), (279, 4, 1, size))
    rows = b"".join(struct.pack(f"{order}HHI", *row[:3]) + struct.pack(f"{order}I", row[3]) for row in fields)
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(f"{order}HIH", 42, 8, len(fields)) + rows + bytes(size)


def flipped(box):
    return box.replace(b"line 7 ", b"line 9 ")


whole, packed = warc(), warc(packed=True)
chunked = b"4\r\n<p>a\r\n3\r\n bc\r\n0\r\n\r\n"
br = bytes(range(256)) * 8

DAMAGED = {
    "cut in the body": (whole[:-3000], "the file ends after 6,541 of the"),
    "gzip cut in the body": (packed[:-80], "the gzip stream stops before its end"),
    "gzip cut in its last four bytes": (packed[:-4], "the gzip stream stops before its end"),
    "gzip damaged": (packed[:400] + b"\0\0\0\0" + packed[404:], "the gzip stream is damaged"),
    "words of the body changed": (whole.replace(b"line 7 ", b"line 9 "), "payload digest does not hold: it states sha1:"),
    "headers changed": (whole.replace(b"text/html\r\n\r\n<p>", b"text/h+ml\r\n\r\n<p>"), "block digest does not hold"),
    "sha256 that is another": (warc(about={"WARC-Payload-Digest": "sha256:" + "0" * 64}), "payload digest does not hold"),
    "cut by the crawler": (warc(about={"WARC-Truncated": "length"}), "cut where it was saved (length), 9,493 bytes"),
    "cut by time": (warc(about={"WARC-Truncated": "time"}), "(time)"),
    "cut for a reason of its own": (warc(about={"WARC-Truncated": "other"}), "(other)"),
    "brotli": (warc(br, http=[("Content-Encoding", "br")]), "'br'"),
    "zstd": (warc(b"\x28\xb5\x2f\xfd" + br, http=[("Content-Encoding", "zstd")]), "'zstd'"),
    "two codings": (warc(gzip.compress(PAGE), http=[("Content-Encoding", "gzip, br")]), "'gzip, br'"),
    "gzipped body cut": (warc(gzip.compress(PAGE)[:-40], http=[("Content-Encoding", "gzip")]), "stops before its end"),
    "bytes behind a deflated body": (warc(zlib.compress(PAGE) + b"more", http=[("Content-Encoding", "deflate")]), "bytes follow the end"),
    "many bytes behind it": (warc(zlib.compress(b"a") + bytes(40_000), http=[("Content-Encoding", "deflate")]), "bytes follow the end"),
    "bomb": (warc(gzip.compress(b"\0" * (8 << 20)), http=[("Content-Encoding", "gzip")]), "200 bytes for each byte"),
    "chunks that stop": (bare(http(chunked[:-5], b"Transfer-Encoding: chunked")), "chunks stop before their end"),
    "a chunk that is too short": (bare(http(b"4\r\n<p>a\r\nff\r\nbc", b"Transfer-Encoding: chunked")), "chunks stop"),
    "shorter than its length": (bare(http(b"<p>half", b"Content-Length: 900")), "7 of the 900 bytes"),
    "no head of an answer": (bare(b"<p>no head"), "no head of an HTTP answer"),
    "split over two members": (gzip.compress(whole[:300]) + gzip.compress(whole[300:]), "split over two gzip members"),
    "a WACZ of another WARC": (
        zipped(**{
            "datapackage.json": json.dumps({"resources": [{"path": "archive/a.warc.gz", "hash": "sha256:" + "0" * 64}]}),
            "archive__a.warc_gz": packed,
        }),
        "is not the file that the data package",
    ),
    "a second digest that does not hold": (
        bare(http(PAGE), WARC_Payload_Digest=f"{sha1(PAGE)}\r\nWARC-Payload-Digest: {sha1(b'other')}"),
        "payload digest does not hold",
    ),
    "a digest that is none": (warc(about={"WARC-Payload-Digest": "sha1:NONE"}), "payload digest does not hold"),
    "cut for no reason": (bare(http(PAGE), WARC_Truncated=""), "(unspecified)"),
    "a part of a file": (warc(status="206 Partial Content", http=[("Content-Range", "bytes 0-99/999")]), "206: a part"),
    "a part of it does not say what": (warc(status="206 Partial Content"), "it does not say which"),
    "an interim answer alone": (warc(status="100 Continue"), "an interim answer"),
    "a status that is none": (warc(status="000 What"), "no head of an HTTP answer"),
    "the first segment": (warc(about={"WARC-Segment-Number": "1"}), "first segment of a record"),
    "a part under a status of success": (warc(http=[("Content-Range", "bytes 0-9492/99999")]), "200: a part of a file"),
    "two lengths": (bare(http(PAGE, b"Content-Length: 9493", b"Content-Length: 9999")), "9,493 of the 9,999 bytes"),
    "a length that is no number": (bare(http(PAGE, b"Content-Length: +9493")), "is no number of bytes (+9493)"),
    "a length that is two": (bare(http(PAGE, b"Content-Length: 9000, 9493")), "is no number of bytes (9000 and 9493)"),
    "bytes behind the last chunk": (bare(http(chunked + b"<p>more", b"Transfer-Encoding: chunked")), "9 bytes follow the last"),
    "codings in two headers": (warc(gzip.compress(PAGE), http=[("Content-Encoding", "gzip"), ("Content-Encoding", "br")]), "'gzip, br'"),
    "a record that is longer than it states": (whole.replace(b"Content-Length: 9537", b"Content-Length: 5000").replace(b"WARC-Block", b"X").replace(b"WARC-Payload", b"X"), "neither its end nor a record"),
    "two dates": (bare(http(PAGE), WARC_Date="2011-01-01T00:00:00Z"), "states warc-date in two ways"),
    "a WARC that its WACZ does not state": (
        zipped(**{"datapackage.json": json.dumps({"resources": [{"path": "a", "hash": "sha256:" + "0" * 64}]}), "archive__a.warc_gz": packed}),
        "not among the files that the data package",
    ),
    "longer than its length": (bare(http(PAGE, b"Content-Length: 90")), "where its Content-Length states 90"),
    "the next record in its body": (longer(bare(http(PAGE, b"Content-Length: 9493")) , 300) + bytes(400), "Content-Length states 9,493"),
    "a checksum of the zip": (flipped(zipped(**{"datapackage.json": "{}", "archive__a.warc": bare(http(PAGE))})), "checksum in the zip does not hold"),
    "a data package that was changed": (
        zipped(**{
            "datapackage.json": "{}",
            "datapackage-digest.json": json.dumps({"path": "datapackage.json", "hash": "sha256:" + "0" * 64}),
            "archive__a.warc_gz": packed,
        }),
        "data package of saved was changed",
    ),
    "a saved page that was cut": (b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\n\r\n<p>text', "its last part"),
    "a zip that was cut": (zipped(**{"[Content_Types].xml": "x" * 99})[:-30], "before its list of files"),
    "a saved page that ends in its head": (b"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://x.example/", "its last part"),
    "a PNG that was cut": (b"\x89PNG\r\n\x1a\n" + bytes(5000), "the PNG has no end"),
    "a JPEG that was cut": (b"\xff\xd8\xff\xe1\xff\xd9\xff\xda" + bytes(5000), "stops in its picture"),
    "a PDF that was cut": (b"%PDF-1.7" + bytes(5000), "the PDF has no end"),
    "a GIF that was cut": (b"GIF89a" + bytes(5000), "the GIF has no end"),
    "a TIFF that was cut": (tiff("<")[:-1], "of the 2,046 bytes that its directories speak of"),
    "a TIFF that was cut in its directory": (tiff(">")[:40], "bytes that its directories speak of"),
    "a page of SingleFile that was cut in a picture": (b"<!DOCTYPE html><html><!--\n Page saved with SingleFile \n url: https://x.example/a \n--><p>5 MW<img src=\"data:image/png;base64,AAAA", "inside of a tag"),
    "a saved page that was cut in its style": (b"<html><style>p{color:red", "inside of a style"),
}  # fmt: skip


@pytest.mark.parametrize("fault", DAMAGED)
def test_what_is_damaged_is_kept_and_never_called_content(archive, take, fault):
    body, said = DAMAGED[fault]
    done = take(body)
    assert [entry.kind for entry in done.entries] == ["incomplete"]
    assert said in done.entries[0].signal
    assert done.entries[0].truncated
    assert verify(archive.directory).damage == [] and archive.body(done.entries[0])


WHOLE = {
    "plain": (whole, PAGE),
    "gzip": (packed, PAGE),
    "gzip in one member": (gzip.compress(whole), PAGE),
    "chunks": (bare(http(chunked, b"Transfer-Encoding: chunked")), b"<p>a bc"),
    "chunks that were taken out": (bare(http(b"<p>a bc", b"Transfer-Encoding: chunked")), b"<p>a bc"),
    "gzipped body": (warc(gzip.compress(PAGE), http=[("Content-Encoding", "gzip")]), PAGE),
    "a body that is gzipped twice": (warc(gzip.compress(gzip.compress(PAGE)), http=[("Content-Encoding", "gzip, gzip")]), PAGE),
    "a body that is gzipped on its way": (bare(http(b"%x\r\n%s\r\n0\r\nX: a\r\n\r\n" % (len(gzip.compress(PAGE, mtime=0)), gzip.compress(PAGE, mtime=0)), b"Transfer-Encoding: gzip, chunked")), PAGE),
    "a header that lies about gzip": (warc(PAGE, http=[("Content-Encoding", "gzip")]), PAGE),
    "a header that lies about br": (warc(PAGE, http=[("Content-Encoding", "br")]), PAGE),
    "a digest of the text without chunks": (
        bare(http(chunked, b"Transfer-Encoding: chunked"), WARC_Payload_Digest="sha1:" + base64.b32encode(hashlib.sha1(b"<p>a bc").digest()).decode()),
        b"<p>a bc",
    ),
    "a digest in hexadecimal": (warc(about={"WARC-Payload-Digest": "sha256:" + hashlib.sha256(PAGE).hexdigest()}), PAGE),
    "lines that end in LF": (whole[: whole.index(b"\r\n\r\n")].replace(b"\r\n", b"\n") + whole[whole.index(b"\r\n\r\n") :], PAGE),
    "a file": (warc(kind="resource"), PAGE),
    "an interim answer before the final one": (bare(b"HTTP/1.1 100 Continue\r\n\r\n" + http(PAGE)), PAGE),
    "all of a file as a part": (warc(status="206 Partial Content", http=[("Content-Range", "bytes 0-9492/9493")]), PAGE),
    "a digest that is not known here": (warc(about={"WARC-Payload-Digest": "blake2b:00", "WARC-Block-Digest": "blake2b:00"}), PAGE),
    "WACZ": (zipped(**{"datapackage.json": "{}", "archive__a.warc_gz": packed, "pages__pages.jsonl": "{}"}), PAGE),
    "WACZ in a WACZ": (zipped(**{"a.wacz": zipped(**{"datapackage.json": "{}", "archive__a.warc_gz": packed})}), PAGE),
}  # fmt: skip


@pytest.mark.parametrize(
    ("form", "name"),
    [
        *((form, "saved") for form in WHOLE),
        *((form, name) for form in ("plain", "gzip", "WACZ") for name in ("saved.warc.gz", "SAVED.WACZ", "saved.html")),
    ],
)
def test_what_is_whole_is_content_whatever_its_name(archive, take, form, name):
    body, page = WHOLE[form]
    done = take(body, name)
    assert [(e.kind, e.url, e.warc_date, e.truncated) for e in done.entries] == [("content", URL, DATE, "")], done
    assert archive.body(done.entries[0]) == page
    assert done.faults == ()


def test_ours_agrees_with_warcio_check(archive, take, tmp_path):
    take(whole + warc(gzip.compress(PAGE), http=[("Content-Encoding", "gzip"), ("Set-Cookie", "a=b")], url=URL + "2"))
    export(archive, tmp_path / "out")
    for path in (archive.warcs()[0], tmp_path / "out/captures.warc.gz"):
        done = subprocess.run(
            [sys.executable, "-m", "warcio.cli", "check", str(path)], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout
    with archive.warcs()[0].open("rb") as file:
        found = [
            (r.rec_headers.get_header("WARC-Date"), r.http_headers)
            for r in ArchiveIterator(file)
            if r.rec_type == "response"
        ]
    assert [date for date, _ in found] == [DATE, DATE]
    assert found[1][1].get_header("X-Archive-Orig-Content-Encoding") == "gzip"
    assert found[1][1].get_header("Set-Cookie") == "stripped"


def test_all_headers_of_an_answer_are_kept(archive, take):
    sent = [
        ("Date", "Tue, 01 Jun 2021 00:00:00 GMT"),
        ("Last-Modified", "Mon, 31 May 2021 00:00:00 GMT"),
        ("X-Name", "名"),
    ]
    take(warc(http=sent))
    with archive.warcs()[0].open("rb") as file:
        head = next(iter(ArchiveIterator(file))).http_headers
    assert head.get_header("Date") and head.get_header("Last-Modified") and head.get_statuscode() == "200"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (warc(b"", http=[("Location", "https://x.example/new.html")], status="302 Found"), "redirect", "302 to https://x.example/new.html"),
        (warc(b"", http=[("Location", "/a?token=zz-secret-zz")], status="301 Moved"), "redirect", "token=stripped"),
        (warc(b"", status="204 No Content"), "empty", "204"),
        (warc(b"", status="304 Not Modified"), "empty", "304"),
        (warc(b""), "empty", "0 bytes"),
        (warc(b"gone", status="404 Not Found"), "gone", "404"),
        (warc(date="2999-01-01T00:00:00Z"), "content", "'2999-01-01T00:00:00Z' cannot be one"),
        (warc(date="1923-01-01T00:00:00Z"), "content", "cannot be one"),
    ],
)  # fmt: skip
def test_an_answer_is_what_it_is(take, body, kind, said):
    entry = take(body).entries[0]
    assert entry.kind == kind and said in entry.signal


def test_what_a_crawler_says_of_itself_is_no_page(take):
    done = take(whole + warc(b"--password zz", kind="resource", url="metadata://gnu.org/software/wget/warc/wget.log"))
    assert [entry.url for entry in done.entries] == [URL] and "1 metadata" in done.left_out[0]


def test_an_address_that_is_none_names_nothing(take):
    entry = take(warc(url="https://[::1")).entries[0]
    assert entry.url.startswith("urn:sha256:") and "its address 'https://[::1' cannot be one" in entry.signal


def test_the_same_record_twice_is_one_capture(archive, take):
    first = take(whole)
    again = take(zipped(**{"datapackage.json": "{}", "archive__a.warc_gz": packed}))
    assert again.entries == () and [entry.seq for entry in again.known] == [first.entries[0].seq]
    assert [take(b"<p>a page").entries != (), take(b"<p>a page").entries] == [True, ()]
    assert len(take(b"<p>a page", obtained="2026-11-25").entries) == 1
    assert len(list(archive.entries())) == 3


def revisit(date, digest=None):
    digest = digest or "sha1:" + base64.b32encode(hashlib.sha1(PAGE).digest()).decode()
    about = {"WARC-Payload-Digest": digest, "WARC-Refers-To-Target-URI": URL, "WARC-Refers-To-Date": DATE}
    return warc(b"", kind="revisit", about=about, date=date)


def test_the_same_file_imported_twice_at_once_is_one_capture(archive, take):
    begin = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        taken = [
            pool.submit(lambda: (begin.wait(), take(whole, f"saved-{threading.get_ident()}"))[1]) for _ in range(2)
        ]
    assert sum(len(one.result().entries) for one in taken) == len(list(archive.entries())) == 1


def test_a_revisit_is_kept_with_the_body_that_it_names(archive, take):
    done = take(revisit("2022-06-01T00:00:00Z") + whole)
    assert [(e.kind, e.warc_date[:4], e.revisit_of) for e in done.entries] == [
        ("content", "2021", None),
        ("content", "2022", 0),
    ]
    assert archive.body(done.entries[1]) == PAGE
    later = take(revisit("2023-06-01T00:00:00Z"))
    assert [(e.kind, e.revisit_of) for e in later.entries] == [("content", 0)]
    about = {"WARC-Profile": "http://netpreserve.org/warc/1.0/revisit/server-not-modified", "WARC-Refers-To-Date": DATE}
    same = take(warc(b"", kind="revisit", about=about, status="304 Not Modified", date="2022-07-01T00:00:00Z"))
    assert [(e.kind, e.status, e.revisit_of) for e in same.entries] == [("content", 200, 0)]
    lost = take(revisit("2023-06-01T00:00:00Z", "sha1:" + "A" * 32))
    assert lost.entries[0].kind == "incomplete" and "not in the archive" in lost.entries[0].signal
    assert take(revisit("2023-07-01T00:00:00Z", sha1(b""))).entries[0].kind == "empty"
    assert verify(archive.directory).damage == []
    assert [r.entry.warc_date[:4] for r in history(archive, URL) if r.entry.is_content] == [
        "2021",
        "2022",
        "2022",
        "2023",
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (packed[:40], "no record in it"),
        (whole[:100], "no record in it"),
        (bare(b"GET / HTTP/1.1\r\n\r\n", kind="request"), "no answer in it (1 request)"),
        (zipped(**{"datapackage.json": "{}"}), "WACZ without a WARC"),
        (zipped(**{"datapackage.json": "{}", "archive__a.warc_gz": packed})[:-200], "cannot be read as WACZ"),
        (gzip.compress(b"a text"), "packed with gzip"),
        (b"\x28\xb5\x2f\xfd" + bytes(100), "packed with zstd"),
        (b"\xef\xbb\xbf" + whole, "begins with 3 bytes that are no WARC"),
        (b"rubbish\r\n" + whole, "begins with 9 bytes"),
        (warc(b"", kind="revisit"), "neither the digest nor the date"),
        (b"filedesc://a.arc 0.0.0.0 20210101000000 text/plain 0\n", "ARC file"),
        (whole.replace(b"Content-Length: 9537", b"Content-Length: -5"), "states no length"),
        (whole.replace(b"Content-Length: 9537", b"Content-Length: 99999999999999"), "more than the 268,435,456"),
    ],
    ids=range(13),
)
def test_a_container_that_gives_nothing_says_why(take, body, said):
    done = take(body)
    assert done.entries == () and any(said in fault for fault in done.faults), done


def test_a_bad_digest_of_a_record_that_is_left_out_is_named(take):
    done = take(whole + warc(b"GET / HTTP/1.1", kind="metadata", about={"WARC-Block-Digest": "sha1:" + "A" * 32}))
    assert [e.kind for e in done.entries] == ["content"] and "block digest does not hold" in done.faults[0]
    assert "1 metadata" in done.left_out[0]


def test_rubbish_behind_a_record_is_named_and_the_record_kept(take):
    done = take(whole + b"rubbish\r\n")
    assert [e.kind for e in done.entries] == ["content"]
    assert "cannot be read to the end: what follows is no WARC record (in or after record 1" in done.faults[0]


def test_a_bomb_is_not_unpacked(take):
    record = bare(http(b"\0" * (64 << 20)))
    done = take(gzip.compress(record))
    assert all(e.kind == "incomplete" for e in done.entries)
    assert "more than 200 bytes for each byte" in " ".join((*done.faults, *(e.signal for e in done.entries)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("archive/a.warc", record)
    assert "more than 200 for each byte" in take(out.getvalue()).faults[0]


MHTML = b'From: <Saved by Blink>\r\nSnapshot-Content-Location: https://x.example/m.html\r\nSubject: a\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\tboundary="b"\r\n\r\n--b\r\n\r\n<p>text</p>--b--'
SINGLE = b"<!DOCTYPE html> <html><!--\n Page saved with SingleFile \n url: https://x.example/s.html \n saved date: x\n--><p>text"


@pytest.mark.parametrize(
    ("body", "url", "media"),
    [
        (MHTML, "https://x.example/m.html", "multipart/related"),
        (SINGLE, "https://x.example/s.html", "text/html"),
        (b"<html><p>plain", "https://x.example", "text/html"),
        (b"%PDF-1.7 x", "https://x.example", "application/pdf"),
        (b'{"a": 1}', "https://x.example", "application/json"),
        (zipped(**{"[Content_Types].xml": "", "word/document.xml": ""}), "https://x.example", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("<html><p>功率50MW".encode("utf-16"), "https://x.example", "text/html"),
        (tiff("<"), "https://x.example", "image/tiff"),
        (bytes(50), "https://x.example", "application/octet-stream"),
    ],
)  # fmt: skip
def test_what_a_file_is_and_of_which_address_is_told_by_its_bytes(archive, take, body, url, media):
    entry = take(body, "saved.pdf").entries[0]
    assert (entry.url, entry.media_type) == (url, media)
    assert history(archive, url) and history(archive, "https://x.example")


def test_two_pages_that_scripts_show_under_one_path_are_two_pages(archive, take):
    for number in (1, 2):
        take(SINGLE.replace(b"s.html", b"#/notice?id=%d" % number) + b"%d" % number)
    for number in (1, 2):
        assert len(history(archive, f"https://x.example/#/notice?id={number}")) == 1
    with archive.warcs()[0].open("rb") as file:
        addresses = {record.rec_headers.get_header("WARC-Target-URI") for record in ArchiveIterator(file)}
    assert addresses == {"https://x.example/", "urn:osint-datacentres:capture:https://x.example/"}


def test_an_address_that_was_named_goes_before_the_one_that_the_file_states(take):
    entry = take(SINGLE, url="https://y.example/").entries[0]
    assert (entry.url, entry.stated_url) == ("https://y.example/", "https://x.example/s.html")


def test_history_runs_by_the_day_on_which_it_was_served(archive, take, tmp_path, monkeypatch, capsys):
    take(warc(b"<p>new words", date="2025-01-01T00:00:00Z") + warc(b"<p>old words", date="2019-01-01T00:00:00Z"))
    revisions = history(archive, URL)
    assert [r.entry.warc_date[:4] for r in revisions] == ["2019", "2025"]
    assert revisions[1].difference == ["-old words", "+new words"]
    monkeypatch.setenv("OSINT_DATA", str(tmp_path / "case"))
    for body, name in ((whole, "a"), (whole.replace(b"line 7 ", b"line 9 "), "b")):
        (tmp_path / name).write_bytes(body)
    who = ["--who", "desk", "--when", "2026-11-24", "--where", "x"]
    assert main(["archive", "import", str(tmp_path / "a"), *who]) == 0
    assert main(["archive", "import", str(tmp_path / "b"), *who]) == 1
    capsys.readouterr()
    assert main(["captures", URL]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2021-06-01T00:00:00Z\timported 20") and "payload digest does not hold" in lines[1]


def mutations(seed, rounds):
    rng = random.Random(seed)
    forms = [body for body, _ in (*DAMAGED.values(), *WHOLE.values()) if len(body) < 40_000]
    for _ in range(rounds):
        body = bytearray(rng.choice(forms))
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(body))
            match rng.randrange(4):
                case 0:
                    body[at] ^= 1 << rng.randrange(8)
                case 1:
                    del body[at : at + rng.randrange(200)]
                case 2:
                    body[at:at] = rng.randbytes(rng.randrange(20))
                case 3:
                    body[at:at] = body[max(0, at - 300) : at]
            body = body or bytearray(b"x")
        yield bytes(body)


def test_no_mutation_is_more_than_a_remark():
    for body in mutations(17, 400):
        for item in intake.container_items(io.BytesIO(body), "a") or ():
            assert isinstance(item, intake.Remark) or item.faults or item.digest_holds is not False
