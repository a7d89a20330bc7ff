"""`osint doctor --network`: each service is asked one small question, and an answer that drifted is told by its field."""

import functools
import json
from dataclasses import replace

import pytest

from osint import imagery, portals
from osint.cli import doctor
from osint.cli.main import main
from osint.http import Client, Contract, Form, Need, Request, examine
from osint.portals import SOURCES
from tests.portal_server import answer, serve

CONTRACTS = {one.name: one for one in [*imagery.contracts(), *portals.contracts()]}
VALUES = {"list": [], "object": {}, "text": "text", "number": 5, "any": "x"}
WRONG = {"list": {}, "object": [], "text": {}, "number": []}


@pytest.fixture(scope="module")
def server():
    with serve() as running:
        yield running


def placed(data, path, value):
    """Return data with a value at a path; lists and objects on the way are made."""
    if not path:
        return value if data in (None, {}, []) or not isinstance(value, type(data)) else data
    step, *rest = path
    if isinstance(step, int):
        data = list(data or [])
        data += [None] * (step + 1 - len(data))
    else:
        data = dict(data or {})
    held = data[step] if isinstance(step, int) else data.get(step)
    data[step] = placed(held, rest, value)
    return data


def good(contract):
    data = None
    for need in sorted(contract.needs, key=lambda need: len(need.path)):
        data = placed(data, need.path, VALUES[need.kind])
    return data


def asked(server, contract, body):
    server.pages["/contract"] = (
        body if isinstance(body, bytes) else answer(json.dumps(body).encode(), "application/json")
    )
    return examine(replace(contract, request=replace(contract.request, url=f"{server.url}/contract")))


@pytest.mark.parametrize("name", CONTRACTS)
def test_each_contract_holds_and_each_drift_of_one_field_is_named(server, name):
    contract = replace(CONTRACTS[name], reads=lambda _: "")
    if contract.begins:
        assert asked(server, contract, answer(contract.begins[0] + b"rest")).form is Form.AS_EXPECTED
        assert asked(server, contract, answer(b"{}")).form is Form.OTHERWISE
        return
    whole = good(contract)
    assert asked(server, contract, whole).form is Form.AS_EXPECTED
    for need in contract.needs:
        if need.kind != "any":
            drifted = json.loads(json.dumps(whole))
            *way, last = need.path or (None,)
            here = drifted
            for step in way:
                here = here[step]
            if last is None:
                drifted = WRONG[need.kind]
            else:
                here[last] = WRONG[need.kind]
            found = asked(server, contract, drifted)
            assert found.form is Form.OTHERWISE and f"is no {need.kind}" in found.says, need
        if need.path and isinstance(need.path[-1], str):
            drifted = json.loads(json.dumps(whole))
            here = drifted
            for step in need.path[:-1]:
                here = here[step]
            here[f"new_{need.path[-1]}"] = here.pop(need.path[-1])
            found = asked(server, contract, drifted)
            assert found.form is Form.OTHERWISE and f"{need.path[-1]} is not there" in found.says


def asked_of(server, source):
    """The contract of a portal, and the answer that the own server gives to it."""
    contract = next(one for one in portals.contracts() if one.name == source.name)
    return contract, Client(named=server.url).ask(contract.request)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_portal_whose_rows_cannot_be_read_any_more_is_not_as_expected(server, monkeypatch, source):
    monkeypatch.setenv(f"OSINT_BASE_{source.name.upper()}", server.url)
    server.pages.clear()
    contract, came = asked_of(server, source)
    form = came.headers["content-type"]
    drifted = {}
    if source.form == "html":
        drifted["no row"] = came.body.replace(b"<tr", b"<p").replace(b"<li", b"<p")
        drifted["no row can be read"] = b"<title>login</title><form>"
        drifted["a date"] = came.body.replace(b"20", b"xx")
    else:
        for name in ("title", "date", "url"):
            data = json.loads(came.body)
            rows = functools.reduce(lambda here, step: here[step], source.rows, data)
            for row in rows:
                row[source.fields[name]] = None
            drifted |= {f"no row has a {name}": json.dumps(data).encode()} if rows else {}
    for says, body in drifted.items():
        found = asked(server, contract, answer(body, form))
        assert found.form is Form.OTHERWISE and says in found.says, says


BANDS = ("blue", "green", "red", "nir", "swir16", "scl")
ITEM = {
    "type": "Feature", "id": "S2A_46TDN_20240601_0_L2A", "collection": "sentinel-2-c1-l2a", "links": [],
    "geometry": {"type": "Polygon", "coordinates": [[[92, 42], [94, 42], [94, 44], [92, 44], [92, 42]]]},
    "properties": {"datetime": "2024-06-01T05:00:00Z", "eo:cloud_cover": 5.1, "s2:processing_baseline": "05.11"},
    "assets": {name: {"href": f"https://x.example/{name}.tif"} for name in BANDS},
}  # fmt: skip


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (("assets", "red", "href"), None, "no address of B04"),
        (("assets", "scl"), {"file": "a.tif"}, "no address of SCL"),
        (("assets", "nir"), {"href": "s3://a", "alternate": "b"}, "cannot be read"),
        (("assets", "nir"), {"href": "a", "roles": 5}, "cannot be read"),
        (("geometry", "type"), "Poly", "cannot be read"),
        (("properties", "eo:cloud_cover"), {}, "eo:cloud_cover is not there"),
        (("properties", "s2:processing_baseline"), None, "which offset"),
    ],
)
def test_a_catalogue_whose_items_cannot_be_read_any_more_is_not_as_expected(server, place, value, says):
    contract, item = CONTRACTS["earth-search"], json.loads(json.dumps(ITEM))
    assert asked(server, contract, {"features": [item], "links": []}).form is Form.AS_EXPECTED
    *way, last = place
    functools.reduce(lambda here, step: here[step], way, item)[last] = value
    found = asked(server, contract, {"features": [item], "links": []})
    assert found.form is Form.OTHERWISE and says in found.says


def test_a_list_of_releases_without_one_that_can_be_read_is_not_as_expected(server):
    release = {"itemTitle": "World Imagery (Wayback 2024-06-06)", "itemURL": "https://x.example/{level}/{row}/{col}"}
    assert asked(server, CONTRACTS["esri-wayback"], {"5": release}).form is Form.AS_EXPECTED
    for drifted in ({**release, "itemTitle": "June"}, {**release, "itemURL": "https://x.example/{z}"}):
        found = asked(server, CONTRACTS["esri-wayback"], {"5": drifted})
        assert found.form is Form.OTHERWISE and "none that can be read" in found.says


ONE = Contract("one", Request("http://x.example/"), (Need(("a",), "text"),))


@pytest.mark.parametrize(
    ("body", "form", "says"),
    [
        (answer(b"<html>login"), Form.OTHERWISE, "a page came where JSON was due"),
        (answer(b"[" * 100_000), Form.OTHERWISE, "no JSON"),
        (answer(b"no", status="401 Unauthorized"), Form.NEEDS_ACCOUNT, "401"),
        (answer(b"no", status="403 Forbidden"), Form.BLOCKED, "403"),
        (answer(b"no", status="404 Not Found"), Form.OTHERWISE, "404"),
        (answer(b"no", status="429 Too Many", headers=[("Retry-After", "9")]), Form.BUSY, "9 s"),
        (answer(b"no", status="500 Error"), Form.UNREACHABLE, "500"),
        (b"", Form.UNREACHABLE, "closed without a byte"),
    ],
)  # fmt: skip
def test_what_is_not_as_expected_says_what_it_is(server, body, form, says):
    found = asked(server, ONE, body)
    assert found.form is form and says in found.says


def test_the_own_servers_of_portals_answer_as_their_contracts_say(server, monkeypatch):
    for source in SOURCES:
        monkeypatch.setenv(f"OSINT_BASE_{source.name.upper()}", server.url)
    for name in ("wayback", "commoncrawl"):
        monkeypatch.setenv(f"OSINT_BASE_{name.upper()}", server.url)
    server.pages.clear()
    found = {one.name: examine(one) for one in portals.contracts()}
    assert {name for name, one in found.items() if one.form is Form.AS_EXPECTED} >= {
        "cninfo",
        "sse",
        "szse",
        "commoncrawl",
    }


def test_the_report_of_the_network_holds_no_secret(capsys, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://user:zz-secret-zz@proxy.example:3128")
    monkeypatch.setattr(imagery, "contracts", lambda: [ONE])
    monkeypatch.setattr(portals, "contracts", lambda: [])
    assert main(["doctor", "--network"]) == 0
    out = capsys.readouterr().out
    assert "zz-secret-zz" not in out and "proxy.example" in out and "unreachable" in out
    assert doctor.examine_network()[-1]["what"] == "one"
