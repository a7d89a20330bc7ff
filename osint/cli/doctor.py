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
    """One row a thing: what, state (ok, missing, offline), says."""
    rows = [
        {"what": "python", "state": "ok" if sys.version_info >= (3, 11) else "missing", "says": sys.version.split()[0]}
    ]
    for name in NEEDED:
        rows.append(_package(name, f"needed: pip install {name}, or make report"))
    for name, how in OPTIONAL.items():
        rows.append(_package(name, how))
    font = filings.chinese_font()
    said = (
        f"{font.name}, from inside the environment"
        if font
        else "Chinese is left out of figures; pip install zhplot==1.0.0"
    )
    rows.append({"what": "font for Chinese", "state": "ok" if font else "missing", "says": said})
    for tool, how in (("nginx", "faster local server for make bench; Debian: apt-get install nginx-core"),):
        rows.append(
            {
                "what": tool,
                "state": "ok" if shutil.which(tool) else "missing",
                "says": "found" if shutil.which(tool) else f"optional: {how}",
            }
        )
    rows += [_answers(host) for host in HOSTS]
    return rows


def _package(name: str, how: str) -> dict[str, str]:
    try:
        return {"what": name, "state": "ok", "says": importlib.metadata.version(name)}
    except importlib.metadata.PackageNotFoundError:
        return {"what": name, "state": "missing", "says": how}


def _answers(host: str) -> dict[str, str]:
    limits = Limits(max_seconds=5, silence_seconds=3)
    try:
        answer = Client(limits).ask(Request(f"https://{host}/", "HEAD"))
    except OsintError as error:
        return {"what": host, "state": "missing", "says": str(error)}
    if answer.status is not None:
        return {"what": host, "state": "ok", "says": f"answers (status {answer.status})"}
    return {"what": host, "state": "offline", "says": f"{answer.detail}; the main job needs no network"}
