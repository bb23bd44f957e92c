"""The Settings page: what is typed is checked, kept and audited; what is wrong stays on screen with its field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from typing import Any

import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from shipsync.config import load_settings
from shipsync.procedures.mail import CHARGE_REPORT, WEEKLY_REPORT
from shipsync.rules.letterhead import Letterhead
from shipsync.rules.preferences import recipients
from shipsync.rules.routing import ManualRule
from shipsync.store import outbox
from shipsync.store import settings as store
from shipsync.store.approval import approval_above
from shipsync.store.letterhead import letterhead
from shipsync.store.parties import parties
from shipsync.store.routing import manual_rule
from shipsync.store.working_days import work_calendar
from shipsync.web.environment import environment
from shipsync.web.mail_tests import send
from tests.house import House
from tests.site import Site, a_site


@pytest.fixture
def site(house: House) -> Iterator[Site]:
    with a_site(house) as site:
        yield site


def checked(test: AppTest) -> AppTest:
    assert not test.exception, [one.value for one in test.exception]
    return test


def save(test: AppTest, form: str) -> AppTest:
    return checked(test.button(key=f"settings_{form}_save").click().run())


def typed(test: AppTest, form: str, name: str, text: str, edition: int = 0) -> AppTest:
    test.text_input(key=f"settings_{form}_{name}_{edition}").set_value(text)
    return test


def text_of(test: AppTest) -> str:
    return Site.text(test).replace("\\", "")


def audited(house: House) -> list[tuple[Any, ...]]:
    return house.rows("SELECT changed_by, action, subject, before, after FROM audit_log ORDER BY entry_no")


def set_to(house: House) -> dict[str, str]:
    return {name: value for name, value in store.all_settings(house.app.db.read()).items() if name != "world"}


def test_a_setting_is_kept_and_audited_once(site: Site) -> None:
    house = site.house
    test = typed(site.page("settings"), "mail", "alert_recipients", "kim@example.com;lee@example.com")
    save(test, "mail")
    assert "Saved: Alerts go to." in text_of(test)
    assert store.setting(house.app.db.read(), "alert_recipients") == "kim@example.com, lee@example.com"
    entry = ("local admin", "setting changed", "alert_recipients", "", "kim@example.com, lee@example.com")
    assert audited(house) == [entry]
    save(test, "mail")
    assert "Nothing was different, so nothing was saved." in text_of(test)
    assert audited(house) == [entry]


def test_what_is_wrong_stays_typed_and_is_named_at_its_field(site: Site) -> None:
    before = set_to(site.house)
    test = save(typed(site.page("settings"), "mail", "alert_recipients", "kim@example.com, lee"), "mail")
    assert "'lee' is no mail address. Separate several by commas." in test.error[0].value.replace("\\", "")
    assert test.text_input(key="settings_mail_alert_recipients_0").value == "kim@example.com, lee"
    assert (set_to(site.house), audited(site.house)) == (before, [])


def test_the_manual_rule_shows_what_it_does_while_one_types(site: Site) -> None:
    house = site.house
    test = site.page("settings")
    assert "100123 is manual; 700015 is not manual." in text_of(test).replace("*", "")
    checked(typed(test, "manual", "manual_prefix", "7").run())
    assert "70123 is manual; 100123 is not manual; 700015 is manual." in text_of(test).replace("*", "")
    checked(typed(test, "manual", "manual_lowest", "700,100").run())
    assert "700015 is not manual." in text_of(test).replace("*", "")
    assert audited(house) == []
    save(test, "manual")
    assert manual_rule(house.app.db.read()) == ManualRule("7", 700100, None)
    assert [row[2:] for row in audited(house)] == [("manual_lowest", "", "700100"), ("manual_prefix", "10", "7")]
    typed(test, "manual", "manual_highest", "700000", edition=1)
    save(test, "manual")
    assert "The highest number, 700000, is below the lowest, 700100." in text_of(test)
    assert manual_rule(house.app.db.read()).highest is None


def test_the_cut_off_and_the_days_are_kept_as_others_read_them(site: Site) -> None:
    house = site.house
    test = site.page("settings")
    test.time_input(key="settings_day_cut_off_0").set_value(time(14, 30))
    test.get_by_key("settings_day_working_days_0").set_value(["Sat", "Mon"])
    save(test, "day")
    kept = store.all_settings(house.app.db.read())
    assert (kept["cut_off"], kept["working_days"]) == ("14:30", "Mon,Sat")
    assert [row[2:] for row in audited(house)] == [
        ("cut_off", "13:00", "14:30"),
        ("working_days", "Mon,Tue,Wed,Thu,Fri", "Mon,Sat"),
    ]
    test.get_by_key("settings_day_working_days_1").set_value([])
    save(test, "day")
    assert "are not a list of weekdays" in text_of(test)


def test_days_off_are_kept_and_told_with_their_weekdays(site: Site) -> None:
    house = site.house
    test = site.page("settings")
    assert "No day off is to come." in text_of(test)
    typed(test, "day", "days_off", "2026-11-26; 2026-12-25")
    save(test, "day")
    assert "The day off '2026-11-26; 2026-12-25' is no date." in text_of(test)
    assert audited(house) == []
    typed(test, "day", "days_off", "2027-01-01, 2026-12-25, 2026-09-07, 2026-11-26, 2026-11-27")
    save(test, "day")
    kept = "2026-09-07, 2026-11-26, 2026-11-27, 2026-12-25, 2027-01-01"
    assert [row[2:] for row in audited(house)] == [("days_off", "", kept)]
    told = "To come: Thu 26 Nov 2026, Fri 27 Nov 2026, Fri 25 Dec 2026 and 1 more."
    assert told in text_of(test)
    calendar = work_calendar(house.app.db.read())
    assert not calendar.is_working(date(2026, 11, 26))
    assert calendar.is_working(date(2026, 11, 25))


def test_a_setting_that_cannot_be_read_is_mended_here(site: Site) -> None:
    house = site.house
    with house.app.db.transaction() as con:
        for name, wrong in (("cut_off", "noon"), ("days_off", "Christmas"), ("paper", "papyrus")):
            store.set_setting(con, name, wrong, "somebody", house.clock.now())
    test = typed(site.page("settings"), "day", "days_off", "")
    save(save(test, "day"), "documents")
    kept = store.all_settings(house.app.db.read())
    assert (kept["cut_off"], kept["days_off"], kept["paper"]) == ("13:00", "", "us-letter")


def test_reports_go_to_others_than_alerts(site: Site) -> None:
    house = site.house
    test = typed(site.page("settings"), "mail", "weekly_report_recipients", "brand@example.com")
    save(test, "mail")
    assert [row[2:] for row in audited(house)] == [("weekly_report_recipients", "", "brand@example.com")]
    assert recipients(store.setting(house.app.db.read(), "alert_recipients")) == ()


def test_the_mail_form_says_what_an_empty_field_means(site: Site) -> None:
    assert "An empty field means nobody." in text_of(site.page("settings"))
    app = site.house.app
    app.settings = app.settings.model_copy(update={"mail_to": "lead@example.com"})
    assert "An empty field means lead@example.com." in text_of(site.page("settings"))


def test_the_limit_for_a_second_person_is_kept(site: Site) -> None:
    house = site.house
    assert approval_above(house.app.db.read()) == 4
    test = save(typed(site.page("settings"), "stock", "approval_above", "-1"), "stock")
    assert "'-1' is not a whole number from 0 to 100,000." in text_of(test)
    save(typed(test, "stock", "approval_above", "0"), "stock")
    assert approval_above(house.app.db.read()) == 0
    assert [row[2:] for row in audited(house)] == [("approval_above", "4", "0")]


def test_documents_carry_the_firm_and_are_set_for_its_paper(site: Site) -> None:
    house = site.house
    assert letterhead(house.app.db.read()) == Letterhead(None, "us-letter")
    test = typed(site.page("settings"), "documents", "firm", "  Harbor   Fulfillment ")
    paper = test.radio(key="settings_documents_paper_0")
    assert paper.options == ["US Letter", "A4"]
    paper.set_value("a4")
    save(test, "documents")
    assert letterhead(house.app.db.read()) == Letterhead("Harbor Fulfillment", "a4")
    assert [row[2:] for row in audited(house)] == [("firm", "", "Harbor Fulfillment"), ("paper", "us-letter", "a4")]
    save(typed(test, "documents", "firm", "x" * 81, edition=1), "documents")
    assert "has 81 characters; a page's head holds 80." in text_of(test)


def test_who_bills_whom_is_kept_as_it_stands_on_the_invoice(site: Site) -> None:
    house = site.house
    test = site.page("settings")
    test.text_area(key="settings_documents_firm_address_0").set_value("1 Quay Rd \n\n  Duluth,  MN\n")
    for name, text in (("client", "Sample  Brands"), ("currency", "usd"), ("payment_days", "14 days")):
        typed(test, "documents", name, text)
    save(test, "documents")
    assert "'14 days' is not a whole number from 0 to 365." in text_of(test)
    assert audited(house) == []
    save(typed(test, "documents", "payment_days", "14"), "documents")
    found = parties(house.app.db.read())
    assert (found.firm_address, found.client, found.currency, found.payment_days) == (
        "1 Quay Rd\nDuluth, MN", "Sample Brands", "USD", 14,
    )  # fmt: skip
    assert [row[2] for row in audited(house)] == ["client", "firm_address", "payment_days"]


def test_a_test_mail_goes_to_those_who_would_get_the_invoice(site: Site) -> None:
    house = site.house
    test = site.page("settings")
    assert not any("Test:" in one.label for one in test.button)
    save(typed(test, "mail", "charge_report_recipients", "office@example.com, lead@example.com"), "mail")
    assert [one.label for one in test.button if "Test:" in one.label] == ["Test: invoice to 2 people"]
    assert "on its way" in send(CHARGE_REPORT)
    house.wait(1)
    send(CHARGE_REPORT)
    while house.app.worker.run_next():
        pass
    newest, before = outbox.latest(house.app.db.read())
    assert (newest.kind, newest.status, newest.recipients) == (
        "test", "sent", ("office@example.com", "lead@example.com"),
    )  # fmt: skip
    assert newest.mail_key.startswith("test/charge-report/20260916T200100")
    assert newest.mail_key != before.mail_key
    assert newest.subject.endswith("Test: the invoice comes here")
    asked = [row for row in audited(house) if row[1] == "test mail asked for"]
    assert asked[0] == ("local admin", "test mail asked for", before.mail_key, None,
                        "to office@example.com, lead@example.com")  # fmt: skip
    mails = site.page("today").dataframe[-1].value
    assert mails["kind"].tolist() == ["test", "test"]
    assert send(WEEKLY_REPORT) == "Nobody is named who would get the weekly report."


def test_the_share_of_the_limit_is_bounded(site: Site) -> None:
    house = site.house
    test = save(typed(site.page("settings"), "requests", "requests_per_minute", "41"), "requests")
    assert "'41' is not a whole number from 1 to 40." in text_of(test)
    save(typed(test, "requests", "requests_per_minute", "20"), "requests")
    assert store.setting(house.app.db.read(), "requests_per_minute") == "20"
    assert audited(house) == [("local admin", "setting changed", "requests_per_minute", "35", "20")]


def test_intervals_are_kept_one_by_one(site: Site) -> None:
    house = site.house
    test = site.page("settings")
    test.number_input(key="settings_intervals_shipstation-sync_0").set_value(15)
    save(test, "intervals")
    every = dict(house.rows("SELECT workflow_name, interval_minutes FROM workflow_controls"))
    assert (every["shipstation-sync"], every["xml-import"]) == (15, 5)
    assert audited(house) == [("local admin", "workflow interval changed", "shipstation-sync", "5", "15")]


def test_key_products_are_chosen_with_their_names(site: Site) -> None:
    house = site.house
    test = site.page("settings")
    keys = test.multiselect(key="settings_keys_skus_0")
    assert "17612 · Rinse, case" in keys.options
    keys.set_value([*(sku for sku in keys.value if sku != "17612"), "18901"])
    save(test, "keys")
    marks = dict(house.rows("SELECT sku, is_key FROM products"))
    assert (marks["17612"], marks["17904"], marks["18901"]) == (False, True, True)
    assert [row[:3] for row in audited(house)] == [
        ("local admin", "product changed", "17612"),
        ("local admin", "product changed", "18901"),
    ]


def test_the_second_of_two_people_does_not_overwrite_the_first(site: Site) -> None:
    house = site.house
    anns, bobs = site.page("settings"), site.page("settings")
    save(typed(anns, "requests", "requests_per_minute", "20"), "requests")
    save(typed(bobs, "requests", "requests_per_minute", "30"), "requests")
    assert "Somebody else has set this to '20' meanwhile. Load the page again." in text_of(bobs)
    assert store.setting(house.app.db.read(), "requests_per_minute") == "20"
    assert bobs.text_input(key="settings_requests_requests_per_minute_0").value == "30"
    save(typed(site.page("settings"), "requests", "requests_per_minute", "30"), "requests")
    assert store.setting(house.app.db.read(), "requests_per_minute") == "30"


@pytest.mark.parametrize("group", ["shipsync-viewer", "shipsync-operator"])
def test_only_an_admin_may_save(site: Site, group: str) -> None:
    site.groups = [group]
    test = site.page("settings")
    assert "Changing settings needs the role admin." in text_of(test)
    saves = [button for button in test.button if str(button.key).endswith("_save")]
    assert len(saves) == 8
    assert all(button.disabled for button in saves)


@pytest.mark.parametrize(
    ("action", "role"),
    [
        ("preferences.save_settings({'cut_off': '13:00'}, {'cut_off': '14:00'})", "admin"),
        ("preferences.save_intervals({'shipstation-sync': 5}, {'shipstation-sync': 9})", "admin"),
        ("preferences.save_key_products(['17612'], [])", "admin"),
        ("catalogue.save_products({}, [{'sku': '17999', 'name': 'Gel', 'is_key': True}])", "operator"),
        ("catalogue.save_bundles({}, [{'bundle_sku': '18855', 'component_sku': '17612', 'quantity': 1}])", "operator"),
        ("catalogue.load_csv('products', 'p.csv', b'sku,name,is_key\\n17999,Gel,yes\\n')", "operator"),
    ],
)
def test_every_action_asks_for_the_role_itself(site: Site, action: str, role: str) -> None:
    test = AppTest.from_string(f"from shipsync.web import catalogue, preferences\n{action}")
    test.user = {"is_logged_in": True, "email": "someone@example.com", "groups": ["shipsync-viewer"]}
    checked(test.run())
    assert f"This needs the role {role}." in test.error[0].value
    assert audited(site.house) == []
    test.user = {"is_logged_in": True, "email": "someone@example.com", "groups": [f"shipsync-{role}"]}
    checked(test.run())
    assert [row[0] for row in audited(site.house)] == ["someone@example.com"]


def test_the_audit_log_is_shown_newest_first_and_found_by_its_subject(site: Site) -> None:
    house = site.house
    with house.app.db.transaction() as con:
        for number in range(250):
            store.audit(con, "Kim", "product changed", f"sku-{number}", None, str(number), house.clock.now())
        store.audit(con, "Lee", "setting changed", "Cut_Off", "13:00", "14:00", house.clock.now())
    test = site.page("settings")
    shown = test.dataframe[-1].value
    assert (len(shown), shown["subject"][0]) == (200, "Cut_Off")
    assert "The newest 200 of 251; the CSV has all." in text_of(test)
    checked(test.text_input(key="subject").set_value("cut_off").run())
    assert test.dataframe[-1].value["changed_by"].tolist() == ["Lee"]
    checked(test.text_input(key="subject").set_value("nothing like it").run())
    assert "Nobody has changed anything called 'nothing like it'." in text_of(test)


def test_secrets_are_told_only_as_set(site: Site) -> None:
    app = site.house.app
    secret = "very secret"
    app.settings = app.settings.model_copy(
        update={
            "shipstation_key": SecretStr(secret),
            "shipstation_secret": SecretStr(secret),
            "sendgrid_key": SecretStr(secret),
            "api_token": SecretStr(secret),
            "mail_from": "ship@example.com",
        }
    )
    told = {row["what"]: row["value"] for row in environment(app)}
    assert told["ShipStation's key and secret"] == "set"
    assert told["Token for programs"] == "set"
    assert told["Mail"] == "sent from ship@example.com"
    assert secret not in str(told)
    assert secret not in str(site.page("settings").dataframe[0].value)


def test_the_environment_names_what_changes_it(site: Site) -> None:
    rows = environment(site.house.app)
    names = {name for row in rows for name in row["name"].split(", ")}
    fields = {f"SHIPSYNC_{name.upper()}" for name in type(load_settings({}, None)).model_fields}
    assert names <= fields
    assert fields - names == {"SHIPSYNC_SYNC_MINUTES", "SHIPSYNC_SENDGRID_URL"}
