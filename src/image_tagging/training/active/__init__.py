"""Review of one tag: which pictures a person judges next, the refit after each page, and how good the tag is by now.

Arrays in, arrays out: nothing here knows of files, of the table of verdicts or of the web. :mod:`.pool` scores the
pictures block by block, :mod:`.learner` refits, :mod:`.pages`, :mod:`.starting` and :mod:`.checking` compose pages,
:mod:`.live` says how precise and complete the tag is, :mod:`.stopping` whether to go on. All is decided by seeds.
"""

from __future__ import annotations

from .checking import check_page, likely_wrong_page, strata
from .learner import Labels, QuickFit, QuickLearner
from .live import Checks, Interval, LiveFigures, Unlabelled, Verdicts, live_curve, live_figures
from .pages import PAGE_SIZE, Candidates, Page, next_page, top_share_of
from .pool import Pool, best_first, open_rows
from .starting import page_similar_to, typical_page
from .stopping import GO_ON, SEARCH, STOP, StopAdvice, stop_advice

__all__ = [
    "GO_ON",
    "PAGE_SIZE",
    "SEARCH",
    "STOP",
    "Candidates",
    "Checks",
    "Interval",
    "Labels",
    "LiveFigures",
    "Page",
    "Pool",
    "QuickFit",
    "QuickLearner",
    "StopAdvice",
    "Unlabelled",
    "Verdicts",
    "best_first",
    "check_page",
    "likely_wrong_page",
    "live_curve",
    "live_figures",
    "next_page",
    "open_rows",
    "page_similar_to",
    "stop_advice",
    "strata",
    "top_share_of",
    "typical_page",
]
