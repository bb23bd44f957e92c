"""From the legacy workflows to the unified sync and back, pressed by a person on the page Parity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched, open_context, settled, visit
from tests.browser.looking import look_at
from tests.browser.moving import RINSE, Moving

LEGACY_WRITES = "Production is written by Legacy sync of manual orders and Legacy sync of states"
UNIFIED_WRITES = "Production is written by Sync with ShipStation"


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Moving]:
    one = Moving(tmp_path)
    yield one
    one.stop()


@pytest.fixture
def tab(browser: Browser, moving: Moving) -> Iterator[Page]:
    context = open_context(browser, moving.url)
    page = context.new_page()
    watched = Watched(page)
    yield page
    watched.check()
    context.close()


def press(tab: Page, label: str, *foreseen: str, **fields: str) -> None:
    """Press for a change, read what its dry run says, fill in what is asked for, and confirm."""
    tab.get_by_role("button", name=label, exact=True).click()
    dialog = tab.get_by_role("dialog")
    expect(dialog.get_by_text("What a dry run has come to")).to_be_visible()
    for sentence in foreseen:
        expect(dialog).to_contain_text(sentence)
    for name, text in fields.items():
        dialog.get_by_label(re.compile("^" + name.replace("_", " "))).fill(text)
    if "Your_name" not in fields:
        expect(dialog).to_contain_text("Everything is entered as Kim")
    dialog.get_by_role("button", name=label, exact=True).click()
    expect(dialog).to_have_count(0)
    settled(tab)


def stands(tab: Page, state: str, writes: str) -> None:
    """The page says where the deployment stands, and who writes production."""
    expect(tab.get_by_text(re.compile(f"^{re.escape(state)} since"))).to_be_visible()
    expect(tab.get_by_text(writes)).to_be_visible()


def said(tab: Page, sentence: str) -> None:
    """It is told in the corner, wherever on the page one is."""
    expect(tab.get_by_test_id("stToast").filter(has_text=sentence)).to_be_visible()


def over_and_back(tab: Page, moving: Moving) -> None:
    """From shadow (live), with all gates passed, to the cut-over and back: nothing is lost on the way."""
    visit(tab, "/parity")
    stands(tab, "Shadow (live)", LEGACY_WRITES)
    expect(tab.get_by_text("Everything is passed: the change may be made now.")).to_be_visible()
    press(tab, "Call it ready", "from shadow (live) to ready", Your_name="Kim", Reason="48 hours without a difference")
    said(tab, "The deployment went from shadow (live) to ready")
    stands(tab, "Ready", LEGACY_WRITES)
    before = moving.orders()
    press(
        tab, "Cut over to the unified sync", "from ready to reverse shadow", "Into production goes: ",
        "Sync with ShipStation writes production", "Legacy sync of states writes beside production", Reason="planned",
    )  # fmt: skip
    stands(tab, "Reverse shadow", UNIFIED_WRITES)
    assert moving.orders() == before
    moving.world.place_manual_order(items=(RINSE,))
    moving.live(1)
    assert moving.orders() == before + 1  # by the unified sync
    assert look_at(tab, "parity-reverse-light") == []
    press(tab, "Roll back to the legacy workflows", "from reverse shadow to off", Reason="to see that it can be done")
    stands(tab, "Off", LEGACY_WRITES)
    assert moving.orders() == before + 1
    moving.world.place_manual_order(items=(RINSE,))
    moving.live(1)
    assert moving.orders() == before + 2  # by the legacy workflows
    answer = requests.post(
        f"{moving.url}/api/parity/begin", json={"by": "Lee", "reason": "anew", "reviewed_by": "Kim"}, timeout=60
    )
    assert answer.status_code == 200, answer.text
    said(tab, "Lee has changed it: it is shadow (replay) now.")
    stands(tab, "Shadow (replay)", LEGACY_WRITES)


def test_a_person_cuts_over_and_rolls_back(tab: Page, moving: Moving) -> None:
    moving.begin_lived()
    over_and_back(tab, moving)


@pytest.mark.sweep
def test_a_person_goes_the_whole_way_from_off_and_back_to_it(tab: Page, moving: Moving) -> None:
    moving.begin()
    visit(tab, "/parity")
    stands(tab, "Off", LEGACY_WRITES)
    press(
        tab, "Begin shadow mode", "from off to shadow (replay)", "Sync with ShipStation writes beside production",
        Your_name="Kim", Who_has_reviewed_the_plan="Lee", Reason="as planned",
    )  # fmt: skip
    stands(tab, "Shadow (replay)", LEGACY_WRITES)
    expect(tab.get_by_role("button", name="Compare live")).to_be_disabled()
    moving.live(1)
    tab.get_by_role("button", name="Replay the last 30 days").click()
    expect(tab.get_by_text(re.compile("Replayed: .* records equal"))).to_be_visible()
    press(tab, "Compare live", "from shadow (replay) to shadow (live)", Reason="30 days replayed")
    stands(tab, "Shadow (live)", LEGACY_WRITES)
    expect(tab.get_by_text(re.compile("48 hours .*are wanted"))).to_be_visible()
    expect(tab.get_by_role("button", name="Call it ready")).to_be_disabled()
    tab.goto("about:blank")  # nobody looks for two days
    moving.live_two_days()
    over_and_back(tab, moving)
