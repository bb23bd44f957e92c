"""The pages for tests: a whole installation (house.py) behind Streamlit's own test runner, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from shipsync import runtime
from shipsync.web.server import PAGE_SCRIPT
from tests.house import House

ROOT = Path(__file__).parent.parent

# Every AppTest looks through all installed packages for components, and finds the same.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


class Site:
    """The pages of one house. Worker and schedule stand still: run jobs with `house.job(...)`."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.groups: list[str] | None = None  # of somebody signed in; None: the local admin

    def frame(self) -> AppTest:
        """The page script before its first run."""
        test = AppTest.from_file(str(PAGE_SCRIPT), default_timeout=30)
        if self.groups is not None:
            test.user = {"is_logged_in": True, "email": "someone@example.com", "groups": self.groups}
        return test

    def page(self, name: str, **query: str) -> AppTest:
        """One page after its first run, as a deep link opens it. Fails on an exception in it."""
        test = self.frame()
        for key, value in query.items():
            test.query_params[key] = value
        test.switch_page(f"../../pages/{name}.py").run()
        assert not test.exception, [one.value for one in test.exception]
        return test

    @staticmethod
    def text(test: AppTest) -> str:
        """Everything that is written on a page, for asking whether a sentence is there."""
        kinds = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success", "metric")
        return "\n".join(
            str(getattr(one, "value", "")) + " " + str(getattr(one, "label", ""))
            for kind in kinds
            for one in test.get(kind)
        )


@contextmanager
def a_site(house: House) -> Iterator[Site]:
    """Publish a house's application for pages, as the server does."""
    with runtime.published(house.app):
        yield Site(house)
