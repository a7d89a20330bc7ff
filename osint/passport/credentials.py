"""Content credentials (C2PA): a publisher signs a copy of a figure, and a reader checks the signature against a root.

An extra (`seals`), off by default, and no part of a verdict but one: a credential that is broken is a CONFLICT. Nothing
is asked of the network, and no list of trusted roots is used but the certificate that the caller names.
"""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from osint.errors import BadInputError, OsintError
from osint.files import read_regular
from osint.passport import verify
from osint.passport.verify import Checked, Unreadable, Verdict

LABEL = "org.osint.passport"
"""Name of the statement by which a credential names a passport."""
MEDIA = "image/png"
CHUNK = b"caBX"
MOST_KEY_BYTES = 1 << 16
CERTIFICATE, SECRET = "-----BEGIN CERTIFICATE-----", "PRIVATE KEY"
"""How PEM marks what may be named as a root, and what may not."""
DRAWN_BY_A_PROGRAM = "http://cv.iptc.org/newscodes/digitalsourcetype/dataDrivenMedia"
HOW_TO_INSTALL = "pip install 'osint-datacentres[seals]'"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a credential in a picture says, and whether its signature holds."""

    signer: str
    """Common name and organisation of the certificate that signed."""
    passport_id: str
    """Passport that it names; empty for one by another program."""
    intact: bool
    """Whether the file is, byte by byte, what was signed."""
    trusted: bool
    """Whether the certificate is under the root that was named."""
    faults: tuple[str, ...]
    """Codes of what does not hold, as the C2PA specification names them."""


def sign(picture: str | Path, chain: str | Path, key: str | Path) -> bytes:
    """Return a copy of a PNG of `osint.export` with a credential that names its passport; every pixel stays.

    `chain` holds the certificate of the publisher and those above it (PEM), `key` its private key on the curve P-256
    (PEM). The bytes differ from run to run, as signatures do. Raises BadInputError for a picture that is not as its
    passport says, or a key that does not fit; OsintError without the package.
    """
    c2pa, found = _package(), verify.verify(picture)
    if found.verdict not in (Verdict.SEALED, Verdict.INTACT) or Path(picture).suffix.lower() != ".png":
        raise BadInputError(f"{picture} is {found.verdict.value}: only a PNG as `osint.export` wrote it is signed")
    certificates, secret = (read_regular(Path(path), MOST_KEY_BYTES) for path in (chain, key))
    created = {"action": "c2pa.created", "digitalSourceType": DRAWN_BY_A_PROGRAM}
    statements = [
        {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
        {"label": LABEL, "data": {"passport_id": found.passport_id, "code": found.code}},
    ]
    manifest = {"claim_generator_info": [{"name": "osint"}], "title": Path(picture).name, "assertions": statements}
    out = io.BytesIO()
    try:
        with ExitStack() as kept:
            info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, certificates, secret, None)
            signer = kept.enter_context(c2pa.Signer.from_info(info))
            builder = kept.enter_context(c2pa.Builder(manifest, context=kept.enter_context(_context(c2pa, ""))))
            builder.sign(signer, MEDIA, io.BytesIO(read_regular(Path(picture), verify.MOST_BYTES)), out)
    except c2pa.C2paError as error:
        raise BadInputError(
            f"{picture} was not signed ({error}); a key on P-256 is wanted, and a chain that is no root alone"
        ) from error
    return out.getvalue()


def read(body: bytes, root: str | Path) -> Credential | None:
    """Return the credential in the bytes of a PNG, checked against a root certificate (PEM); None where there is none.

    Raises OsintError without the package, BadInputError for a root that is no certificate.
    """
    if not is_in(body):
        return None
    c2pa = _package()
    try:
        pem = read_regular(Path(root), MOST_KEY_BYTES).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{root} cannot be read as a certificate (PEM): {error}") from error
    if CERTIFICATE not in pem or SECRET in pem:
        raise BadInputError(f"{root} is no certificate of an authority (PEM); name the root that you trust")
    try:
        with _context(c2pa, pem) as context, c2pa.Reader(MEDIA, io.BytesIO(body), context=context) as reader:
            told: dict[str, Any] = json.loads(reader.json())
    except c2pa.C2paError as error:
        return Credential("", "", False, False, (str(error),))
    manifest = told["manifests"][told["active_manifest"]]
    signed = manifest.get("signature_info") or {}
    named: dict[str, Any] = next((a["data"] for a in manifest.get("assertions", []) if a.get("label") == LABEL), {})
    faults = tuple(str(one.get("code")) for one in told.get("validation_status", ()))
    return Credential(
        " of ".join(str(signed[part]) for part in ("common_name", "issuer") if signed.get(part)),
        str(named.get("passport_id", "")),
        not any("mismatch" in fault or "missing" in fault for fault in faults),
        told.get("validation_state") == "Trusted",
        faults,
    )


def is_in(body: bytes) -> bool:
    """Return whether a PNG holds a credential."""
    try:
        return any(kind == CHUNK for kind, _ in verify.png_chunks(body))
    except Unreadable:
        return False


def with_credential(found: Checked, file: str | Path, root: str | Path) -> Checked:
    """Return what was found of a file with what its credential shows, beside `verify`; a broken one is a CONFLICT."""
    path = Path(file)
    credential = read(verify.read_file(path, verify.MOST_BYTES), root) if path.is_file() else None
    if credential is None:
        return replace(found, not_shown=(*found.not_shown, "who signed it: no content credential (C2PA) is in it"))
    if not credential.intact:
        why = f"the content credential (C2PA) is broken: {', '.join(credential.faults)}"
        return replace(found, verdict=Verdict.CONFLICT, not_shown=(why, *found.not_shown))
    whole = "that the file is, byte by byte, what was signed (C2PA)"
    same = credential.passport_id and credential.passport_id == found.passport_id
    passport = "names this passport" if same else f"names {credential.passport_id or 'no passport'}, and not this one"
    if not credential.trusted:
        why = f"is not trusted by {Path(root).name} ({', '.join(credential.faults)})"
        said = f"who signed it: the certificate of {credential.signer!r} {why}"
        return replace(found, shown=(*found.shown, whole), not_shown=(*found.not_shown, said))
    said = f"{whole}, by {credential.signer!r}, trusted by: {Path(root).name}; the credential {passport}"
    return replace(found, shown=(*found.shown, said))


def _context(c2pa: Any, root: str) -> Any:
    """Return settings under which nothing is fetched, no thumbnail is made, and `root` alone is trusted."""
    settings: dict[str, Any] = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True}}
    settings |= {"builder": {"thumbnail": {"enabled": False}}}
    settings |= {"trust": {"user_anchors": root}} if root else {}
    return c2pa.Context(c2pa.Settings.from_dict(settings))


def _package() -> Any:
    """Return the package, which is 53 MB and compiled; raises OsintError with what installs it."""
    try:
        import c2pa
    except ImportError as error:
        raise OsintError(f"content credentials (C2PA) need the package c2pa-python: {HOW_TO_INSTALL}") from error
    return c2pa
