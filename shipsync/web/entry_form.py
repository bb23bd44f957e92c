"""Forms in which something is entered that stands from then on: a receipt, a counted line.

    form = entry_form("inventory_receive")
    with st.form(form.key("form"), enter_to_submit=False):
        units = st.number_input("Units", key=form.key("units"), ...)
        pressed = st.form_submit_button("Receive", key=form.key("save"))
    if pressed:
        form.enter(lambda: receive(...))

What was typed stays until it is entered; then the form starts anew, empty, below the sentence that says what came of
it, which stands until the next press. A press is entered once, however fast a finger is: a second press starts a second
run of the script beside the first, with the same fields, while that one is still writing (measured with Streamlit 1.67:
two receipts of one double click). And none is entered by the Enter key, because scanners press it behind every label.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from shipsync.errors import Refused
from shipsync.web import person, words

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a press."""

    text: str
    warning: str = ""  # what one would not expect of it


@dataclass(slots=True)
class _Box:
    """What a session keeps of a form. Changed in place: a run may be stopped where it sets the session state."""

    edition: int = 0  # counts what was entered: the next one has fields of its own
    said: Said | None = None
    shown: Any = None  # what the form was drawn from when this edition began ...
    of: Any = None  # ... and what was asked for then
    writing: threading.Lock = field(default_factory=threading.Lock)  # one run of the script at a time


@dataclass(frozen=True, slots=True)
class EntryForm:
    """One form while it is drawn."""

    name: str
    edition: int
    slot: DeltaGenerator  # where it is told what came of a press
    _box: _Box

    def key(self, field: str) -> str:
        """The key of a widget in it."""
        return f"{self.name}_{field}_{self.edition}"

    def keep(self, now: T, of: object = None, *, joined: Callable[[T, T], T] | None = None) -> T:
        """What this edition was drawn from at first, so that what is typed stays where it is while others work on.

        It begins anew with `now` where `of`, what is asked for, has changed; and where its page was left meanwhile,
        because its widgets have forgotten what was typed then. `joined` makes one of what was drawn and of `now`.
        """
        if self._box.shown is None or self._box.of != of or not self._is_drawn():
            self._box.shown, self._box.of = now, of
        elif joined is not None:
            self._box.shown = joined(self._box.shown, now)
        shown: T = self._box.shown
        return shown

    def _is_drawn(self) -> bool:
        begins, ends = f"{self.name}_", f"_{self.edition}"
        return any(str(key).startswith(begins) and str(key).endswith(ends) for key in st.session_state)

    def enter(self, act: Callable[[], Said], by: str = "") -> None:
        """Do what was pressed, and start anew; a refusal is told, and what was typed stays.

        `by` is a name that other forms do not ask for any more.

        `act` touches nothing of Streamlit once it has written: a run is stopped there when a second press has come, and
        what was written would be written again.
        """
        with self._box.writing:
            # Otherwise another run has entered it while this one waited.
            if self._box.edition == self.edition:
                try:
                    said = act()
                except Refused as error:
                    self._box.said = None
                    self.slot.error(words.plain(str(error)))
                    return
                self._box.edition, self._box.said, self._box.shown = self.edition + 1, said, None
        if by:
            person.remember(by)
        st.rerun()


def entry_form(name: str) -> EntryForm:
    """Begin a form here, with what came of its last press above it."""
    box: _Box = st.session_state.setdefault(f"{name}_box", _Box())
    slot = st.container()
    if box.said is not None:
        slot.success(words.plain(box.said.text))
        if box.said.warning:
            slot.warning(words.plain(box.said.warning))
    return EntryForm(name, box.edition, slot, box)
