"""Imports run one way, and only the modules that may speak to the network import a client."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "osint"
ORDER = [
    "errors", "edtf", "schemas", "tables", "fonts", "geo",
    # sources: the archive and the network
    "store._ledger", "store._warc", "web._connect", "web._bitflip", "archive", "store.archive_check", "web.page", "web.classify", "web.fetch", "store.archive_exchange", "store._difference", "web._manners", "sources", "portals.adapters", "portals._rows", "portals.neutral", "portals.query", "web.hosts", "portals.search", "portals.pages", "portals.notices",
    # filings and claims
    "grammar.vocabulary", "grammar.normal", "grammar.numerals", "grammar.qualifiers", "grammar.nouns", "grammar.quantities", "grammar.dates", "grammar.rungs", "grammar.kinds", "grammar.subjects", "claims", "copies",
    "documents.decoding", "documents.glyphs", "documents.webfonts", "documents.hypertext", "documents.office", "documents.pdfs", "filings", "totals", "documents.scans", "review", "review_form",
    # imagery: catalogues, windows, tiles, the simulated world
    "eo.grids", "eo.blocks", "eo.items", "eo.spent", "eo.ranges", "eo.tokens", "eo.catalogue", "eo.lists", "eo.resample", "eo.rasters", "eo.cogs", "imagery", "eo.shifts", "eo.pictures", "eo.pairs", "eo.tiles", "eo.vectors", "eo.overpass", "simulated._scenes", "simulated._ground", "simulated.simulate", "simulated.server", "simulated.radar", "simulated.demo", "verbs.cli_imagery",
    # change: steps in a series, outlines, structures
    "dating._segments", "dating._ramp", "dating._rivals", "dating.steps", "dating.spells", "dating.looks", "dating.tiling", "dating.series", "dating.parts", "dating.probes", "dating.area", "dating.surfaces", "dating.events", "dating.outlines", "dating.plot", "dating.structures", "change", "dating.tile_search", "locate", "dating.validate",
    # model, verdict, report
    "reasoning.network", "reasoning.givens", "reasoning.posterior", "reasoning.explain", "model", "reasoning.evidence", "verdict", "reasoning.context", "reasoning.checks", "reasoning.advice", "reasoning.hypotheses", "reasoning.score", "reasoning.findings",
    "store.observation_rows", "observations", "dating.signals", "verbs.cli_change", "verbs.cli_locate", "reasoning.estimates", "figures", "report", "verbs.doctor", "verbs.cli_sources", "verbs.cli_filings", "cli",
]  # fmt: skip
CLIENTS = {"requests", "httpx", "aiohttp", "obstore", "pystac_client", "urllib3", "async_geotiff"}
MAY_FETCH = {"web._connect", "web.fetch", "eo.ranges", "eo.tokens", "eo.catalogue"}


def imports(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{a.name}" for a in node.names)


def path_of(name):
    return PACKAGE.joinpath(*name.split(".")).with_suffix(".py")


def test_every_module_has_a_place():
    paths = {p for p in PACKAGE.rglob("*.py") if p.name != "__init__.py"}
    assert paths == {path_of(name) for name in ORDER}
    assert len(ORDER) == len(set(ORDER))


def test_no_module_imports_a_later_one():
    for i, name in enumerate(ORDER):
        own = {m.removeprefix("osint.") for m in imports(path_of(name)) if m.startswith("osint.")}
        later = own & set(ORDER[i + 1 :])
        assert not later, f"{name} imports {sorted(later)}, which come after it"


def test_only_fetchers_import_a_client():
    for name in set(ORDER) - MAY_FETCH:
        found = {m.split(".")[0] for m in imports(path_of(name))} & CLIENTS
        assert not found, f"{name} imports {sorted(found)}"


def test_modules_stay_short():
    for path in PACKAGE.rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path.name
