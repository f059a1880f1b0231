"""Pictures in a terminal: in pixels where it can show them, else as coloured half blocks, two pixels a character.

Kitty's protocol: https://sw.kovidgoyal.net/kitty/graphics-protocol/ (kitty, Ghostty, Konsole). iTerm2's:
https://iterm2.com/documentation-images.html (iTerm2, WezTerm, mintty).
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image
from rich.cells import set_cell_size
from rich.color import Color
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style

from ..errors import InputError
from ..text import marked

#: Columns and lines of a picture; a character is about twice as high as it is wide.
_COLUMNS, _LINES, _GAP = 24, 12, 2

#: Pixels of a picture where the terminal draws pixels, and bytes that kitty takes at a time.
_SIDE, _CHUNK = 192, 4096

_KITTY = frozenset({"xterm-kitty", "xterm-ghostty"})
_ITERM = frozenset({"iTerm.app", "WezTerm", "mintty"})


def require_colours(console: Console) -> None:
    """Raise InputError where the output is no terminal, or one without colours."""
    if not console.is_terminal or console.color_system is None:
        raise InputError(
            "thumbnails need a terminal with colours, and this output is none: leave out --thumbnails, or look at the "
            "pictures in a browser with --open."
        )


def show_pictures(
    console: Console, pictures: Sequence[tuple[str, str]], environment: Mapping[str, str] = os.environ
) -> None:
    """Print pictures in rows, each a data URI (empty: none) above its caption."""
    across = max(1, console.width // (_COLUMNS + _GAP))
    for start in range(0, len(pictures), across):
        row = pictures[start : start + across]
        _print_strip(console, [uri for uri, _ in row], environment)
        captions = (set_cell_size(marked(caption), _COLUMNS) for _, caption in row)
        console.print(Segments([Segment((" " * _GAP).join(captions).rstrip() + "\n\n")]), end="")


def _print_strip(console: Console, uris: Sequence[str], environment: Mapping[str, str]) -> None:
    columns = len(uris) * (_COLUMNS + _GAP)
    if environment.get("TERM") in _KITTY or "KONSOLE_VERSION" in environment:
        content = _png(_strip(uris, _SIDE))
        parts = [content[start : start + _CHUNK] for start in range(0, len(content), _CHUNK)]
        for number, part in enumerate(parts):
            first = f"a=T,f=100,c={columns},r={_LINES}," if number == 0 else ""
            _control(console, f"\x1b_G{first}m={int(part is not parts[-1])};{part}\x1b\\")
        _control(console, "\n")
    elif environment.get("TERM_PROGRAM") in _ITERM:
        content = _png(_strip(uris, _SIDE))
        size = f"width={columns};height={_LINES};preserveAspectRatio=0"
        _control(console, f"\x1b]1337;File=inline=1;{size}:{content}\x07\n")
    else:
        console.print(Segments(_half_blocks(_strip(uris, _COLUMNS))), end="")


def _control(console: Console, text: str) -> None:
    console.file.write(text)
    console.file.flush()


def _strip(uris: Sequence[str], side: int) -> Image.Image:
    """Return pictures next to each other, each in a square of ``side`` pixels; what is around them is transparent."""
    gap = side * _GAP // _COLUMNS
    strip = Image.new("RGBA", (len(uris) * (side + gap), side))
    for number, uri in enumerate(uris):
        if uri:
            picture = _picture(uri, side)
            strip.paste(picture, (number * (side + gap), side - picture.height))
    return strip


def _picture(uri: str, side: int) -> Image.Image:
    content = base64.b64decode(uri.partition(",")[2])
    with Image.open(io.BytesIO(content)) as image:  # a thumbnail of ours
        picture: Image.Image = image.convert("RGB")
    factor = side / max(picture.size)
    width, height = (max(1, round(length * factor)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.BOX if factor < 1 else Image.Resampling.NEAREST)


def _png(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")


def _half_blocks(strip: Image.Image) -> list[Segment]:
    segments = []
    rows = np.asarray(strip).tolist()
    for upper, lower in zip(rows[0::2], rows[1::2]):
        segments += [_block(*pixels) for pixels in zip(upper, lower)]
        segments.append(Segment.line())
    return segments


def _block(upper: Sequence[int], lower: Sequence[int]) -> Segment:
    """Return two pixels (RGBA) as a character: the upper one its colour, the lower one its ground."""
    up, low = (Color.from_rgb(*pixel[:3]) if pixel[3] else None for pixel in (upper, lower))
    if up is None:
        return Segment(" ") if low is None else Segment("▄", Style(color=low))
    return Segment("▀", Style(color=up, bgcolor=low))
