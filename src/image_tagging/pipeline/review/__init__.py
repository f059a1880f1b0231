"""The review of an output folder by a person, without HTTP: what is shown next, what was said, what it means by now.

:class:`Review` is all that a page needs. :mod:`.collected` reads the output folder (the store, never ``output.json``),
:mod:`.reading` says when, :mod:`.labels` makes the labels of a tag from examples and verdicts, :mod:`.tag_state` fits
it, :mod:`.states` keeps the tags, :mod:`.foresight` and :mod:`.background` prepare what comes, :mod:`.shown` composes
pages, :mod:`.tags` has the list and the figures, :mod:`.search` finds pictures, :mod:`.pictures` draws, and
:mod:`.retraining` trains in the background.
"""

from __future__ import annotations

from .pictures import Drawn
from .retraining import RetrainState
from .review import Judged, Review
from .shown import MODES, Cell, ShownPage
from .tags import Strip, TagRow

__all__ = ["MODES", "Cell", "Drawn", "Judged", "RetrainState", "Review", "ShownPage", "Strip", "TagRow"]
