"""SipHash-1-3 with a key of zeros, as refinery computes its checksums.

Published by Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012); the
numbers tell one round for each eight bytes and three at the end.
"""

from __future__ import annotations

_MASK = 2**64 - 1
# "somepseudorandomlygeneratedbytes", the constants of the definition.
_START = (
    0x736F6D6570736575,
    0x646F72616E646F6D,
    0x6C7967656E657261,
    0x7465646279746573,
)
_State = tuple[int, int, int, int]


def siphash13(data: bytes) -> int:
    """Return the hash of the bytes.

    >>> siphash13(b"")
    15130871412783076140
    """
    whole = len(data) - len(data) % 8
    last = data[whole:].ljust(7, b"\0") + bytes([len(data) & 0xFF])
    state: _State = _START
    for position in range(0, whole, 8):
        state = _compressed(state, data[position : position + 8])
    v0, v1, v2, v3 = _compressed(state, last)
    v2 ^= 0xFF
    for _ in range(3):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


def _compressed(state: _State, word: bytes) -> _State:
    number = int.from_bytes(word, "little")
    v0, v1, v2, v3 = state
    v0, v1, v2, v3 = _round(v0, v1, v2, v3 ^ number)
    return v0 ^ number, v1, v2, v3


def _round(v0: int, v1: int, v2: int, v3: int) -> _State:
    v0 = (v0 + v1) & _MASK
    v1 = ((v1 << 13 | v1 >> 51) & _MASK) ^ v0
    v0 = (v0 << 32 | v0 >> 32) & _MASK
    v2 = (v2 + v3) & _MASK
    v3 = ((v3 << 16 | v3 >> 48) & _MASK) ^ v2
    v0 = (v0 + v3) & _MASK
    v3 = ((v3 << 21 | v3 >> 43) & _MASK) ^ v0
    v2 = (v2 + v1) & _MASK
    v1 = ((v1 << 17 | v1 >> 47) & _MASK) ^ v2
    v2 = (v2 << 32 | v2 >> 32) & _MASK
    return v0, v1, v2, v3
