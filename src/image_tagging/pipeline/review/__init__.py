"""The review of an output folder by a person, without HTTP: what is shown next, what was said, what it means by now.

:class:`Review` is all that a page needs. :mod:`.collected` reads the output folder (the store, never ``output.json``),
:mod:`.reading` says when, :mod:`.labels` makes the labels of a tag from examples and verdicts, :mod:`.tag_state` fits
it, :mod:`.states` keeps the tags, :mod:`.foresight` and :mod:`.background` prepare what comes, :mod:`.shown` composes
pages, :mod:`.tags` has the list and the figures, :mod:`.search` finds pictures, :mod:`.pictures` draws, and
:mod:`.retraining` trains in the background. :mod:`.pins` gives another tag by one key, :mod:`.alike`
near-duplicates the same verdict, :mod:`.repeats` hides them, :mod:`.tag_thresholds` has figures at other thresholds,
and :mod:`.picture_scores` what the last results say of one picture.
"""

from __future__ import annotations

from .alike import AlikeOffer, give_alike, offer_alike
from .judged import Judged
from .picture_scores import ScoresOfPicture, picture_scores
from .pictures import Drawn
from .pins import give_pinned, tags_said, take_pinned
from .retraining import RetrainState
from .review import Review
from .shown import MODES, Cell, ShownPage
from .tag_thresholds import KeptThreshold, keep_threshold, threshold_figures
from .tags import Strip, TagRow

__all__ = [
    "MODES",
    "AlikeOffer",
    "Cell",
    "Drawn",
    "Judged",
    "KeptThreshold",
    "RetrainState",
    "Review",
    "ScoresOfPicture",
    "ShownPage",
    "Strip",
    "TagRow",
    "give_alike",
    "give_pinned",
    "keep_threshold",
    "offer_alike",
    "picture_scores",
    "tags_said",
    "take_pinned",
    "threshold_figures",
]
