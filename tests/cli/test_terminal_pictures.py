"""Pictures in a terminal: by the protocol that it has, else as half blocks of the right colours."""

import base64
import io
import re

import pytest
from PIL import Image
from rich.console import Console

from image_tagging.cli.terminal_pictures import require_colours, show_pictures
from image_tagging.errors import InputError


def uri(colour, size=(4, 4)):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def shown(pictures, environment, width=80):
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=width)
    show_pictures(console, pictures, environment)
    return console.file.getvalue()


def test_half_blocks_have_the_colours_of_the_pixels():
    text = shown([(uri((255, 0, 0)), "1 red.png")], {})
    assert text.count("\x1b[38;2;255;0;0;48;2;255;0;0m▀") == 24 * 12
    assert "1 red.png" in text


def test_rows_break_where_the_terminal_ends_and_captions_stay_below_their_pictures():
    text = shown([(uri("red"), "one"), (uri("blue"), "two"), ("", "three")], {}, width=55)
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in text.splitlines()]
    assert "one" + " " * 23 + "two" in lines
    assert lines.index("three") > lines.index("one" + " " * 23 + "two") + 10


def test_kitty_gets_one_png_in_parts():
    pictures = [(uri((n, 0, 0), (96, 96)), str(n)) for n in range(3)]
    text = shown(pictures, {"TERM": "xterm-kitty"})
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert parts[0][0].startswith("a=T,f=100,c=78,r=12,")
    assert [keys[-3:] for keys, _ in parts][-1] == "m=0"
    assert all(len(part) <= 4096 for _, part in parts)
    with Image.open(io.BytesIO(base64.b64decode("".join(part for _, part in parts)))) as image:
        assert image.size == (3 * 208, 192)
        assert image.getpixel((208, 100)) == (1, 0, 0, 255)


def test_iterm_gets_one_png():
    text = shown([(uri("red"), "red")], {"TERM_PROGRAM": "iTerm.app"})
    found = re.search(r"\x1b\]1337;File=inline=1;width=26;height=12;preserveAspectRatio=0:([^\x07]+)\x07", text)
    with Image.open(io.BytesIO(base64.b64decode(found[1]))) as image:
        assert image.size == (208, 192)


def test_a_name_cannot_control_the_terminal():
    assert "\x1b]0;" not in shown([("", "\x1b]0;title\x07.png")], {})


@pytest.mark.parametrize("console", [{}, {"force_terminal": True, "no_color": True, "color_system": None}])
def test_an_output_without_colours_is_refused(console):
    with pytest.raises(InputError, match="--open"):
        require_colours(Console(file=io.StringIO(), **console))
