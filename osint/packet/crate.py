"""The contents of a packet as an RO-Crate, written by hand: the context is named, and never fetched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from osint import __version__
from osint.archive import Entry

NAME = "ro-crate-metadata.json"
_MEDIA = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf", "csv": "text/csv", "html": "text/html"}
_MEDIA |= {"json": "application/json", "txt": "text/plain"}


def crate(
    files: Mapping[str, bytes], title: str, about: str, core: Mapping[str, Any], licence: str, *, held: Entry | None
) -> bytes:
    """Return the metadata of a packet, as RO-Crate 1.1 (JSON-LD); `held` is the last capture of the case's archive."""
    dates = [str(e.get("published", ""))[:10] for e in core.get("evidence", [])]
    newest = max((d for d in [*dates, str(core.get("as_of", ""))[:10]] if d[:4].isdigit()), default="")
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": about,
        "license": licence,
        "hasPart": [{"@id": name} for name in sorted(files)],
        "mentions": [{"@id": one} for one in (["#made", "#archive"] if held else ["#made"])],
    }
    root |= {"datePublished": newest} if newest else {}
    parts = [
        {
            "@id": name,
            "@type": "File",
            "encodingFormat": _MEDIA.get(name.rpartition(".")[2], "application/octet-stream"),
            "contentSize": str(len(body)),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        for name, body in sorted(files.items())
    ]
    sources = [
        {"@id": f"#{one['id']}", "@type": "CreativeWork", "name": one["id"]}
        | {key: value for key, value in _of_source(one).items() if value}
        for one in core.get("evidence", [])
    ]
    made = {
        "@id": "#made",
        "@type": "CreateAction",
        "name": "osint packet",
        "instrument": {"@id": "#tool"},
        "object": [{"@id": one["@id"]} for one in sources],
        "result": [{"@id": name} for name in sorted(files)],
    }
    tool = {"@id": "#tool", "@type": "SoftwareApplication", "name": "osint-datacentres", "softwareVersion": __version__}
    archive = {
        "@id": "#archive",
        "@type": "Collection",
        "name": "captures of the case",
        "description": "The head of its ledger. `osint archive verify --expect HEAD` says whether a line still has it.",
        "collectionSize": (held.seq or 0) + 1 if held else 0,
        "identifier": held.line_sha256 if held else "",
    }
    head = {
        "@id": NAME,
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "about": {"@id": "./"},
    }
    graph = {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [head, root, *parts, *sources, *([archive] if held else []), made, tool],
    }
    return (json.dumps(graph, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _of_source(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "url": one.get("source_url"),
        "publisher": one.get("source_publisher"),
        "datePublished": one.get("published"),
        "sha256": one.get("sha256"),
        "license": one.get("licence"),
    }
