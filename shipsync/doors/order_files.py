"""The door to the shop's order files: a folder of XML in, raw records out. Nothing is decided here.

    list_files(folder) -> FileSeen     what is there
    fetch(path) -> FileContent         its bytes, read while nobody wrote, and their hash
    parse(content) -> OrderFile        its orders as they stand in it
    read_file(path) -> OrderFile       the last two in one
    content_of(path, data), keep(...)  the same for bytes that a person hands in, and their place in a folder

Files come from outside, so they are treated as hostile (facts/reliability.md F29): no DTD, no entities of their own,
nothing fetched, bounds on size and depth. The shop rewrites its dump in place while we look, so a file that is cut
short, or that changed while it was read, is `OrderFileError(incomplete=True)`: the caller waits for the next poll.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from defusedxml.common import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser

from shipsync.errors import OrderFileError
from shipsync.rules.order_formats import FileFormat, RawShopOrder

MAX_BYTES = 64_000_000  # a dump of 10,000 orders has about 20 MB
MAX_RECORDS = 500_000  # orders and lines; a full file of real ones has 160,000, one of empty elements eight million
MAX_DEPTH = 16  # the deepest documented element, Orders/Order/Items/Item/Options/Option/Name, is at 7
_FEED_BYTES = 65_536
_READ_TRIES = 3
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")  # in a file's name

# What expat says when the text ends too early; anything else is wrong wherever the text ends.
_CUT_SHORT = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
    )
)
_WRONG_ENCODING = frozenset(
    expat.errors.codes[message]
    for message in (expat.errors.XML_ERROR_UNKNOWN_ENCODING, expat.errors.XML_ERROR_INCORRECT_ENCODING)
)

# Where each format keeps its orders (the element below the root) and its lines (the path below the order).
_ORDER_ELEMENTS: dict[str, FileFormat] = {"order": "x-cart", "Order": "custom-store"}
_LINE_PATHS: dict[FileFormat, tuple[str, ...]] = {"x-cart": ("order_detail",), "custom-store": ("Items", "Item")}


@dataclass(frozen=True, slots=True)
class FileSeen:
    """One order file as the folder lists it."""

    path: Path
    size: int  # bytes
    modified_ns: int  # nanoseconds since 1970, by the file system's clock


@dataclass(frozen=True, slots=True)
class FileContent:
    """The bytes of a file, whole."""

    path: Path
    data: bytes
    content_hash: str  # SHA-256, hexadecimal: equal hashes, equal files


@dataclass(frozen=True, slots=True)
class OrderFile:
    """One order file, read."""

    path: Path
    content_hash: str
    format: FileFormat
    size: int  # bytes
    orders: tuple[RawShopOrder, ...]  # in the order of the file, duplicates included


def list_files(folder: Path) -> list[FileSeen]:
    """The XML files of a folder, or the one file that `folder` names.

    The oldest comes first, so that the newest has the last word. Hidden files and those that a transfer has not yet
    renamed to .xml are not listed. Raises OrderFileError when there is no such folder.
    """
    try:
        paths = sorted(folder.iterdir()) if folder.is_dir() else [folder]
        if not folder.is_dir():
            folder.stat()
    except OSError as error:
        raise OrderFileError(str(folder), f"cannot be looked into: {_os_reason(error)}.") from error
    seen = []
    for path in paths:
        if path != folder and (path.suffix.lower() != ".xml" or path.name.startswith((".", "~"))):
            continue
        try:
            status = path.stat()
        except OSError:
            continue  # gone since the folder was listed, or a link to nothing
        if stat.S_ISREG(status.st_mode) or path == folder:
            seen.append(FileSeen(path, status.st_size, status.st_mtime_ns))
    return sorted(seen, key=lambda file: (file.modified_ns, file.path.name))


def read_file(path: Path) -> OrderFile:
    """Fetch and parse one file. Raises OrderFileError, with `incomplete` set while it is still being written."""
    return parse(fetch(path))


def _read_all(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def fetch(path: Path, *, read: Callable[[Path], bytes] = _read_all) -> FileContent:
    """The bytes of a file during whose reading nobody wrote to it; tried three times, then it is incomplete.

    Raises OrderFileError when it is no regular file, larger than MAX_BYTES or cannot be read. `read` is how the bytes
    are fetched.
    """
    for _ in range(_READ_TRIES):
        try:
            before = path.stat()
            if not stat.S_ISREG(before.st_mode):
                raise OrderFileError(str(path), "is not a file.")
            if before.st_size > MAX_BYTES:
                raise OrderFileError(str(path), f"has {before.st_size:,} bytes; more than {MAX_BYTES:,} are not read.")
            data = read(path)
            after = path.stat()
        except FileNotFoundError as error:
            raise OrderFileError(str(path), "is not there (any more).", incomplete=True) from error
        except OSError as error:
            raise OrderFileError(str(path), f"cannot be read: {_os_reason(error)}.") from error
        if _signature(before) == _signature(after) and len(data) == after.st_size:
            return FileContent(path, data, hashlib.sha256(data).hexdigest())
    raise OrderFileError(str(path), "is being written; it is read at the next poll.", incomplete=True)


def parse(content: FileContent) -> OrderFile:
    """The orders of a file as they stand in it.

    Raises OrderFileError: `incomplete` when the text ends too early, otherwise for a DTD, nesting beyond MAX_DEPTH,
    more than MAX_RECORDS, a wrong encoding, text that is not XML, and a file that holds something else than orders.
    """
    path, data = str(content.path), content.data
    collector = _Collector(path)
    parser = DefusedXMLParser(target=collector, forbid_dtd=True)
    try:
        for start in range(0, len(data), _FEED_BYTES):
            parser.feed(data[start : start + _FEED_BYTES])
        parser.close()
    except ParseError as error:
        raise _not_xml(path, data, error) from error
    except DTDForbidden as error:
        raise OrderFileError(path, "has a DTD (<!DOCTYPE ...>); such files are refused.") from error
    except DefusedXmlException as error:
        raise OrderFileError(path, "declares or fetches entities; such files are refused.") from error
    except (LookupError, ValueError) as error:  # of an encoding that Python does not know or expat cannot use
        raise OrderFileError(path, f"is written in an encoding that cannot be read: {error}.") from error
    return OrderFile(content.path, content.content_hash, collector.format(), len(data), tuple(collector.orders))


def content_of(folder: Path, name: str, data: bytes) -> FileContent:
    """Bytes that a person hands in under this name, as if they lay in the folder already; `keep` puts them there.

    The name begins with the content's hash, so that equal files are one and two files never share a name. Raises
    OrderFileError when they are empty or more than MAX_BYTES.
    """
    if not data:
        raise OrderFileError(name, "is empty.")
    if len(data) > MAX_BYTES:
        raise OrderFileError(name, f"has {len(data):,} bytes; more than {MAX_BYTES:,} are not read.")
    content_hash = hashlib.sha256(data).hexdigest()
    stem = _UNSAFE.sub("-", Path(name).stem).strip("-.")[:60] or "orders"
    return FileContent(folder / f"{content_hash[:12]}-{stem}.xml", data, content_hash)


def keep(content: FileContent) -> None:
    """Write a content to its path, whole or not at all. Raises OrderFileError when the folder cannot be written."""
    path = content.path
    half = path.with_name(f".{path.name}.half")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(content.data)
        os.replace(half, path)
    except OSError as error:
        raise OrderFileError(str(path), f"cannot be written: {_os_reason(error)}.") from error


class _Collector:
    """Receives the parser's events and keeps the orders only, so that a large file needs no tree in memory."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.orders: list[RawShopOrder] = []
        self._records = 0
        self._stack: list[str] = []
        self._strangers: set[str] = set()  # elements below the root that are no orders
        self._formats: set[FileFormat] = set()
        self._root = ""
        self._fields: dict[str, str] = {}
        self._lines: list[dict[str, str]] = []
        self._text: list[str] = []
        self._is_leaf = False

    def start(self, tag: str, _attributes: object) -> None:
        """An element opens."""
        name = tag.rpartition("}")[2]  # a namespace makes no difference
        self._stack.append(name)
        if len(self._stack) > MAX_DEPTH:
            raise OrderFileError(self.path, f"nests elements deeper than {MAX_DEPTH}; such files are refused.")
        if len(self._stack) == 1:
            self._root = name
        elif len(self._stack) == 2:
            self._start_below_root(name)
        elif self._in_order() and self._path() == _LINE_PATHS[_ORDER_ELEMENTS[self._stack[1]]]:
            self._count()
            self._lines.append({})
        self._text.clear()
        self._is_leaf = True

    def data(self, text: str) -> None:
        """A piece of text."""
        self._text.append(text)

    def end(self, _tag: str) -> None:
        """An element closes."""
        if self._in_order():
            if len(self._stack) == 2:
                self._end_order()
            elif self._is_leaf:
                self._keep("".join(self._text).strip())
        self._stack.pop()
        self._text.clear()
        self._is_leaf = False

    def close(self) -> None:
        """The document is over."""

    def format(self) -> FileFormat:
        """The format of the whole file. Raises OrderFileError when it holds no orders but something else."""
        if len(self._formats) > 1:
            raise OrderFileError(self.path, "holds orders of two formats, <order> and <Order>.")
        if self._formats:
            return next(iter(self._formats))
        if self._strangers or self._root.lower() == "html":
            held = ", ".join(sorted(self._strangers)[:5])
            raise OrderFileError(self.path, f"holds no orders: its root is <{self._root}>, with {held or 'nothing'}.")
        return "custom-store" if self._root == "Orders" else "x-cart"

    def _start_below_root(self, name: str) -> None:
        if name in _ORDER_ELEMENTS:
            self._count()
            self._formats.add(_ORDER_ELEMENTS[name])
            self._fields, self._lines = {}, []
        else:
            self._strangers.add(name)

    def _count(self) -> None:
        self._records += 1
        if self._records > MAX_RECORDS:
            raise OrderFileError(
                self.path, f"holds more than {MAX_RECORDS:,} orders and lines; such files are refused."
            )

    def _end_order(self) -> None:
        kind = _ORDER_ELEMENTS[self._stack[1]]
        self.orders.append(RawShopOrder(kind, len(self.orders) + 1, self._fields, tuple(self._lines)))

    def _in_order(self) -> bool:
        return len(self._stack) >= 2 and self._stack[1] in _ORDER_ELEMENTS

    def _path(self) -> tuple[str, ...]:
        return tuple(self._stack[2:])

    def _keep(self, text: str) -> None:
        """Keep the text of an innermost element where it belongs. Said twice, the first one counts."""
        path = self._path()
        line_path = _LINE_PATHS[_ORDER_ELEMENTS[self._stack[1]]]
        if path == line_path:
            return  # a line without anything in it
        if path[: len(line_path)] == line_path:
            self._lines[-1].setdefault("/".join(path[len(line_path) :]), text)
        else:
            self._fields.setdefault("/".join(path), text)


def _not_xml(path: str, data: bytes, error: ParseError) -> OrderFileError:
    line, column = error.position
    if error.code in _CUT_SHORT or data.endswith(b"\0\0"):  # a file laid out in full before its text arrives
        return OrderFileError(path, "ends too early; it is read again at the next poll.", incomplete=True)
    if error.code in _WRONG_ENCODING:
        return OrderFileError(path, f"is written in another encoding than it says (line {line}).")
    what = expat.ErrorString(error.code)
    if error.code == expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]:
        what += ", or in another encoding than it says"
    return OrderFileError(path, f"is not well-formed XML: {what}, at line {line}, column {column + 1}.")


def _signature(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _os_reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
