"""The settings of one installation, from the environment or `.env`, checked strictly and all at once.

Every name is listed in DESIGN section 5. A name that starts with SHIPSYNC_ and is not one of them, or a value that
cannot be used, stops the start, because a misspelt setting that is silently ignored is found weeks later.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import AfterValidator, AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from shipsync.errors import ConfigurationError

PREFIX = "SHIPSYNC_"
ROOT = Path(__file__).parent.parent
SHIPSTATION = "https://ssapi.shipstation.com"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("is no time zone; use a name such as America/Los_Angeles") from error
    return name


def _mail(text: str) -> str:
    for address in (part.strip() for part in text.split(",")):
        name, _, host = address.partition("@")
        if not name or "." not in host or " " in address:
            raise ValueError(f"'{address}' is no mail address; several are separated by commas")
    return text


class Settings(BaseModel):
    """One installation's settings. Without ShipStation credentials it runs against the sandbox (DESIGN D21)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database: Path | None = None  # None: data/shipsync.duckdb, or data/sandbox.duckdb in the sandbox
    shipstation_url: AnyHttpUrl = AnyHttpUrl(SHIPSTATION)
    shipstation_key: SecretStr | None = None
    shipstation_secret: SecretStr | None = None
    timezone: Annotated[str, AfterValidator(_zone)] = "America/Los_Angeles"  # the warehouse's
    sync_minutes: Annotated[int, Field(ge=1, le=720)] = 5
    order_files: Path | None = None  # the folder watched for order files; None: none (the sandbox has its own)
    sendgrid_key: SecretStr | None = None
    sendgrid_url: AnyHttpUrl = AnyHttpUrl("https://api.sendgrid.com")
    mail_from: Annotated[str, AfterValidator(_mail)] | None = None
    mail_to: Annotated[str, AfterValidator(_mail)] | None = None
    api_token: SecretStr | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 8501

    @property
    def is_sandbox(self) -> bool:
        """Whether there are no credentials, so that the embedded ShipStation is used."""
        return self.shipstation_key is None

    @property
    def database_path(self) -> Path:
        """The database file. The sandbox has its own, so that nobody takes its numbers for real ones."""
        if self.database is not None:
            return self.database
        return ROOT / "data" / ("sandbox.duckdb" if self.is_sandbox else "shipsync.duckdb")

    @property
    def zone(self) -> ZoneInfo:
        """The warehouse's time zone: what a business date means."""
        return ZoneInfo(self.timezone)


def load_settings(environment: Mapping[str, str], env_file: Path | None = ROOT / ".env") -> Settings:
    """Read and check all settings. `environment` wins over the file.

    Raises ConfigurationError with one sentence for each problem, all of them at once.
    """
    values: dict[str, str] = {}
    if env_file is not None and env_file.is_file():
        values.update({name: value for name, value in dotenv_values(env_file).items() if value is not None})
    values.update(environment)
    given = {name.upper(): value for name, value in values.items() if name.upper().startswith(PREFIX) and value.strip()}
    known = {PREFIX + name.upper(): name for name in Settings.model_fields}
    problems = [_unknown(name, list(known)) for name in sorted(given) if name not in known] + _half_credentials(given)
    try:
        settings = Settings.model_validate({known[name]: value for name, value in given.items() if name in known})
    except ValidationError as error:
        problems.extend(_sentence(one) for one in error.errors())
        raise ConfigurationError(problems) from None
    if problems:
        raise ConfigurationError(problems)
    return settings


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(sorted(known))}."
    return f"{name} is not a setting. {hint}"


def _half_credentials(given: Mapping[str, str]) -> list[str]:
    key, secret, url = (f"{PREFIX}SHIPSTATION_{part}" for part in ("KEY", "SECRET", "URL"))
    if key in given and secret not in given:
        return [f"{secret} is missing: the key and the secret belong together."]
    if secret in given and key not in given:
        return [f"{key} is missing: the key and the secret belong together."]
    if url in given and key not in given:
        return [f"{url} is set without {key} and {secret}. Set both, or none of the three for the sandbox."]
    return []


def _sentence(error: Any) -> str:
    """One problem for a person. The value is not repeated: it may be a secret."""
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return f"{message}."
    name = PREFIX + str(error["loc"][0]).upper()
    return f"{name}: {message[0].lower()}{message[1:]}."
