"""Check the digests that a WARC record states, whatever their algorithm and base."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable


def algorithm(stated: str) -> str:
    """Return the name of the algorithm of a digest that can be checked here, or an empty string."""
    name = stated.partition(":")[0].lower().replace("-", "")
    return name if name in ("sha1", "sha256", "sha384", "sha512", "md5") and ":" in stated else ""


def base32_of(name: str, data: bytes) -> str:
    """Return the digest of bytes by the name of an algorithm, in base32 without padding."""
    return base64.b32encode(hashlib.new(name, data, usedforsecurity=False).digest()).decode().rstrip("=")


def normal(stated: str) -> str:
    """Return a digest as `sha1:BASE32` whatever its base, or as it is."""
    name, value = algorithm(stated), stated.partition(":")[2].strip()
    raw = raw_digest(name, value)
    return f"{name}:{base64.b32encode(raw).decode().rstrip('=')}" if raw else stated


def raw_digest(name: str, value: str) -> bytes:
    """Return the bytes of a digest in hexadecimal, base32 or base64, none if it is in none of them."""
    if not name:
        return b""
    size = hashlib.new(name, usedforsecurity=False).digest_size
    padded = value.upper().rstrip("=")
    padded += "=" * (-len(padded) % 8)
    decoders: tuple[tuple[Callable[[str], bytes], str], ...] = (
        (bytes.fromhex, value),
        (base64.b32decode, padded),
        (base64.b64decode, value),
    )
    for decode, text in decoders:
        try:
            raw = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(raw) == size:
            return raw
    return b""


def digest_fault(what: str, stated: str, variants: list[bytes]) -> list[str]:
    """Return a sentence for each stated digest that is of none of the forms in which the bytes may have been."""
    found, made = [], dict[str, list[bytes]]()
    for one in dict.fromkeys(stated.split()):
        if not (name := algorithm(one)):
            continue
        if name not in made:
            made[name] = [hashlib.new(name, form, usedforsecurity=False).digest() for form in variants]
        if raw_digest(name, one.partition(":")[2]) not in made[name]:
            has = f"{name}:{base64.b32encode(made[name][0]).decode().rstrip('=')}"
            found.append(f"its {what} digest does not hold: it states {one[:60]}, its bytes have {has}")
    return found
