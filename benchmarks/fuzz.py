"""Damage the files of strangers at random and read them: no crash, no hang over 10 s, no memory over 1 GB.

    python -m benchmarks.fuzz [--inputs 100000] [--only WARC] [--first 1] [--minutes 10]

Each format is read in a process of its own, whose memory is limited by the system: a crash or a kill ends that process
and names the input by its seed, which `--first` and `--inputs 1` run again.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import random
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

from osint.errors import OsintError

HANG_S, MEMORY_BYTES = 10, 1 << 30
EACH_REPORT = 5000
Reader = Callable[[bytes, Path], object]


def _warc() -> tuple[list[bytes], Reader]:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

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
    return [*made, box.getvalue()], lambda body, _: list(container_items(io.BytesIO(body), "a") or ())


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
            about = {"driver": "GTiff", "width": 256, "height": 256, "count": 1, "dtype": "uint16", "tiled": True}
            transform = rasterio.Affine(10, 0, 500000, 0, -10, 4800000)
            size = {"blockxsize": 64, "blockysize": 64, "crs": "EPSG:32646", "transform": transform}
            with memory.open(**about, **size, **more) as file:
                file.write(np.arange(65536, dtype="uint16").reshape(1, 256, 256))
            made.append(memory.read())
    grid = Grid("EPSG:32646", rasterio.Affine(10, 0, 500100, 0, -10, 4799900), (32, 32))

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
        "assets": {"red": {"href": "a.tif", "raster:bands": [{"scale": 0.0001, "offset": -0.1}]}, "scl": {"href": "b.tif"}},
        "links": [],
    }  # fmt: skip
    page = {"type": "FeatureCollection", "features": [item, {**item, "id": "S2A_2"}], "links": []}

    def read(body: bytes, folder: Path) -> object:
        (folder / "catalog.json").write_bytes(body)
        return imagery.scenes((93.0, 43.0), "2024-01-01", "2024-12-31", catalogue=folder, collection="c")

    return [json.dumps(page).encode(), json.dumps(item).encode()], read


def _cdx() -> tuple[list[bytes], Reader]:
    from osint.portals.webarchives import read_listing

    rows = [
        ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"],
        ["x", "20240615083000", "http://x.example/n.html", "text/html", "200", "A" * 32, "1200"],
        ["x", "20250615083000", "http://x.example/n.html", "warc/revisit", "-", "A" * 32, "500"],
        [],
        ["key"],
    ]
    return [json.dumps(rows).encode()], lambda body, _: read_listing(body, "https://a.example/cdx?url=x.example")


def _outlines(suffix: str, text: str) -> tuple[list[bytes], Reader]:
    from osint import geo

    def read(body: bytes, folder: Path) -> object:
        (folder / f"a{suffix}").write_bytes(body)
        return geo.read_outlines(folder / f"a{suffix}")

    return [text.encode()], read


def _geojson() -> tuple[list[bytes], Reader]:
    square = [[[93, 43], [93.01, 43], [93.01, 43.01], [93, 43]]]
    many = {"type": "MultiPolygon", "coordinates": [square]}
    feature = {
        "type": "Feature",
        "properties": {"name": "哈密"},
        "geometry": {"type": "Polygon", "coordinates": square},
    }
    whole = {"type": "FeatureCollection", "features": [feature, {**feature, "geometry": many}]}
    return _outlines(".geojson", json.dumps(whole))


def _kml() -> tuple[list[bytes], Reader]:
    ring = "<LinearRing><coordinates>93,43 93.01,43 93.01,43.01 93,43</coordinates></LinearRing>"
    shape = f"<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon>"
    mark = f"<Placemark><name>a</name><MultiGeometry>{shape}{shape}</MultiGeometry></Placemark>"
    head = '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    return _outlines(".kml", f"{head}{mark}</Document></kml>")


def _csv() -> tuple[list[bytes], Reader]:
    from osint.register import read_table

    raw = Path(__file__).resolve().parent.parent / "data" / "raw"
    seeds = [b"\n".join((raw / f"{name}.csv").read_bytes().splitlines()[:6]) + b"\n" for name in ("sites", "claims")]

    def read(body: bytes, folder: Path) -> object:
        (folder / "a.csv").write_bytes(body)
        return read_table(folder / "a.csv", "sites" if body[:4] == b"site" else "claims")

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

    return _office(".xlsx", filing_documents.xlsx([["名称", "数量"], ["服务器", 1500.0], ["装机功率", "50MW"]]))


def _review() -> tuple[list[bytes], Reader]:
    from osint import filings

    page = filings.parse("<p>可承载算力1.2万P，投资6.8亿元。".encode(), "a.html")
    table = filings.start_review(filings.claims_of(page))
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
    from benchmarks import tables
    from osint import filings

    small = tables.read_tables(tables.HERE / "tables.txt")

    def read(body: bytes, _: Path) -> object:
        return filings.claims_of(filings.parse(body, "a.pdf"))

    return [tables.as_pdf(small[0]), tables.as_pdf(small[1], ruled=False)], read


FORMATS: dict[str, Callable[[], tuple[list[bytes], Reader]]] = {
    "TIFF": _tiff, "STAC": _stac, "CDX": _cdx, "WARC": _warc, "GeoJSON": _geojson, "KML": _kml, "CSV": _csv,
    "XLSX": _xlsx, "DOCX": _docx, "review": _review, "HTML": _html, "PDF": _pdf,
}  # fmt: skip
_ODD = (
    b"\xff\xff\xff\xff",
    b"\x00" * 8,
    b"\x7f\xff\xff\xff",
    b"1e400",
    b"NaN",
    b"null",
    b"-1",
    b"[" * 2000,
    b"9" * 400,
    b"\xed\xa0\x80",
)


def damaged(seeds: list[bytes], seed: int) -> bytes:
    """Return one of the seeds with some bytes flipped, taken out, put in, doubled or replaced by odd values."""
    rng = random.Random(seed)
    body = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(body) + 1)
        match rng.randrange(6):
            case 0 if at < len(body):
                body[at] ^= 1 << rng.randrange(8)
            case 1:
                del body[at : at + rng.choice((1, 4, 50, 4000))]
            case 2:
                body[at:at] = rng.randbytes(rng.choice((1, 2, 8, 64)))
            case 3:
                body[at:at] = body[max(0, at - 200) : at] * rng.choice((1, 3))
            case 4:
                odd = rng.choice(_ODD)
                body[at : at + len(odd)] = odd
            case 5:
                del body[at:]
        body = body or bytearray(b"x")
    if zipfile.is_zipfile(io.BytesIO(seeds[0])) and rng.random() < 0.7:
        return _damaged_inside(seeds[0], rng)
    return bytes(body)


def _damaged_inside(seed: bytes, rng: random.Random) -> bytes:
    """Damage one file of a zip and pack it anew, so that its reader gets past the checksums."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(seed)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        chosen = rng.choice(old.namelist())
        for name in old.namelist():
            body = old.read(name)
            new.writestr(name, damaged([body or b"x"], rng.randrange(1 << 30)) if name == chosen else body)
    return out.getvalue()


def run(name: str, first: int, inputs: int, memory: int = MEMORY_BYTES, seconds: float = 0.0) -> list[str]:
    """Read `inputs` damaged files of a format; return a sentence for each that raised something else than our errors.

    With `seconds` it stops after that time, however many were read.
    """
    seeds, read = FORMATS[name]()
    found: list[str] = []
    slow, until, done = 0.0, time.monotonic() + seconds, 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + inputs):
            if seconds and time.monotonic() > until:
                break
            done += 1
            body, begun = damaged(seeds, seed), time.monotonic()
            signal.alarm(HANG_S)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    read(body, Path(folder))
            except OsintError:
                pass
            except BaseException as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                text = f"{name} {seed}: {type(error).__name__}: {str(error)[:100]} ({Path(where.filename).name}:{where.lineno})"
                found.append(text)
            finally:
                signal.alarm(0)
            slow = max(slow, time.monotonic() - begun)
            if (seed - first + 1) % EACH_REPORT == 0:
                print(f"{name}: {seed - first + 1} inputs, slowest {slow:.1f} s, {len(found)} faults", file=sys.stderr)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{name}: {done} inputs, slowest {slow:.1f} s, peak {peak / 1e6:.0f} MB, {len(found)} faults")
    if peak > memory:
        found.append(f"{name}: {peak / 1e6:.0f} MB of memory")
    return found


def _hung(*_: object) -> None:
    raise TimeoutError(f"more than {HANG_S} s")


def _alone(name: str, first: int, inputs: int, seconds: float, answers: Any) -> None:
    signal.signal(signal.SIGALRM, _hung)
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
