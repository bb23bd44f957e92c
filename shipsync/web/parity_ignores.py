"""The ignore rules: which there are and what each has hidden, the form for another, approval and withdrawal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import streamlit as st

from shipsync import runtime
from shipsync.errors import Refused, Unknown
from shipsync.rules.parity_fields import ENTITIES, RECORDS, label
from shipsync.rules.parity_ignores import (
    ANY,
    LONGEST,
    MOST_HITS,
    NOTHING,
    IgnoreRule,
    NewIgnoreRule,
    is_idle,
    problems,
    state,
    turns_the_gate_red,
)
from shipsync.store import parity_rules
from shipsync.store.parity_results import Difference
from shipsync.web import person, words
from shipsync.web.answers import ask
from shipsync.web.entry_form import Said, entry_form
from shipsync.web.parity_words import field_words
from shipsync.web.roles import Role, may, require
from shipsync.web.tables import Column, table

LONGEST_TEXT = 300
_USUAL_DAYS, _USUAL_HITS = 7, 50
_SHOWN = 5  # of what a rule would hide
# Under this name a session remembers the difference that a rule is asked for, and how often one was.
_FROM = "parity_rule_from"
_OPEN = "parity_rule_open"
_SIDES = ("any value", "exactly this", "no value")
_COLUMNS = (
    Column("rule_no", "Rule", "number"),
    Column("state", "State", "state"),
    Column("what", "Hides"),
    Column("values", "Where"),
    Column("hits", "Hidden", "number", help="Differences that it has hidden so far."),
    Column("most_hits", "At most", "number"),
    Column("expires_at", "Expires", "instant"),
    Column("reason", "Reason", width=260),
    Column("ticket", "Ticket"),
    Column("author", "By"),
    Column("approver", "Approved by"),
    Column("last_hit_at", "Last hidden", "instant"),
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the form is filled in from."""

    entity: str | None = None
    field: str | None = None
    control: str | None = ANY
    candidate: str | None = ANY
    times: int = 0  # the fields of each are widgets of their own


def ask_for_rule(one: Difference) -> None:
    """Have the form filled in from a difference when it is drawn next."""
    before: _Asked = st.session_state.get(_FROM, _Asked())
    st.session_state[_FROM] = _Asked(
        one.entity, one.field, one.control or NOTHING, one.candidate or NOTHING, before.times + 1
    )
    st.session_state[_OPEN] = True


def ignore_rules() -> None:
    """All rules, what has to be done about them, and the form for another."""
    now = runtime.app().now()
    known = ask(parity_rules.all_rules)
    for one in known:
        if turns_the_gate_red(one, now):
            st.warning(
                f"Rule {one.rule_no} on {words.plain(_what(one))} is {state(one, now)}: its gate stays red until "
                "somebody withdraws it."
            )
        elif is_idle(one, now):
            st.caption(f"Rule {one.rule_no} has hidden nothing for a week: it may as well go.")
    table(
        [_row(one) for one in known],
        _COLUMNS,
        key="parity_rules",
        file="ignore-rules",
        empty="No difference is ignored. A rule would name one field and its values, for 14 days at most.",
        height="content",
    )
    if not may(Role.OPERATOR):
        return
    _decide([one for one in known if one.withdrawn_at is None])
    _propose()


def propose(rule: NewIgnoreRule) -> Said:
    """A rule is kept, and waits for a second person. Raises Refused with a sentence for each thing wrong with it."""
    require(Role.OPERATOR)
    app = runtime.app()
    with app.db.transaction() as con:
        rule_no = parity_rules.add_rule(con, rule, app.now())
    return Said(f"Rule {rule_no} is kept. It hides nothing until a second person approves it.")


def approve(rule_no: int, by: str) -> Said:
    """A second person puts a rule in force. Raises Refused."""
    require(Role.OPERATOR)
    app = runtime.app()
    with app.db.transaction() as con:
        parity_rules.approve_rule(con, rule_no, by, app.now())
    return Said(f"Rule {rule_no} is in force from the next comparison on.")


def withdraw(rule_no: int, by: str) -> Said:
    """A rule ends. Raises Refused without a name."""
    require(Role.OPERATOR)
    if not by.strip():
        raise Refused("Enter the name of whoever withdraws it.")
    app = runtime.app()
    try:
        with app.db.transaction() as con:
            ended = parity_rules.withdraw_rule(con, rule_no, by, app.now())
    except Unknown as error:
        return Said(str(error))
    what = "is withdrawn: what it hid counts again from the next comparison on" if ended else "had ended already"
    return Said(f"Rule {rule_no} {what}.")


def _decide(known: list[IgnoreRule]) -> None:
    """Approval and withdrawal, each rule with its buttons."""
    if not known:
        return
    now = runtime.app().now()
    form = entry_form("parity_rule_decide")
    decided: tuple[str, int] | None = None
    with st.form(form.key("form"), enter_to_submit=False):
        by = person.second_person_field(form.key("by"))
        for one in known:
            line, buttons = st.columns([3, 2], vertical_alignment="center")
            line.markdown(f"{words.state(state(one, now))} · **Rule {one.rule_no}**, {words.plain(_what(one))}")
            with buttons.container(horizontal=True, horizontal_alignment="right"):
                if state(one, now) == "waiting" and st.form_submit_button(
                    f"Approve rule {one.rule_no}", key=form.key(f"approve_{one.rule_no}")
                ):
                    decided = ("approve", one.rule_no)
                if st.form_submit_button(f"Withdraw rule {one.rule_no}", key=form.key(f"withdraw_{one.rule_no}")):
                    decided = ("withdraw", one.rule_no)
    if decided is not None:
        deed, number = decided
        form.enter(lambda: approve(number, by) if deed == "approve" else withdraw(number, by))


def _propose() -> None:
    """The form for another rule, filled in from the difference that is open, with what it would hide."""
    with st.expander("Propose a rule", key=_OPEN, on_change="rerun") as shell:
        if not shell.open:
            return
        now, form = runtime.app().now(), entry_form("parity_rule")
        asked: _Asked = st.session_state.get(_FROM, _Asked())
        # Not a form of Streamlit's: what it would hide is shown while it is typed.
        names = list(RECORDS)
        entity = st.selectbox(
            "Entity",
            names,
            index=names.index(asked.entity) if asked.entity in names else 0,
            format_func=lambda one: ENTITIES[one].label,
            key=form.key(f"entity_{asked.times}"),
        )
        fields = [one.name for one in ENTITIES[entity].fields]
        field = st.selectbox(
            "Field",
            fields,
            index=fields.index(asked.field) if asked.field in fields else 0,
            format_func=lambda one: label(entity, one),
            key=form.key(f"field_{entity}_{asked.times}"),
        )
        left, right = st.columns(2)
        with left:
            control = _side("Control (legacy)", asked.control, form.key(f"control_{asked.times}"))
        with right:
            candidate = _side("Candidate (unified)", asked.candidate, form.key(f"candidate_{asked.times}"))
        days = st.number_input("Days until it expires", 1, LONGEST.days, _USUAL_DAYS, key=form.key("days"), width=200)
        most = st.number_input("May hide at most", 1, MOST_HITS, _USUAL_HITS, key=form.key("most"), width=200)
        reason = st.text_input("Reason", key=form.key("reason"), max_chars=LONGEST_TEXT)
        ticket = st.text_input("Ticket", key=form.key("ticket"), max_chars=LONGEST_TEXT)
        author = person.name_field(form.key("author"))
        expires_at = now + timedelta(days=days)
        rule = NewIgnoreRule(entity, field, control, candidate, reason, ticket, author, expires_at, most)
        _would_hide(rule)
        if st.button("Propose the rule", key=form.key("save"), type="primary"):
            form.enter(lambda: propose(rule), author)


def _side(what: str, value: str | None, key: str) -> str | None:
    """The value that a rule is about on one side."""
    index = 0 if value is ANY else 1 if value else 2
    chosen = st.radio(what, _SIDES, index=index, key=f"{key}_kind", horizontal=True)
    if chosen != _SIDES[1]:
        return ANY if chosen == _SIDES[0] else NOTHING
    return st.text_input(f"{what}: value", value or "", key=f"{key}_value", max_chars=LONGEST_TEXT)


def _would_hide(rule: NewIgnoreRule) -> None:
    """Why it cannot be taken as far as its field and values go; else what it would hide of all that was ever found."""
    # What is only not typed yet the press says.
    refused = problems(replace(rule, reason="-", ticket="-", author="-"), runtime.app().now())
    if refused:
        st.markdown("\n".join(f"- {words.plain(one)}" for one in refused))
    hidden = parity_rules.back_test(runtime.app().db.read(), rule)
    st.caption(f"Of all differences on record it would hide {len(hidden):,}.")
    for one in hidden[:_SHOWN]:
        st.caption(f"{one.verdict} · {words.plain(one.key)} · {_value(one.control)} against {_value(one.candidate)}")


def _row(one: IgnoreRule) -> Mapping[str, object]:
    now = runtime.app().now()
    return {
        "rule_no": one.rule_no,
        "state": state(one, now),
        "what": _what(one),
        "values": f"{_wanted(one.asked.control)} against {_wanted(one.asked.candidate)}",
        "hits": one.hits,
        "most_hits": one.asked.most_hits,
        "expires_at": one.asked.expires_at,
        "reason": one.asked.reason,
        "ticket": one.asked.ticket,
        "author": one.asked.author,
        "approver": one.approver,
        "last_hit_at": one.last_hit_at,
    }


def _what(one: IgnoreRule) -> str:
    return field_words(one.asked.entity, one.asked.field)


def _wanted(value: str | None) -> str:
    return "any value" if value is ANY else value or "no value"


def _value(text: str | None) -> str:
    return "nothing" if text is None else words.plain(text) or "an empty text"
