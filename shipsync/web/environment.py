"""What was set where shipsync was started, for people to see. Secrets are told only as set or not set."""

from __future__ import annotations

from shipsync.runtime import App


def environment(app: App) -> list[dict[str, str]]:
    """One row per setting of the environment: what it is, what it is now, and the name by which it is changed."""
    settings = app.settings
    watched = app.doors.get("order_files")
    is_mailing = settings.sendgrid_key is not None
    rows = (
        ("Database", str(app.db.path or "in memory"), "SHIPSYNC_DATABASE"),
        ("Time zone of the warehouse", settings.timezone, "SHIPSYNC_TIMEZONE"),
        (
            "ShipStation",
            "the sandbox, a made-up account" if settings.is_sandbox else str(settings.shipstation_url),
            "SHIPSYNC_SHIPSTATION_URL",
        ),
        (
            "ShipStation's key and secret",
            _is_set(not settings.is_sandbox),
            "SHIPSYNC_SHIPSTATION_KEY, SHIPSYNC_SHIPSTATION_SECRET",
        ),
        ("Watched folder of order files", str(watched) if watched else "none", "SHIPSYNC_ORDER_FILES"),
        (
            "Mail",
            f"sent from {settings.mail_from or 'nobody'}" if is_mailing else "kept here, not sent: no key is set",
            "SHIPSYNC_SENDGRID_KEY, SHIPSYNC_MAIL_FROM",
        ),
        ("Mail goes to", settings.mail_to or "nobody", "SHIPSYNC_MAIL_TO"),
        ("Token for programs", _is_set(settings.api_token is not None), "SHIPSYNC_API_TOKEN"),
        ("Port", str(settings.port), "SHIPSYNC_PORT"),
    )
    return [{"what": what, "value": value, "name": name} for what, value, name in rows]


def _is_set(is_set: bool) -> str:
    return "set" if is_set else "not set"
