"""Another tag for pictures of a page, given by one key: a batch of verdicts, which the same key takes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...store import YES
from ...text import counted
from .judged import Judged
from .labels import PINNED
from .names import as_name
from .review import Review


def give_pinned(review: Review, tag: str, hash_ids: Sequence[str]) -> str:
    """Say yes of a tag to pictures, as one batch; return what was kept, as a sentence.

    Raises
    ------
    InputError
        The folder has no picture of such a name.
    OutputError
        Nothing may be judged now.
    """
    name = as_name(tag)
    with review.opened(to_write=True) as now:
        have = {each.verdict.hash_id for each in now.verdicts.in_force(name) if each.verdict.verdict == YES}
        new = [hash_id for hash_id in dict.fromkeys(hash_ids) if hash_id not in have]
        if not new:
            return f"{name}: {counted(len(hash_ids), 'picture')} had it already."
        review.judge(name, PINNED, [Judged(hash_id, YES, at) for at, hash_id in enumerate(new)])
    return f"{name}: yes to {counted(len(new), 'picture')}."


def take_pinned(review: Review, tag: str, hash_ids: Sequence[str]) -> str:
    """Take back what :func:`give_pinned` gave to pictures; return what was done, as a sentence. Raises as that does.

    That is one step, which :meth:`.Review.undo` undoes.
    """
    name, wanted = as_name(tag), set(hash_ids)
    with review.opened(to_write=True) as now:
        given = [each.verdict for each in now.verdicts.in_force(name) if each.verdict.hash_id in wanted]
        taken = [each for each in given if each.mode == PINNED and each.verdict == YES]
        if not taken:
            return f"{name}: nothing was taken back. Its verdict was given on a page: undo that in the history."
        now.verdicts.take_back(taken)
    return f"{name}: taken back from {counted(len(taken), 'picture')}."


def tags_said(review: Review, hash_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the tags that a person said yes to of pictures, by their names; pictures without any are left out."""
    wanted = set(hash_ids)
    tags: dict[str, list[str]] = {}
    with review.opened() as now:
        for verdict in (each.verdict for each in now.verdicts.in_force()):
            if verdict.hash_id in wanted and verdict.verdict == YES:
                tags.setdefault(verdict.hash_id, []).append(verdict.tag)
    return tags
