"""Files that are made on a click stay until the browser has fetched them.

Streamlit 1.67 takes the file that a download button's function has made away at the second end of any run, of a page or
of a timer's part, in any tab. With the frame's timer that is within a second: a browser that asks a moment later finds
its download cancelled, which one in five did beside other work.
"""

from __future__ import annotations

import time

from streamlit.runtime.media_file_manager import MediaFileMetadata

STAYS_S = 60.0


def keep_made_files() -> None:
    """From now on such a file stays for a minute after nothing refers to it any more."""
    MediaFileMetadata.mark_for_delete = mark_after_a_while  # type: ignore[method-assign]


def mark_after_a_while(self: MediaFileMetadata) -> None:
    """In the place of Streamlit's own, which is called at each end of a run and marks at once what goes at the next."""
    unused_since: float = self.__dict__.setdefault("unused_since", time.monotonic())
    if time.monotonic() - unused_since >= STAYS_S:
        self._is_marked_for_delete = True
