"""Files that go out with a mail."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The mail service writes a name into the mail's head as it is, so it stays where every mail program reads it well.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,119}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")  # without parameters: the service refuses a ';' in it


@dataclass(frozen=True, slots=True)
class MailFile:
    """One file. Raises ValueError for a name, a media type or a content that no mail may have."""

    name: str  # 'shipsync-weekly-report-2026-W47.pdf': plain letters, digits, blanks, dots and dashes
    media_type: str  # 'application/pdf'
    content: bytes

    def __post_init__(self) -> None:
        """Refuse what would only fail on its way out."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"A mail's file may not be called {self.name!r}.")
        if not _MEDIA_TYPE.fullmatch(self.media_type):
            raise ValueError(f"The file {self.name} of a mail has no media type: {self.media_type!r}.")
        if not self.content:
            raise ValueError(f"The file {self.name} of a mail is empty.")
