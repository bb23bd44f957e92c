"""Under which name somebody changes stock or counts.

While there is no sign-in everybody at the screen is the local admin, and yet a second person has to agree to large
changes. So whoever changes something says his name once, and it holds until he says that he is somebody else. With a
sign-in the account's name is it, and nobody is asked. Nobody is looked into the face: a name that is typed is a name
that was typed, and stands in the audit log as such.
"""

from __future__ import annotations

import streamlit as st

from shipsync.web import roles, words

_KEPT = "person_name"
LONGEST_NAME = 80


def is_typed() -> bool:
    """Whether names are typed, because nobody is signed in."""
    return roles.who() is roles.LOCAL


def known_name() -> str:
    """The name of whoever is at this screen; empty while nobody has said it."""
    person = roles.who()
    if person is None or not is_typed():
        return person.name if person is not None else ""
    name: str = st.session_state.get(_KEPT, "")
    return name


def name_line(key: str) -> None:
    """One line that says whose name is written down, with a way to be somebody else. Nothing before a name is known."""
    if not is_typed() or not known_name():
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Everything is entered as **{words.plain(known_name())}**.", width="content")
        st.button("Somebody else", key=f"{key}_somebody_else", type="tertiary", on_click=remember, args=("",))


def name_field(key: str) -> str:
    """The name to write down; a field for it while nobody has said one. Where it is drawn, in a form or not."""
    if known_name():
        return known_name()
    return st.text_input("Your name", key=key, max_chars=LONGEST_NAME, autocomplete="name").strip()


def second_person_field(key: str) -> str:
    """The name of whoever agrees to something: never remembered, so that nobody agrees by the name of the first."""
    if not is_typed():
        return known_name()
    return st.text_input("Name of the second person", key=key, max_chars=LONGEST_NAME, autocomplete="off").strip()


def remember(name: str) -> None:
    """Keep a typed name for this session; an empty one forgets it."""
    if is_typed():
        st.session_state[_KEPT] = name
