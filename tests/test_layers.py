"""Imports run one way, and only the modules that may speak to the network import a client."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "osint"
ORDER = [
    "errors", "edtf", "schemas", "tables", "fonts", "geo",
    # sources: the archive and the network
    "_ledger", "_warc", "_connect", "_bitflip", "archive", "archive_check", "page", "classify", "fetch", "archive_exchange", "_difference", "_manners", "sources", "adapters", "_rows", "neutral", "query", "hosts", "search", "pages", "notices",
    # filings and claims
    "vocabulary", "normal", "numerals", "qualifiers", "nouns", "quantities", "dates", "rungs", "kinds", "subjects", "claims", "copies",
    "decoding", "glyphs", "webfonts", "hypertext", "office", "pdfs", "filings", "totals", "scans", "review", "review_form",
    # imagery: catalogues, windows, tiles, the simulated world
    "grids", "blocks", "items", "ranges", "catalogue", "resample", "rasters", "cogs", "imagery", "shifts", "pictures", "pairs", "tiles", "vectors", "overpass", "_scenes", "_ground", "simulate", "demo", "cli_imagery",
    # change: steps in a series, outlines, structures
    "_segments", "_ramp", "_rivals", "steps", "looks", "series", "probes", "surfaces", "area", "change", "structures", "tile_search", "locate", "validate",
    # model, verdict, report
    "network", "givens", "posterior", "explain", "model", "evidence", "verdict", "context", "checks", "advice", "hypotheses", "score", "findings",
    "observations", "signals", "cli_change", "cli_locate", "estimates", "figures", "report", "doctor", "cli_sources", "cli_filings", "cli",
]  # fmt: skip
CLIENTS = {"requests", "httpx", "aiohttp", "obstore", "pystac_client", "urllib3", "async_geotiff"}
MAY_FETCH = {"_connect", "fetch", "ranges", "catalogue"}


def imports(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{a.name}" for a in node.names)


def test_every_module_has_a_place():
    names = {p.stem for p in PACKAGE.glob("*.py")} - {"__init__"}
    assert names == set(ORDER)


def test_no_module_imports_a_later_one():
    for i, name in enumerate(ORDER):
        own = {m.split(".")[1] for m in imports(PACKAGE / f"{name}.py") if m.startswith("osint.")}
        later = own & set(ORDER[i + 1 :])
        assert not later, f"{name} imports {sorted(later)}, which come after it"


def test_only_fetchers_import_a_client():
    for name in set(ORDER) - MAY_FETCH:
        found = {m.split(".")[0] for m in imports(PACKAGE / f"{name}.py")} & CLIENTS
        assert not found, f"{name} imports {sorted(found)}"


def test_modules_stay_short():
    for path in PACKAGE.glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path.name
