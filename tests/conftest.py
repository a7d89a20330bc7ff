"""Shared by all tests: the network is closed except for loopback."""

import ipaddress
import socket

import pytest

_connect = socket.socket.connect


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


@pytest.fixture(autouse=True)
def closed_network(monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", _loopback_only)


@pytest.fixture(scope="session")
def register():
    from osint.register import load_register

    return load_register()
