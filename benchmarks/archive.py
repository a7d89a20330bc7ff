"""Measure the archive: verifying 1 GB, killing 200 captures, a full disk."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.sections import write_section
from osint.archive import Archive, verify
from tests.captures import put

SEED = 6
ROOT = Path(__file__).parents[1]


def fill(directory: Path, captures: int, body_bytes: int) -> None:
    archive = Archive(directory).open()
    rng = random.Random(SEED)
    for number in range(captures):
        body = rng.randbytes(body_bytes)
        url = f"http://portal.example/{number}"
        put(archive, body, url)


def verify_gigabyte(directory: Path) -> list[str]:
    fill(directory, 512, 2 << 20)
    start = time.perf_counter()
    report = verify(directory)
    seconds = time.perf_counter() - start
    assert not report.damage
    warc = Archive(directory).warcs()[0]
    rng = random.Random(SEED)
    offset, bit = rng.randrange(warc.stat().st_size), rng.randrange(8)
    with warc.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << bit)]))
    start = time.perf_counter()
    damaged = verify(directory)
    found = time.perf_counter() - start
    number = next(e.seq for e in Archive(directory).entries() if offset < e.offset + e.length)
    named = all(f"capture {number} " in one.where for one in damaged.damage) and damaged.damage
    rate = seconds / (report.bytes / 1e8)
    return [
        f"| `archive verify`, {report.captures} captures, {report.bytes / 1e9:.2f} GB | {seconds:.2f} s |",
        f"| the same for each 100 MB (goal: under 1 s) | {rate:.2f} s |",
        f"| one bit flipped in it: found, and its capture named ({'yes' if named else 'NO'}) | {found:.2f} s |",
    ]


def verify_many(directory: Path, captures: int = 10_000) -> list[str]:
    """Verify small captures by the command line, and take its processor time and its peak memory."""
    fill(directory / "raw" / "captures", captures, 10_000)
    command = [sys.executable, "-m", "osint.cli", "archive", "verify", "--data", str(directory)]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    _, status, used = os.wait4(run.pid, 0)
    assert status == 0
    spent = f"{used.ru_utime + used.ru_stime:.1f} s of a processor, {used.ru_maxrss / 1e3:.0f} MB"
    return [f"| `archive verify`, {captures:,} captures of 10 kB (goal: at most 150 MB) | {spent} |"]


def kill_points(directory: Path, points: int = 200) -> list[str]:
    """Run `osint capture` on a local server and kill it with SIGKILL at random moments after its first line."""
    from tests.portal_server import serve

    rng = random.Random(SEED)
    printed: list[dict] = []
    repaired = during = 0
    environment = {**os.environ, "OSINT_ALLOW_LOOPBACK": "1"}
    with serve() as portal:
        urls = [portal.url + path for path in ("/good", "/gbk", "/aliyun", "/soft-404-gbk", "/chunked") * 20]
        command = [
            sys.executable,
            "-m",
            "osint.cli",
            "capture",
            *urls,
            "--no-robots",
            "--json",
            "--data",
            str(directory),
        ]
        for _ in range(points):
            run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
            first = run.stdout.readline()
            time.sleep(rng.random() * 0.5)
            during += run.poll() is None
            run.kill()
            out, err = run.communicate()
            repaired += "repaired:" in err
            lines = (first + out).splitlines(keepends=True)
            printed += [json.loads(line) for line in lines if line.endswith("\n")]
    archive = Archive(directory / "raw/captures").open()
    held = {entry.seq: entry for entry in archive.entries()}
    lost = sum(entry["seq"] not in held or held[entry["seq"]].sha256 != entry["sha256"] for entry in printed)
    bodies = [entry for entry in held.values() if entry.bytes is not None]
    wrong = sum(hashlib.sha256(archive.body(entry)).hexdigest() != entry.sha256 for entry in bodies)
    report = verify(archive.directory)
    return [
        f"| `osint capture` killed with SIGKILL, random moments ({during} while it ran) | {points} |",
        f"| captures printed before the kills; in the ledger at the end | {len(printed)}; {len(held)} |",
        f"| printed but lost; bodies that differ; damage by verify | {lost}; {wrong}; {len(report.damage)} |",
        f"| runs that found something half-done and said so | {repaired} |",
        f"| pieces moved aside, nothing deleted | {len(list(archive.aside.iterdir()))} |",
    ]


def full_disk(directory: Path) -> list[str]:
    """Let every write past a limit fail, at 40 limits, and count what was half-done afterwards."""
    rng = random.Random(SEED)
    bad = refused = 0
    script = "import sys, pathlib, benchmarks.archive as b; b.fill(pathlib.Path(sys.argv[1]), 40, 700)"
    for number in range(40):
        place = directory / str(number)
        limit = rng.randrange(1, 90_000)

        def only(limit: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

        command = [sys.executable, "-c", script, str(place)]
        run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, preexec_fn=only)
        refused += "free some space" in run.stderr
        report = verify(place)
        again = Archive(place).open()
        bad += bool(report.damage or verify(place).damage or verify(place).notes)
        bad += [entry.seq for entry in again.entries()] != list(range(report.captures))
    return [f"| disk full at 40 random sizes: runs that said so; anything half-counted | {refused}; {bad} |"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = verify_gigabyte(Path(folder) / "captures")
    with tempfile.TemporaryDirectory() as folder:
        rows += verify_many(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        rows += kill_points(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        rows += full_disk(Path(folder))
    head = "## Archive and sources\n\nWritten by `python -m benchmarks.archive` (seed 6, two shared cores).\n"
    section = head + "\n| measured | value |\n|---|---|\n" + "\n".join(rows) + "\n"
    print(section)
    write_section(section)


if __name__ == "__main__":
    main()
