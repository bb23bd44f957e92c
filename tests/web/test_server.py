"""The server's own rules, without starting one (tests/browser starts real ones)."""

from __future__ import annotations

import pytest

from shipsync import runtime
from shipsync.errors import ConfigurationError
from shipsync.web.server import refuse_other_addresses
from tests.house import House


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost", "127.0.0.2"])
def test_this_machine_s_own_addresses_are_served(address: str) -> None:
    refuse_other_addresses(address)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7", "warehouse.example.com", ""])  # noqa: S104 - refused
def test_an_address_that_others_reach_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="no sign-in"):
        refuse_other_addresses(address)


def test_a_process_has_one_application(house: House) -> None:
    with runtime.published(house.app):
        assert runtime.app() is house.app
        with pytest.raises(RuntimeError, match="already"), runtime.published(house.app):
            pass
    with pytest.raises(LookupError, match="make run"):
        runtime.app()
