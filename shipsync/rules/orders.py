"""What an order's state at ShipStation means here."""

from __future__ import annotations

from dataclasses import dataclass

# ShipStation's words and ours. The two provider states stay open orders; the word itself is kept beside.
_STATUS = {
    "awaiting_payment": "awaiting_payment",
    "awaiting_shipment": "awaiting_shipment",
    "pending_fulfillment": "awaiting_shipment",
    "rejected_fulfillment": "awaiting_shipment",
    "on_hold": "on_hold",
    "shipped": "shipped",
    "cancelled": "cancelled",
}
CLOSED = frozenset({"shipped", "cancelled"})


@dataclass(frozen=True, slots=True)
class CarrierAccount:
    """One of our carrier accounts, as GET /carriers lists it."""

    provider_id: int
    code: str
    is_primary: bool


def local_status(shipstation_status: str, current: str | None) -> tuple[str, str | None]:
    """Our status for ShipStation's, and a reason where the status alone does not tell.

    A word we do not know leaves the order as it is (a new one: awaiting_shipment) and is named in the reason,
    because ShipStation adds words without notice (API.md gotcha 14).
    """
    status = _STATUS.get(shipstation_status)
    if status is None:
        return current or "awaiting_shipment", f"ShipStation says {shipstation_status}, a status we do not know"
    if status != shipstation_status:
        return status, f"ShipStation says {shipstation_status}"
    return status, None


def is_known_status(shipstation_status: str) -> bool:
    """Whether ShipStation's word is one we have a meaning for."""
    return shipstation_status in _STATUS


def carrier_account_id(carrier_code: str | None, billed_to: int | None, accounts: list[CarrierAccount]) -> int | None:
    """Which carrier account an order ships on; None where ShipStation does not tell (an order has only a code).

    The account it is billed to, if one is named; else the only account with the code, else the primary one.
    """
    if billed_to is not None:
        return billed_to
    same_code = [account for account in accounts if account.code == carrier_code]
    if len(same_code) == 1:
        return same_code[0].provider_id
    primary = [account for account in same_code if account.is_primary]
    return primary[0].provider_id if len(primary) == 1 else None
