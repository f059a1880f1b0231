"""The head of the page: the figures of the run, the advice, and the tags that were not learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...text import counted
from .words import aim, as_html

#: Pieces of advice that are shown at once, and tags of one piece; further ones are behind a click.
_FIRST_ADVICE, _FIRST_TAGS = 5, 8


def title(run: Mapping[str, Any]) -> str:
    """Return the title of the page."""
    return f"Training report: {counted(_tags(run), 'tag')}, {counted(run['images'], 'picture')}"


def heading(run: Mapping[str, Any]) -> str:
    """Return the HTML of the heading, with the figures of the run."""
    encoder = run["encoder"]
    created = str(run["created"])
    figures = [
        ("pictures", f"{run['images']:,}", ""),
        ("tags", f"{_tags(run):,}", ""),
        ("encoder", as_html(encoder["name"]), f"{as_html(encoder['pretrained'])}, {encoder['dim']:,} values per image"),
        ("created", f'<time datetime="{as_html(created)}">{as_html(created[:10])}</time>', as_html(created[11:16])),
        ("thresholds", as_html(str(run["threshold_for"])), as_html(aim(str(run["threshold_for"])))),
    ]
    if mountain := run.get("mountain"):
        read = mountain["read"]
        of = f"background, of {read:,} read" if read > mountain["pictures"] else "background"
        figures.append(("mountain", counted(mountain["pictures"], "picture"), of))
    cells = "\n".join(
        f"<div><dt>{name}</dt><dd><bdi>{value}</bdi>{f' <small>{more}</small>' if more else ''}</dd></div>"
        for name, value, more in figures
    )
    program = as_html(run["program"])
    return f"""<header id="heading">
<p class="program">{program}</p>
<h1>What {counted(_tags(run), "tag")} {"has" if _tags(run) == 1 else "have"} learned</h1>
<dl class="run figures">
{cells}
</dl>
</header>"""


def notes(run: Mapping[str, Any], links: Mapping[str, str]) -> str:
    """Return the HTML of the advice and of the skipped tags; empty where there is neither."""
    return "\n".join(part for part in (_advice(run["advice"], links), _skipped(run["skipped"])) if part)


def _advice(advice: list[Mapping[str, Any]], links: Mapping[str, str]) -> str:
    if not advice:
        return ""
    items = [_piece(number, piece, links) for number, piece in enumerate(advice)]
    first, rest = "\n".join(items[:_FIRST_ADVICE]), "\n".join(items[_FIRST_ADVICE:])
    more = (
        f"<details><summary>{len(items) - _FIRST_ADVICE} more</summary>\n<ul>\n{rest}\n</ul>\n</details>"
        if rest
        else ""
    )
    return f'<section id="advice">\n<h2>What would help most</h2>\n<ul>\n{first}\n</ul>\n{more}</section>'


def _piece(number: int, piece: Mapping[str, Any], links: Mapping[str, str]) -> str:
    """Return the HTML of one piece of advice; a script replaces its paths by pictures."""
    paths = "".join(f"<li><bdi>{as_html(path)}</bdi></li>" for path in piece["images"])
    shown = f'<ul class="paths" data-advice="{number}">{paths}</ul>' if paths else ""
    return (
        f'<li data-code="{as_html(piece["code"])}"><p>{as_html(piece["sentence"])}</p>'
        f"{_chips(piece['tags'], links)}{shown}</li>"
    )


def _chips(tags: Sequence[str], links: Mapping[str, str]) -> str:
    """Return the HTML of the tags of one piece of advice; empty where it names none."""
    chips = [
        f'<a class="chip cut" href="{links[tag]}" title="{as_html(tag)}"><bdi>{as_html(tag)}</bdi></a>'
        if tag in links
        else f'<span class="no-link cut" title="{as_html(tag)}"><bdi>{as_html(tag)}</bdi></span>'
        for tag in tags
    ]
    if not chips:
        return ""
    first, rest = chips[:_FIRST_TAGS], chips[_FIRST_TAGS:]
    more = f'<details><summary>and {len(rest):,} more</summary><div class="chips">{"".join(rest)}</div></details>'
    return f'<div class="chips">{"".join(first)}{more if rest else ""}</div>'


def _skipped(skipped: list[Mapping[str, Any]]) -> str:
    if not skipped:
        return ""
    items = "\n".join(
        f"<li><b><bdi>{as_html(one['tag'])}</bdi></b> <span>{as_html(one['reason'])}</span></li>" for one in skipped
    )
    were = "was" if len(skipped) == 1 else "were"
    return (
        f'<section id="skipped"><details><summary>{counted(len(skipped), "tag")} {were} not learned</summary>\n'
        f"<ul>\n{items}\n</ul>\n</details></section>"
    )


def _tags(run: Mapping[str, Any]) -> int:
    return len({model["tag"] for model in run["models"]})
