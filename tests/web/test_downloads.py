"""A file that is made on the click is there when the browser comes for it."""

from __future__ import annotations

import time

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager, MediaFileMetadata
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from shipsync.web import downloads


def made(files: MediaFileManager) -> str:
    """What a click makes: its name."""
    button = files.add_deferred(lambda: b"%PDF", "application/pdf", "button", file_name="invoice.pdf")
    return files.execute_deferred(button).rpartition("/")[2].partition(".")[0]


def test_a_made_file_outlives_many_runs_and_goes_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(MediaFileMetadata, "mark_for_delete", MediaFileMetadata.mark_for_delete)
    downloads.keep_made_files()
    files = MediaFileManager(MemoryMediaFileStorage("/media"))
    name = made(files)
    for _ in range(50):
        files.remove_orphaned_files()
        now[0] += downloads.STAYS_S / 60
    assert files.read_file(name) is not None
    now[0] += downloads.STAYS_S
    files.remove_orphaned_files()
    files.remove_orphaned_files()
    assert files.read_file(name) is None


def test_streamlit_still_takes_it_away_at_the_second_end_of_a_run() -> None:
    """Else this is of no use any more."""
    files = MediaFileManager(MemoryMediaFileStorage("/media"))
    name = made(files)
    files.remove_orphaned_files()
    assert files.read_file(name) is not None
    files.remove_orphaned_files()
    assert files.read_file(name) is None
