"""What holds for every page (STYLE.md, tests: a law for all is one test over all)."""

from __future__ import annotations

import pytest

from tests.house import House
from tests.site import ROOT, a_site

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_on_an_empty_database(house: House, name: str) -> None:
    with a_site(house) as site:
        assert site.page(name).title
