"""Tables on terminals of any width: names first, figures where there is room for them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from image_tagging.cli.screen import line, screen
from image_tagging.cli.tables import Column, show_table

COLUMNS = [
    Column("tag", is_name=True),
    Column("images", 1),
    Column("measured", 4),
    Column("AP lr", 2),
    Column("BA lr", 5),
    Column("note", 3, is_note=True, least=24),
]


def row(tag, note=""):
    return [tag, "1,234", "12", "0.98", "0.97", note]


def shown(width, rows, columns=COLUMNS):
    console = Console(file=io.StringIO(), width=width, soft_wrap=True)
    show_table(console, columns, rows)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (100, ["tag", "images", "measured", "AP", "lr", "BA", "lr", "note"]),
        (60, ["tag", "images", "measured", "AP", "lr", "note"]),
        (40, ["tag", "images", "AP", "lr"]),
        (20, ["tag", "images"]),
        (9, ["tag"]),
    ],
)
def test_the_least_important_columns_are_left_out_first(width, headings):
    rows = [row("common", "nothing was validated on other images")]
    lines = shown(width, rows)
    assert lines[0].split() == headings
    assert [line for line in lines if line.startswith("common")]


def test_what_is_left_out_is_named():
    below = shown(30, [row("cat", "rough")])[-1]
    assert below == "no room for: measured, BA lr (a wider terminal shows more)"
    assert len(shown(100, [row("cat")])) == 2


@given(st.integers(8, 120), st.text("abcdefgh", min_size=1, max_size=70))
def test_a_tag_can_be_read_at_any_width(width, tag):
    lines = shown(width, [row(tag)])
    table = lines[1 : next((n for n, line in enumerate(lines) if line.startswith("no room")), None)]
    assert "".join(line.split("  ")[0].split()[0] for line in table if line[0] != " ") == tag


@pytest.mark.parametrize("width", [16, 24, 40, 80])
def test_no_line_of_a_table_is_wider_than_the_terminal(width):
    rows = [row("猫と犬の写真を集めたフォルダ"), row("x" * 300, "a note of some length " * 4)]
    lines = [line for line in shown(width, rows) if not line.startswith("no room for")]  # the terminal wraps that one
    assert max(map(cell_len, lines)) <= width


def test_a_long_tag_is_folded_and_leaves_room_for_figures():
    lines = shown(100, [row("x" * 300), row("cat", "rough")])
    assert lines[0].split() == ["tag", "images", "measured", "AP", "lr", "BA", "lr", "note"]
    assert [line.split() for line in lines if line.startswith("cat")] == [row("cat", "rough")]


def test_control_characters_of_a_tag_are_replaced():
    assert "�[2J" in shown(40, [row("\x1b[2J")])[1]


@pytest.mark.parametrize("columns", ["0", "00"])
def test_a_width_of_nothing_is_taken_for_none(monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", columns)
    line(screen(), "Written /out/models")
    assert capsys.readouterr().out == "Written /out/models\n"
