"""Shared by all tests: the network is closed except for loopback, and no name is looked up."""

import contextlib
import ipaddress
import socket
from dataclasses import replace

import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True, database=None)  # two runs try the same examples
settings.load_profile("fixed")

collect_ignore = ["browser"]  # run by `make browser-test`, with an extra of its own
_connect = socket.socket.connect
_getaddrinfo = socket.getaddrinfo


def _loopback_only(self, address):
    if isinstance(address, tuple):
        host = str(address[0])
        try:
            inside = ipaddress.ip_address(host.partition("%")[0]).is_loopback
        except ValueError:
            inside = host == "localhost"
        if not inside:
            raise OSError(f"the tests may reach only loopback, not {host}")
    return _connect(self, address)


def _no_names(host, *rest, **more):
    """Look up what needs no question to anybody: numbers and this machine."""
    name = host.decode() if isinstance(host, bytes) else host or "localhost"
    number = name == "localhost"
    with contextlib.suppress(ValueError):
        number = number or bool(ipaddress.ip_address(name.partition("%")[0]))
    with contextlib.suppress(OSError, UnicodeError):
        number = number or bool(socket.inet_aton(name))
    if not number:
        raise socket.gaierror(socket.EAI_NONAME, f"the tests may look up no name, not even {name}")
    return _getaddrinfo(host, *rest, **more)


@pytest.fixture(autouse=True)
def closed_network(monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", _loopback_only)
    monkeypatch.setattr(socket, "getaddrinfo", _no_names)


@pytest.fixture
def session(tmp_path, monkeypatch):
    """Ask servers on this machine without waiting between questions; the answers go to a case of the test."""
    from osint import sources
    from osint.http import Limits

    monkeypatch.setenv("OSINT_ALLOW_LOOPBACK", "1")
    made = sources.open_session(tmp_path, limits=Limits(max_seconds=5, silence_seconds=5))
    monkeypatch.setattr(made.politeness, "wait_seconds", lambda key, rate: 0.0)
    return made


@pytest.fixture(scope="session")
def register():
    from osint.register import load_register

    return load_register()


@pytest.fixture(scope="session")
def small_register(register):
    """Four sites and some scored rows of the shipped register, for tests that write a report of their own."""
    wanted = ("AGG-CN", "XJ01", "XJ03", "US01")
    tables = {name: getattr(register, name) for name in ("sites", "claims", "observations")}
    kept = {name: table[table["site_id"].isin(wanted)] for name, table in tables.items()}
    return replace(register, calibration=register.calibration.iloc[::6], **kept)


@pytest.fixture(scope="session")
def report_folder(register, tmp_path_factory):
    """Write the report of the shipped register once for all tests."""
    from osint.report import write_report

    return write_report(register, tmp_path_factory.mktemp("out") / "report").page.parent
