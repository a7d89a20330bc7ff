"""What is installed, what is missing and how to get it; never fails for lack of a network."""

from __future__ import annotations

import importlib.metadata
import shutil
import sys

from osint import filings
from osint.errors import OsintError
from osint.http import Client, Limits, Request

NEEDED = ("pandas", "geopandas", "rasterio", "matplotlib", "requests", "numpy", "scipy", "pyproj", "shapely", "xarray")
OPTIONAL = {
    "jupyterlab": "notebooks: make lab, or pip install 'osint-datacentres[lab]'",
    "nbclient": "runs the notebooks in the tests: make test",
}
HOSTS = ("earth-search.aws.element84.com", "planetarycomputer.microsoft.com", "web.archive.org")


def examine() -> list[dict[str, str]]:
    """Return one row per thing: what, state (ok, missing, offline), says."""
    font, nginx = filings.chinese_font(), shutil.which("nginx")
    no_font = "Chinese is left out of figures; pip install zhplot==1.0.0"
    no_nginx = "optional: faster local server for make bench; Debian: apt-get install nginx-core"
    return [
        _row("python", sys.version_info >= (3, 11), sys.version.split()[0]),
        *(_package(name, f"needed: pip install {name}, or make report") for name in NEEDED),
        *(_package(name, how) for name, how in OPTIONAL.items()),
        _row("font for Chinese", font, f"{font.name}, from inside the environment" if font else no_font),
        _row("nginx", nginx, "found" if nginx else no_nginx),
        *map(_answers, HOSTS),
    ]


def _row(what: str, is_there: object, says: str) -> dict[str, str]:
    return {"what": what, "state": "ok" if is_there else "missing", "says": says}


def _package(name: str, how: str) -> dict[str, str]:
    try:
        return _row(name, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return _row(name, False, how)


def _answers(host: str) -> dict[str, str]:
    limits = Limits(max_seconds=5, silence_seconds=3)
    try:
        answer = Client(limits).ask(Request(f"https://{host}/", "HEAD"))
    except OsintError as error:
        return _row(host, False, str(error))
    if answer.status is not None:
        return _row(host, True, f"answers (status {answer.status})")
    return {"what": host, "state": "offline", "says": f"{answer.detail}; the main job needs no network"}
