"""The door to CSV files that a person loads: their text, or an error that says how to save them."""

from __future__ import annotations

from pathlib import Path

from shipsync.errors import LoadError

MAX_BYTES = 16_000_000


def read_text(path: Path) -> str:
    """The text of a file. Raises LoadError when it cannot be read, is larger than MAX_BYTES or is not UTF-8."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise LoadError(str(path), [f"It cannot be read: {(error.strerror or 'unknown').lower()}."]) from error
    return decoded(data, str(path))


def decoded(data: bytes, path: str) -> str:
    """The text of bytes that a person handed in as this file. Raises LoadError as `read_text` does."""
    if len(data) > MAX_BYTES:
        raise LoadError(path, [f"It has more than {MAX_BYTES:,} bytes."])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LoadError(path, [f"line {line}: is not UTF-8 text. Save the file as 'CSV UTF-8'."]) from error
