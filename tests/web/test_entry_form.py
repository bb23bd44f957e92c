"""Forms whose press is entered once, whatever else runs beside it, and which keep what was typed when it is refused."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from shipsync.errors import Refused
from shipsync.web.entry_form import EntryForm, Said, _Box


class Slot:
    """Where a form tells what is wrong."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def error(self, text: str) -> None:
        """Say it."""
        self.errors.append(text)


def a_form(box: _Box, slot: Slot | None = None) -> EntryForm:
    """As one run of the script has drawn it."""
    drawn: Any = slot or Slot()
    return EntryForm("some_form", box.edition, drawn, box)


def test_two_runs_of_one_double_press_enter_once() -> None:
    box, entered, both_run = _Box(), [], threading.Barrier(2)
    forms = [a_form(box), a_form(box)]  # drawn before either has entered anything

    def press(form: EntryForm) -> None:
        both_run.wait(5)

        def act() -> Said:
            entered.append(form)
            threading.Event().wait(0.05)
            return Said("It is in.")

        form.enter(act)

    runs = [threading.Thread(target=press, args=(form,)) for form in forms]
    for run in runs:
        run.start()
    for run in runs:
        run.join(5)
    assert len(entered) == 1
    assert (box.edition, box.said) == (1, Said("It is in."))


def test_what_is_entered_gives_the_form_new_fields() -> None:
    box = _Box()
    before = a_form(box).key("units")
    a_form(box).enter(lambda: Said("It is in."))
    assert (before, a_form(box).key("units")) == ("some_form_units_0", "some_form_units_1")


def test_a_refusal_is_told_and_leaves_the_fields_as_they_are() -> None:
    box, slot = _Box(), Slot()
    box.said = Said("The one before is in.")

    def refuse() -> Said:
        raise Refused("Enter how many *units*.")

    a_form(box, slot).enter(refuse)
    assert slot.errors == ["Enter how many \\*units\\*\\."]
    assert (box.edition, box.said) == (0, None)


def test_a_fault_is_no_entry() -> None:
    box = _Box()

    def fail() -> Said:
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError):
        a_form(box).enter(fail)
    assert box.edition == 0
    a_form(box).enter(lambda: Said("It is in."))  # and nothing is left locked
    assert box.edition == 1
