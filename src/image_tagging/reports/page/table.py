"""The table of the page: one row per tag and kind of model, in plain HTML that a script makes sortable.

A browser takes seconds for two thousand rows. So the table is in a ``noscript`` element, which a browser that runs
scripts keeps as text: the script makes rows of it, one line each, as they are needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Optional

from ...tag_models import MountainFigures, kind_named
from ..components import NOTHING, figure, interval_bar, limits, share
from .words import as_html, estimated_share


class _Column(NamedTuple):
    """A column: its name, its heading, its meaning, and which images its figures are about."""

    name: str
    heading: str
    meaning: str
    about: str = ""


_EXAMPLES, _MOUNTAIN = "Among your examples", "On the mountain"

_TAG = _Column("tag", "Tag", "The name of the folder or label.")
_KIND = _Column(
    "kind",
    "Kind",
    "Each tag is learned by several kinds of model. Stages 3 and 4 use all of them; where one answer per tag is given, "
    "it is that of the better kind.",
)
_PICTURES = _Column("count", "Pictures", "How many pictures have the tag; copies of one picture count once.")
_PRECISION = _Column(
    "ap",
    "Average precision",
    "How well sorting by probability puts the images of the tag before all others: 1 is perfect. The pale bar is "
    "the 95 % interval for other images of this sort: a long bar means that there are too few images.",
    _EXAMPLES,
)
_PRECISION_THERE = _PRECISION._replace(about=_MOUNTAIN)
_BALANCED = _Column(
    "balanced",
    "Balanced accuracy",
    "The mean of two shares: images of the tag that are tagged, and others that are not. 50 % is guessing.",
    _EXAMPLES,
)
_THRESHOLD = _Column("threshold", "Threshold", "The lowest probability at which an image gets the tag.")
_CALIBRATION = _Column(
    "calibration",
    "Calibration error",
    "The mean error of the probabilities: at 0.05, about 65 to 75 % of the images given 70 % have the tag.",
    _EXAMPLES,
)
_SHARE = _Column(
    "share",
    "Share of the mountain",
    "The estimated share of the mountain that has the tag, and below it the interval of the estimate.",
    _MOUNTAIN,
)
_RIGHT = _Column(
    "right",
    "Tagged rightly there",
    "The share of the tagged pictures of the mountain that is expected to have the tag.",
    _MOUNTAIN,
)
_WARNINGS = _Column("warnings", "Warnings", "Why the figures of this row are less reliable.")

_COLUMNS = (_TAG, _KIND, _PICTURES, _PRECISION, _BALANCED, _THRESHOLD, _CALIBRATION, _WARNINGS)
_WITH_MOUNTAIN = (
    *(_TAG, _KIND, _PICTURES, _THRESHOLD, _PRECISION_THERE, _SHARE, _RIGHT),
    *(_BALANCED, _CALIBRATION, _WARNINGS),
)

_WITHOUT_SCRIPT = "Plots, pictures, sorting and searching need JavaScript; all figures are in the table."

_MEASURED = "All figures are out of fold: each image was scored by a model that was not trained on it."

_ESTIMATED = (
    "Those of the mountain are estimates from the background: nobody said which of its pictures have the tag, so they "
    "are missing where they cannot be relied on."
)


def table(models: Sequence[Mapping[str, Any]], links: Mapping[str, str], *, with_mountain: bool = False) -> str:
    """Return the HTML of the table, of its controls (hidden without JavaScript), and of the meanings of its columns."""
    columns = _WITH_MOUNTAIN if with_mountain else _COLUMNS
    rows = "\n".join(_row(number, model, links, columns) for number, model in enumerate(models))
    meanings = "".join(f"<div><dt>{column.heading}</dt><dd>{column.meaning}</dd></div>" for column in columns)
    return f"""<section id="tags">
<h2>Tags</h2>
<figure id="spread" hidden></figure>
<form id="controls" hidden role="search">
<label class="search"><span>Find a tag</span>
<input type="search" id="search" placeholder="Find a tag" autocomplete="off"><kbd>/</kbd></label>
<fieldset id="kinds"><legend>Kind of model</legend></fieldset>
<label class="check"><input type="checkbox" id="warned"> <span>only with warnings</span></label>
<output id="count"></output>
</form>
<noscript><p>{_WITHOUT_SCRIPT}</p></noscript>
<div class="wide"><noscript id="rows"><table id="table"{' class="with-mountain"' if with_mountain else ""}>
<thead>{_heads(columns)}</thead>
<tbody>
{rows}
</tbody>
</table></noscript></div>
<p id="none" hidden>No tag matches.</p>
<details class="meanings"><summary>What the columns mean</summary><dl>{meanings}</dl>
<p>{_MEASURED}{f" {_ESTIMATED}" if with_mountain else ""}</p>
</details>
</section>"""


def _heads(columns: Sequence[_Column]) -> str:
    """Return the rows of the head; where figures are about two sets of images, a first row says of which."""
    heads = "".join(
        f'<th scope="col" data-column="{column.name}"><button type="button" title="{as_html(column.meaning)}">'
        f"{column.heading}</button></th>"
        for column in columns
    )
    groups = f'<tr class="groups">{"".join(_groups(columns))}</tr>' if _SHARE in columns else ""
    return f"{groups}<tr>{heads}</tr>"


def _groups(columns: Sequence[_Column]) -> Iterator[str]:
    """Yield a cell above each column that belongs to no set of images, and one above all of each set."""
    for before, column in zip((None, *columns), columns):
        if not column.about:
            yield f'<td class="{column.name}"></td>'
        elif before is None or before.about != column.about:
            width = sum(each.about == column.about for each in columns)
            yield f'<th scope="colgroup" colspan="{width}">{column.about}</th>'


def _row(number: int, model: Mapping[str, Any], links: Mapping[str, str], columns: Sequence[_Column]) -> str:
    tag, kind = model["tag"], kind_named(str(model["kind"]))
    name = as_html(tag)
    mountain = MountainFigures.read(model.get("mountain"))
    warnings = list(dict.fromkeys((*model["warnings"], *(mountain.warnings if mountain else ()))))
    right = _expected_precision(mountain)
    precision = _cell("ap", model["average_precision"], _average_precision(model))
    listed = "".join(f'<li class="warning">{as_html(warning)}</li>' for warning in warnings)
    cells = {
        _TAG: f'<th scope="row"><a href="{links[tag]}" title="{name}"><span class="face"></span>'
        f'<bdi class="cut">{name}</bdi></a></th>',
        _KIND: f'<td class="kind" title="{as_html(kind.title)}">{as_html(kind.short_title)}</td>',
        _PICTURES: _cell("count", model["pictures"], f"{model['pictures']:,}"),
        _PRECISION: precision,
        _PRECISION_THERE: precision,
        _BALANCED: _cell("balanced", model["balanced_accuracy"], share(model["balanced_accuracy"])),
        _THRESHOLD: _cell("threshold", model["threshold"], figure(model["threshold"])),
        _CALIBRATION: _cell("calibration", model["calibration_error"], figure(model["calibration_error"], 3)),
        _SHARE: _cell("share", mountain.prevalence if mountain else None, _prevalence(mountain)),
        _RIGHT: _cell("right", right, share(right)),
        _WARNINGS: f'<td class="warnings" data-value="{len(warnings)}">{f"<ul>{listed}</ul>" if listed else ""}</td>',
    }
    shown = "".join(cells[column] for column in columns)
    return f'<tr data-model="{number}" data-kind="{as_html(kind.name)}">{shown}</tr>'


def _prevalence(mountain: Optional[MountainFigures]) -> str:
    """Return the HTML of the estimated share and of its interval."""
    if mountain is None or mountain.prevalence is None:
        return NOTHING
    low, high = map(estimated_share, mountain.interval or (None, None))
    shown = f"<small>{low} – {high}</small>" if mountain.interval else ""
    return f"<b>{estimated_share(mountain.prevalence)}</b>{shown}"


def _expected_precision(mountain: Optional[MountainFigures]) -> Optional[float]:
    """Return the share of the tagged that is right; ``None`` where a warning says that it cannot be relied on."""
    return None if mountain is None or mountain.warnings else mountain.precision


def _cell(name: str, value: Optional[float], shown: str) -> str:
    known = "" if value is None else f' data-value="{value:.6g}"'
    return f'<td class="{name} number"{known}>{shown}</td>'


def _average_precision(model: Mapping[str, Any]) -> str:
    """Return the HTML of the figure, the bar of its interval, and the interval in figures."""
    value, interval = model["average_precision"], model["average_precision_interval"]
    if value is None:
        return NOTHING
    low, high = interval or (value, value)
    shown = f"<small>{limits(low, high)}</small>" if interval else ""
    return f"<b>{figure(value)}</b>{interval_bar(value, low, high)}{shown}"
