"""Find the one flipped bit that explains a wrong checksum."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable

_STEP = 1 << 15


def find_by_crc(data: bytes, crc32: int, sha256: str) -> tuple[int, int] | None:
    """Return byte offset and bit (0 is the lowest) of a single flipped bit, or None if it was not one bit.

    A flipped bit changes CRC-32 by a value that depends on its place alone: the table entry of the bit,
    pushed through one zero byte for each byte that follows. The place is the discrete logarithm of the
    difference, found by baby and giant steps; the SHA-256 of the repaired bytes confirms it.
    """
    difference = zlib.crc32(data) ^ crc32
    if not difference or not data:
        return None
    states = {_state(1 << bit): (0, bit) for bit in range(8)}
    current = list(states.items())
    for step in range(1, min(_STEP, len(data))):
        current = [(_push(state), place) for state, place in current]
        for state, (_, bit) in current:
            states.setdefault(state, (step, bit))
    back = _power(_inverse(_columns(_push)), _STEP)
    for giant in range(len(data) // _STEP + 1):
        found = states.get(difference)
        if found is not None:
            offset = len(data) - 1 - found[0] - giant * _STEP
            if offset >= 0 and _repaired(data, offset, found[1], sha256):
                return offset, found[1]
        difference = _apply(back, difference)
    return None


def find_by_trial(data: bytes, good: Callable[[bytes], object]) -> tuple[int, int] | None:
    """Return byte offset and bit of the flip after which short data is good, or None; tries them all."""
    held = bytearray(data)
    for offset in range(len(held)):
        for bit in range(8):
            held[offset] ^= 1 << bit
            if good(bytes(held)):
                return offset, bit
            held[offset] ^= 1 << bit
    return None


def _repaired(data: bytes, offset: int, bit: int, sha256: str) -> bool:
    digest = hashlib.sha256(data[:offset])
    digest.update(bytes([data[offset] ^ (1 << bit)]))
    digest.update(data[offset + 1 :])
    return digest.hexdigest() == sha256


def _state(value: int) -> int:
    """Return what one byte adds to an empty CRC register."""
    return zlib.crc32(bytes([value])) ^ zlib.crc32(b"\0")


_TABLE = [_state(value) for value in range(256)]


def _push(state: int) -> int:
    """Move a CRC register on by one zero byte."""
    return (state >> 8) ^ _TABLE[state & 0xFF]


# linear maps of 32 bits, as the images of the single bits


def _columns(function: Callable[[int], int]) -> list[int]:
    return [function(1 << bit) for bit in range(32)]


def _apply(matrix: list[int], state: int) -> int:
    result = 0
    for column in matrix:
        if state & 1:
            result ^= column
        state >>= 1
    return result


def _times(left: list[int], right: list[int]) -> list[int]:
    return [_apply(left, column) for column in right]


def _power(matrix: list[int], exponent: int) -> list[int]:
    result = [1 << bit for bit in range(32)]
    while exponent:
        if exponent & 1:
            result = _times(matrix, result)
        matrix = _times(matrix, matrix)
        exponent >>= 1
    return result


def _inverse(matrix: list[int]) -> list[int]:
    """Invert by elimination on columns paired with the identity."""
    rows = [(column, 1 << bit) for bit, column in enumerate(matrix)]
    solved: dict[int, tuple[int, int]] = {}
    for value, source in rows:
        for bit, (known, origin) in solved.items():
            if value >> bit & 1:
                value, source = value ^ known, source ^ origin  # noqa: PLW2901
        pivot = value.bit_length() - 1
        for bit, (known, origin) in list(solved.items()):
            if known >> pivot & 1:
                solved[bit] = known ^ value, origin ^ source
        solved[pivot] = value, source
    return [solved[bit][1] for bit in range(32)]
