"""All tags of a data set -> what each has learned, tag after tag, on threads."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import NamedTuple, Optional

from ..datasets import Splitter, TaggedEmbeddings
from ..errors import TrainingError
from ..processors import processor_count
from ..runners import local
from ..tag_models import longest_file_name
from .described import LearnedModel
from .learner import TagLearner

#: Models are fitted and measured on as many threads: libsvm and matrix products run next to Python. Each may hold half
#: a gigabyte, for a tag of the most images.
_MOST_THREADS = 4


class LearnedTag(NamedTuple):
    """The models of a tag, one of each kind; if there are none, ``why_not`` is the reason in words."""

    tag: str
    models: list[LearnedModel]
    why_not: str = ""


class Training:
    """Learns the tags of a data set, each from its own split.

    ``longest_name`` is how long the names of files may be where the models are written; tags of longer ones are not
    learned, since the name of a model says its tag.
    """

    def __init__(
        self, data: TaggedEmbeddings, learner: TagLearner, *, test_share: Optional[float], longest_name: int = 255
    ) -> None:
        self._longest_name = longest_name
        self._data = data
        self._learner = learner
        self._splitter = Splitter(
            data, test_share=test_share, seed=learner.seed, with_background=learner.has_background
        )

    @property
    def tags(self) -> list[str]:
        """The tags that are learned, in their order."""
        return self._data.tags

    def run(self) -> Generator[LearnedTag, None, None]:
        """Yield what each tag has learned, tags in alphabetical order; a tag that cannot be learned keeps its place.

        Tags are learned on threads: run it inside :func:`one_thread_a_product`.
        """
        learned = local.run(
            self._learn,
            lambda: list,
            self._data.tags,
            batch_size=1,
            threads=min(_MOST_THREADS, processor_count()),
        )
        with closing(learned):
            yield from (tag for tag in learned if isinstance(tag, LearnedTag))

    def _learn(self, tag: str) -> LearnedTag:
        """Learn one tag, on any thread: what fails for it is its reason, and its neighbours are learned."""
        if not tag:
            return LearnedTag(tag, [], "its name is empty; give it one in the tag lists")
        if longest_file_name(tag) > self._longest_name:
            return LearnedTag(tag, [], "its name is too long for that of a file; rename its folder")
        try:
            return LearnedTag(tag, self._learner.learn(tag, self._splitter.split(tag)))
        except TrainingError as error:
            return LearnedTag(tag, [], str(error).rstrip("."))
