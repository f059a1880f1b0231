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
from .tables import Column, show_table
from .tag_tables import explain_precision, precision_cells

#: On a narrower terminal the encoder has no column where it is one and the same; a line below the table names it.
_ROOMY = 100
#: Characters of an encoder before it is broken over lines.
_LONG_ENCODER = 40
#: Faults shown at a time; the next ones are shown once these are mended.
_SHOWN = 10

_NONE = "-"


def show_model_list(found: ModelList) -> None:
    """Print the table of a folder's models, what there is of them, and why some of them cannot be used."""
    console = screen()
    with_encoder = len({model.encoder for model in found.models}) > 1 or console.width >= _ROOMY
    rows = (list(_row(model, with_encoder=with_encoder)) for model in found.models)
    show_table(console, _columns(with_encoder=with_encoder), rows)
    line(console)
    tags = len({model.tag for model in found.models})
    of = f", encoder {found.encoders[0]}" if len(found.encoders) == 1 else ""
    line(console, f"{counted(len(found.models), 'model')} of {counted(tags, 'tag')}{of}")
    measured = explain_precision(model.card.precision for model in found.models if model.card)
    line(console, f"pictures: of the tag; {measured};")
    line(console, "threshold: from this probability up an image counts as having the tag. --tag NAME: one in words.")
    if any(model.card and model.card.threshold_set for model in found.models):
        line(console, "*: set by you; image-tagging threshold TAG auto gives the choice back to training.")
    if bare := sum(model.card is None for model in found.models):
        what = counted(bare, "model")
        line(console, f"{what} without a card (-), as those published with the original: they count from 0.5 up.")
    _show_faults(console, found.faults)


def show_examined(found: ModelList) -> None:
    """Print what there is to say of each of the models, in words."""
    console = screen()
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


def _columns(*, with_encoder: bool) -> list[Column]:
    encoder = [Column("encoder", 5, is_name=True, longest=_LONG_ENCODER)] if with_encoder else []
    figures = [Column("pictures", 2), Column("AP", 1), Column("95 %", 7), Column("threshold", 3), Column("date", 4)]
    return [Column("tag", is_name=True), Column("kind", is_name=True, least=24), *encoder, *figures]


def _row(model: ListedModel, *, with_encoder: bool) -> Iterator[str]:
    yield model.tag
    yield model.kind
    if with_encoder:
        yield model.encoder.label if model.encoder else _NONE
    yield from _figures(model)


def _figures(model: ListedModel) -> Iterator[str]:
    card = model.card
    yield f"{card.pictures.tag:,}" if card and card.pictures else _NONE
    yield from precision_cells(card.precision if card else None, _NONE)
    yield _figure(card.threshold if card else None, 3) + ("*" if card and card.threshold_set else "")
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
