"""Who is who: the keys by which an order is known here and at ShipStation (DESIGN D10, D13)."""

from __future__ import annotations

SHOP = "X-Cart"
MANUAL = "ShipStation Manual"

# ShipStation keeps the orderKey we send for ever; a retry with the same key updates instead of duplicating.
KEY_PREFIX = "shipsync:"


def upload_key(source_system: str, order_number: str) -> str:
    """The orderKey we upload an order with: the same for the same order, whenever and wherever it is sent."""
    return f"{KEY_PREFIX}{source_system}:{order_number}"


def is_ours(order_key: str | None) -> bool:
    """Whether an order at ShipStation was uploaded by shipsync."""
    return bool(order_key) and str(order_key).startswith(KEY_PREFIX)
