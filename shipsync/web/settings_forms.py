"""The forms of the Settings page.

Each shows what was set when it was first drawn, keeps what was typed until it is saved, and says what is wrong under
the field it is about. Fields are disabled for who may not save.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from shipsync import runtime
from shipsync.rules.lateness import CUT_OFF, DAYS, DEFAULT_CUT_OFF, WORKING_DAYS, hour
from shipsync.rules.ledger import APPROVAL_ABOVE
from shipsync.rules.letterhead import DEFAULT_PAPER, FIRM, PAPER, PAPERS, Paper, paper_called
from shipsync.rules.parties import CLIENT, CLIENT_ADDRESS, CURRENCY, FIRM_ADDRESS, PAYMENT_DAYS
from shipsync.rules.periods import business_date
from shipsync.rules.preferences import (
    ALERT_RECIPIENTS,
    CHARGE_REPORT_RECIPIENTS,
    MANUAL_HIGHEST,
    MANUAL_LOWEST,
    MANUAL_PREFIX,
    MOST_MINUTES,
    MOST_REQUESTS,
    PREFERENCES,
    REQUESTS_PER_MINUTE,
    WEEKLY_REPORT_RECIPIENTS,
    check,
    manual_rule,
)
from shipsync.rules.weeks import DAYS_OFF, days_off
from shipsync.store import products, workflows
from shipsync.web import preferences, words, workflow_words
from shipsync.web.answers import ask
from shipsync.web.links import link
from shipsync.web.mail_tests import mail_tests
from shipsync.web.preferences import Kept
from shipsync.web.roles import Role, may

_SAMPLES = ("100123", "700015")
_DAYS_TOLD = 3


@dataclass(frozen=True, slots=True)
class _Form:
    """One form while it is drawn."""

    name: str
    edition: int  # counts the savings: the next one starts from what is set then
    shown: Mapping[str, Any]  # what was set when it was first drawn, by field
    slots: dict[str, DeltaGenerator]  # where problems of a field are told; "" for the form's own
    may_save: bool

    def key(self, field: str) -> str:
        """The widget's key."""
        return _key(self.name, field, self.edition)

    def slot(self, field: str) -> None:
        """Keep a place for problems here."""
        self.slots[field] = st.empty()

    def tell(self, kept: Kept) -> None:
        """Say what came of a save: problems at their fields, else start anew."""
        for field, problem in kept.problems.items():
            self.slots[field].error(words.plain(problem))
        if kept.said:
            st.session_state[f"settings_{self.name}_said"] = kept.said
            st.session_state[_edition(self.name)] = self.edition + 1
            st.rerun()


def key_products() -> None:
    """Which products are key."""
    st.subheader("Key products")
    listed = ask(products.products)
    if not listed:
        link("imports", "There is no product yet. Add the first one")
        return
    form = _open("keys", {"skus": [one.sku for one in listed if one.is_key]})
    names = {one.sku: f"{one.sku} · {one.name}" for one in listed}
    with st.form("settings_keys_form", border=False):
        chosen = st.multiselect(
            "Counted, billed and shipped by us",
            list(names),
            default=[sku for sku in form.shown["skus"] if sku in names],
            format_func=lambda sku: names.get(sku, sku),
            key=form.key("skus"),
            disabled=not form.may_save,
        )
        st.caption("Others are known and left out of orders. Names, pallets, lots and bundles are under Imports.")
        form.slot("")
        pressed = _save_button(form, "Save key products")
    if pressed:
        form.tell(preferences.save_key_products(form.shown["skus"], chosen))


def manual_orders() -> None:
    """Which order numbers are manual ones. No form, so that the example follows while one types."""
    st.subheader("Manual orders")
    form = _open("manual", ask(preferences.in_force))
    typed = {}
    for name, column in zip((MANUAL_PREFIX, MANUAL_LOWEST, MANUAL_HIGHEST), st.columns(3), strict=True):
        with column:
            typed[name] = _text(form, name, placeholder="no limit" if name != MANUAL_PREFIX else "")
    checked = check(typed)
    if not checked.problems:
        rule = manual_rule(checked.values)
        told = "; ".join(f"**{one}** is {'' if rule.fits(one) else 'not '}manual" for one in _samples(rule.prefix))
        st.caption(f"Digits only, typed by hand in ShipStation. {told}.")
    for name, problem in checked.problems.items():
        form.slots[name].error(words.plain(problem))
    form.slot("")
    if _save(form, "Save rule"):
        form.tell(preferences.save_settings(_part(form.shown, typed), typed))


def working_day() -> None:
    """Until when an order leaves on the same day, and on which days anybody works."""
    st.subheader("Working day")
    form = _open("day", ask(preferences.in_force))
    with st.form("settings_day_form", border=False):
        at, on = st.columns([1, 3])
        with at:
            by = st.time_input(
                PREFERENCES[CUT_OFF].label,
                _hour(form.shown[CUT_OFF]),
                key=form.key(CUT_OFF),
                step=300,
                disabled=not form.may_save,
                help=f"By the warehouse's clock, {words.zone().key}.",
            )
            form.slot(CUT_OFF)
        with on:
            days = st.multiselect(
                PREFERENCES[WORKING_DAYS].label,
                DAYS,
                default=[day for day in form.shown[WORKING_DAYS].split(",") if day in DAYS],
                key=form.key(WORKING_DAYS),
                disabled=not form.may_save,
            )
            form.slot(WORKING_DAYS)
        off = _text(form, DAYS_OFF, placeholder="2026-12-25, 2027-01-01")
        st.caption(_days_off_to_come(form.shown[DAYS_OFF]))
        st.caption(
            "An order that came in before the cut-off of a working day and still waits after it is late. A week is "
            "closed on its last working day."
        )
        form.slot("")
        pressed = _save_button(form, "Save working day")
    if pressed:
        typed = {CUT_OFF: "" if by is None else f"{by:%H:%M}", WORKING_DAYS: ",".join(days), DAYS_OFF: off}
        form.tell(preferences.save_settings(_part(form.shown, typed), typed))


def mails() -> None:
    """Who is told by mail, who gets the reports, and whether mails to them arrive."""
    st.subheader("Mail")
    form = _open("mail", ask(preferences.in_force))
    with st.form("settings_mail_form", border=False):
        to_all = runtime.app().settings.mail_to or ""
        typed = {
            name: _text(form, name, placeholder=to_all or "kim@example.com, lee@example.com")
            for name in (ALERT_RECIPIENTS, WEEKLY_REPORT_RECIPIENTS, CHARGE_REPORT_RECIPIENTS)
        }
        is_sent = runtime.app().settings.sendgrid_key is not None
        st.caption(
            "One mail when an alert begins to fire; the report when a week is closed, the invoice when a month is. An "
            f"empty field means {words.plain(to_all) or 'nobody'}."
        )
        if not is_sent:
            st.caption(
                "No mail leaves this machine until SHIPSYNC_SENDGRID_KEY is set: mails are kept as files, and alerts "
                "show on Today."
            )
        form.slot("")
        pressed = _save_button(form, "Save recipients")
    if pressed:
        form.tell(preferences.save_settings(_part(form.shown, typed), typed))
    mail_tests()


def stock_changes() -> None:
    """From where on a change of stock needs a second person."""
    st.subheader("Stock")
    form = _open("stock", ask(preferences.in_force))
    with st.form("settings_stock_form", border=False):
        typed = {APPROVAL_ABOVE: _text(form, APPROVAL_ABOVE)}
        st.caption("Adjustments, and what a count found too much or too little. 0: every change does.")
        form.slot("")
        pressed = _save_button(form, "Save limit")
    if pressed:
        form.tell(preferences.save_settings(_part(form.shown, typed), typed))


def documents() -> None:
    """What stands on reports, count sheets and invoices, who bills whom, and on which paper."""
    st.subheader("Documents")
    form = _open("documents", ask(preferences.in_force))
    with st.form("settings_documents_form", border=False):
        typed = {FIRM: _text(form, FIRM), FIRM_ADDRESS: _lines(form, FIRM_ADDRESS)}
        typed |= {CLIENT: _text(form, CLIENT), CLIENT_ADDRESS: _lines(form, CLIENT_ADDRESS)}
        for name, column in zip((CURRENCY, PAYMENT_DAYS), st.columns(2), strict=True):
            with column:
                typed[name] = _text(form, name)
        papers = list(PAPERS)
        paper = st.radio(
            PREFERENCES[PAPER].label,
            papers,
            index=papers.index(_paper(form.shown[PAPER])),
            format_func=lambda name: PAPERS[name],
            key=form.key(PAPER),
            horizontal=True,
            disabled=not form.may_save,
        )
        form.slot(PAPER)
        st.caption("Documents made from now on; those handed out stay as they are.")
        form.slot("")
        pressed = _save_button(form, "Save documents")
    if pressed:
        typed[PAPER] = paper
        form.tell(preferences.save_settings(_part(form.shown, typed), typed))


def requests_share() -> None:
    """How many requests a minute are ours."""
    st.subheader("ShipStation's limit")
    form = _open("requests", ask(preferences.in_force))
    with st.form("settings_requests_form", border=False):
        typed = {REQUESTS_PER_MINUTE: _text(form, REQUESTS_PER_MINUTE)}
        st.caption(
            f"ShipStation allows {MOST_REQUESTS} a minute to all tools on one key together. Holds from the next start "
            "of shipsync on."
        )
        form.slot("")
        pressed = _save_button(form, "Save share")
    if pressed:
        form.tell(preferences.save_settings(_part(form.shown, typed), typed))


def intervals() -> None:
    """How often each workflow comes round."""
    st.subheader("Intervals")
    every = {one.workflow: one.interval_minutes for one in ask(workflows.all_controls) if one.interval_minutes}
    form = _open("intervals", every)
    with st.form("settings_intervals_form", border=False):
        typed: dict[str, int] = {}
        for name, column in zip(form.shown, st.columns(max(len(form.shown), 1)), strict=False):
            with column:
                typed[name] = st.number_input(
                    f"{workflow_words.title(name)}, minutes",
                    min_value=1,
                    max_value=MOST_MINUTES,
                    value=form.shown[name],
                    step=1,
                    key=form.key(name),
                    disabled=not form.may_save,
                )
                form.slot(name)
        st.caption("The rest comes nightly or when asked. Workflows are switched on and off under Sync.")
        form.slot("")
        pressed = _save_button(form, "Save intervals")
    if pressed:
        form.tell(preferences.save_intervals(form.shown, typed))


def _open(name: str, now: Mapping[str, Any]) -> _Form:
    said = st.session_state.pop(f"settings_{name}_said", "")
    if said:
        st.success(said)
    edition = st.session_state.get(_edition(name), 0)
    kept = st.session_state.get(f"settings_{name}_shown")
    # Widgets forget what was typed when their page is left, so what they start from is read anew then.
    is_drawn = any(_key(name, field, edition) in st.session_state for field in now)
    if kept is None or kept[0] != edition or not is_drawn:
        kept = (edition, dict(now))
        st.session_state[f"settings_{name}_shown"] = kept
    return _Form(name, edition, kept[1], {}, may(Role.ADMIN))


def _edition(name: str) -> str:
    return f"settings_{name}_edition"


def _key(name: str, field: str, edition: int) -> str:
    return f"settings_{name}_{field}_{edition}"


def _text(form: _Form, name: str, placeholder: str = "") -> str:
    typed = st.text_input(
        PREFERENCES[name].label,
        form.shown[name],
        key=form.key(name),
        placeholder=placeholder,
        disabled=not form.may_save,
    )
    form.slot(name)
    return typed or ""


def _lines(form: _Form, name: str) -> str:
    typed = st.text_area(
        PREFERENCES[name].label, form.shown[name], key=form.key(name), height=100, disabled=not form.may_save
    )
    form.slot(name)
    return typed or ""


def _save_button(form: _Form, label: str) -> bool:
    return st.form_submit_button(label, key=f"settings_{form.name}_save", disabled=not form.may_save)


def _save(form: _Form, label: str) -> bool:
    return st.button(label, key=f"settings_{form.name}_save", disabled=not form.may_save)


def _part(shown: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, str]:
    return {name: shown[name] for name in typed}


def _hour(text: str) -> time:
    """The hour to start from, also where a wrong one was set past this page: here it is mended."""
    try:
        return hour(text)
    except ValueError:
        return hour(DEFAULT_CUT_OFF)


def _paper(text: str) -> Paper:
    """The paper to start from, also where a wrong one was set past this page."""
    try:
        return paper_called(text)
    except ValueError:
        return DEFAULT_PAPER


def _days_off_to_come(text: str) -> str:
    """The next days off with their weekdays, so that a slip of the finger shows."""
    try:
        off = days_off(text)
    except ValueError:
        return "Not all of them can be read."
    app = runtime.app()
    today = business_date(app.now(), app.settings.zone)
    coming = sorted(day for day in off if day >= today)
    if not coming:
        return "No day off is to come."
    told = ", ".join(words.day(day) for day in coming[:_DAYS_TOLD])
    more = f" and {len(coming) - _DAYS_TOLD:,} more" if len(coming) > _DAYS_TOLD else ""
    return f"To come: {told}{more}."


def _samples(prefix: str) -> tuple[str, ...]:
    own = f"{prefix}0123"
    return tuple(dict.fromkeys((own, *_SAMPLES)))
