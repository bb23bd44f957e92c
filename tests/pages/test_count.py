"""Count: blind to the end, kept under names, and nothing becomes stock before everything is explained and agreed to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from shipsync.procedures import counting
from shipsync.procedures.counting import Counted
from shipsync.rules.catalogue import Product
from shipsync.store import counts, products
from shipsync.web import count_documents
from tests.documents import paper
from tests.house import House
from tests.pages.stock_site import (
    LOT,
    OTHER,
    SKU,
    TODAY,
    Hand,
    close_day,
    lots,
    open_count,
    receive,
    ship,
    stock_up,
    told,
)
from tests.site import Site, a_site

COUNT = "2026-09-16.1"
OTHERS = ("17904", "17914", "18675", "18795")  # key products that nobody ever had


@pytest.fixture
def site(house: House) -> Iterator[Site]:
    st.cache_data.clear()
    with a_site(house) as site:
        yield site


def to_count(house: House, units: int = 300) -> None:
    """A shelf with 300 units of one lot, on a day that is closed."""
    stock_up(house, units)
    close_day(house)


def sheet(test: AppTest, edition: int = 0, *, again: bool = False) -> Hand:
    """The fields of the sheet on the screen; a line's are named by SKU and lot."""
    return Hand(test, f"count_{'again' if again else 'first'}_{COUNT}", edition)


def page(site: Site) -> AppTest:
    return site.page("count", count=COUNT)


def count_all(house: House, units: int, *, by: str = "Kim", again: str = "Lee") -> None:
    """Everything is counted, and counted again where it has to be."""
    none = [Counted(line.sku, line.lot, 0, 0) for line in counts.lines(house.app.db.read(), COUNT) if line.sku != SKU]
    db, now = house.app.db, house.app.now()
    counting.enter(db, COUNT, [Counted(SKU, LOT, 0, units), *none], by, now)
    if abs(units - 300) > 3:
        counting.enter(db, COUNT, [Counted(SKU, LOT, 0, units)], again, now)


def progress(test: AppTest) -> str:
    """How far the count is."""
    text: str = test.get("progress")[0].proto.text
    return text


def labels(test: AppTest) -> set[str]:
    """The labels of everything that can be pressed."""
    return {one.label for one in test.button}


# -- beginning -------------------------------------------------------------------------------------------------------


def test_before_a_day_is_closed_there_is_nothing_to_count_against(site: Site) -> None:
    test = site.page("count")
    assert "No day has been closed yet, and a closing says what to expect on the shelf." in told(test)
    assert "Nothing has been counted yet." in told(test)
    assert "Go to End of day" in [one.proto.label for one in test.get("page_link")]
    assert not test.button


def test_a_count_says_against_what_it_is_held_and_begins(site: Site) -> None:
    to_count(site.house)
    test = site.page("count")
    text = told(test)
    assert "Count against Wed 16 Sep 2026, version 1" in text
    assert "is not closed" not in text
    test.button(key="count_start").click().run()
    assert "Say who you are: a count has names." in told(test)
    test.text_input(key="count_start_by").set_value("Kim")
    test.multiselect(key="count_start_skus").set_value([SKU])
    test.button(key="count_start").click().run()
    assert not test.exception
    [count] = counts.open_counts(site.house.app.db.read())
    assert (count.count_id, count.opened_by) == (COUNT, "Kim")
    assert [line.sku for line in counts.lines(site.house.app.db.read(), COUNT)] == [SKU]
    assert f"Count {COUNT}" in told(test)


def test_a_day_that_is_not_closed_is_said_before_the_count_begins(site: Site) -> None:
    to_count(site.house)
    site.house.wait(24 * 60)
    text = told(site.page("count"))
    assert "Thu 17 Sep 2026 is not closed." in text
    assert "Count against Wed 16 Sep 2026, version 1" in text


def test_counts_that_are_under_way_come_first(site: Site) -> None:
    to_count(site.house)
    open_count(site.house, SKU, by="Lee")
    test = site.page("count")
    assert ":blue[► open] · **Count 2026-09-16.1** · 0 of 1 line counted · opened by Lee" in told(test)
    test.text_input(key="count_start_by").set_value("Kim")
    test.button(key="count_start").click().run()
    assert "Count 2026-09-16.1 is open and counts 17612. Go on with it." in told(test)


def test_a_count_that_is_not_there_is_said(site: Site) -> None:
    assert "There is no count 2026-01-01.7." in told(site.page("count", count="2026-01-01.7"))


# -- counting --------------------------------------------------------------------------------------------------------


def test_nothing_that_is_expected_is_shown_while_it_is_counted(site: Site) -> None:
    to_count(site.house, units=7919)
    ship(site.house, 4, "100901", lot=OTHER)  # the ledger has less than none of it
    close_day(site.house)
    open_count(site.house)
    test = page(site)
    for step in range(3):
        text = told(test) + " ".join(str(one.proto) for one in test.main)  # whatever kind of element it is in
        for secret in ("7919", "7,919", "164", "expected", "Expected", OTHER):
            assert secret not in text, (step, secret)
        if step == 0:
            sheet(test).type(by="Kim", **{f"loose_{SKU}_{LOT}": 7}).press()
        else:
            sheet(test, step).type(**{f"loose_{OTHERS[step]}_": 0}).press()
    assert "To count again (1)" in told(test)


def test_a_screen_is_kept_at_once_and_what_was_left_empty_is_not_counted(site: Site) -> None:
    to_count(site.house)
    open_count(site.house)
    test = page(site)
    hand = sheet(test)
    hand.type(by="Kim").press()
    assert "Nothing was typed yet. Enter 0 for a shelf that is empty." in told(test)
    hand.type(**{f"pallets_{SKU}_{LOT}": 6, f"loose_{SKU}_{LOT}": 12, "loose_17904_": 0}).press()
    assert "Kept: 17612 - 250237: 300 units · 17904, no lot: 0 units" in told(test)
    assert "To count (3)" in told(test)
    lines = {line.sku: line.counted for line in counts.lines(site.house.app.db.read(), COUNT)}
    assert lines == {"17612": 300, "17904": 0, "17914": None, "18675": None, "18795": None}
    assert not hand.has("pallets_17914_")  # it has no pallet size


def test_two_people_count_at_once_and_neither_loses_what_was_typed(site: Site) -> None:
    to_count(site.house)
    open_count(site.house)
    kim, lee = page(site), page(site)
    sheet(kim).type(by="Kim", **{f"loose_{SKU}_{LOT}": 280})
    sheet(lee).type(by="Lee", **{f"loose_{SKU}_{LOT}": 299, "loose_17904_": 0}).press()
    sheet(kim).press()
    line = next(one for one in counts.lines(site.house.app.db.read(), COUNT) if one.sku == SKU)
    assert [(one.counted_by, one.units) for one in line.entries] == [("Lee", 299), ("Kim", 280)]
    test = page(site)
    assert progress(test) == "2 of 5 lines counted"
    assert "Lee 2, Kim 1" in told(test)


def test_a_line_beyond_its_tolerance_is_counted_again_without_a_figure(site: Site) -> None:
    to_count(site.house)
    open_count(site.house, SKU)
    test = page(site)
    sheet(test).type(by="Kim", **{f"loose_{SKU}_{LOT}": 277}).press()
    text = told(test)
    assert "To count again (1)" in text
    assert "counted by Kim" in text
    assert "277" not in text.replace("Kept: 17612 - 250237: 277 units", "")
    sheet(test, again=True).type(**{f"loose_{SKU}_{LOT}": 299}).press()
    assert "Why do they differ? (1)" in told(test)


def test_a_lot_that_is_not_on_the_sheet_is_added(site: Site) -> None:
    to_count(site.house)
    open_count(site.house, SKU)
    test = page(site)
    other = Hand(test, f"count_other_{COUNT}")
    other.type(by="Kim", lot="17612 - 250300", loose_other=5).press()
    assert "Choose the product." in told(test)
    other.type(sku=SKU).press()
    assert "Kept: 17612 - 250300: 5 units" in told(test)
    found = next(one for one in counts.lines(site.house.app.db.read(), COUNT) if one.lot == OTHER)
    assert (found.expected, found.counted) == (0, 5)


def test_a_large_catalogue_is_counted_a_screen_at_a_time_and_found_by_typing(site: Site) -> None:
    house = site.house
    many = [Product(f"2{number:04d}", f"Sample {number}", True) for number in range(60)]
    with house.app.db.transaction() as con:
        products.put_products(con, many, house.app.now())
    to_count(house)
    open_count(house)
    test = page(site)
    assert "To count (65)" in told(test)
    assert len(test.number_input) == 10 + 1 + 2  # ten lines, one of them with pallets; a found lot has both
    test.selectbox(key="count_size_first").set_value(100).run()
    assert len(test.number_input) == 65 + 1 + 2
    test.selectbox(key="count_size_first").set_value(10).run()
    test.pagination(key="count_screen_first_7").set_value(7).run()
    assert [one.key for one in test.number_input][:5] == [
        f"count_first_{COUNT}_loose_2{number:04d}__0" for number in range(55, 60)
    ]
    test.text_input(key="count_find_first").set_value("sample 37").run()
    sheet(test).type(by="Kim", loose_20037_=3).press()
    assert "Kept: 20037, no lot: 3 units" in told(test)
    assert "To count (64)" in told(test)


# -- differences -----------------------------------------------------------------------------------------------------


def test_what_was_found_is_told_once_everything_is_counted(site: Site) -> None:
    to_count(site.house)
    open_count(site.house)
    count_all(site.house, 290)
    test = page(site)
    shown = {one.label: one.value for one in test.get("metric")}
    assert shown == {"Accuracy": "80.0 %", "Units counted": "290", "Net variance": "−10", "Lines that differ": "1"}
    first = next(frame.value for frame in test.dataframe if "verdict" in frame.value).to_dict("records")[0]
    assert (first["expected"], first["counted"], first["variance"], first["tolerance"], list(first["verdict"])) == (
        300, 290, -10, 3, ["▲ beyond"],
    )  # fmt: skip
    assert (first["countings"], first["counted_by"]) == ("290, then 290", "Kim, Lee")
    assert len(test.get("plotly_chart")) == 1
    assert "Post the count" not in labels(test)


def test_a_difference_is_explained_agreed_to_and_posted(site: Site) -> None:
    to_count(site.house)
    open_count(site.house)
    count_all(site.house, 290)
    site.house.wait(1)
    ship(site.house, 3, "100902")
    test = page(site)
    reasons = Hand(test, f"count_reasons_{COUNT}")
    reasons.type(by="Kim").press()
    assert "Choose a reason: a difference needs one." in told(test)
    reasons.type(**{f"reason_{SKU}_{LOT}": "missing", f"note_{SKU}_{LOT}": "Looked twice"}).press()
    assert "To be approved by a second person (1)" in told(test)

    approvals = Hand(test, f"count_approvals_{COUNT}")
    for name in ("", "Kim", " LEE "):
        approvals.type(by=name).press("all")
        sentence = "Somebody else has to approve this" if name else "Say who you are"
        assert sentence in told(test)
    approvals.type(by="Pat").press("all")
    assert "1 difference approved by Pat." in told(test)

    Hand(test, f"count_post_{COUNT}").press()
    text = told(test)
    assert "Count 2026-09-16.1 is posted: 1 line differed." in text
    assert "✓ posted" in text
    assert lots(site.house) == {LOT: 287}
    assert "Post the count" not in labels(test)
    assert "Cancel the count" not in text


def test_another_reason_takes_the_approval_back(site: Site) -> None:
    to_count(site.house)
    open_count(site.house)
    count_all(site.house, 290)
    db, now = site.house.app.db, site.house.app.now()
    counting.give_reason(db, COUNT, SKU, LOT, "missing", "", "Kim", now)
    counting.approve(db, COUNT, SKU, LOT, "Pat", now)
    test = page(site)
    assert "Post the count" in labels(test)
    Hand(test, f"count_change_reason_{COUNT}").type(by="Kim", line=0, reason="damaged").press()
    assert "To be approved by a second person (1)" in told(test)
    assert "Post the count" not in labels(test)


def test_several_differences_are_approved_one_by_one_or_together(site: Site) -> None:
    house = site.house
    stock_up(house)
    receive(house, 100, OTHER)
    close_day(house)
    open_count(house, SKU)
    db, now = house.app.db, house.app.now()
    for by in ("Kim", "Lee"):
        counting.enter(db, COUNT, [Counted(SKU, LOT, 0, 280), Counted(SKU, OTHER, 0, 120)], by, now)
    for lot in (LOT, OTHER):
        counting.give_reason(db, COUNT, SKU, lot, "wrong_item", "", "Kim", now)
    test = page(site)
    assert "+20 over, −20 short" in told(test)
    Hand(test, f"count_approvals_{COUNT}").type(by="Pat").press(f"one_{SKU}_{LOT}")
    assert "To be approved by a second person (1)" in told(test)
    Hand(test, f"count_approvals_{COUNT}", 1).type(by="Pat").press("all")
    assert "Post the count" in labels(test)


def test_a_lot_below_zero_is_told_of_with_the_differences(site: Site) -> None:
    stock_up(site.house)
    ship(site.house, 4, "100901", lot=OTHER)
    close_day(site.house)
    open_count(site.house)
    count_all(site.house, 300)
    test = page(site)
    text = told(test)
    assert progress(test) == "5 of 5 lines counted"  # nobody is sent to look for less than none
    assert "The ledger had less than none of 17612 - 250300 at −4." in text
    assert "Why do they differ? (1)" in text


def test_what_became_known_after_the_closing_is_no_loss(site: Site) -> None:
    to_count(site.house)
    open_count(site.house, SKU)
    count = counts.count(site.house.app.db.read(), COUNT)
    assert count is not None
    receive(site.house, 48, moved_at=count.as_of)
    for by in ("Kim", "Lee"):
        counting.enter(site.house.app.db, COUNT, [Counted(SKU, LOT, 0, 348)], by, site.house.app.now())
    text = told(page(site))
    assert "+48 became known only after the day was closed; that part of the difference is no loss." in text


# -- its end ---------------------------------------------------------------------------------------------------------


def test_a_count_is_given_up_and_kept(site: Site) -> None:
    to_count(site.house)
    open_count(site.house, SKU)
    test = page(site)
    Hand(test, f"count_cancel_{COUNT}").type(by="Kim").press()
    assert "Count 2026-09-16.1 is cancelled. It has changed nothing; what was counted is kept." in told(test)
    assert lots(site.house) == {LOT: 300}


def test_every_count_is_listed_with_what_it_came_to(site: Site) -> None:
    to_count(site.house)
    open_count(site.house)
    count_all(site.house, 298)
    counting.give_reason(site.house.app.db, COUNT, SKU, LOT, "damaged", "", "Kim", site.house.app.now())
    counting.post(site.house.app.db, COUNT, site.house.app.settings.zone, "Kim", site.house.app.now())
    counting.open_count(site.house.app.db, TODAY, [SKU], "Lee", site.house.app.now())
    newest, posted = site.page("count").dataframe[-1].value.to_dict("records")
    assert (newest["count_id"], newest["lines"], newest["counted"], newest["differing"]) == ("2026-09-16.2", 1, 0, None)
    assert (posted["count_id"], posted["counted"], posted["differing"], posted["accuracy"]) == (COUNT, 5, 1, "100.0 %")


def test_sheet_and_result_come_as_paper(site: Site) -> None:
    stock_up(site.house)
    ship(site.house, 4, "100901", lot=OTHER)
    close_day(site.house)
    open_count(site.house, SKU)
    told_on_paper = paper.text(count_documents.sheet_pdf(COUNT))
    assert COUNT in told_on_paper
    assert LOT in told_on_paper
    assert OTHER not in told_on_paper  # nobody can look for less than none
    with pytest.raises(LookupError):
        count_documents.result_pdf(COUNT)
    db, now = site.house.app.db, site.house.app.now()
    counting.enter(db, COUNT, [Counted(SKU, LOT, 0, 298)], "Kim", now)
    for lot in (LOT, OTHER):
        counting.give_reason(db, COUNT, SKU, lot, "damaged", "Dropped", "Kim", now)
    counting.post(db, COUNT, site.house.app.settings.zone, "Kim", now)
    result = paper.text(count_documents.result_pdf(COUNT))
    assert "Dropped" in result
    assert "298" in result


def test_a_viewer_looks_on_and_counts_nothing(site: Site) -> None:
    to_count(site.house)
    open_count(site.house, SKU)
    site.groups = ["shipsync-viewer"]
    test = page(site)
    assert "It is being counted. What was found is shown once everything is." in told(test)
    assert {one.key for one in test.button} == {"count_all"}
    front = site.page("count")
    assert "count_start" not in {one.key for one in front.button}


def test_a_count_waits_for_its_past(site: Site) -> None:
    class Halfway:
        done, total, sentence = 1, 2, "The last weeks are being brought in."

    site.house.app.past = Halfway()  # type: ignore[assignment]
    assert "The first count can be made once the past is in." in told(site.page("count"))
    site.house.app.past = None
