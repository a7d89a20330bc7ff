"""Every trial of a copy gets its verdict; hostile files cost little; nothing false is verified."""

import io
import json
import random
import re
import resource
import shutil
import struct
import subprocess
import sys
import time
import zlib

import pytest
from PIL import Image

from osint.passport import Number, Verdict, columns_of, stamp, verify
from osint.passport.export import sidecar
from osint.passport.verify import EXIT, passport_id
from tests.passport_edits import edited, good_pixels
from tests.test_passport import TOLD, VERIFY, chart, evidence, numbers, picture

VERIFIED = (Verdict.SEALED, Verdict.INTACT, Verdict.SAME_PICTURE)


@pytest.fixture(scope="module")
def made():
    return stamp(chart(), "claimed", numbers=numbers(), evidence=evidence(), dpi=100, **TOLD)


@pytest.fixture(scope="module")
def other():
    figure = chart((3, 1), "Another figure")
    return stamp(figure, "other", numbers=[Number("a", 3, kind="assumed", note="trial")], dpi=100)


@pytest.fixture
def folder(made, tmp_path):
    for name, body in made.files.items():
        (tmp_path / name).write_bytes(body)
    return tmp_path


def rewritten(folder, change, *, seal=False):
    """Change the passport in a folder; with `seal` its id is made anew, as a forger would."""
    path = folder / "claimed.passport.json"
    values = json.loads(path.read_text())
    change(values)
    if seal:
        values["passport_id"] = passport_id(values)
    path.write_bytes(sidecar(values))


@pytest.mark.parametrize("name", ["claimed.png", "claimed.svg", "claimed.pdf", "claimed.passport.json"])
def test_what_was_exported_is_intact(folder, name):
    found = verify(folder / name)
    assert (found.verdict, found.status) == (Verdict.INTACT, 0)
    assert any("2 derived numbers were recomputed" in one for one in found.shown)
    assert any("what the figure says is true" in one for one in found.not_shown)


def test_saved_anew_is_the_same_picture(folder, made):
    picture(made).save(folder / "claimed.png", optimize=True)
    assert verify(folder / "claimed.png").verdict == Verdict.SAME_PICTURE
    shutil.move(folder / "claimed.png", folder / "renamed.png")
    assert verify(folder / "renamed.png").verdict == Verdict.SAME_PICTURE


@pytest.mark.parametrize("name", ["claimed", "from-the-web"])
@pytest.mark.parametrize("how", ["half", "third", "jpeg85", "jpeg70", "crop", "webp"])
def test_altered_copies_are_traced_and_never_verified(folder, made, how, name):
    image = picture(made)
    small = {"half": 2, "third": 3}.get(how, 1)
    image = image.resize((image.width // small, image.height // small))
    image = image.crop((30, 20, 400, 250)) if how == "crop" else image
    ending, quality = {"jpeg85": ("jpg", 85), "jpeg70": ("jpg", 70), "webp": ("webp", 80)}.get(how, ("png", 0))
    path = folder / f"{name}.{ending}"
    image.save(path, **({"quality": quality} if quality else {}))
    if how == "crop" and name == "claimed":  # the original has gone, so nothing can be found in it
        assert verify(path).verdict in (Verdict.CONFLICT, Verdict.TRACED)
        return
    found = verify(path)
    assert (found.verdict, found.status, found.code) == (Verdict.TRACED, 3, made.code)
    assert any("compare by eye" in one for one in found.not_shown)


def test_a_code_read_by_a_person_traces_a_copy(folder, made):
    picture(made).crop((30, 20, 200, 150)).save(folder / "cut.jpg", quality=60)
    assert verify(folder / "cut.jpg").verdict == Verdict.UNKNOWN
    assert verify(folder / "cut.jpg", code=made.code).verdict == Verdict.TRACED


@pytest.mark.parametrize("name", ["claimed.png", "claimed.svg", "claimed.pdf"])
def test_one_flipped_bit_is_never_verified(folder, made, name):
    body = made.files[name]
    for at in random.Random(4).sample(range(len(body)), 25):
        (folder / name).write_bytes(body[:at] + bytes([body[at] ^ 8]) + body[at + 1 :])
        found = verify(folder / name)
        assert found.verdict not in (Verdict.INTACT, Verdict.SEALED, Verdict.STALE), (at, found)
        assert found.verdict != Verdict.TRACED or not name.endswith(".png"), (at, found)
        if found.verdict == Verdict.SAME_PICTURE:
            assert good_pixels((folder / name).read_bytes()) == good_pixels(body)


def test_one_falsified_point_redrawn(folder, tmp_path_factory):
    false = stamp(chart((80500, 44500)), "claimed", numbers=numbers(), evidence=evidence(), dpi=100, **TOLD)
    (folder / "claimed.png").write_bytes(false.files["claimed.png"])
    assert verify(folder / "claimed.png").verdict == Verdict.CONFLICT
    away = tmp_path_factory.mktemp("away")
    Image.open(io.BytesIO(false.files["claimed.png"])).convert("RGB").save(away / "copy.png")
    assert verify(away / "copy.png", passports=folder).verdict == Verdict.TRACED


def test_where_a_picture_was_retouched_is_named(folder, made):
    image = picture(made)
    image.paste("red", (100, 60, 110, 70))
    image.save(folder / "claimed.png")
    (folder / "original").mkdir()
    for name, body in made.files.items():
        (folder / "original" / name).write_bytes(body)
    (folder / "claimed.passport.json").unlink()
    found = verify(folder / "claimed.png", passports=folder / "original")
    assert found.verdict == Verdict.CONFLICT
    assert any("left 100, top 60, right 110, bottom 70" in one for one in found.shown)


def test_swapped_passports_conflict(folder, other):
    for name, body in other.files.items():
        (folder / name).write_bytes(body)
    (folder / "claimed.passport.json").rename(folder / "x")
    (folder / "other.passport.json").rename(folder / "claimed.passport.json")
    (folder / "x").rename(folder / "other.passport.json")
    for name in ("claimed.png", "other.png", "claimed.svg", "other.pdf"):
        assert verify(folder / name).verdict == Verdict.CONFLICT, name
    (folder / "other.passport.json").unlink()
    assert verify(folder / "claimed.png").verdict == Verdict.UNKNOWN


@pytest.mark.parametrize("seal", [False, True])
def test_a_changed_caption_number_conflicts(folder, seal):
    rewritten(folder, lambda v: v["render"].update(caption="Of 125,000 chips 80,500 are in Xinjiang."), seal=seal)
    assert verify(folder / "claimed.png").verdict == Verdict.CONFLICT
    assert verify(folder / "claimed.passport.json").verdict == Verdict.CONFLICT


@pytest.mark.parametrize("seal", [False, True])
def test_a_changed_number_conflicts(folder, seal):
    rewritten(folder, lambda v: v["core"]["numbers"][2].update(best="125000"), seal=seal)
    found = verify(folder / "claimed.svg")
    assert found.verdict == Verdict.CONFLICT


def test_data_that_do_not_give_the_number_conflict(folder, made):
    (folder / "claimed.data.csv").write_text("site,chips\nXJ01,80500\nQH01,44500\n")
    assert verify(folder / "claimed.png").verdict == Verdict.CONFLICT
    (folder / "claimed.data.csv").unlink()
    found = verify(folder / "claimed.png")
    assert found.verdict == Verdict.INTACT
    assert any("sums over data that are not at hand" in one for one in found.not_shown)


def test_a_caption_changed_in_the_vector_file_conflicts(folder, made):
    body = made.files["claimed.svg"].replace(b"115,000 chips are claimed", b"155,000 chips are claimed")
    (folder / "claimed.svg").write_bytes(body)
    assert verify(folder / "claimed.svg").verdict == Verdict.CONFLICT


def test_an_svg_or_pdf_that_was_saved_anew_is_traced_and_one_without_its_passport_conflicts(
    folder, made, tmp_path_factory
):
    away = tmp_path_factory.mktemp("away")
    svg, pdf = made.files["claimed.svg"], made.files["claimed.pdf"]
    anew = svg.replace(b"<g ", b"<g\n  ").replace(b">115,000 chips", b">115,000\n <tspan>chips</tspan>")
    false = anew.replace(b">115,000\n", b">155,000\n")
    assert svg != anew != false
    shapes = re.sub(rb"(?s)<text.*?</text>", b"<path d='M 0 0'/>", svg)
    for name, body in (("claimed.svg", anew), ("copy.svg", anew), ("copy.svg", shapes), ("copy.pdf", pdf + b"\n")):
        (away / name).write_bytes(body)
        found = verify(away / name, passports=folder)
        assert (found.verdict, found.original) == (Verdict.TRACED, folder / "claimed.png"), name
        assert any("compare by eye" in one for one in found.not_shown)
    (away / "false.svg").write_bytes(false)
    assert verify(away / "false.svg", passports=folder).verdict == Verdict.CONFLICT
    (folder / "claimed.svg").write_bytes(re.sub(rb"(?s)<metadata.*?</metadata>", b"", anew))
    assert verify(folder / "claimed.svg").verdict == Verdict.CONFLICT


def test_the_id_that_came_by_another_way(folder, made):
    assert verify(folder / "claimed.png", expect=made.passport_id).verdict == Verdict.INTACT
    assert verify(folder / "claimed.png", expect="0" * 64).verdict == Verdict.CONFLICT


def saved(image, **how):
    out = io.BytesIO()
    image.save(out, **how)
    return out.getvalue()


def test_sixteen_bits_that_pillow_and_a_viewer_read_apart_are_not_the_same_picture(tmp_path):
    grey = Image.new("L", (40, 40), 255)
    grey.putpixel((3, 3), 7)
    deep = Image.new("I;16", (40, 40), 300)  # Pillow clips to white, a viewer shows nearly black
    deep.putpixel((3, 3), 7)
    from osint.passport.verify import pixels_of

    one, other = pixels_of(saved(grey, format="PNG")), pixels_of(saved(deep, format="PNG"))
    assert other.other_look == "16 bits a channel"
    assert not one.other_look


@pytest.mark.parametrize("how", ["behind", "header", "palette", "turned", "profile"])
def test_a_picture_on_which_decoders_disagree_is_not_the_same_picture(folder, made, how):
    image, body = picture(made), made.files["claimed.png"]
    name = "claimed.webp" if how in ("turned", "profile") else "claimed.png"
    if how == "behind":
        body += b"<html><script>"
    elif how == "header":
        body = body[:33] + body[8:33] + body[33:]
    elif how == "palette":
        chunk = struct.pack(">I", 3) + b"PLTE" + b"\0\0\0" + struct.pack(">I", zlib.crc32(b"PLTE\0\0\0"))
        body = body[:33] + chunk * 2 + body[33:]
    elif how == "turned":
        exif = Image.Exif()
        exif[0x0112] = 3
        body = saved(image, format="WEBP", lossless=True, exact=True, exif=exif)
    else:
        body = saved(image, format="WEBP", lossless=True, exact=True, icc_profile=b"profile")
    (folder / name).write_bytes(body)
    assert verify(folder / name).verdict == Verdict.CONFLICT
    clean = saved(image, format="WEBP", lossless=True, exact=True)
    (folder / "claimed.webp").write_bytes(clean)
    assert verify(folder / "claimed.webp").verdict == Verdict.SAME_PICTURE


@pytest.mark.parametrize(
    ("kind", "content"),
    [(b"gAMA", struct.pack(">I", 220000)), (b"iCCP", b"x\0\0" + zlib.compress(b"profile")), (b"acTL", bytes(8))],
)
def test_the_same_pixels_shown_in_other_colours_are_not_the_same_picture(folder, made, kind, content):
    body = made.files["claimed.png"]
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    (folder / "claimed.png").write_bytes(body[:33] + chunk + body[33:])
    assert verify(folder / "claimed.png").verdict == Verdict.CONFLICT


def test_without_a_passport_nothing_is_known(folder, made, tmp_path_factory):
    away = tmp_path_factory.mktemp("away")
    (away / "a.png").write_bytes(made.files["claimed.png"])
    found = verify(away / "a.png")
    assert (found.verdict, found.code) == (Verdict.UNKNOWN, made.code)
    picture(made).save(away / "b.jpg")
    assert verify(away / "b.jpg").verdict == Verdict.UNKNOWN
    assert verify(away / "none.png").verdict == Verdict.UNKNOWN


# ---------------------------------------------------------------- newer evidence


def case(tmp_path, claims=(), observations=(), ledger=()):
    raw = tmp_path / "case" / "raw"
    (raw / "captures").mkdir(parents=True)
    head = (
        "claim_id,site_id,source_publisher,source_url,date,quote,translation,independence_group,value_low,value_high\n"
    )
    (raw / "claims.csv").write_text(head + "".join(f"{row}\n" for row in claims), encoding="utf-8")
    (raw / "observations.csv").write_text("observation_id,site_id,date\n" + "".join(f"{o}\n" for o in observations))
    (raw / "captures" / "ledger.jsonl").write_text("".join(json.dumps(one) + "\n" for one in ledger))
    return tmp_path / "case"


ROWS = ('C003,XJ01,A desk,,2025-07-08,八万,"80,000",,80500,80500', "C004,XJ01,A ministry,,2025-07-09,,,,34500,34500")
URL = "https://example.org/notice"


@pytest.mark.parametrize(
    ("rows", "observations", "ledger", "why"),
    [
        (ROWS, (), (), ""),
        (ROWS[:1], (), (), "claim C004 is no longer on file"),
        ((ROWS[0].replace("八万", "九万"), ROWS[1]), (), (), "claim C003 was corrected: quote"),
        ((*ROWS, "C009,XJ01,A desk,,2026-01-02,,,,1,1"), (), (), "newer evidence is on file: C009"),
        ((*ROWS, "C009,XJ02,A desk,,2026-01-02,,,,1,1"), (), (), ""),
        ((*ROWS, "C009,XJ01,A desk,,2025-01-02,,,,1,1"), (), (), ""),
        (ROWS, ("O007,XJ01,2026-03-01",), (), "O007"),
        (ROWS, (), [{"url": URL, "class": "content", "sha256": "b" * 64, "time": "2026-01-02T00:00:00Z"}], "changed"),
        (ROWS, (), [{"url": URL, "class": "content", "sha256": "a" * 64, "time": "2026-01-02T00:00:00Z"}], ""),
        (ROWS, (), [{"url": URL, "class": "blocked", "sha256": "b" * 64, "time": "2026-01-02T00:00:00Z"}], ""),
        (ROWS, (), [{"url": URL, "class": "content", "sha256": "b" * 64, "time": "2024-01-02T00:00:00Z"}], ""),
    ],
)
def test_newer_evidence_makes_a_figure_stale(tmp_path, rows, observations, ledger, why):
    from dataclasses import replace

    sources = [replace(one, site_id="XJ01") for one in evidence()]
    if ledger:
        sources[0] = replace(sources[0], source_url=URL, sha256="a" * 64, captured="2025-07-10T00:00:00Z")
        rows = (rows[0].replace("A desk,,", f"A desk,{URL},"), *rows[1:])
    made = stamp(chart(), "claimed", numbers=numbers(), evidence=sources, dpi=40, formats=("png",), **TOLD)
    for name, body in made.files.items():
        (tmp_path / name).write_bytes(body)
    found = verify(tmp_path / "claimed.png", against=case(tmp_path, rows, observations, ledger))
    assert found.verdict == (Verdict.STALE if why else Verdict.INTACT), found
    assert why in " ".join(found.shown)


def test_a_passport_that_was_replaced_is_stale(folder, made):
    told = {**TOLD, "replaces": made.passport_id, "reason": "a claim was withdrawn"}
    newer = stamp(chart(), "claimed_2", numbers=numbers(), evidence=evidence(), dpi=40, formats=("png",), **told)
    for name, body in newer.files.items():
        (folder / name).write_bytes(body)
    found = verify(folder / "claimed.png")
    assert found.verdict == Verdict.STALE
    assert "claimed_2.passport.json replaces it: a claim was withdrawn" in found.shown
    assert verify(folder / "claimed_2.png").verdict == Verdict.INTACT


# ---------------------------------------------------------------- a file copied to a desk


def test_one_copied_file_checks_without_the_library(folder, made, tmp_path_factory):
    desk = tmp_path_factory.mktemp("desk")
    shutil.copy(VERIFY, desk / "verify.py")
    block = "import sys; sys.modules.update(dict.fromkeys(['osint', 'numpy', 'matplotlib', 'pandas', 'lxml'])); "
    block += "sys.argv[0] = 'verify.py'; import runpy; runpy.run_path('verify.py', run_name='__main__')"
    files = [str(folder / n) for n in ("claimed.png", "claimed.svg")]
    done = subprocess.run(
        [sys.executable, "-I", "-c", block, *files, "--json"], cwd=desk, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [row["verdict"] for row in json.loads(done.stdout)] == ["INTACT", "INTACT"]
    picture(made).save(folder / "copy.jpg")
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", folder / "copy.jpg"], cwd=desk, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "TRACED" in done.stdout) == (EXIT[Verdict.TRACED], True)


# ---------------------------------------------------------------- files of strangers


def png(width, height, rows=b"", extra=b""):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def text_chunk(content):
    content = b"osint-passport\0\1\0\0\0" + zlib.compress(content)
    return struct.pack(">I", len(content)) + b"iTXt" + content + struct.pack(">I", zlib.crc32(b"iTXt" + content))


HOSTILE = {
    "bomb.png": lambda: png(60000, 60000, zlib.compress(bytes(1 << 20))),
    "large.png": lambda: png(6300, 6300, zlib.compress(bytes(6300 * (1 + 3 * 6300)), 1)),
    "text.png": lambda: png(1, 1, zlib.compress(bytes(4)), text_chunk(bytes(1 << 26))),
    "deep.png": lambda: png(1, 1, zlib.compress(bytes(4)), text_chunk(b"[" * 1_900_000)),
    "length.png": lambda: b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0x7FFFFFFF) + b"IHDR" + bytes(64),
    "chunks.png": lambda: (
        b"\x89PNG\r\n\x1a\n" + (bytes(4) + b"tIME" + struct.pack(">I", zlib.crc32(b"tIME"))) * 2_000_000
    ),
    "deep.passport.json": lambda: b'{"a":' * 300_000,
    "wide.passport.json": lambda: b'{"schema":"osint-passport/1","core":{"numbers":[' + b"[]," * 600_000 + b"0]}}",
    "sums.passport.json": lambda: json.dumps(
        {
            "schema": "osint-passport/1",
            "core": {
                "numbers": [{"id": f"n{i}", "best": "1", "expression": "2.5^0.5^" * 7 + "2"} for i in range(1990)]
            },
        }
    ).encode(),
    "entity.svg": lambda: (
        b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaa">'
        + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (98 + i, *[97 + i] * 4) for i in range(20))
        + b']><svg><metadata id="osint-passport">&u;</metadata></svg>'
    ),
    "tags.svg": lambda: b"<svg>" + b'<metadata id="osint-passport"' * 600_000,
    "streams.pdf": lambda: b"%PDF-1.4\n" + b"stream\n" * 3_000_000 + b"endstream",
    "flate.pdf": lambda: b"%PDF-1.4\n" + (b"stream\n" + zlib.compress(bytes(8 << 20)) + b"endstream\n") * 500,
    "scans.jpg": lambda: b"\xff\xd8\xff" + b"\xff\xda" * 5_000_000,
    "names.zip": lambda: (
        b"PK\x03\x04" + bytes(40) + b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 65535, 65535, 1 << 26, 0, 0)
    ),
    "caption.passport.json": lambda: json.dumps(
        {"schema": "osint-passport/1", "core": {}, "render": {"caption": "1" * 1_900_000 + "a"}}
    ).encode(),
    "link.png": lambda: b"",
}


def limited():
    resource.setrlimit(resource.RLIMIT_DATA, (500 << 20, 500 << 20))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_at_most_five_seconds_and_500_mb(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(HOSTILE[name]())
    if name == "link.png":
        path.unlink()
        path.symlink_to("/dev/zero")
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, VERIFY, path], check=False, capture_output=True, text=True, preexec_fn=limited
    )
    assert done.returncode in EXIT.values(), done.stderr[-500:]
    assert not done.stderr
    assert time.monotonic() - began < 10  # 5 s on a machine with nothing else to do


def test_what_steers_a_terminal_is_shown_as_marks(tmp_path, capsys):
    from osint.passport.verify import main

    (tmp_path / "a\x1b[2J.png").write_bytes(b"no picture")
    assert main([str(tmp_path / "a\x1b[2J.png")]) == EXIT[Verdict.UNKNOWN]
    assert "\x1b" not in capsys.readouterr().out


def test_no_false_verified_in_random_edits(folder, made):
    chance = random.Random(20261129)
    found = [edited(chance, folder, made) for _ in range(200)]
    assert not [one for one in found if one.false]
    assert {one.verdict for one in found} >= {Verdict.CONFLICT, Verdict.TRACED, Verdict.SAME_PICTURE}


# ---------------------------------------------------------------- seals, by an authority on this machine


def openssl(folder, *words):
    return subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


CONF = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = {name}
[root]
basicConstraints = critical, CA:TRUE
[tsa]
extendedKeyUsage = critical, timeStamping
[tsa_config]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = root.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    here = tmp_path_factory.mktemp("authority")
    (here / "serial").write_text("01\n")
    for name in ("root", "tsa", "other"):
        (here / f"{name}.cnf").write_text(CONF.format(name=name))
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]
        form = ["-x509", "-days", "36500", "-extensions", "root"] if name != "tsa" else []
        openssl(here, "req", "-new", *form, *key, "-config", f"{name}.cnf", "-out", f"{name}.pem")
    sign = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "36500"]
    form = ["-extfile", "tsa.cnf", "-extensions", "tsa"]
    openssl(here, "x509", "-req", "-in", "tsa.pem", *sign, *form, "-out", "tsa2.pem")
    (here / "tsa2.pem").replace(here / "tsa.pem")
    return here


def sealed(authority, folder, passport_id):
    openssl(authority, "ts", "-query", "-digest", passport_id, "-sha256", "-cert", "-no_nonce", "-out", "a.tsq")
    openssl(
        authority,
        "ts",
        "-reply",
        "-config",
        "tsa.cnf",
        "-section",
        "tsa_config",
        "-queryfile",
        "a.tsq",
        "-out",
        "a.tsr",
    )
    shutil.copy(authority / "a.tsr", folder / "claimed.tsr")
    row = {"kind": "rfc3161", "over": "passport_id", "file": "claimed.tsr"}
    rewritten(folder, lambda values: values.update(seals=[row]))


def test_a_time_stamp_seals_a_passport_against_a_root_that_is_named(folder, made, authority):
    assert verify(folder / "claimed.png", root=authority / "root.pem").verdict == Verdict.INTACT
    sealed(authority, folder, made.passport_id)
    assert verify(folder / "claimed.png").verdict == Verdict.INTACT, "no root named, nothing trusted"
    found = verify(folder / "claimed.png", root=authority / "root.pem")
    assert (found.verdict, found.passport_id) == (Verdict.SEALED, made.passport_id)
    assert "trusted by: root.pem" in found.shown[0]
    assert verify(folder / "claimed.png", root=authority / "other.pem").verdict == Verdict.UNKNOWN
    (folder / "claimed.png").write_bytes(made.files["claimed.png"][:-3])
    assert verify(folder / "claimed.png", root=authority / "root.pem").verdict == Verdict.CONFLICT


def test_a_time_stamp_of_another_passport_seals_nothing(folder, made, authority):
    sealed(authority, folder, "ab" * 32)
    found = verify(folder / "claimed.png", root=authority / "root.pem")
    assert found.verdict not in VERIFIED
    assert "another passport" in found.not_shown[0]


@pytest.mark.parametrize("body", [b"a,b\n" + b"x" * 200_000, bytes(99), b""])
def test_data_that_is_no_table_has_no_columns_of_numbers(body):
    assert not any(columns_of(body).values())
