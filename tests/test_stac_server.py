"""The search against a real STAC API implementation, stac-fastapi-static, where it is installed."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from osint import imagery
from osint.simulated import CREDIT, demo

PYTHON = os.environ.get("OSINT_STAC_PYTHON", sys.executable)
pytestmark = pytest.mark.skipif(
    sys.executable == PYTHON and not importlib.util.find_spec("stac_fastapi"),
    reason="stac-fastapi-static and uvicorn are not installed (or named by OSINT_STAC_PYTHON)",
)


def _static(folder, world):
    """Write the demo's items as a static catalogue of files."""
    bounds = list(world.footprint().bounds)
    dates = [[world.world.dates[0].isoformat(), world.world.dates[-1].isoformat()]]
    common = {"stac_version": "1.0.0", "stac_extensions": [], "description": CREDIT}
    links = [{"rel": "root", "href": "./catalog.json"}]
    collection = {
        **common,
        "type": "Collection",
        "id": demo.COLLECTION,
        "license": "CC0-1.0",
        "extent": {"spatial": {"bbox": [bounds]}, "temporal": {"interval": dates}},
        "links": [*links, {"rel": "parent", "href": "./catalog.json"}],
    }
    for i, identifier in enumerate(world.world.ids):
        item = world.item(i)
        item["links"] = [*links, {"rel": "collection", "href": "./collection.json"}]
        (folder / f"{identifier}.json").write_text(json.dumps(item))
        collection["links"].append({"rel": "item", "href": f"./{identifier}.json", "type": "application/geo+json"})
    child = {"rel": "child", "href": "./collection.json", "type": "application/json"}
    catalog = {**common, "type": "Catalog", "id": "demo", "links": [*links, child]}
    (folder / "collection.json").write_text(json.dumps(collection))
    (folder / "catalog.json").write_text(json.dumps(catalog))


@pytest.fixture
def server(tmp_path):
    made = demo.make_demo(2, 64, "2024-01-01", "2024-12-31")
    made.catalogue = "https://example.org"
    _static(tmp_path, made)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PYTHON, "-W", "ignore", "-m", "uvicorn", "stac_fastapi.static.app:app", "--port", str(port)]
    settings = {"CATALOG_HREF": (tmp_path / "catalog.json").as_uri(), "LOG_LEVEL": "error"}
    with (tmp_path / "log.txt").open("w") as log:
        process = subprocess.Popen(command, env=os.environ | settings, stdout=log, stderr=log, cwd=tmp_path)
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail((tmp_path / "log.txt").read_text()[-600:])
        yield made, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def test_search_of_a_real_api_pages_and_finds_what_the_demo_says(server, tmp_path, monkeypatch):
    made, url = server
    monkeypatch.setattr("osint.imagery.stac_api.PAGE", 20)
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path))
    scenes = imagery.scenes(made.footprint(), "2024-03-01", "2024-10-31", catalogue=url)
    truth = [i for i, d in zip(made.world.ids, made.world.dates, strict=True) if 3 <= d.month <= 10]
    assert len(truth) > 40
    assert scenes.frame["id"].tolist() == truth
    assert scenes.cost.total_requests >= 3
    again = imagery.scenes(made.footprint(), "2024-03-01", "2024-10-31", catalogue=url, offline=True)
    assert again.frame["id"].tolist() == truth
