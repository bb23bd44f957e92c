"""A page that could not be drawn says so in a sentence; the log has the rest."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest


def _script_of_a_foreseen_error() -> None:
    from shipsync.errors import StoreFull
    from shipsync.web import trouble

    trouble.show(StoreFull("The disk is full. Free some space."))


def _script_of_a_mistake() -> None:
    from shipsync.web import trouble

    trouble.show(KeyError("a secret of ours"))


def test_an_error_meant_for_people_is_shown_as_it_is() -> None:
    page = AppTest.from_function(_script_of_a_foreseen_error).run()
    assert [one.value for one in page.error] == ["The disk is full. Free some space."]


def test_a_mistake_of_ours_gets_a_number_that_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    page = AppTest.from_function(_script_of_a_mistake).run()
    told = page.error[0].value
    found = re.search("'error ([0-9a-f]{8})'", told)
    assert found is not None
    assert "secret" not in told
    assert f"error {found[1]} while" in caplog.text
    assert "a secret of ours" in caplog.text
