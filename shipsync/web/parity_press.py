"""The presses that change which sync writes production. Each asks first, beside what the change would come to.

    in a live part: change_button(...) -> the whole script runs again -> change_dialog() opens, outside of every timer

A dialog that is opened by a timer's part dies with its next tick (Streamlit #17011).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Literal

import streamlit as st

from shipsync import runtime
from shipsync.errors import NotPassed, Unusable
from shipsync.procedures import deployment
from shipsync.procedures.deployment import Asked, Outcome
from shipsync.rules.deployment import NAMES, SYNCS, Change, State
from shipsync.rules.workflows import title
from shipsync.store import deployment as store
from shipsync.web import person, words
from shipsync.web.parity_words import carried_words, change_words
from shipsync.web.roles import Role, require

# Under these names a session remembers which change it is asked to make, and what came of the last one.
_ASKED, _SAID = "parity_change_asked", "parity_change_said"
_JUST_SAID = "parity_change_just_said"  # and whether that is news
# Who asks, and who has reviewed, in a dry run: the dialog asks for both, so neither can be missing there.
_SOMEBODY, _REVIEWER = "dry run", "a reviewer"
REVIEW = "review"  # the gate that the dialog's own fields answer
LONGEST_REASON = 400

# A second press of the same button starts a second run of the script beside the first.
_MAKING = threading.Lock()


def change_button(
    what: Change, state: State, *, key: str, kind: Literal["primary", "secondary"], disabled: bool = False
) -> None:
    """The button of a change; the dialog comes first."""
    label, _ = change_words(what, state)
    help_ = "Its gates have to be passed first." if disabled else None
    if st.button(label, type=kind, key=key, disabled=disabled, help=help_):
        st.session_state[_ASKED] = what
        st.session_state.pop(_SAID, None)
        st.rerun(scope="app")


def change_dialog() -> None:
    """Ask, if somebody has pressed for a change. Called by the page's script itself."""
    asked: Change | None = st.session_state.pop(_ASKED, None)
    if asked is None:
        return
    try:
        with st.spinner("Trying what it would come to"):
            foreseen = dry_run(asked)
    except NotPassed as error:  # somebody else was faster
        st.warning(words.plain(str(error)))
        return
    label, _ = change_words(asked, foreseen.before)
    st.dialog(f"{label}?", on_dismiss="ignore", width="large")(_ask)(foreseen)


def change_said() -> None:
    """What came of the last change of this session, until the next one is asked for."""
    said = st.session_state.get(_SAID)
    if said is not None:
        st.success(words.plain(said))
        if st.session_state.pop(_JUST_SAID, False):
            st.toast(said, icon=":material/check_circle:")  # the button is far below the top of the page


def dry_run(what: Change) -> Outcome:
    """What a change would come to now. Raises NotPassed where it makes no sense from the present state."""
    require(Role.ADMIN)
    app = runtime.app()
    asked = Asked(_SOMEBODY, _SOMEBODY, reviewed_by=_REVIEWER, dry_run=True)
    return deployment.change(app.db, what, asked, app.settings.zone, app.now())


def make(what: Change, before: State, asked: Asked) -> str:
    """Make a change; the schedule follows at once. Returns what came of it.

    Raises NotPassed or Unusable with a sentence, also where the state is no longer the one that was shown.
    """
    require(Role.ADMIN)
    app = runtime.app()
    with _MAKING:
        if store.state_of(app.db.read()) != before:
            raise NotPassed("It was changed meanwhile. Look at the state as it is now, and press again if it is right.")
        outcome = deployment.change(app.db, what, asked, app.settings.zone, app.now())
    app.schedule.refresh()
    return f"The deployment went from {NAMES[outcome.before]} to {NAMES[outcome.after]}: change {outcome.change_no}."


def _ask(foreseen: Outcome) -> None:
    what, before = foreseen.change, foreseen.before
    label, effect = change_words(what, before)
    st.markdown(effect)
    if foreseen.refused is not None:
        st.markdown(f":red[■] It cannot be made yet: {words.plain(foreseen.refused)}")
    else:
        st.caption("What a dry run has come to. It was taken back: nothing is changed yet.")
        st.markdown("\n".join(f"- {line}" for line in _told(foreseen)))
    person.name_line("parity_change")
    needs_review = any(one.name == REVIEW for one in foreseen.gates)
    with st.form("parity_change_form", border=False, enter_to_submit=False):
        by = person.name_field("parity_change_by")
        reviewed_by = st.text_input("Who has reviewed the plan", key="parity_change_reviewer") if needs_review else ""
        reason = st.text_area(
            "Reason. It is kept with the change, with your name.",
            key="parity_change_reason",
            max_chars=LONGEST_REASON,
            height=80,
        )
        slot = st.empty()
        pressed = st.form_submit_button(
            label, type="primary", key="parity_change_make", disabled=foreseen.refused is not None
        )
    if not pressed:
        return
    try:
        with slot, st.spinner("Making the change"):
            said = make(what, before, Asked(by, reason.strip(), reviewed_by=reviewed_by.strip()))
    except (NotPassed, Unusable) as error:
        slot.error(words.plain(str(error)))
        return
    person.remember(by)
    st.session_state[_SAID], st.session_state[_JUST_SAID] = said, True
    st.rerun()


def _told(foreseen: Outcome) -> Iterator[str]:
    """What a change would come to, a sentence a line."""
    yield f"The deployment goes from **{NAMES[foreseen.before]}** to **{NAMES[foreseen.after]}**."
    if foreseen.orders_differing:
        yield (
            f"{words.count(foreseen.orders_differing, 'order differs', 'orders differ')} between the two sides: where "
            "that is meant, or where one side has read later than the other. What is newer stays."
        )
    if foreseen.carried:
        yield f"Into production goes: {', '.join(carried_words(*one) for one in foreseen.carried.items())}."
    if foreseen.entries_posted:
        yield f"Stock: {words.count(foreseen.entries_posted, 'entry is', 'entries are')} posted."
    for workflow in SYNCS:
        was, becomes = foreseen.marks_before.get(workflow), foreseen.marks_after.get(workflow)
        through = f"It has read through {words.moment(was)}" if was is not None else "It has read nothing yet"
        moved = "" if words.moment(was) == words.moment(becomes) else f"; its mark becomes {words.moment(becomes)}"
        yield f"**{title(workflow)}** {deployment.will_do(foreseen.after, workflow)} {through}{moved}."
    if foreseen.first_query_from is not None:
        yield f"The first query goes back to {words.moment(foreseen.first_query_from)}, where legacy stood."
