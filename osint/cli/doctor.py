"""What is installed, what is missing and how to get it; never fails for lack of a network."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from osint import __version__, fonts, imagery, portals
from osint.errors import OsintError
from osint.http import CERTIFICATES, Client, Limits, Request, proxies_in_use
from osint.http import examine as examine_contract

NEEDED = ("pandas", "geopandas", "rasterio", "matplotlib", "requests", "numpy", "scipy", "pyproj", "shapely", "xarray")
OPTIONAL = {
    "jupyterlab": "notebooks: make lab, or pip install 'osint-datacentres[lab]'",
    "nbclient": "runs the notebooks in the tests: make test",
}
AT_ONCE = 8  # services asked side by side
HOSTS = ("earth-search.aws.element84.com", "planetarycomputer.microsoft.com", "web.archive.org")


def examine() -> list[dict[str, str]]:
    """Return one row per thing: what, state (ok, missing, offline), says."""
    rows = [("python", "ok" if sys.version_info >= (3, 11) else "missing", sys.version.split()[0])]
    rows += [_package(name, f"needed: pip install {name}, or make report") for name in NEEDED]
    rows += [_package(name, how) for name, how in OPTIONAL.items()]
    if font := fonts.chinese_font():
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


def examine_network() -> list[dict[str, str]]:
    """Ask every service its smallest question and return one row each, with proxies and certificates in use before.

    The rows hold no secret and nothing of this machine: they can be pasted into an issue.
    """
    rows = [("osint", "ok", f"{__version__}, Python {sys.version.split()[0]}, {sys.platform}")]
    rows.append(("proxies", "ok", ", ".join(proxies_in_use()) or "none"))
    trust = next((name for name in CERTIFICATES if os.environ.get(name)), "")
    rows.append(("certificates", "ok", f"those that {trust} names" if trust else "those of the package certifi"))
    asked = [*imagery.contracts(), *portals.contracts()]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for contract, found in zip(asked, pool.map(examine_contract, asked), strict=True):
            host = urlsplit(contract.request.url).hostname or ""
            rows.append((found.name, found.form.value, f"{host}: {found.says}"))
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
