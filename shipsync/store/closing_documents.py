"""Documents of closings as they were handed out: kept with the closing, never made anew (DESIGN D16)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from shipsync.store.closings import Kind
from shipsync.store.cursor import Cursor


@dataclass(frozen=True, slots=True)
class DocumentHead:
    """A document without what is in it."""

    kind: str  # of the closing
    period_start: date
    version: int
    name: str  # the file's
    media_type: str
    size: int  # bytes
    sha256: str  # of what is in it
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was handed out."""

    head: DocumentHead
    content: bytes


_HEAD = "kind, period_start, version, name, media_type, octet_length(content), sha256, made_at"


def keep(
    con: Cursor,
    kind: Kind,
    period_start: date,
    version: int,
    name: str,
    media_type: str,
    content: bytes,
    now: datetime,
) -> None:
    """Keep a document, in the transaction that closes its version. There is no second one of that name."""
    con.execute(
        """
        INSERT INTO closing_documents (kind, period_start, version, name, media_type, content, sha256, made_at)
        VALUES ($kind, $period_start, $version, $name, $media_type, $content, $sha256, $now)
        """,
        {
            "kind": kind,
            "period_start": period_start,
            "version": version,
            "name": name,
            "media_type": media_type,
            "content": content,
            "sha256": hashlib.sha256(content).hexdigest(),
            "now": now,
        },
    )


def document(con: Cursor, kind: Kind, period_start: date, version: int, name: str) -> Document | None:
    """One document by its name."""
    row = con.row(
        f"""
        SELECT {_HEAD}, content
        FROM closing_documents
        WHERE kind = $kind AND period_start = $period_start AND version = $version AND name = $name
        """,  # noqa: S608 - our own columns
        {"kind": kind, "period_start": period_start, "version": version, "name": name},
    )
    return Document(DocumentHead(*row[:-1]), row[-1]) if row is not None else None


def documents_of(con: Cursor, kind: Kind, period_start: date, version: int) -> list[DocumentHead]:
    """The documents of one version, by name, without what is in them."""
    rows = con.rows(
        f"""
        SELECT {_HEAD}
        FROM closing_documents
        WHERE kind = $kind AND period_start = $period_start AND version = $version
        ORDER BY name
        """,  # noqa: S608 - our own columns
        {"kind": kind, "period_start": period_start, "version": version},
    )
    return [DocumentHead(*row) for row in rows]


def newest(con: Cursor, kind: Kind, period_start: date | None, suffix: str) -> Document | None:
    """The document whose name ends so of a closed period's newest version; without a period, of the newest with one."""
    rows = con.rows(
        f"""
        SELECT {_HEAD}, content
        FROM closing_documents
        WHERE kind = $kind AND ends_with(name, $suffix)
          AND ($period_start IS NULL OR period_start = $period_start)
          -- A month's are made before it is closed.
          AND EXISTS (SELECT 1 FROM closings c
                      WHERE c.kind = closing_documents.kind AND c.period_start = closing_documents.period_start
                        AND c.version = closing_documents.version AND c.closed_at IS NOT NULL)
        ORDER BY period_start DESC, version DESC, name
        LIMIT 1
        """,  # noqa: S608 - our own columns
        {"kind": kind, "period_start": period_start, "suffix": suffix},
    )
    return Document(DocumentHead(*rows[0][:-1]), rows[0][-1]) if rows else None
