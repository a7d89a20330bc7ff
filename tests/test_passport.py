"""Figures with a passport: the same bytes twice, every trial of a copy gets its verdict, and nothing false is verified."""

import io
import json
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

import osint
from osint.errors import BadInputError
from osint.passport import Evidence, EvidenceRole, Number, stamp

VERIFY = Path(osint.__file__).parent / "passport" / "verify.py"
DATA = "site,chips\nXJ01,80500\nQH01,34500\n"


def chart(values=(80500, 34500), title="115,000 chips are claimed"):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3))
    ax = figure.add_subplot()
    ax.plot(["Xinjiang", "Qinghai"], values, "o-")
    ax.set_ylabel("chips")
    figure.suptitle(title)
    return figure


def numbers():
    return [
        Number("chips in Xinjiang", 80500, unit="chips", sources=("C003",), id="xinjiang"),
        Number("chips in Qinghai", 34500, unit="chips", sources=("C004",), id="qinghai"),
        Number("chips claimed", 115000, unit="chips", kind="derived", expression="xinjiang + qinghai", id="total"),
        Number("chips drawn", "115000", unit="chips", kind="derived", expression="sum(chips)"),
    ]


def evidence():
    return [
        Evidence(
            "C003", "claims", source_publisher="A desk", published="2025-07-08", quote="八万", translation="80,000"
        ),
        Evidence("C004", EvidenceRole.CONTRADICTS, source_publisher="A ministry", published="2025-07-09"),
    ]


TOLD = {
    "question": "How many?",
    "caption": "Of 115,000 chips 80,500 are in Xinjiang.",
    "alt": "Two points.",
    "data": DATA,
}


@pytest.fixture(scope="module")
def made():
    return stamp(chart(), "claimed", numbers=numbers(), evidence=evidence(), dpi=100, **TOLD)


@pytest.fixture
def folder(made, tmp_path):
    for name, body in made.files.items():
        (tmp_path / name).write_bytes(body)
    return tmp_path


def picture(made):
    return Image.open(io.BytesIO(made.files["claimed.png"])).convert("RGB")


# ---------------------------------------------------------------- export


def test_two_exports_give_the_same_bytes_and_leave_the_figure_as_it_was(made, tmp_path):
    figure = chart()
    texts = len(figure.texts)
    one = osint.export(figure, "claimed", numbers=numbers(), evidence=evidence(), dpi=100, out=tmp_path / "a", **TOLD)
    osint.export(figure, "claimed", numbers=numbers(), evidence=evidence(), dpi=100, out=tmp_path / "b", **TOLD)
    assert len(figure.texts) == texts
    assert sorted(one.files) == [f"claimed.{k}" for k in ("data.csv", "passport.json", "pdf", "png", "svg")]
    for name, body in one.files.items():
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() == body == made.files[name]


def test_another_process_gives_the_same_bytes(made, tmp_path):
    code = "import sys; from tests.test_passport import *; "
    code += "made = stamp(chart(), 'claimed', numbers=numbers(), evidence=evidence(), dpi=100, **TOLD)\n"
    code += f"for n, b in made.files.items(): Path(r'{tmp_path}', n).write_bytes(b)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=VERIFY.parents[2], env={"PYTHONHASHSEED": "7"})
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == dict(made.files)


def test_every_format_carries_the_core_and_opens_elsewhere(made):
    core = made.passport["core"]
    held = Image.open(io.BytesIO(made.files["claimed.png"])).text
    assert json.loads(held["osint-passport"]) == core
    assert held["Description"] == "Two points."
    pdf = pypdfium2.PdfDocument(made.files["claimed.pdf"])
    assert json.loads(bytes(pdf.get_attachment(0).get_data())) == core
    assert len(pdf) == 1
    from lxml import etree

    tree = etree.fromstring(made.files["claimed.svg"])
    assert json.loads(tree.xpath("//*[@id='osint-passport']")[0].text) == core
    assert tree.xpath("//*[local-name()='text' and contains(., 'Qinghai')]"), "text stays text"
    assert made.code in "".join(tree.itertext())
    assert made.code in pdf[0].get_textpage().get_text_bounded()


def test_the_code_depends_on_the_core_alone(made):
    other = stamp(chart((1, 2)), "another", numbers=numbers(), evidence=evidence(), dpi=50, formats=("png",), **TOLD)
    assert other.code == made.code
    assert other.passport_id != made.passport_id
    changed = [Number("chips in Qinghai", 34501, sources=("C004",), id="qinghai"), *numbers()[:1]]
    assert stamp(chart(), "a", numbers=changed, dpi=50, formats=("png",)).code != made.code


def test_no_float_clock_host_user_or_path(made):
    import getpass
    import socket

    text = b"".join(made.files.values()).decode("latin-1")
    for secret in (socket.gethostname(), str(Path.home()), str(Path.cwd()), "CreationDate", "matplotlib.org/"):
        assert secret not in text or len(secret) < 4
    assert getpass.getuser() not in made.files["claimed.passport.json"].decode()

    def values(node):
        yield node
        for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from values(one)

    assert not [v for v in values(dict(made.passport)) if isinstance(v, float)]


def test_canonical_bytes_are_sorted_and_without_spaces():
    from osint.passport.verify import Unreadable, canonical

    assert canonical({"b": "é", "a": [1, None]}) == b'{"a":[1,null],"b":"\xc3\xa9"}'
    with pytest.raises(Unreadable, match=r"1\.5"):
        canonical({"a": 1.5})


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"kind": "guessed"}, "one of reported, measured, derived, assumed"),
        ({"sources": ("Bloomberg",)}, "write C013"),
        ({"sources": ()}, "no way back"),
        ({"kind": "derived"}, "needs an `expression`"),
        ({"low": 9, "best": 8}, "low <= best <= high"),
        ({"best": float("nan")}, "no finite number"),
        ({"best": None}, "low <= best <= high"),
        ({"id": "a b"}, "a word of letters"),
    ],
)
def test_a_number_without_a_way_back_is_refused(told, why):
    with pytest.raises(BadInputError, match=why):
        Number(**{"label": "chips", "best": 1, "sources": ("C001",), **told})


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"caption": "About 116,000 chips."}, "the caption says 116000"),
        ({"numbers": [*numbers(), Number("x", 7, kind="derived", expression="total / 2")]}, "is printed as 7"),
        ({"numbers": [*numbers(), *numbers()]}, "two numbers have the id"),
        ({"question": "see /home/ann/notes"}, "holds a path"),
        ({"alt": "ask ann@desk.example"}, "an e-mail address"),
        ({"name": "../up"}, "a name has letters"),
    ],
)
def test_what_cannot_be_vouched_for_is_not_exported(told, why):
    with pytest.raises(BadInputError, match=why):
        stamp(**{"figure": chart(), "name": "a", "numbers": numbers(), "dpi": 40, **TOLD, **told})


def test_rows_of_the_register_are_numbers_and_evidence():
    from osint.model import Dossier
    from osint.register import load_register

    register = load_register()
    claims = {claim.claim_id: claim for claim in Dossier.of(register).all_claims}
    made = stamp(chart(), "a", numbers=[claims["C001"]], evidence=[claims["C001"]], dpi=40, formats=("png",))
    (number,) = made.passport["core"]["numbers"]
    assert (number["low"], number["written"], number["from"]) == ("115000", "at least 115,000 chips", ["C001"])
    assert "best" not in number
    assert made.passport["core"]["evidence"][0]["independence_group"] == "G001"
    for claim in claims.values():
        if claim.value_low is not None or claim.value_high is not None:
            number = Number.of_claim(claim)
            ends = [float(e) for e in (number.low, number.best, number.high) if e is not None]
            assert set(ends) <= {claim.value_low, claim.value_high, *claim.readings}
        Evidence.of(claim)
    for rows in Dossier.of(register).observations.values():
        for row in rows:
            Evidence.of(row)


def test_a_zero_is_a_number_and_a_missing_end_is_not_written():
    from osint.passport import Imagery

    rows = [Number("chips seen", 0, low=0.0, unit="chips", kind="measured", sources=("O001",))]
    scene = Imagery("S2B_X", cloud_pct_over_site=0)
    made = stamp(chart(), "a", numbers=rows, imagery=[scene], dpi=40, formats=("svg",))
    (number,) = made.passport["core"]["numbers"]
    assert (number["best"], number["low"], "high" in number) == ("0", "0", False)
    assert made.passport["core"]["imagery"] == [{"item": "S2B_X", "cloud_pct_over_site": "0"}]


def test_simulated_numbers_say_so_in_the_picture():
    row = Number("roof", 1, unit="m2", kind="measured", sources=("O001",), simulated=True)
    made = stamp(chart(), "a", numbers=[row], dpi=40, formats=("svg",))
    assert b"SIMULATED." in made.files["a.svg"]
    assert made.passport["core"]["simulated"] is True


# ---------------------------------------------------------------- arithmetic


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", "7"),
        ("2 ^ 3 ^ 2", "512"),
        ("-(a - 4) / 2", "0.5"),
        ("max(1, a, 2) * sqrt(16)", "12"),
        ("sum(c)", "6"),
    ],
)
def test_expressions(expression, value):
    from osint.passport.verify import evaluate

    assert evaluate(expression, {"a": Decimal(3)}, {"c": [Decimal(n) for n in (1, 2, 3)]}) == Decimal(value)


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os')",
        "a.b",
        "(" * 200,
        "9^9^9^9",
        "1/0",
        "",
        "1 1",
        "b",
        "eval(1)",
        "sum(d)",
        "2*" * 400,
        "sqrt(-1)",
    ],
)
def test_hostile_expressions_have_no_value(expression):
    from osint.passport.verify import Unreadable, evaluate

    began = time.process_time()
    with pytest.raises(Unreadable):
        evaluate(expression, {"a": Decimal(3)})
    assert time.process_time() - began < 0.5
