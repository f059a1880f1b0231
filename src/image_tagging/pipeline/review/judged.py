"""What a person said of the pictures of a page, as verdicts to keep and as a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from ...store import NO, UNSURE, YES, Verdict
from ...text import counted
from .collected import Collected


@dataclass(frozen=True)
class Judged:
    """What a person said of one picture of a page: yes, no or unsure, with the ``score`` that was shown."""

    hash_id: str
    verdict: str
    position: int
    score: Optional[float] = None


def verdicts_of(collected: Collected, tag: str, mode: str, judged: Sequence[Judged], model: str) -> list[Verdict]:
    """Return the verdicts of a page; InputError where the folder has no picture of such a name."""
    rows = [collected.row(each.hash_id) for each in judged]
    examples = set(collected.examples[tag].tolist()) if tag in collected.examples else set()
    return [
        Verdict(
            tag,
            each.hash_id,
            each.verdict,
            mode,
            collected.pictures[row].files[0].path,
            YES if row in examples else "",
            each.score,
            model,
            each.position,
        )
        for each, row in zip(judged, rows)
    ]


def kept(verdicts: Sequence[Verdict], tag: str) -> str:
    """Return what was kept of a page, for the person who gave it."""
    words = [each.verdict for each in verdicts]
    parts = [f"{words.count(word)} {word}" for word in (YES, NO, UNSURE) if word in words]
    flips = sum((each.verdict == YES) != (each.score >= 0.5) for each in verdicts if each.score is not None)
    return f"Kept on {tag}: {', '.join(parts)}; {counted(flips, 'change')} of what was marked."
