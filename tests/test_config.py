"""The settings: strict, and every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipsync.config import load_settings
from shipsync.errors import ConfigurationError


def problems_of(environment: dict[str, str], env_file: Path | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environment, env_file)
    return str(caught.value)


def test_without_settings_it_is_the_sandbox_with_its_own_file() -> None:
    settings = load_settings({}, None)
    assert settings.is_sandbox
    assert settings.database_path.name == "sandbox.duckdb"
    assert settings.timezone == "America/Los_Angeles"
    assert settings.sync_minutes == 5


def test_with_credentials_it_is_the_real_thing_with_another_file() -> None:
    settings = load_settings({"SHIPSYNC_SHIPSTATION_KEY": "k", "SHIPSYNC_SHIPSTATION_SECRET": "s"}, None)
    assert not settings.is_sandbox
    assert settings.database_path.name == "shipsync.duckdb"
    assert str(settings.shipstation_url) == "https://ssapi.shipstation.com/"


def test_all_problems_are_told_at_once_each_with_a_hint() -> None:
    text = problems_of(
        {
            "SHIPSYNC_DATABSE": "x",
            "SHIPSYNC_PORT": "99999",
            "SHIPSYNC_TIMEZONE": "Mars/Base",
            "SHIPSYNC_MAIL_TO": "office@example",
            "SHIPSYNC_SHIPSTATION_KEY": "k",
            "SHIPSYNC_SYNC_MINUTES": "often",
        }
    )
    assert "Did you mean SHIPSYNC_DATABASE?" in text
    assert "SHIPSYNC_PORT" in text
    assert "America/Los_Angeles" in text
    assert "'office@example' is no mail address" in text
    assert "SHIPSYNC_SHIPSTATION_SECRET is missing" in text
    assert "SHIPSYNC_SYNC_MINUTES" in text
    assert len(text.splitlines()) == 6


def test_a_url_without_credentials_is_refused_rather_than_ignored() -> None:
    assert "SHIPSYNC_SHIPSTATION_URL is set without" in problems_of({"SHIPSYNC_SHIPSTATION_URL": "http://127.0.0.1:1"})


def test_an_empty_value_counts_as_not_set() -> None:
    assert load_settings({"SHIPSYNC_SHIPSTATION_KEY": "", "SHIPSYNC_PORT": " "}, None).is_sandbox


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("SHIPSYNC_PORT=9000\nSHIPSYNC_SYNC_MINUTES=10\nOTHER=1\n")
    settings = load_settings({"SHIPSYNC_PORT": "9001"}, env_file)
    assert (settings.port, settings.sync_minutes) == (9001, 10)


def test_a_misspelt_name_in_the_file_is_found_too(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("SHIPSYNC_TIMEZON=UTC\n")
    assert "Did you mean SHIPSYNC_TIMEZONE?" in problems_of({}, env_file)


def test_secrets_are_never_shown() -> None:
    settings = load_settings(
        {"SHIPSYNC_SHIPSTATION_KEY": "canary-key", "SHIPSYNC_SHIPSTATION_SECRET": "canary-secret"}, None
    )
    assert "canary" not in repr(settings)
    assert "canary" not in str(settings)
    assert "canary" not in problems_of({"SHIPSYNC_SHIPSTATION_KEY": "canary-key", "SHIPSYNC_PORT": "x"})
