"""What a person sees of tag models: those of a folder as a table, a single one in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..reports import explain
from ..tag_models import ListedModel, ModelList
from ..text import counted, marked
from .screen import line, screen

#: Characters of a line where nobody's terminal sets the end: `grep` then finds a model's row whole.
_WIDE = 200
#: On a narrower terminal the encoder has no column where it is one and the same; a line below the table names it.
_ROOMY = 100
#: Characters of tags and encoders before they are broken over lines, so that one long name moves no column away.
_LONG_TAG, _LONG_ENCODER = 60, 40
#: Faults shown at a time; the next ones are shown once these are mended.
_SHOWN = 10

_NONE = "-"


def show_model_list(found: ModelList) -> None:
    """Print the table of a folder's models, what there is of them, and why some of them cannot be used."""
    console = _wide_screen()
    encoders = {model.encoder for model in found.models}
    console.print(_table(found.models, with_encoder=len(encoders) > 1 or console.width >= _ROOMY))
    line(console)
    tags = len({model.tag for model in found.models})
    of = f", encoder {found.encoders[0]}" if len(found.encoders) == 1 else ""
    line(console, f"{counted(len(found.models), 'model')} of {counted(tags, 'tag')}{of}")
    line(console, "images: of the tag, learned from; AP: average precision on images held back; threshold: the")
    line(console, "probability from which an image counts as having the tag. --tag NAME explains one in words.")
    if bare := sum(model.card is None for model in found.models):
        what = counted(bare, "model")
        line(console, f"{what} without a card (-), as those published with the original: they count from 0.5 up.")
    _show_faults(console, found.faults)


def show_examined(found: ModelList) -> None:
    """Print what there is to say of each of the models, in words."""
    console = _wide_screen()
    for number, model in enumerate(found.models):
        if number:
            line(console)
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for heading, sentences in explain(model):
            table.add_row(heading, Text(marked(sentences)))
        console.print(table)
    _show_faults(console, found.faults)


def _wide_screen() -> Console:
    console = screen()
    if not console.is_terminal:
        console.width = _WIDE
    return console


def _table(models: tuple[ListedModel, ...], *, with_encoder: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("tag", overflow="fold", max_width=_LONG_TAG)
    table.add_column("kind", overflow="fold", max_width=_LONG_TAG)
    if with_encoder:
        table.add_column("encoder", overflow="fold", max_width=_LONG_ENCODER)
    for figure in ("images", "AP", "threshold", "date"):
        table.add_column(figure, justify="right", no_wrap=True)
    for model in models:
        encoder = [model.encoder.label if model.encoder else _NONE] if with_encoder else []
        table.add_row(*(Text(marked(cell)) for cell in (model.tag, model.kind, *encoder, *_figures(model))))
    return table


def _figures(model: ListedModel) -> Iterator[str]:
    card = model.card
    yield f"{card.training.tag:,}" if card and card.training else _NONE
    yield _figure(card.average_precision if card else None, 2)
    yield _figure(card.threshold if card else None, 3)
    yield card.created.date().isoformat() if card and card.created else _NONE


def _figure(value: Optional[float], digits: int) -> str:
    return _NONE if value is None else f"{value:.{digits}f}"


def _show_faults(console: Console, faults: tuple[str, ...]) -> None:
    for fault in faults[:_SHOWN]:
        line(console, f"  {fault}", style="yellow")
    if len(faults) > _SHOWN:
        line(console, f"  … and {len(faults) - _SHOWN:,} more", style="yellow")
    if faults:
        line(console, "  Stages 3 and 4 take no model of a folder in which one cannot be used.", style="yellow")
