"""Playing a cassette of tests/cassettes to the real client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import vcr
from vcr.cassette import Cassette

CASSETTES = Path(__file__).parents[2] / "cassettes"
URL = "https://ssapi.shipstation.com"
MAIL_URL = "https://api.sendgrid.com"

# What makes a question another one; values of windows and pages do not, so that a conversation fits any clock.
_TELLING = ("modifyDateStart", "createDateStart", "voidDateStart", "orderId", "orderNumber")


@contextmanager
def playing(name: str) -> Iterator[Any]:
    """Answer every request from the cassette: same method, path and list, in the recorded order, then the last again.

    A request that the cassette has no answer for fails; nothing reaches the network. Yields vcrpy's cassette.
    """
    recorder = vcr.VCR(cassette_library_dir=str(CASSETTES), record_mode=vcr.record_mode.RecordMode.NONE)
    recorder.register_matcher("question", _same_question)
    settings = recorder.get_merged_config(
        path=f"{name}.yaml", match_on=["method", "path", "question"], allow_playback_repeats=True
    )
    with _Conversation.use(**settings) as cassette:
        yield cassette


class _Conversation(Cassette):
    """vcrpy repeats the first answer of several; a conversation goes on, and rests with the last one."""

    def _responses(self, request: Any) -> Iterator[tuple[int, Any]]:
        found = list(super()._responses(request))
        unplayed = [(index, response) for index, response in found if self.play_counts[index] == 0]
        yield from unplayed[:1] or found[-1:]


def _same_question(one: Any, other: Any) -> None:
    assert _question(one.uri) == _question(other.uri)


def _question(uri: str) -> tuple[list[str], list[str]]:
    query = parse_qs(urlsplit(uri).query, keep_blank_values=True)
    return [name for name in _TELLING if name in query], query.get("carrierCode", [])
