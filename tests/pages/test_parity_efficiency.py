"""Parity, Efficiency: what both sides take, on the page as the API and the command line tell it."""

from __future__ import annotations

from shipsync.desk.parity import parity_summary
from shipsync.rules.deployment import LEGACY, UNIFIED
from tests.house import House
from tests.procedures.migrating import go
from tests.site import a_site
from tests.web.calling import get


def a_day_and_an_hour(house: House) -> None:
    """Legacy hourly with 4 requests a run, the unified sync every 5 minutes with one; nothing was fetched."""
    with house.app.db.transaction() as con:
        for workflow, every, requests in (*((one, 60, 4) for one in LEGACY), (UNIFIED, 5, 1)):
            con.execute(
                """
                INSERT INTO runs (run_id, workflow_name, token, status, started_at, finished_at, requests, counts)
                SELECT $workflow || '.' || n, $workflow, n, 'succeeded', began, began, $requests, '{}'
                FROM (SELECT n, $begun + to_minutes(n * $every) AS began FROM range(25 * 60 // $every) numbers(n))
                """,
                {"workflow": workflow, "every": every, "requests": requests, "begun": house.clock.now()},
            )
    house.wait(25 * 60)


def test_what_both_sides_take_is_told_against_the_plan(house: House) -> None:
    go(house, "rollback")
    go(house, "begin")
    with a_site(house) as site:
        said = site.text(site.page("parity", view="Efficiency"))
        assert "each of the three workflows has to make its first pass beside the others" in said
        a_day_and_an_hour(house)
        told = parity_summary(house.app.db.read(), house.app.now()).efficiency
        assert told is not None
        assert get("/api/parity/summary").data["efficiency"] == told.model_dump(mode="json")
        assert [one["words"] for one in get("/api/parity").data["claims"]] == [one.words for one in told.claims]
        test = site.page("parity", view="Efficiency")
        shown = test.dataframe[0].value
        assert list(shown["requests"])[:2] == [told.legacy.requests, told.unified.requests] == [25 * 8, 300]
        assert list(shown["requests_an_hour"])[2] == told.legacy.requests_as_fresh == 96
        assert list(shown["every"]) == ["60 min", "5 min", "5 min"]
        said = site.text(test)
        assert ":red[■ not held] · **half the calls**: The unified sync sends 12\\.0 requests an hour" in said
        assert ":green[✓ held] · **5 minutes instead of 60**" in said
        assert ":orange[▲ not known] · **a tenth of the orders**" in said
