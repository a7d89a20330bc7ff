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
    rows = [("python", "ok" if sys.version_info >= (3, 11) else "missing", sys.version.split()[0])]
    rows += [_package(name, f"needed: pip install {name}, or make report") for name in NEEDED]
    rows += [_package(name, how) for name, how in OPTIONAL.items()]
    if font := filings.chinese_font():
        rows.append(("font for Chinese", "ok", f"{font.name}, from inside the environment"))
    else:
        rows.append(("font for Chinese", "missing", "Chinese is left out of figures; pip install zhplot==1.0.0"))
    if shutil.which("nginx"):
        rows.append(("nginx", "ok", "found"))
    else:
        how = "optional: faster local server for make bench; Debian: apt-get install nginx-core"
        rows.append(("nginx", "missing", how))
    rows += [_answers(host) for host in HOSTS]
    return [{"what": what, "state": state, "says": says} for what, state, says in rows]


def _package(name: str, how: str) -> tuple[str, str, str]:
    try:
        return name, "ok", importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return name, "missing", how


def _answers(host: str) -> tuple[str, str, str]:
    try:
        answer = Client(Limits(max_seconds=5, silence_seconds=3)).ask(Request(f"https://{host}/", "HEAD"))
    except OsintError as error:
        return host, "missing", str(error)
    if answer.status is None:
        return host, "offline", f"{answer.detail}; the main job needs no network"
    return host, "ok", f"answers (status {answer.status})"
