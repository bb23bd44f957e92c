"""Typesetting: templates of ours and changed ones, and what goes wrong with them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shipsync.documents.typesetting import TEMPLATES, typeset
from shipsync.errors import TemplateError
from tests.documents.paper import read, text

MADE_AT = datetime(2026, 11, 20, 23, 4, 30, tzinfo=UTC)
A_PAGE = '#set document(title: "A page", date: auto)\n'


def a_template(folder: Path, body: str) -> Path:
    """A folder with one template, x.typ; it has `data`."""
    (folder / "x.typ").write_text(f"{A_PAGE}#let data = json(bytes(sys.inputs.data))\n{body}\n")
    return folder


def test_the_same_data_give_the_same_bytes_and_the_date_is_the_datas(tmp_path: Path) -> None:
    folder = a_template(tmp_path, "#data.word")

    first = typeset("x.typ", {"word": "one"}, MADE_AT, templates=folder)

    assert typeset("x.typ", {"word": "one"}, MADE_AT, templates=folder) == first
    assert typeset("x.typ", {"word": "two"}, MADE_AT, templates=folder) != first
    metadata = read(first).metadata
    assert metadata is not None
    assert metadata.creation_date == MADE_AT


@pytest.mark.parametrize(
    "name",
    [
        "#strong[x] *b* _i_ $a$ `c` @ref <label> // no comment",
        r"\\ \#",
        "\"quoted\" & 'so'",
        "= Heading",
        "- item",
        "Zoë™ 50 %",
    ],
)
def test_texts_are_texts_whatever_signs_they_hold(tmp_path: Path, name: str) -> None:
    assert text(typeset("x.typ", {"word": name}, MADE_AT, templates=a_template(tmp_path, "#data.word"))) == name


@pytest.mark.parametrize("name", ["a\x00b", "\u202egnol", "洗口液", "🧪"])
def test_letters_that_no_font_has_still_make_a_document(tmp_path: Path, name: str) -> None:
    folder = a_template(tmp_path, "#data.word #data.more")

    assert "legible" in text(typeset("x.typ", {"word": name, "more": "legible"}, MADE_AT, templates=folder))


def test_a_wrong_template_is_named_with_its_line_and_the_way_out(tmp_path: Path) -> None:
    folder = a_template(tmp_path, "#nobody(1)")

    with pytest.raises(TemplateError) as caught:
        typeset("x.typ", {}, MADE_AT, templates=folder)

    assert str(caught.value) == (
        "x.typ:3 cannot be typeset: unknown variable: nobody. "
        "Mend the template, or put back the one that came with shipsync."
    )


def test_a_template_that_asks_for_what_there_is_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r'x\.typ:3 .* does not contain key "word"'):
        typeset("x.typ", {}, MADE_AT, templates=a_template(tmp_path, "#data.word"))


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"y\.typ cannot be typeset: there is no such file"):
        typeset("y.typ", {}, MADE_AT, templates=tmp_path)


def test_a_template_reaches_nothing_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "templates"
    folder.mkdir()

    with pytest.raises(TemplateError):
        typeset("x.typ", {}, MADE_AT, templates=a_template(folder, '#read("../secret.txt")'))


def test_a_changed_template_is_used_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    shutil.copytree(TEMPLATES, folder)
    (folder / "x.typ").write_text('#import "frame.typ": *\n#show: framed\nbefore')
    data = {"paper": "a4", "firm": None, "title": "T", "period": "P", "made": "M", "mark": "K"}
    assert "before" in text(typeset("x.typ", data, MADE_AT, templates=folder))

    (folder / "x.typ").write_text('#import "frame.typ": *\n#show: framed\nafter')

    assert "after" in text(typeset("x.typ", data, MADE_AT, templates=folder))
