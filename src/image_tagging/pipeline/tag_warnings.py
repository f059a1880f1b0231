"""Sentences on tags that may not be what a person means by their folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..datasets import differ_in_case, like_other_sets
from ..text import counted, escaped, join_tags, tag_in_words

#: Tags that are named.
_NAMED = 3


def warn_of_spelling(tags: Iterable[str]) -> Iterator[str]:
    """Yield a sentence where tags are called nearly as the sets of other images."""
    if alike := like_other_sets(tags):
        are = "is a tag like any other" if len(alike) == 1 else "are tags like any other"
        yield f"{join_tags(alike, _NAMED)} {are}: only other-training and other-validation have a special meaning."


def warn_of_case(tags: Sequence[str]) -> Iterator[str]:
    """Yield a sentence where tags differ in case alone."""
    pairs = differ_in_case(tags)
    if pairs:
        named = ", ".join(" and ".join(escaped(tag_in_words(tag)) for tag in pair) for pair in pairs[:_NAMED])
        more = f", and {len(pairs) - _NAMED:,} more pairs" if len(pairs) > _NAMED else ""
        yield f"Tags that differ in case alone: {named}{more}. If two mean the same, put their images into one folder."


def warn_of_merging(merged: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a sentence where images of several folders have one tag; ``merged`` has the first folders of each tag."""
    if not merged:
        return
    tag, folders = min(merged.items())
    which = f"The tag {escaped(tag_in_words(tag))} has"
    if len(merged) > 1:
        which = f"{counted(len(merged), 'tag')} have images of several folders: {escaped(tag_in_words(tag))} has"
    yield (
        f"{which} images of {_joined(folders)}, since the folder that holds an image is its tag. "
        "Give --tag_level=top where the first folder is meant."
    )


def _joined(folders: Sequence[str]) -> str:
    """Return the names of folders; one more than are named means that there are others."""
    names = [escaped(tag_in_words(folder)) for folder in folders[:_NAMED]]
    if len(folders) > _NAMED:
        return f"{', '.join(names)} and others"
    return f"{', '.join(names[:-1])} and {names[-1]}"
