"""Which pictures of a run are examples already: they are in the tag lists that stage 1 wrote into the output folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ..datasets import HASH_TO_TAGS, FileErrors, json_entries
from ..errors import MetadataError
from ..store import Pictures


def examples_among(pictures: Pictures, output: str) -> Mapping[str, Sequence[str]]:
    """Return the tags of each picture of a run that is an example, by its name; none without tag lists in ``output``.

    Of the lists only these are held. A name that stands for different pictures (palette swaps) is left out: it does
    not say which of them is the example.

    Raises
    ------
    MetadataError
        The file of tag lists is malformed or something else.
    """
    path = os.path.join(output, HASH_TO_TAGS)
    if not os.path.exists(path):
        return {}
    remedy = "Move it away, or run stage 1 again (image-tagging process)."
    errors = FileErrors(path, MetadataError, "a list of tags per picture", remedy)
    known: dict[tuple[str, ...], tuple[str, ...]] = {}  # most pictures have the tags of another
    examples: dict[str, tuple[str, ...]] = {}
    for name, tags in json_entries(path, errors=errors):
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise errors.foreign(f"the entry {name[:20]!r} is no list of tags")
        if pictures.is_listed(name):
            examples[name] = known.setdefault(tuple(tags), tuple(tags))
    for name in pictures.shared_names() if examples else ():
        examples.pop(name, None)
    return examples
