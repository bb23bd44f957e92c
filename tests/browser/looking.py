"""Looking at a page: a picture of it for people, and what axe finds wrong with it."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import PICTURES

# Streamlit's own, which no page of ours can change (1.67): sections within the menu's list, marks of sparklines.
THEIRS = [['[data-testid="stSidebarNav"]'], ['[data-testid="stMetricChart"]']]


def look_at(page: Page, name: str) -> list[str]:
    """Take a picture, and tell what not everybody can read on the page. Charts are drawn after the script has ended."""
    page.wait_for_timeout(1000)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")
    found = (
        Axe().run(page, context={"exclude": THEIRS}, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    )
    return [f"{one['id']}: {node['html'][:150]}" for one in found for node in one["nodes"]]
