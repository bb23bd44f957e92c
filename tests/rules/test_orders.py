"""What an order's state at ShipStation means here."""

from __future__ import annotations

import pytest

from shipsync.rules.orders import CarrierAccount, carrier_account_id, is_known_status, local_status

FEDEX = CarrierAccount(11, "fedex", is_primary=True)
SECOND_FEDEX = CarrierAccount(12, "fedex", is_primary=False)
STAMPS = CarrierAccount(21, "stamps_com", is_primary=False)


@pytest.mark.parametrize("word", ["awaiting_payment", "awaiting_shipment", "on_hold", "shipped", "cancelled"])
def test_the_five_documented_states_are_ours_as_well(word: str) -> None:
    assert local_status(word, None) == (word, None)


@pytest.mark.parametrize("word", ["pending_fulfillment", "rejected_fulfillment"])
def test_a_providers_states_stay_open_and_keep_their_word(word: str) -> None:
    assert local_status(word, "on_hold") == ("awaiting_shipment", f"ShipStation says {word}")


def test_an_unknown_word_leaves_the_order_as_it_is() -> None:
    assert local_status("teleported", "on_hold")[0] == "on_hold"
    assert local_status("teleported", None)[0] == "awaiting_shipment"
    assert "teleported" in str(local_status("teleported", None)[1])
    assert not is_known_status("teleported")


def test_a_carrier_account_is_told_only_where_shipstation_tells() -> None:
    assert carrier_account_id("fedex", 99, [FEDEX]) == 99
    assert carrier_account_id("stamps_com", None, [FEDEX, STAMPS]) == 21
    assert carrier_account_id("fedex", None, [FEDEX, SECOND_FEDEX]) == 11
    assert carrier_account_id("ups", None, [FEDEX]) is None
    assert carrier_account_id(None, None, [FEDEX]) is None
    assert carrier_account_id("fedex", None, [SECOND_FEDEX, CarrierAccount(13, "fedex", is_primary=False)]) is None
