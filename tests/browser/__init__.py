"""The notebooks in a real browser; run by `make browser-test`, not by `make test`."""
