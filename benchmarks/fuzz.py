"""Damage the files of strangers at random and read them: no crash, no hang over 10 s, no memory over 1 GB.

    python -m benchmarks.fuzz [--inputs 100000] [--only WARC] [--first 1] [--minutes 10]

Each format is read in a process of its own, whose largest memory is measured: a crash or a kill ends that process alone.
A fault names its input by its number, which `--first` and `--inputs 1` run again. How inputs are damaged is in damage.py.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.damage import damaged
from osint import chain
from osint.errors import OsintError

HANG_S, MEMORY_BYTES = 10, 1 << 30
STUCK_S = 120
"""Seconds by the clock after which a reader is stuck, however little it computed; `HANG_S` is of the processor, so that
what else the machine does is not counted."""
EACH_REPORT = 5000
_MEMORY = "/dev/shm"
"""Folder of Linux whose files are not on a disk."""
Reader = Callable[[bytes, Path], object]


def _warc() -> tuple[list[bytes], Reader]:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    from osint.archive import media
    from osint.archive.intake import container_items

    made = []
    for packed in (False, True):
        out = io.BytesIO()
        writer = WARCWriter(out, gzip=packed)
        head = StatusAndHeaders(
            "200 OK", [("Content-Type", "text/html"), ("Transfer-Encoding", "chunked")], protocol="HTTP/1.1"
        )
        body = b"5\r\n<p>ab\r\n0\r\n\r\n"
        more: dict[str, Any] = {"payload": io.BytesIO(body), "length": len(body), "http_headers": head}
        writer.write_record(writer.create_warc_record("http://x.example/", "response", **more))
        writer.write_record(
            writer.create_warc_record("http://x.example/", "resource", payload=io.BytesIO(b"x"), length=1)
        )
        made.append(out.getvalue())
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as wacz:
        wacz.writestr("datapackage.json", '{"resources": [{"path": "archive/a.warc.gz", "hash": "sha256:00"}]}')
        wacz.writestr("archive/a.warc.gz", made[1])

    def read(body: bytes, _: Path) -> object:
        told = media.media_type(body), media.stops_short(body), media.ends_inside(body), media.stated_url(body)
        return told, list(container_items(io.BytesIO(body), "a") or ())

    return [*made, box.getvalue()], read


def _tiff() -> tuple[list[bytes], Reader]:
    import numpy as np
    import rasterio

    from osint.http import Ranges
    from osint.imagery.cog import read_window
    from osint.imagery.grid import Grid

    made = []
    for more in (
        {"compress": "deflate", "predictor": 2},
        {"compress": "lzw"},
        {"BIGTIFF": "YES", "compress": "deflate"},
    ):
        with rasterio.MemoryFile() as memory:
            about = {"driver": "GTiff", "width": 64, "height": 64, "count": 1, "dtype": "uint16", "tiled": True}
            transform = rasterio.Affine(10, 0, 500000, 0, -10, 4800000)
            size = {"blockxsize": 32, "blockysize": 32, "crs": "EPSG:32646", "transform": transform}
            with memory.open(**about, **size, **more) as file:
                file.write(np.arange(4096, dtype="uint16").reshape(1, 64, 64))
            made.append(memory.read())
    grid = Grid("EPSG:32646", rasterio.Affine(10, 0, 500100, 0, -10, 4799900), (40, 40))

    def read(body: bytes, folder: Path) -> object:
        (folder / "a.tif").write_bytes(body)
        (folder / "catalog.json").write_text("{}")
        return read_window(Ranges(str(folder)), "a.tif", grid, level="b", smooth=False)

    return made, read


def _stac() -> tuple[list[bytes], Reader]:
    from osint import imagery

    item = {
        "type": "Feature", "stac_version": "1.0.0", "id": "S2A_1", "collection": "c", "bbox": [92, 42, 94, 44],
        "geometry": {"type": "Polygon", "coordinates": [[[92, 42], [94, 42], [94, 44], [92, 44], [92, 42]]]},
        "properties": {"datetime": "2024-06-01T05:00:00Z", "eo:cloud_cover": 5, "proj:epsg": 32646, "platform": "s2a"},
        "assets": {"red": {"href": "a.tif", "raster:bands": [{"scale": 0.0001, "offset": -0.1}]}, "scl": {"href": "b.tif"},
                   "nir": {"href": "s3://b/c.tif", "roles": ["data"], "alternate": {"https": {"href": "c.tif"}}}},
        "links": [],
    }  # fmt: skip
    page = {"type": "FeatureCollection", "features": [item, {**item, "id": "S2A_2"}], "links": []}

    def read(body: bytes, folder: Path) -> object:
        (folder / "catalog.json").write_bytes(body)
        return imagery.scenes((93.0, 43.0), "2024-01-01", "2024-12-31", catalogue=folder, collection="c")

    return [json.dumps(page).encode(), json.dumps(item).encode()], read


def _cdx() -> tuple[list[bytes], Reader]:
    from osint.portals import common_crawl, wayback

    rows = [
        ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"],
        ["x", "20240615083000", "http://x.example/n.html", "text/html", "200", "A" * 32, "1200"],
        ["x", "20250615083000", "http://x.example/n.html", "warc/revisit", "-", "A" * 32, "500"],
        [],
        ["key"],
    ]
    line = {
        "url": "http://x.example/n.html", "timestamp": "20240615083000", "mime": "text/html", "digest": "A" * 32,
        "filename": "crawl-data/a.warc.gz", "offset": "17", "length": "1200",
    }  # fmt: skip

    def read(body: bytes, _: Path) -> object:
        url = "https://x.example/n.html"
        return wayback.read_listing(body, f"https://a.example/cdx?url={url}"), common_crawl.crawl_rows(body, url)

    return [json.dumps(rows).encode(), json.dumps(line).encode()], read


def _outlines(suffix: str, text: str) -> tuple[list[bytes], Reader]:
    from osint import geo

    def read(body: bytes, folder: Path) -> object:
        (folder / f"a{suffix}").write_bytes(body)
        return geo.read_outlines(folder / f"a{suffix}")

    return [text.encode()], read


def _geojson() -> tuple[list[bytes], Reader]:
    square = [[[93, 43], [93.01, 43], [93.01, 43.01], [93, 43]]]
    many = {"type": "MultiPolygon", "coordinates": [[[[94, 43], [94.01, 43], [94.01, 43.01], [94, 43]]], square]}
    feature = {
        "type": "Feature",
        "properties": {"name": "哈密"},
        "geometry": {"type": "Polygon", "coordinates": square},
    }
    whole = {"type": "FeatureCollection", "features": [feature, {**feature, "geometry": many}]}
    return _outlines(".geojson", json.dumps(whole))


def _kml() -> tuple[list[bytes], Reader]:
    rings = (
        f"<LinearRing><coordinates>{lon},43 {lon}.01,43 {lon}.01,43.01 {lon},43</coordinates></LinearRing>"
        for lon in (93, 94)
    )
    shapes = "".join(f"<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon>" for ring in rings)
    mark = f"<Placemark><name>a</name><MultiGeometry>{shapes}</MultiGeometry></Placemark>"
    head = '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    return _outlines(".kml", f"{head}{mark}</Document></kml>")


def _csv() -> tuple[list[bytes], Reader]:
    from osint.register import read_table

    raw = Path(__file__).resolve().parent.parent / "data" / "raw"
    names = ("sites", "claims", "readings", "relations", "readings", "relations")  # the narrow ones are read faster
    seeds = [b"\n".join((raw / f"{name}.csv").read_bytes().splitlines()[:3]) + b"\n" for name in names]
    firsts = {seed[:4]: name for seed, name in zip(seeds, names, strict=True)}

    def read(body: bytes, folder: Path) -> object:
        (folder / "a.csv").write_bytes(body)
        return read_table(folder / "a.csv", firsts.get(body[:4], "readings"))

    return seeds, read


def _office(suffix: str, seed: bytes) -> tuple[list[bytes], Reader]:
    from osint import filings

    return [seed], lambda body, _: filings.claims_of(filings.parse(body, f"a{suffix}"))


def _docx() -> tuple[list[bytes], Reader]:
    from tests import filing_documents

    return _office(
        ".docx", filing_documents.docx(["项目装机功率50MW", "总投资6.8亿元"], [["名称", "数量"], ["服务器", "1500台"]])
    )


def _xlsx() -> tuple[list[bytes], Reader]:
    from tests import filing_documents

    whole = filing_documents.xlsx([["名称", "数量"], ["服务器", 1500.0], ["装机功率", "50MW"]])
    bare, out = ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name in bare or name.startswith(("xl/worksheets/", "xl/shared")):
                new.writestr(
                    name, re.sub(rb"<(Override|Relationship) [^>]*(styles|theme|docProps)[^>]*>", b"", old.read(name))
                )
    small = _office(".xlsx", out.getvalue())[0]
    return [*small * 9, whole], _office(".xlsx", whole)[1]


def _review() -> tuple[list[bytes], Reader]:
    from osint import filings

    page = filings.parse("<p>可承载算力1.2万P，投资6.8亿元。".encode(), "a.html")
    table = filings.start_review(filings.claims_of(page).head(1))
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "reviews.jsonl"
        for key in table["key"]:
            filings.accept_claim(table, key, "Li", "2026-11-24", translation="in English", log=log)
        seed = log.read_bytes()

    def read(body: bytes, folder: Path) -> object:
        (folder / "reviews.jsonl").write_bytes(body)
        taken = filings.start_review(table, folder / "reviews.jsonl")
        return filings.review_faults(folder / "reviews.jsonl"), filings.review_sheet(taken, {"a.html": page})

    return [seed], read


def _ledger() -> tuple[list[bytes], Reader]:
    from osint import archive
    from osint.archive import verify

    with tempfile.TemporaryDirectory() as name:
        store = archive.Archive(name).open()
        for number in range(2):
            entry = archive.Entry(f"https://x.example/{number}", "content", time="2026-11-24T00:00:00.000000Z")
            store.record_file(entry, b"<p>5 MW", "text/html", entry.url)
        seed, held = store.ledger.read_bytes(), store.warcs()[0].read_bytes()

    def read(body: bytes, folder: Path) -> object:
        store = archive.Archive(folder)
        store.ledger.write_bytes(body)
        (folder / "captures-00001.warc").write_bytes(held)
        told = verify(folder), store.last_entry(), chain.seals(store.ledger), store.unfinished()
        return told, [store.body(entry) for entry in store.entries()]

    return [seed], read


def _html() -> tuple[list[bytes], Reader]:
    from osint import filings

    page = (
        "<!doctype html><meta charset=utf-8><title>成交公告</title><p>总投资4亿2000万元，算力7200<sup>2</sup>P，采购H20服务器60台。</p>"
        "<table><tr><td rowspan=2>名称<td colspan=2>规模<tr><td>机柜（架）<td>投资（万元）<tr><td>甲<td>2,600<td>73000</table>"
    )

    def read(body: bytes, _: Path) -> object:
        return filings.claims_of(filings.parse(body, "a.html"))

    return [page.encode(), page.replace("utf-8", "gbk").encode("gb18030")], read


def _pdf() -> tuple[list[bytes], Reader]:
    from benchmarks.tables import forms, small
    from osint import filings

    some = small.read_tables()["first"]

    def read(body: bytes, _: Path) -> object:
        return filings.claims_of(filings.parse(body, "a.pdf"))

    return [forms.as_pdf(some[0]), forms.as_pdf(some[1], ruled=False)], read


FORMATS: dict[str, Callable[[], tuple[list[bytes], Reader]]] = {
    "TIFF": _tiff, "STAC": _stac, "CDX": _cdx, "WARC": _warc, "GeoJSON": _geojson, "KML": _kml, "CSV": _csv,
    "XLSX": _xlsx, "DOCX": _docx, "review": _review, "ledger": _ledger, "HTML": _html, "PDF": _pdf,
}  # fmt: skip


def run(name: str, first: int, inputs: int, memory: int = MEMORY_BYTES, seconds: float = 0.0) -> list[str]:
    """Read `inputs` damaged files of a format; return a sentence for each that raised something else than our errors.

    With `seconds` it stops after that time, however many were read. What is damaged must be whole to begin with: a seed
    that is refused ends the run.
    """
    seeds, read = FORMATS[name]()
    with tempfile.TemporaryDirectory() as folder:
        for whole in set(seeds):
            read(whole, Path(folder))
    found: list[str] = []
    slow, until, done, refused = 0.0, time.monotonic() + seconds, 0, 0
    with tempfile.TemporaryDirectory(dir=_MEMORY if Path(_MEMORY).is_dir() else None) as folder:
        for seed in range(first, first + inputs):
            if seconds and time.monotonic() > until:
                break
            done += 1
            body, begun = damaged(seeds, seed), time.process_time()
            signal.setitimer(signal.ITIMER_VIRTUAL, HANG_S)
            signal.alarm(STUCK_S)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    read(body, Path(folder))
            except OsintError:
                refused += 1
            except BaseException as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                text = f"{name} {seed}: {type(error).__name__}: {str(error)[:100]} ({Path(where.filename).name}:{where.lineno})"
                found.append(text)
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
                signal.alarm(0)
            took = time.process_time() - begun
            slow = max(slow, took)
            if took > HANG_S:  # also in a library that no signal reaches
                found.append(f"{name} {seed}: {took:.0f} s")
            if (seed - first + 1) % EACH_REPORT == 0:
                print(f"{name}: {seed - first + 1} inputs, slowest {slow:.1f} s, {len(found)} faults", file=sys.stderr)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    read_whole = 100 * (done - refused) / max(done, 1)
    print(
        f"{name}: {done} inputs, {read_whole:.0f}% read to the end, slowest {slow:.1f} s, peak {peak / 1e6:.0f} MB, "
        f"{len(found)} faults"
    )
    if peak > memory:
        found.append(f"{name}: {peak / 1e6:.0f} MB of memory")
    return found


class Hung(BaseException):
    """A reader took too long; no `except Exception` of a reader takes it for a fault of the file."""


def _hung(*_: object) -> None:
    raise Hung(f"more than {HANG_S} s")


def _alone(name: str, first: int, inputs: int, seconds: float, answers: Any) -> None:
    signal.signal(signal.SIGALRM, _hung)
    signal.signal(signal.SIGVTALRM, _hung)
    answers.put(run(name, first, inputs, seconds=seconds))


def main() -> int:
    """Run the formats asked for, each in a process of its own; status 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--only", action="append", choices=list(FORMATS))
    parser.add_argument("--first", type=int, default=1, help="seed of the first input")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop after about this time in all")
    args = parser.parse_args()
    seconds = 60 * args.minutes / len(args.only or FORMATS)
    found: list[str] = []
    for name in args.only or FORMATS:
        context = multiprocessing.get_context("spawn")
        answers = context.Queue()
        process = context.Process(target=_alone, args=(name, args.first, args.inputs, seconds, answers))
        process.start()
        process.join()
        found += [f"{name}: the process ended with {process.exitcode}"] if process.exitcode else answers.get()
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
