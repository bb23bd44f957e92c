"""Parity: who writes production, the gates before the next change, what differs, and the press that changes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from streamlit.testing.v1 import AppTest

from shipsync.desk.parity import parity_summary
from shipsync.errors import NotPassed, Refused, Unusable
from shipsync.procedures.deployment import Asked
from shipsync.rules.deployment import State
from shipsync.rules.parity_ignores import NewIgnoreRule
from shipsync.rules.parity_verdicts import Found, Judged, Mode
from shipsync.store import deployment, jobs, parity_results
from shipsync.store.carry_over import _GROUPS, _KEPT_BY_THE_SYNC
from shipsync.store.deployment import Changed
from shipsync.store.lanes import make_lane
from shipsync.web.parity_ignores import approve, propose, withdraw
from shipsync.web.parity_press import dry_run, make
from shipsync.web.parity_words import CARRIED, carried_words, share
from tests.house import House
from tests.procedures.closing_day import shipped
from tests.procedures.migrating import ASKED, backed_up, both, compared, go, off, shadow, state
from tests.site import Site, a_site
from tests.web.calling import get

RULE = {"reason": "trailing zeros", "ticket": "T-1", "author": "Ann", "most_hits": 10}


@pytest.fixture
def site(house: House) -> Iterator[Site]:
    with a_site(house) as made:
        yield made


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]


def differing(
    house: House,
    *found: tuple[str, str, str, str | None, str | None],
    order_id: int | None = None,
    mode: Mode = "live",
    run_id: str = "parity-check.7",
) -> None:
    """Differences of (entity, key, field, control, candidate) that a comparison has confirmed."""
    now = house.clock.now()
    seen = [
        (
            Found(entity, key, field, "field-differs", order_id, control, candidate, now, True, False),
            Judged("confirmed", now),
        )
        for entity, key, field, control, candidate in found
    ]
    with house.app.db.transaction() as con:
        parity_results.keep_differences(con, mode, seen, run_id, now)


def live(house: House) -> None:
    """Both sides are compared live, as far as the page can tell, and production has one manual order."""
    house.world.place_manual_order("100951")
    house.wait()
    house.sync()
    now = house.clock.now()
    path: tuple[State, ...] = ("done", "off", "shadow_replay", "shadow_live")
    with house.app.db.transaction() as con:
        for number, (before, after) in enumerate(pairwise(path), 1):
            deployment.put_change(
                con, Changed(number, now, "Ann", before, after, "as planned", "[]", "0" * 64, "{}"), None
            )
    compared(house, "noise")
    compared(house, "replay")


def rule(house: House, field: str, **others: object) -> NewIgnoreRule:
    values = {"entity": "order", "control": "a", "candidate": None, "expires_at": house.clock.now() + timedelta(days=7)}
    return NewIgnoreRule(field=field, **(values | RULE | others))  # type: ignore[arg-type]


def test_without_a_migration_it_is_calm_and_says_how_shadow_is_used(site: Site) -> None:
    test = site.page("parity")
    said = site.text(test)
    assert "The unified sync writes production, and nothing is beside it" in said
    assert "For the next change of the sync, put the legacy workflows beside it" in said
    assert labels(test) == ["Put the legacy workflows beside the sync", "Replay the last 30 days"]
    assert not test.radio
    assert "Before that: There is no verified backup" in said


def test_a_replay_is_asked_for_and_told_without_a_migration(house: House, site: Site) -> None:
    test = site.page("parity")
    test.button(key="parity_replay_press").click().run()
    assert [one.kind for one in jobs.latest_jobs(house.app.db.read())] == ["parity-replay"]
    compared(house, "noise")
    compared(house, "replay")
    test = site.page("parity")
    metrics = {one.label: one.value for one in test.metric}
    assert (metrics["Equal"], metrics["Confirmed to differ"]) == ("100 %", "0")
    assert "replayed. Noise, which is legacy against itself: 0 differences." in site.text(test)
    assert "Roll back to the legacy workflows" not in labels(test)


def test_who_writes_and_what_stands_before_the_next_change_is_told(house: House, site: Site) -> None:
    live(house)
    house.wait(60)
    compared(house, "live", compared=3_999, matched=3_990, pending=2, suspect=3, explained=6)
    test = site.page("parity")
    said = site.text(test)
    assert "Not equal, and accounted for: 6 meant to differ." in said
    assert "**Shadow (live)** since Wed 16 Sep 2026" in said
    assert "by Ann" in said
    assert "Production is written by **Legacy sync of" in said
    assert "** · beside it: **Sync with ShipStation**" in said
    assert (
        ":orange[▲ inconclusive] · **live parity**: Nothing confirmed to differ for 60 min; 48 hours are wanted" in said
    )
    assert "It may pass Fri 18 Sep 2026" in said
    assert "99.8 % Equal" in said
    assert "**recorded days**: 31\\.0 recorded days replayed" in said
    assert [one.disabled for one in test.button if one.label == "Call it ready"] == [True]
    assert [one.disabled for one in test.button if one.label == "Roll back to the legacy workflows"] == [False]


def test_the_course_of_the_comparisons_tells_what_differed_and_how_far_behind_both_were(
    house: House, site: Site
) -> None:
    live(house)
    house.wait(60)
    for hours_ago, transient in ((0.5, 3), (0, 0)):
        at = house.clock.now() - timedelta(hours=hours_ago)
        marks = {"control_at": at - timedelta(minutes=50), "candidate_at": at - timedelta(minutes=4)}
        compared(house, "live", hours_ago, compared=4_000, matched=3_990, transient=transient, suspect=2, **marks)
    alts = [one.proto.alt for one in site.page("parity").get("plotly_chart")]
    assert "the share of equal records in 2 comparisons" in alts[0]
    assert "at most 0, 2, 3 and 0; below them how far behind" in alts[1]
    lines = json.loads(site.page("parity").get("plotly_chart")[1].proto.spec)["data"]
    assert [one["name"] for one in lines] == ["confirmed", "suspect", "transient", "pending", "legacy", "unified"]


def test_the_api_has_the_numbers_of_the_page(house: House, site: Site) -> None:
    live(house)
    compared(house, "live", compared=3_999, matched=3_990, pending=2, suspect=9)
    told = parity_summary(house.app.db.read(), house.app.now())
    assert get("/api/parity/summary").data == told.model_dump(mode="json")
    metrics = {one.label: (one.value, one.delta) for one in site.page("parity").metric}
    assert told.counts is not None
    assert metrics == {
        "Equal": (share(told.counts.match_rate), "3,990 of 3,999 records"),
        "Confirmed to differ": ("0", "9 suspect, 0 stale"),
        "Pending": ("2", "in time"),
        "May differ at most": (share(told.counts.upper_bound), "95 % sure, n = 3,999"),
    }


def test_a_change_shows_its_dry_run_and_asks_for_name_and_reason(house: House, site: Site) -> None:
    off(house)
    test = site.page("parity")
    assert ":blue[► open] · **review**: Nobody has confirmed" in site.text(test)
    test.button(key="parity_next").click().run()
    said = site.text(test)
    assert "The unified sync reads beside the legacy workflows and writes tables of its own" in said
    assert "The deployment goes from **off** to **shadow (replay)**" in said
    assert {one.label for one in test.text_input} == {"Your name", "Who has reviewed the plan"}
    assert [one.label for one in test.text_area] == ["Reason. It is kept with the change, with your name."]
    assert state(house) == "off"


def test_a_press_makes_the_change_that_was_shown_and_no_other(house: House, site: Site) -> None:
    off(house)
    site.page("parity")
    foreseen = dry_run("begin")
    assert (foreseen.after, foreseen.refused, state(house)) == ("shadow_replay", None, "off")
    with pytest.raises(Unusable, match="needs a reason"):
        make("begin", "off", Asked("Ann", "", reviewed_by="Bob"))
    with pytest.raises(NotPassed, match="cannot review"):
        make("begin", "off", Asked("Ann", "as planned", reviewed_by="Ann"))
    assert "from off to shadow (replay)" in make("begin", "off", ASKED)
    with pytest.raises(NotPassed, match="changed meanwhile"):
        make("begin", "off", ASKED)
    test = site.page("parity", view="Changes", change="2")
    assert list(test.dataframe[-1].value["what"]) == ["off → shadow (replay)", "done → off"]
    assert ":green[✓ pass] · **review**: Bob has reviewed the plan\\." in site.text(test)


def test_only_an_admin_may_change_who_writes(house: House, site: Site) -> None:
    off(house)
    for groups in (["shipsync-viewer"], ["shipsync-operator"]):
        site.groups = groups
        test = site.page("parity")
        assert "A change of it needs the role admin" in site.text(test)
        assert "Begin shadow mode" not in labels(test)


def test_differences_are_grouped_down_to_one_record_side_by_side(house: House, site: Site) -> None:
    live(house)
    order_id = house.order("100951")["shipstation_order_id"]
    differing(
        house,
        ("order", str(order_id), "tracking_number", "1Z9", None),
        ("order", str(order_id), "status", "shipped", "awaiting_shipment"),
        order_id=order_id,
    )
    differing(house, ("shipment", "71", "shipment_cost", "9.10", "9.01"))
    test = site.page("parity", view="Differences")
    assert list(test.dataframe[0].value["confirmed"]) == [1, 1, 1]
    assert "Tracking number of an order" in list(test.dataframe[0].value["what"])
    test = site.page("parity", view="Differences", entity="order", field="tracking_number", record=str(order_id))
    assert [one.value for one in test.code] == ["1Z9", "(nothing)"]
    said = site.text(test)
    assert ":red[■ confirmed] · **tracking number of an order**" in said
    assert f"**What else differs of ShipStation order {order_id}**" in said
    assert "Order 100951" in [one.label for one in test.get("page_link")]
    assert list(test.dataframe[-1].value["what"]) == ["status of an order"]


def test_a_record_shows_how_each_side_came_to_it_and_what_shipstation_answered(house: House, site: Site) -> None:
    order_id = shipped(house)
    skipped = house.world.place_manual_order(items=(("no key product", 1),)).order_id
    house.wait()
    shadow(house)
    for mode in ("noise", "replay"):
        compared(house, mode)
    backed_up(house)
    go(house, "promote")
    house.wait()
    both(house)
    (label,) = next(iter(house.rows("SELECT shipment_id FROM shipments")))
    differing(house, ("order", str(order_id), "tracking_number", "1Z9", None), order_id=order_id)
    differing(house, ("order", str(skipped), "", "there", None), order_id=skipped)
    test = site.page("parity", view="Differences", entity="order", field="tracking_number", record=str(order_id))
    said = site.text(test)
    assert "those of the first parcel that has left" in said
    assert f"Order {order_id}, of version " in said
    assert f"Label {label}, of version " in said
    assert "written last Wed 16 Sep 2026 13:10 PDT by manual\\-order\\-sync\\.4 or status\\-sync\\.4." in said
    assert "status-sync takes it, if the order is here; manual-order-sync takes it in" in said
    assert "**taken in**. A manual order with a key product." in said
    assert [one.value for one in test.code] == ["1Z9", "(nothing)"]
    assert "Replay this order now" in labels(test)
    key = f"parity_raw_order_shipment_{label}"
    test.session_state[key] = True
    test.run()
    (record,) = [one.value for one in test.code if one.language == "json"]
    assert f'"shipmentId": {label}' in record

    test.query_params["field"], test.query_params["record"] = "whole", str(skipped)
    said = site.text(test.run())
    assert "They have nothing of it, and keep no record of what they pass over or why" in said
    assert "manual-order-sync leaves it out: A manual order without a key product." in said
    assert "**left alone**. A manual order without a key product." in said


def test_only_the_newest_replay_counts(house: House, site: Site) -> None:
    live(house)
    differing(house, ("order", "77", "status", "shipped", "on_hold"), mode="replay", run_id="replay.of.long.ago")
    house.wait()
    compared(house, "replay", matched=3_999, confirmed=1)
    newest = house.rows("SELECT arg_max(run_id, finished_at) FROM parity_runs WHERE mode = 'replay'")[0][0]
    differing(house, ("order", "78", "ship_city", "Reno", "Elko"), mode="replay", run_id=newest)
    test = site.page("parity", view="Differences", of="replayed", entity="order", field="ship_city")
    assert list(test.dataframe[0].value["what"]) == ["Ship to city of an order"]
    assert list(test.dataframe[1].value["key"]) == ["78"]


def test_a_group_says_what_its_orders_have_in_common(house: House, site: Site) -> None:
    for number in range(6):
        house.world.place_manual_order(items=(("17904 - 250301" if number < 2 else "17612 - 250237", 1),))
    live(house)
    make_lane(house.app.db, "shadow")
    compared(house, "live")
    odd = house.rows("SELECT shipstation_order_id FROM orders_inbox JOIN order_items_inbox USING (order_key) "
                     "WHERE base_sku = '17904' ORDER BY ALL")  # fmt: skip
    for (order_id,) in odd:
        differing(house, ("order", str(order_id), "status", "shipped", "on_hold"), order_id=order_id)
    test = site.page("parity", view="Differences", entity="order", field="status", record=str(odd[0][0]))
    sentence = "2 of 2 differing orders (100%) hold SKU 17904, 3.5 times their share of all orders (28.6%)."
    assert list(test.dataframe[0].value["cause"]) == [sentence]
    (facts,) = (line for line in site.text(test).splitlines() if line.startswith("**Of the order**"))
    assert "SKU 17904" in facts


def test_an_ignore_rule_is_proposed_refused_approved_and_withdrawn(house: House, site: Site) -> None:
    live(house)
    site.page("parity")
    with pytest.raises(Refused, match=r"total of an? order is paid or billed by"):
        propose(rule(house, "order_total"))
    with pytest.raises(Refused, match=r"identity of an? order says which record it is"):
        propose(rule(house, " Order.ORDER_KEY"))
    assert "hides nothing until a second person approves" in propose(rule(house, "ship_city")).text
    with pytest.raises(Refused, match="Another person than its author"):
        approve(1, "ann")
    assert "in force" in approve(1, "Bob").text
    shown = site.page("parity", view="Ignore rules")
    assert list(shown.dataframe[0].value["values"]) == ["a against any value"]
    assert ":green[● in force] · **Rule 1**, ship to city of an order" in site.text(shown)
    assert "counts again from the next comparison on" in withdraw(1, "Ann").text
    said = house.rows("SELECT changed_by, action FROM audit_log WHERE action LIKE 'ignore rule%' ORDER BY entry_no")
    assert said == [
        ("Ann", "ignore rule added"),
        ("Bob", "ignore rule approved"),
        ("Ann", "ignore rule withdrawn"),
    ]


def test_the_form_of_a_rule_is_filled_in_from_a_difference_and_says_what_it_would_hide(
    house: House, site: Site
) -> None:
    live(house)
    differing(
        house, ("order", "77", "ship_city", "Reno", "RENO"), ("order", "77", "order_total", "9", "8"), order_id=77
    )
    paid = site.page("parity", view="Differences", entity="order", field="order_total", record="77")
    assert "Propose an ignore rule" not in labels(paid)
    test = site.page("parity", view="Differences", entity="order", field="ship_city", record="77")
    test.button(key="parity_propose").click().run()
    assert test.selectbox(key="parity_rule_field_order_1_0").value == "ship_city"
    assert [one.value for one in test.text_input][:2] == ["Reno", "RENO"]
    assert "Of all differences on record it would hide 1." in site.text(test)
    test.radio(key="parity_rule_control_1_0_kind").set_value("any value")
    test.radio(key="parity_rule_candidate_1_0_kind").set_value("any value").run()
    assert "a rule for every value would hide the field" in site.text(test)
    test.button(key="parity_rule_save_0").click().run()
    assert "A reason is needed\\. A ticket is needed\\. An author is needed" in site.text(test)


def test_what_goes_over_is_told_in_words_of_the_trade() -> None:
    assert carried_words("orders_inbox", 1) == "1 order"
    assert carried_words("api_pages", 1_200) == "1,200 recorded answers"
    assert set(CARRIED) == {*_GROUPS, *_KEPT_BY_THE_SYNC}


def test_a_share_is_never_rounded_to_all_or_none() -> None:
    assert [share(one) for one in (None, 0.0, 1.0, 0.5, 0.99996, 0.00012, 3 / 4000)] == [
        "–", "0 %", "100 %", "50.0 %", "99.996 %", "0.01 %", "0.1 %",
    ]  # fmt: skip
