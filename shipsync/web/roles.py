"""Who is looking, and what they may do. The first line of every page, and of every action, asks.

There is no sign-in yet: whoever reaches this machine's own address is the one local admin, which is why the server
refuses any other address (server.py). With Streamlit's sign-in configured, the role is a group of the account.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import streamlit as st


class Role(IntEnum):
    """Each may do what those below it may."""

    VIEWER = 1  # sees everything, changes nothing
    OPERATOR = 2  # starts jobs, mends records, edits the catalogue
    ADMIN = 3  # changes settings and switches


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a screen, or a program with a token."""

    name: str  # as it stands in the audit log
    role: Role


LOCAL = Person("local admin", Role.ADMIN)
GROUPS = {"shipsync-admin": Role.ADMIN, "shipsync-operator": Role.OPERATOR, "shipsync-viewer": Role.VIEWER}


def who() -> Person | None:
    """Who is looking; None for somebody signed in whose account has none of our groups."""
    # `.get`, because attributes raise while no sign-in is configured.
    if not st.user.get("is_logged_in"):
        return LOCAL
    groups = st.user.get("groups")
    roles: list[Role] = [GROUPS[group] for group in groups if group in GROUPS] if isinstance(groups, list) else []
    name = str(st.user.get("email") or st.user.get("name") or "somebody without a name")
    return Person(name, max(roles)) if roles else None


def may(role: Role) -> bool:
    """Whether whoever is looking may do what this role may: to show a button or not."""
    person = who()
    return person is not None and person.role >= role


def require(role: Role) -> Person:
    """Who is looking, if they may; otherwise say so and stop the script. The menu is no protection by itself."""
    person = who()
    if person is None or person.role < role:
        name = role.name.lower()
        st.error(f"This needs the role {name}. Ask whoever runs shipsync to put you into shipsync-{name}.")
        st.stop()
    return person
