"""Answers of ShipStation as they are kept: the exact text, compressed with Zstandard.

Pages of orders of the sandbox are 9.8 MB as text and 0.27 MB so; zlib took as long for 0.72 MB (measured).
"""

from __future__ import annotations

import zlib

import pyarrow as pa

_ZSTD = pa.Codec("zstd", compression_level=6)
_ZLIB_BEGINS_WITH = b"\x78"  # RFC 1950; a Zstandard frame begins with 28 (RFC 8878)


def packed(text: str) -> bytes:
    """An answer as it goes into `api_pages.body`."""
    body: bytes = _ZSTD.compress(text.encode(), asbytes=True)
    return body


def unpacked(body: bytes) -> str:
    """The text of a kept answer; also of one that was kept by an earlier shipsync, with zlib."""
    if body.startswith(_ZLIB_BEGINS_WITH):
        return zlib.decompress(body).decode()
    # The size of the text is not kept beside it, and only a stream does without.
    text: bytes = pa.CompressedInputStream(pa.BufferReader(body), "zstd").read()
    return text.decode()
