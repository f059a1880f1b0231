"""The table of the page: one row per tag and kind of model, in plain HTML that a script makes sortable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ...tag_models import kind_named
from .words import NOTHING, as_html, figure, share

#: The name, the heading and the meaning of each column.
_COLUMNS = (
    ("tag", "Tag", "The name of the folder or label."),
    ("kind", "Kind", "Each tag is learned by several kinds of model; stages 3 and 4 use all of them."),
    ("images", "Images", "Images of the tag that the model was trained on."),
    (
        "ap",
        "Average precision",
        "How well sorting by probability puts the images of the tag before all others: 1 is perfect. The pale bar is "
        "the 95 % interval for other images of this sort: a long bar means that there are too few images.",
    ),
    (
        "balanced",
        "Balanced accuracy",
        "The mean of two shares: images of the tag that are tagged, and others that are not. 50 % is guessing.",
    ),
    ("threshold", "Threshold", "The lowest probability at which an image gets the tag."),
    (
        "calibration",
        "Calibration error",
        "The mean error of the probabilities: at 0.05, about 65 to 75 % of the images given 70 % have the tag.",
    ),
    ("warnings", "Warnings", "Why the figures of this row are less reliable."),
)

#: Pixels of the bar of average precision, and of the dot on it.
_WIDTH, _HEIGHT, _RADIUS = 120, 14, 4

_WITHOUT_SCRIPT = "Plots, pictures, sorting and searching need JavaScript; all figures are in the table."

_MEASURED = "All figures are out of fold: each image was scored by a model that was not trained on it."


def table(models: Sequence[Mapping[str, Any]], links: Mapping[str, str]) -> str:
    """Return the HTML of the table, of its controls (hidden without JavaScript), and of the meanings of its columns."""
    heads = "".join(
        f'<th scope="col" data-column="{name}"><button type="button" title="{as_html(meaning)}">{label}</button></th>'
        for name, label, meaning in _COLUMNS
    )
    rows = "\n".join(_row(number, model, links) for number, model in enumerate(models))
    meanings = "".join(f"<div><dt>{label}</dt><dd>{meaning}</dd></div>" for _, label, meaning in _COLUMNS)
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
<div class="wide"><table id="table">
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
<p id="none" hidden>No tag matches.</p>
<details class="meanings"><summary>What the columns mean</summary><dl>{meanings}</dl>
<p>{_MEASURED}</p>
</details>
</section>"""


def _row(number: int, model: Mapping[str, Any], links: Mapping[str, str]) -> str:
    tag, kind, warnings = model["tag"], kind_named(str(model["kind"])), model["warnings"]
    listed = "".join(f'<li class="warning">{as_html(warning)}</li>' for warning in warnings)
    cells = (
        f'<th scope="row"><a href="{links[tag]}"><span class="face"></span><bdi>{as_html(tag)}</bdi></a></th>',
        f'<td class="kind" title="{as_html(kind.title)}">{as_html(kind.short_title)}</td>',
        _cell("images", model["images"], f"{model['images']:,}"),
        _cell("ap", model["average_precision"], _average_precision(model)),
        _cell("balanced", model["balanced_accuracy"], share(model["balanced_accuracy"])),
        _cell("threshold", model["threshold"], figure(model["threshold"])),
        _cell("calibration", model["calibration_error"], figure(model["calibration_error"], 3)),
        f'<td class="warnings" data-value="{len(warnings)}">{f"<ul>{listed}</ul>" if listed else ""}</td>',
    )
    return f'<tr data-model="{number}" data-kind="{as_html(kind.name)}">{"".join(cells)}</tr>'


def _cell(name: str, value: Optional[float], shown: str) -> str:
    known = "" if value is None else f' data-value="{value:.6g}"'
    return f'<td class="{name} number"{known}>{shown}</td>'


def _average_precision(model: Mapping[str, Any]) -> str:
    """Return the HTML of the figure, the bar of its interval, and the interval in figures."""
    value, interval = model["average_precision"], model["average_precision_interval"]
    if value is None:
        return NOTHING
    low, high = interval or (value, value)
    limits = f"<small>{figure(low)} – {figure(high)}</small>" if interval else ""
    middle = _HEIGHT // 2
    left, width = low * _WIDTH, max(1.0, (high - low) * _WIDTH)
    at = min(_WIDTH - _RADIUS, max(_RADIUS, value * _WIDTH))
    drawn = (
        f'<line class="track" x1="0" x2="{_WIDTH}" y1="{middle}" y2="{middle}"/>'
        f'<rect class="interval" x="{left:.1f}" y="{middle - 4}" width="{width:.1f}" height="8" rx="4"/>'
        f'<circle class="value" cx="{at:.1f}" cy="{middle}" r="{_RADIUS}"/>'
    )
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
    return f'<b>{figure(value)}</b><svg class="bar" {size} aria-hidden="true">{drawn}</svg>{limits}'
