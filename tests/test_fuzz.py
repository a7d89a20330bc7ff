"""A small run of `make fuzz`, and the inputs that it once found."""

import gzip
import io
import re
import signal
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio

from benchmarks import damage, fuzz
from osint import chain, filings, geo, http
from osint.errors import OsintError, RefusedError, UnreadableError
from osint.filings import office
from osint.imagery import cog, tiff
from osint.imagery.grid import Grid
from tests import filing_documents

FOUND = Path(__file__).parent / "fuzz_found"
"""Inputs that once raised what is not ours, as NAME-SEED.gz."""


@pytest.fixture(autouse=True)
def alarm():
    kinds = (signal.SIGALRM, signal.SIGVTALRM)
    before = [signal.signal(kind, fuzz._hung) for kind in kinds]
    yield
    for kind, held in zip(kinds, before, strict=True):
        signal.signal(kind, held)


@pytest.mark.parametrize("name", fuzz.FORMATS)
def test_damaged_files_raise_our_errors_alone(name):
    assert fuzz.run(name, 1, 25, memory=1 << 40) == []


@pytest.mark.parametrize("held", sorted(FOUND.glob("*.gz")), ids=lambda path: path.stem)
def test_what_was_found_once_is_mended(held, tmp_path):
    _, read = fuzz.FORMATS[held.stem.partition("-")[0]]()
    try:
        read(gzip.decompress(held.read_bytes()), tmp_path)
    except OsintError as error:
        assert str(error)


@pytest.mark.parametrize("head", [b"II*\0" + bytes(4), b"II+\0\x08\0\0\0" + bytes(8)])
def test_a_picture_whose_header_names_no_directory_is_refused(head):
    """A reader took the header for a directory, asked for terabytes and ended the process."""
    with pytest.raises(UnreadableError, match="names no directory"):
        tiff.read_directories(lambda start, length: (head + bytes(99))[start : start + length])


def test_nothing_is_printed_beside_the_sentence_on_a_damaged_picture(capfd):
    """A reader of headers that was used before ended in a panic on one damaged header in thirty, and printed it."""
    assert fuzz.run("TIFF", 900_001, 300, memory=1 << 40) == []
    assert capfd.readouterr().err == ""


def test_fields_that_lie_in_each_other_are_read_up_to_the_size_of_a_header():
    """64 directories whose lists of tiles are the same 4 MB would take 2 GB."""
    fields = [(256, 3, 1, 64), (257, 3, 1, 64), (258, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1), (324, 4, 500_000, 8),
              (325, 4, 500_000, 8), (330, 4, 500_000, 8)]  # fmt: skip
    body = struct.pack("<H", len(fields)) + b"".join(struct.pack("<HHII", *field) for field in fields)
    chain = b"".join(body + struct.pack("<I", 8 + (at + 1) * (len(body) + 4)) for at in range(60))
    head = (b"II*\0" + struct.pack("<I", 8) + chain).ljust(3 << 20, b"\0")
    with pytest.raises(UnreadableError, match="over 4 MB"):
        tiff.read_directories(lambda start, length: head[start : start + length], len(head))


def test_a_picture_whose_coordinate_system_has_a_chinese_name_is_read(tmp_path):
    """A reader that was used before cut that name at a byte inside of a character, and panicked."""
    about = {"driver": "GTiff", "width": 32, "height": 32, "count": 1, "dtype": "uint8", "crs": "EPSG:32646"}
    place = rasterio.Affine(10, 0, 500000, 0, -10, 4800000)
    with rasterio.open(
        tmp_path / "a.tif", "w", **about, transform=place, tiled=True, blockxsize=16, blockysize=16
    ) as file:
        file.write(np.full((1, 32, 32), 7, "uint8"))
    body = (tmp_path / "a.tif").read_bytes()
    assert b"WGS 84 / UTM zone 46N" in body
    (tmp_path / "a.tif").write_bytes(body.replace(b"WGS 84 / UTM zone 46N", "横轴墨卡托投影".encode()))
    (tmp_path / "catalog.json").write_text("{}")
    grid = Grid("EPSG:32646", place, (32, 32))
    read, _ = cog.read_window(http.Ranges(str(tmp_path)), "a.tif", grid, level="b", smooth=False)
    assert (read == 7).all()


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("kind", "value"), [(3, "H2x"), (4, "I")])
def test_a_picture_of_tens_of_thousands_of_bands_is_refused(order, kind, value):
    """GDAL made objects for each band: 200 MB for a file of 753 bytes, of which a part was never given back."""
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HIHHHI{value}I", 42, 8, 1, 277, kind, 1, 65_535, 0)
    with pytest.raises(UnreadableError, match="65,535 bands"):
        tiff.read_directories(lambda start, length: head[start : start + length], len(head))


@pytest.mark.parametrize("packed", ["deflate", "lzw"])
def test_a_picture_that_is_far_finer_than_its_window_is_refused(tmp_path, packed):
    """A file of 20 kB made a window of 900 MB, as its pixels were said to be of 1 cm."""
    about = {"driver": "GTiff", "width": 30_000, "height": 30_000, "count": 1, "dtype": "uint8", "crs": "EPSG:32646"}
    tiles = {"tiled": True, "blockxsize": 512, "blockysize": 512, "sparse_ok": True, "compress": packed}
    place = rasterio.Affine(0.01, 0, 500000, 0, -0.01, 4800000)
    rasterio.open(tmp_path / "a.tif", "w", **about, **tiles, transform=place).close()
    (tmp_path / "catalog.json").write_text("{}")
    grid = Grid("EPSG:32646", rasterio.Affine(10, 0, 500000, 0, -10, 4800000), (30, 30))
    with pytest.raises(UnreadableError, match="30,000 x 30,000 pixels in this window"):
        cog.read_window(http.Ranges(str(tmp_path)), "a.tif", grid, level="b", smooth=False)


@pytest.mark.parametrize("digits", [310, 400, 5000])
def test_a_number_that_no_float_can_hold_is_no_json_of_ours(digits):
    text = b'{"a": ' + b"9" * digits + b"}"
    assert chain.parsed(text) is None
    with pytest.raises(ValueError, match="digits"):
        http.read_json(text)


def test_a_row_that_no_sheet_has_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(office, "_MOST_ROWS", 1000)
    whole, out = filing_documents.xlsx([["服务器", 1500.0], ["装机功率", "50MW"]]), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, re.sub(rb'<row r="2"', b'<row r="99999999"', old.read(name)))
    read = filings.parse(out.getvalue(), "a.xlsx")
    assert "rows after 1,000" in str(read.remarks) and "服务器" in read.text


def test_a_workbook_whose_style_is_out_of_range_prints_nothing_beside_the_sentence(capfd):
    """The library that reads it prints so to the output of the program, between the lines that were asked for."""
    whole, out = filing_documents.xlsx([["服务器", 1500.0]]), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, re.sub(rb'(<cellStyle [^>]*xfId=)"0"', rb'\1"99"', old.read(name)))
    with pytest.raises(OsintError):
        filings.parse(out.getvalue(), "a.xlsx")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "folders", ["<Folder><name>a</name></Folder>" * 500, "<Document>" * 9_000 + "</Document>" * 9_000]
)
def test_a_map_of_ever_more_folders_is_not_waited_for(folders, tmp_path):
    """For each layer the whole file is read anew; a list of those inside each other grows with their square (25 s)."""
    kml = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{folders}</Document></kml>'
    (tmp_path / "a.kml").write_text(kml)
    begun = time.process_time()
    with pytest.raises(RefusedError, match="folders, and 300 are read"):
        geo.read_outlines(tmp_path / "a.kml")
    assert time.process_time() - begun < 2


def test_an_input_is_the_same_for_a_seed():
    seeds = [b"0123456789" * 20]
    assert damage.damaged(seeds, 5) == damage.damaged(seeds, 5) != damage.damaged(seeds, 6)


@pytest.mark.parametrize("name", ["STAC", "GeoJSON", "KML", "XLSX", "DOCX", "review", "TIFF", "WARC"])
def test_what_is_damaged_mostly_keeps_the_form_of_its_format(name):
    """Else the fuzz tries the parser of JSON or XML and never the reader behind it."""
    seeds, _ = fuzz.FORMATS[name]()
    made = [damage.damaged(seeds, seed) for seed in range(60)]
    kept = sum(one[:1] in {seed[:1] for seed in seeds} for one in made)
    assert kept > len(made) // 2 and len(set(made)) > len(made) // 2
