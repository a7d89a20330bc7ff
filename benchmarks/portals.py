"""Run the tool against the local portal server and record what it said: the tables of docs/."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from osint.portals import NEVER_ASKED, SOURCES
from tests.portal_server import answer, serve

ROOT = Path(__file__).parents[1]
FAULTS = [
    ("/aliyun", "Aliyun script challenge, status 200"),
    ("/aliyun-405", "the same with status 405"),
    ("/security-title", "page titled 安全验证"),
    ("/guarded.pdf", "HTML where a PDF was due"),
    ("/too-often", "访问过于频繁 with status 200"),
    ("/429-after", "429 with Retry-After"),
    ("/429", "429 without Retry-After"),
    ("/503", "503"),
    ("/soft-404-gbk", "soft 404 in GBK, status 200"),
    ("/soft-404-ccgp", "错误页面 with status 200"),
    ("/to-home/c108396/202406/page.shtml", "redirect to the home page"),
    ("/no-data", "暂无数据"),
    ("/404", "404"),
    ("/410", "410"),
    ("/403", "403"),
    ("/493", "493"),
    ("/denied-200", "访问被拒绝 with status 200"),
    ("/stub", "markup without a word"),
    ("/empty-200", "200 with an empty body"),
    ("/shell", "frame for scripts"),
    ("/no-hits", "search without hits"),
    ("/502", "502"),
    ("/gbk", "GBK labelled gb2312"),
    ("/gb18030", "gb18030 labelled gb2312"),
    ("/big5", "Big5"),
    ("/mislabelled", "GBK labelled UTF-8"),
    ("/mixed", "UTF-8 with a GBK tail"),
    ("/good-bot-script", "good page with bot script and 验证码 in a comment"),
    ("/gzip", "gzip though identity was asked"),
    ("/chunked", "chunks with extensions and trailers"),
    ("/chunked-cut", "chunks that stop"),
    ("/truncated", "body shorter than its length"),
    ("/gzip-cut", "gzip that stops"),
    ("/gzip-damaged", "damaged gzip"),
    ("/bomb", "gzip bomb, 40 MB in 183 kB"),
    ("/endless", "endless body"),
    ("/slow-loris", "headers one byte at a time"),
    ("/slow-body", "body a few bytes at a time"),
    ("/silent", "no byte at all"),
    ("/reset", "connection reset"),
    ("/empty-reply", "closed without a byte"),
    ("/garbage", "not HTTP"),
    ("/redirect-loop", "redirect loop"),
    ("/redirect-file", "redirect to file://"),
    ("/redirect-private", "redirect to 10.0.0.1"),
    ("/redirect-metadata", "redirect to 169.254.169.254"),
    ("/forbidden-by-robots", "robots.txt forbids the path"),
]


def run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "osint.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def fault_rows(url: str, environment: dict[str, str]) -> list[str]:
    rows = []
    for path, words in FAULTS:
        done = run(["capture", url + path, "--json", "--max-seconds", "2", "--max-mb", "2"], environment)
        entry = json.loads(done.stdout)
        held = "nothing: not asked" if "seq" not in entry else "the attempt" if entry["bytes"] is None else ""
        held = held or f"{entry['bytes']} bytes, sha256 {entry['sha256'][:12]}"
        signal = entry["signal"].replace(url, "http://portal").replace("|", "\\|").replace("127.0.0.1", "portal")
        signal = re.sub(r"before [\d-]+ [\d:]+ UTC", "before a time", signal)
        rows.append(f"| {words} | {entry['class']} | {signal} | {held} |")
    return rows


def tidy(text: str, url: str, folder: str) -> str:
    """Take the port, the folder and the clock out of what was printed."""
    text = text.replace(url, "http://portal").replace(folder, "FOLDER")
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "2026-11-24T10:00:00Z", text)
    text = re.sub(r"head [0-9a-f]{64}", "head <seal>", text)
    return re.sub(r"\t([0-9a-f]{12})[0-9a-f]{52}\t", r"\t\1...\t", text)


def shortened(text: str) -> str:
    """Leave out all but two rows of each source in a listing."""
    kept: list[str] = []
    counts: dict[str, int] = {}
    for line in text.splitlines(keepends=True):
        source = f"{line}\t".split("\t")[1]
        counts[source] = counts.get(source, 0) + 1
        if re.match(r"\d{4}-\d\d(-\d\d)?\t", line) and counts[source] > 2:
            if counts[source] == 3:
                kept.append(f"... more rows of {source}\n")
            continue
        kept.append(line)
    return "".join(kept)


def walk_through(url: str, environment: dict[str, str], folder: str) -> str:
    from tests.portal_server.faults import notice_html

    steps = [
        (["capture", f"{url}/notice", f"{url}/aliyun", f"{url}/soft-404-gbk", "--expect", "智算中心"], None),
        (["capture", f"{url}/notice"], "装机容量 100 兆瓦"),
        (["captures", f"{url}/notice"], None),
        (
            ["search", "智算中心 哈密", "--from", "2024-06", "--to", "2025-06", "--pages", "1", "--dry-run"],
            None,
        ),
        (["search", "智算中心 哈密", "--from", "2024-06", "--to", "2025-06", "--pages", "1"], None),
        (["archive", "verify"], None),
        (["archive", "export", f"{folder}/handover"], None),
    ]
    told = []
    for arguments, change in steps:
        if change:
            told.append("The page changes; it is captured again:\n")
        page = notice_html().replace("</body>", f"<p>{change}</p></body>" if change else "</body>")
        PAGES["/notice"] = answer(page.encode())
        done = run(arguments, environment)
        done.stdout = shortened(done.stdout)
        shown = " ".join(f'"{a}"' if " " in a or not a.isascii() else a for a in arguments)
        told.append(tidy(f"```\n$ osint {shown}\n{done.stdout}{done.stderr}```\n", url, folder))
    return "\n".join(told)


PAGES: dict[str, bytes] = {}


def adapter_table() -> str:
    rows = ["| adapter | portal | last known good | limits and traps |", "|---|---|---|---|"]
    rows += [f"| `{s.name}` | {s.title} `{s.base}` | {s.known} | {s.limits} |" for s in SOURCES]
    rows += [f"| {name} | never asked | | {advice} |" for name, _, advice in NEVER_ASKED]
    return "\n".join(rows)


def put(path: Path, name: str, text: str) -> None:
    """Replace what stands between two marks of a page."""
    held = path.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = held.partition(begin)
    path.write_text(f"{before}{begin}{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, serve() as portal:
        portal.pages = PAGES
        bases = {f"OSINT_BASE_{s.name.upper()}": portal.url for s in SOURCES}
        bases |= {f"OSINT_BASE_{n}": portal.url for n in ("WAYBACK", "COMMONCRAWL", "COMMONCRAWL_DATA", "PAGE")}
        environment = {**os.environ, **bases, "OSINT_ALLOW_LOOPBACK": "1", "OSINT_DATA": f"{folder}/data"}
        rows = fault_rows(portal.url, environment)
        verified = run(["archive", "verify"], environment).stdout.strip()
        head = ["| fault | class the user saw | signal | what the archive holds |", "|---|---|---|---|"]
        put(ROOT / "docs/reliability.md", "faults", "\n".join([*head, *rows]))
        print("\n".join(rows), "\n", verified)
        environment["OSINT_DATA"] = f"{folder}/walk"
        put(ROOT / "docs/sources.md", "walk-through", walk_through(portal.url, environment, folder))
        put(ROOT / "docs/sources.md", "adapters", adapter_table())


if __name__ == "__main__":
    main()
