"""Who may do what: asked by the page itself, not by its menu."""

from __future__ import annotations

import pytest

from tests.house import House
from tests.site import a_site

PAGES_OF_ALL = ("today", "orders", "order", "sync", "jobs", "imports", "settings")


@pytest.mark.parametrize("name", PAGES_OF_ALL)
def test_somebody_signed_in_without_a_group_sees_nothing(house: House, name: str) -> None:
    with a_site(house) as site:
        site.groups = ["another-team"]
        page = site.page(name)
        assert [one.value for one in page.error] == [
            "This needs the role viewer. Ask whoever runs shipsync to put you into shipsync-viewer."
        ]
        assert not page.title


@pytest.mark.parametrize("name", PAGES_OF_ALL)
def test_a_viewer_sees_every_page(house: House, name: str) -> None:
    with a_site(house) as site:
        site.groups = ["shipsync-viewer"]
        page = site.page(name)
        assert page.title
        assert not page.error


def test_without_a_sign_in_the_one_at_this_machine_is_admin(house: House) -> None:
    with a_site(house) as site:
        assert not site.page("settings").error
