"""Rules of the house that a reader can hold: reasons are data, pure rooms stay pure, options are tested and documented."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

import osint
from osint.cli.main import build_parser

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "osint"
READ_FREE_TEXT = ("claims", "simulated")
"""The grammar reads sentences; the simulated world names what it puts on the ground."""
PURE = (
    "errors",
    "shown",
    "files",
    "chain",
    "register",
    "geo",
    "claims",
    "filings",
    "change",
    "model",
    "verdict",
    "imagery",
    "passport",
    "packet",
    "report",
    "archive",
)
STEERS = ("startswith", "endswith", "split", "partition", "removeprefix", "index", "find")
SENTENCE = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")


def sources():
    return sorted(PACKAGE.rglob("*.py"))


@functools.cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def texts(node):
    found = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return [n.value for n in found if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def decided_by(tree):
    """Yield line and literal wherever a comparison or a string method could steer by a sentence."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                yield from ((node.lineno, text) for text in texts(side))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            steers = node.func.attr in STEERS and ast.unparse(node.func.value) != "re"
            yield from ((node.lineno, text) for arg in node.args * steers for text in texts(arg))


def test_nothing_is_decided_by_an_english_sentence():
    rungs = {"ground broken"}  # values of a column, not sentences
    found = []
    for path in sources():
        if path.relative_to(PACKAGE).parts[0] in READ_FREE_TEXT:
            continue
        for line, text in decided_by(tree_of(path)):
            if SENTENCE.search(text) and text not in rungs:
                found.append(f"{path.relative_to(ROOT)}:{line}: {text!r}")
    assert not found, "\n".join(found)


def test_no_hidden_key_travels_in_a_dictionary():
    found = []
    for path in sources():
        for node in ast.walk(tree_of(path)):
            keys = node.keys if isinstance(node, ast.Dict) else [node.slice] if isinstance(node, ast.Subscript) else []
            for key in keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and re.match(r"_[a-z]", key.value):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {key.value!r}")
    assert not found, "\n".join(found)


ROOMS_ALONE = """
import geopandas, importlib, os, rasterio, scipy.optimize, scipy.stats, sys  # what most rooms load: once for all of them
for room in sys.argv[1:]:
    if not os.fork():
        importlib.import_module(f"osint.{room}")
        print(room, *sys.modules, flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, room
"""


@pytest.fixture(scope="module")
def loaded_by_room():
    """The modules in a fresh process after it imported one room."""
    done = subprocess.run(
        [sys.executable, "-c", ROOMS_ALONE, *PURE], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return {words[0]: set(words[1:]) for words in map(str.split, done.stdout.splitlines())}


@pytest.mark.parametrize("room", PURE)
def test_a_room_that_asks_nothing_loads_no_client_and_draws_nothing(room, loaded_by_room):
    loaded = loaded_by_room[room]
    assert f"osint.{room}" in loaded
    heavy = {"matplotlib", "osint.simulated", "osint.cli"}
    if room not in ("imagery", "change", "archive", "report", "verdict", "passport", "packet"):
        heavy |= {"requests", "urllib3", "pystac_client"}
    assert not loaded & heavy


def test_public_names_of_the_package():
    assert dir(osint) == osint.__all__ == sorted(osint.__all__)
    for name in osint.__all__:
        assert getattr(osint, name) is not None
    with pytest.raises(AttributeError, match="it has: Case, OsintError"):
        getattr(osint, "nothing")  # noqa: B009 - a name that is not there


def parsers(parser):
    yield parser
    for action in parser._actions:
        for one in (getattr(action, "choices", None) or {}).values() if hasattr(action, "_name_parser_map") else ():
            yield from parsers(one)


def test_every_option_is_tested_and_documented():
    options = {o for p in parsers(build_parser()) for a in p._actions for o in a.option_strings if o.startswith("--")}
    tests = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("*.py"))
    papers = "".join(p.read_text(encoding="utf-8") for p in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    untold = {
        o for o in options - {"--help", "--version"} for text in (tests, papers) if not re.search(rf"{o}\b(?!-)", text)
    }
    assert not untold, f"not in a test or not in a document: {sorted(untold)}"


def test_every_verb_is_tested_and_documented():
    verbs = {p.prog.split(maxsplit=1)[1] for p in parsers(build_parser()) if " " in p.prog}
    tests = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("*.py"))
    papers = "".join(p.read_text(encoding="utf-8") for p in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    assert not [v for v in verbs if '"' + v.replace(" ", '", "') + '"' not in tests], "not in a test"
    assert not [v for v in verbs if not re.search(rf"osint {v}\b", papers)], "not in a document"


@pytest.mark.parametrize(
    ("code", "most_s"), [("import osint", 0.1), ("from osint.cli.main import build_parser; build_parser()", 0.3)]
)
def test_start_loads_nothing_heavy_and_is_quick(code, most_s):
    timed = f"import sys, time; start = time.process_time(); {code}; print(time.process_time() - start, *sys.modules)"
    runs = [subprocess.check_output([sys.executable, "-c", timed], text=True, cwd=ROOT) for _ in range(3)]
    seconds, *loaded = min((told.split() for told in runs), key=lambda words: float(words[0]))
    rooms = {name for name in loaded if name.startswith("osint.") and not name.startswith("osint.cli")}
    assert rooms <= {"osint.errors"}
    assert not {"numpy", "pandas", "shapely", "requests", "urllib3", "matplotlib", "xarray"} & set(loaded)
    assert float(seconds) < most_s


@pytest.mark.parametrize("path", sorted([*(ROOT / "notebooks").glob("*.ipynb")]), ids=lambda p: p.stem)
def test_notebooks_import_from_rooms_only(path):
    code = path.read_text(encoding="utf-8")
    assert not re.findall(r"from osint\.\w+\.\w+", code), "import from osint or from a room"
