"""The tables and curves of review_order.py, from the records of reviews; goals stand beside their figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from review_learners import OURS
from review_rivals import ORDERS
from review_simulation import ACTION, CHECKS, ENOUGH, PICTURE
from review_worlds import BANDS

Record = dict

#: Labels after which orders are compared by average precision.
_GIVEN = (0, 24, 48, 96, 144, 192)

#: What a review costs.
_COSTS = ("actions", "labels", "effort")
#: By band: the median of labels and of actions to 95 %, and the 90th percentile of actions.
_MOST_LABELS, _MOST_ACTIONS, _MOST_ACTIONS_90 = (100, 120, 72, 60), (32, 42, 25, 28), 80
#: Effort as a part of that of another order.
_EFFORT = {"LightlyStudio": 0.5, "random": 0.5, "FiftyOne Labs": 0.65, "top": 0.9, "nearest to .5": 0.95}
_WORSE_SHARE, _WRONG_COST, _COVERED, _STOPPED = 0.01, 1.2, 0.88, (0.9, 0.95, 0.95, 0.95)


def print_tables(records: Sequence[Record]) -> None:
    """Print what was measured, by encoder."""
    for encoder in dict.fromkeys(record["encoder"] for record in records):
        of_encoder = [record for record in records if record["encoder"] == encoder]
        exact = [record for record in of_encoder if not record["wrong"]]
        tags = {(record["world"], record["tag"], record["seed"]) for record in exact}
        weak = {(r["world"], r["tag"], r["seed"]) for r in exact if r["our_full"] < 0.5}
        print(f"\n## {encoder}: {len(exact)} reviews of {len(tags)} tags (of a seed); {len(weak)} below .5 in full")
        for start in [None, *sorted({record["start"] for record in exact})]:
            some = [record for record in exact if start in (None, record["start"])]
            _print_costs(some, "all starts" if start is None else f"start of {start}", with_goals=start is None)
        _print_precision(exact)
        _print_pairs(exact)
        _print_worse(exact)
        _print_wrong(of_encoder)
        _print_intervals(exact)
        _print_stops(exact)


def band_of(record: Record) -> str:
    return next((name for name, (low, high) in BANDS.items() if low <= record["share"] < high), "")


def costs(record: Record, full: str = "full") -> dict[str, float]:
    """Labels, actions and effort until the tag is learned; infinite where it is not.

    ``full`` is ``our_full`` where it is measured by the average precision that this project's learner has.
    """
    for precision, labels, actions in zip(record["ap"], record["labels"], record["actions"]):
        if precision >= ENOUGH * record[full]:
            return {"labels": labels, "actions": actions, "effort": PICTURE * labels + ACTION * actions}
    return dict.fromkeys(("labels", "actions", "effort"), np.inf)


def _capped(record: Record, full: str = "full") -> dict[str, float]:
    """The same, but all that were given where the tag is not learned: a lower bound."""
    found = costs(record, full)
    if np.isfinite(found["labels"]):
        return found
    labels, actions = record["labels"][-1], record["actions"][-1]
    return {"labels": labels, "actions": actions, "effort": PICTURE * labels + ACTION * actions}


def _print_costs(records: Sequence[Record], title: str, *, with_goals: bool) -> None:
    print(f"\n{title}, to 95 % of full: actions / labels / effort in s; median (quartiles), - where it is not learned")
    print("| order | " + " | ".join(f"{band} ({_count(records, band)} reviews)" for band in BANDS) + " |")
    print("|---|" + "---|" * len(BANDS))
    goals = []
    for order in dict.fromkeys(record["order"] for record in records):
        cells = []
        for number, band in enumerate(BANDS):
            found = [costs(record) for record in records if record["order"] == order and band_of(record) == band]
            cells.append(" / ".join(_quartiles([each[what] for each in found]) for what in _COSTS) if found else "")
            if order == "this" and found:
                goals.append(f"{band}: {_goals_of_band(found, number)}")
        print(f"| {order} | " + " | ".join(cells) + " |")
    if with_goals:
        print("\n" + "\n".join(goals))


def _goals_of_band(found: Sequence[dict[str, float]], number: int) -> str:
    labels, actions = (np.array([each[what] for each in found]) for what in ("labels", "actions"))
    return ", ".join(
        (
            _goal("labels", _quantile(labels, 0.5), _MOST_LABELS[number]),
            _goal("actions", _quantile(actions, 0.5), _MOST_ACTIONS[number]),
            _goal("90 % of actions", _quantile(actions, 0.9), _MOST_ACTIONS_90),
        )
    )


def _goal(what: str, value: float, limit: float, *, at_least: bool = False) -> str:
    is_met = value >= limit if at_least else value <= limit
    return f"{what} {value:.3g} (goal {'>=' if at_least else '<='} {limit:g}: {'met' if is_met else 'MISSED'})"


def _count(records: Iterable[Record], band: str) -> int:
    return sum(record["order"] == "this" and band_of(record) == band for record in records)


def _quantile(values: Sequence[float] | np.ndarray, q: float) -> float:
    """Return a value that is there: between one and infinity there is none."""
    return float(np.quantile(values, q, method="higher"))


def _quartiles(values: Sequence[float]) -> str:
    low, middle, high = (_shown(_quantile(values, q)) for q in (0.25, 0.5, 0.75))
    return f"{middle} ({low} to {high})" if {low, middle, high} != {"-"} else "-"


def _shown(value: float) -> str:
    return f"{value:.0f}" if np.isfinite(value) else "-"


def _paired(records: Sequence[Record], other: str) -> list[tuple[Record, Record]]:
    def reviewed(record: Record) -> tuple:
        return record["world"], record["tag"], record["seed"], record["start"]

    others = {reviewed(record): record for record in records if record["order"] == other}
    ours = [record for record in records if record["order"] == "this"]
    return [(record, others[reviewed(record)]) for record in ours if reviewed(record) in others]


def _print_pairs(records: Sequence[Record]) -> None:
    print("\nThis order against others: total labels and effort, of the same tags and starts. A review that is not")
    print("learned counts with what was given, which favours the order that fails: not learned of ours / of theirs.")
    print(
        "| against | reviews | labels | effort | "
        + " | ".join(f"effort, {band}" for band in BANDS)
        + " | not learned |"
    )
    print("|---|---|---|---|" + "---|" * len(BANDS) + "---|")
    for other in dict.fromkeys(record["order"] for record in records if record["order"] != "this"):
        pairs = _paired(records, other)
        if pairs:
            _print_pair(other, pairs, "full")
        if pairs and ORDERS[other].learner != OURS:
            _print_pair(f"{other}, to what this project's learner has in full", pairs, "our_full")


def _print_pair(title: str, pairs: Sequence[tuple[Record, Record]], full: str) -> None:
    effort = _ratio(pairs, "effort", full)
    other = title if full == "full" else ""
    shown = _goal("", effort, _EFFORT[other]).strip() if other in _EFFORT else f"{effort:.2f}"
    of_bands = [_ratio([pair for pair in pairs if band_of(pair[0]) == band], "effort", full) for band in BANDS]
    failed = [sum(not np.isfinite(costs(pair[side], full)["labels"]) for pair in pairs) for side in (0, 1)]
    cells = [title, str(len(pairs)), f"{_ratio(pairs, 'labels', full):.2f}", shown, *(f"{x:.2f}" for x in of_bands)]
    print("| " + " | ".join(cells) + f" | {failed[0]} / {failed[1]} |")


def _print_precision(records: Sequence[Record]) -> None:
    """Print how good the tags are by then, of all learners as a part of what this project's has in full."""
    print("\nMean average precision on the test part, as a part of this project's with all labels, by labels given")
    print("| order | reviews | " + " | ".join(map(str, _GIVEN)) + " | own learner in full |")
    print("|---|---|" + "---|" * (len(_GIVEN) + 1))
    for order in dict.fromkeys(record["order"] for record in records):
        of_order = [record for record in records if record["order"] == order]
        parts = [np.interp(_GIVEN, r["labels"], r["ap"]) / r["our_full"] for r in of_order]
        full = float(np.mean([r["full"] / r["our_full"] for r in of_order]))
        cells = [f"{each:.2f}" for each in (*np.mean(parts, axis=0), full)]
        print(f"| {order} | {len(of_order)} | " + " | ".join(cells) + " |")


def _ratio(pairs: Sequence[tuple[Record, Record]], what: str, full: str) -> float:
    ours, theirs = (sum(_capped(pair[side], full)[what] for pair in pairs) for side in (0, 1))
    return ours / theirs if theirs else np.nan


def _print_worse(records: Sequence[Record]) -> None:
    pairs = [pair for pair in _paired(records, "random") if pair[0]["full"] >= 0.5]
    at = [[record["ap"][min(5, len(record["ap"]) - 1)] for record in pair] for pair in pairs]
    if at:
        share = float(np.mean([ours < 0.9 * theirs for ours, theirs in at]))
        print("\n" + _goal("More than 10 % worse than random after 5 pages, share of reviews", share, _WORSE_SHARE))


def _print_wrong(records: Sequence[Record]) -> None:
    def reviewed(record: Record) -> tuple:
        return record["world"], record["tag"], record["seed"], record["start"]

    exact = {reviewed(record): record for record in records if record["order"] == "this" and not record["wrong"]}
    wrong = [record for record in records if record["wrong"] and reviewed(record) in exact]
    if wrong:
        ratio = sum(_capped(r)["labels"] for r in wrong) / max(
            sum(_capped(exact[reviewed(r)])["labels"] for r in wrong), 1
        )
        print(
            "\n"
            + _goal(
                f"Labels with 3 % wrong verdicts ({len(wrong)} reviews), as a part of those without", ratio, _WRONG_COST
            )
        )


def _print_intervals(records: Sequence[Record]) -> None:
    ours = [record for record in records if record.get("intervals")]
    if not ours:
        return
    print("\nHow often the 5 % to 95 % interval holds the truth, and its median width, by check verdicts")
    print("| figure | checks | " + " | ".join(BANDS) + " |\n|---|---|" + "---|" * len(BANDS))
    for figure in ("recall", "precision"):
        for checks in CHECKS:
            cells = []
            for band in BANDS:
                rows = [row for record in ours if band_of(record) == band for row in record["intervals"]]
                rows = [row for row in rows if row["checks"] == checks]
                cells.append(_coverage(rows, figure))
            print(f"| {figure} | {checks} | " + " | ".join(cells) + " |")


def _coverage(rows: Sequence[dict], figure: str) -> str:
    if not rows:
        return ""
    tiny = 1e-4  # they are rounded
    held = [row[figure][0] - tiny <= row["truth"][figure] <= row[figure][2] + tiny for row in rows]
    width = float(np.median([row[figure][2] - row[figure][0] for row in rows]))
    share = float(np.mean(held))
    goal = f", goal >= {_COVERED}: {'met' if share >= _COVERED else 'MISSED'}" if figure == "recall" else ""
    return f"{share:.2f} of {len(rows)}, width {width:.2f}{goal}"


def _print_stops(records: Sequence[Record]) -> None:
    ours = [record for record in records if record.get("stop")]
    if not ours:
        return
    print("\nStop advice: reviews that it stops within the pages played, and how many of them are at 95 % of full")
    print("| band | reviews | stopped | at 95 % | labels then, median | told to search |\n|---|---|---|---|---|---|")
    for band, least in zip(BANDS, _STOPPED):
        of_band = [record["stop"] for record in ours if band_of(record) == band]
        stopped = [stop for stop in of_band if stop["advice"] == "stop"]
        if not of_band:
            continue
        share = float(np.mean([stop["learned"] for stop in stopped])) if stopped else np.nan
        labels = _shown(_quantile([stop["labels"] for stop in stopped], 0.5)) if stopped else "-"
        search = sum(stop["advice"] == "search" for stop in of_band)
        goal = _goal("", share, least, at_least=True).strip() if stopped else "-"
        print(f"| {band} | {len(of_band)} | {len(stopped)} | {goal} | {labels} | {search} |")


#: Colours of the lines that are told apart by people who see colours otherwise (Okabe and Ito 2008).
_COLOURS = {
    **{"this": "#000000", "random": "#999999", "top": "#0072b2", "nearest to .5": "#009e73"},
    **{"LightlyStudio": "#d55e00", "LightlyStudio, our learner": "#d55e00"},
    **{"FiftyOne Labs": "#cc79a7", "FiftyOne Labs, our learner": "#cc79a7"},
    **{"DropQuery": "#e69f00", "TypiClust, then margin": "#56b4e9"},
}
#: Rivals with their own learners are dashed.
_DASHES = ' stroke-dasharray="5 3"'
_FONT = 'font-family="sans-serif" font-size="12"'
_PANEL, _GAP, _LEFT, _TOP = (330, 190), (70, 70), 52, 34


def draw_curves(records: Sequence[Record]) -> str:
    """Return an SVG: for each band the mean part of our full average precision by labels, a line for each order."""
    records = [record for record in records if not record["wrong"] and record["encoder"] == records[0]["encoder"]]
    most = min(max(record["labels"][-1] for record in records), 192)
    width = _LEFT + 2 * _PANEL[0] + _GAP[0] + 20
    height = _TOP + 2 * _PANEL[1] + _GAP[1] + 110
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {_FONT}>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, band in enumerate(BANDS):
        left = _LEFT + (number % 2) * (_PANEL[0] + _GAP[0])
        top = _TOP + (number // 2) * (_PANEL[1] + _GAP[1])
        of_band = [record for record in records if band_of(record) == band]
        parts += _panel(of_band, f"{band} of the pool ({_count(of_band, band)} reviews)", left, top, most)
    played = {record["order"] for record in records}
    for number, order in enumerate(order for order in ORDERS if order in played):
        x, y = _LEFT + (number % 4) * 190, height - 54 + (number // 4) * 20
        parts.append(f'<path d="M{x} {y - 4}h24" {_stroke(order)}/>')
        parts.append(f'<text x="{x + 30}" y="{y}">{escape(order)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(records: Sequence[Record], title: str, left: float, top: float, most: int) -> list[str]:
    across, down = _PANEL
    parts = [f'<text x="{left}" y="{top - 10}" font-weight="bold">{escape(title)}</text>']
    for tenth in (0, 2, 4, 6, 8, 10):
        y = top + down * (1 - tenth / 10)
        parts.append(f'<path d="M{left} {y:.1f}h{across}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tenth / 10:g}</text>')
    for labels in range(0, most + 1, 48):
        x = left + across * labels / most
        parts.append(f'<text x="{x:.1f}" y="{top + down + 16}" text-anchor="middle">{labels}</text>')
    middle = left + across / 2
    parts.append(
        f'<text x="{middle}" y="{top + down + 32}" text-anchor="middle">labels: part of the precision in full</text>'
    )
    grid = np.linspace(0, most, 33)
    for order in reversed(ORDERS):
        of_order = [record for record in records if record["order"] == order]
        lines = [np.interp(grid, r["labels"], np.array(r["ap"]) / r["our_full"]) for r in of_order]
        if lines:
            mean = np.clip(np.mean(lines, axis=0), 0, 1.02)
            points = " ".join(f"{left + across * x / most:.1f},{top + down * (1 - y):.1f}" for x, y in zip(grid, mean))
            parts.append(f'<polyline points="{points}" fill="none" {_stroke(order)}/>')
    return parts


def _stroke(order: str) -> str:
    dashes = _DASHES if ORDERS[order].learner != OURS else ""
    return f'stroke="{_COLOURS[order]}" stroke-width="{3 if order == "this" else 1.6}"{dashes}'
