"""The review of an output folder: all that pages show and all that a person does, of any number of tabs and people."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Optional

from ...errors import InputError, OutputError
from ...files import absolute
from ...progress import Say, say_nothing
from ...store import YES, CollectedPicture, InForce, Verdict, Verdicts
from ...text import counted
from .collected import Collected
from .foresight import Marked
from .judged import Judged, kept, verdicts_of
from .labels import ALIKE, PICKED, PINNED
from .names import as_name
from .pictures import THUMBNAIL, Drawn, DrawnPictures
from .reading import AT_WORK, Reading
from .repeats import with_repeats
from .retraining import Retraining
from .search import Search
from .shown import MODES, ShownPage, again
from .states import TagStates
from .tags import Strip, TagRow, strip_of, tag_rows

_NEIGHBOURS = 12


class Opened(NamedTuple):
    """What a review has open: its pictures, its verdicts, and what is learned of its tags."""

    collected: Collected
    verdicts: Verdicts
    states: TagStates


class Review:
    """An open review; any thread may call its methods.

    Raises
    ------
    InputError
        It is no output folder, or holds no picture with an embedding.
    OutputError
        Another run works there, or the folder cannot be written.
    VerdictsError
        The file of verdicts cannot be used.
    """

    def __init__(self, output: str, *, read_only: bool = False, say: Say = say_nothing) -> None:
        self.folder = absolute(output)
        self.read_only = read_only
        #: Whether one picture of each group of near-duplicates is shown in searches and in orders by score.
        self.hides_repeats = False
        self._lock = threading.RLock()  # a block may be in another
        self._opened: Optional[Opened] = None
        self._reading = Reading(self.folder, self._take)
        self.retraining = Retraining(self.folder, lambda: self._reading.read(say_nothing))
        self.search = Search(lambda: self._collected)
        self._reading.open(say)
        self._drawn = DrawnPictures()

    def close(self) -> None:
        """End the processes that draw pictures, and close the verdicts."""
        self._reading.close()
        self._drawn.close()
        if self._opened:
            self._opened.states.close()
            self._opened.verdicts.__exit__()

    @contextmanager
    def opened(self, *, to_write: bool = False) -> Iterator[Opened]:
        """Give what the review has open, while no other block of this kind runs: it may read verdicts, and add some.

        Raises
        ------
        OutputError
            It is asked for ``to_write`` verdicts, and nothing may be judged now.
        """
        if to_write:
            self._require_writable()
        with self._lock:
            yield self._now

    # What is shown

    def tags(self) -> list[TagRow]:
        """Return every tag: of the examples, of the models, and of verdicts; those that gain most come first."""
        return tag_rows(self._collected, self._states.every(), self.retraining.learned_until)

    def page(self, tag: str, mode: str, after: str = "") -> ShownPage:
        """Return the page to judge next; InputError where there is no such mode."""
        if mode not in MODES:
            raise InputError(f"there is no mode {mode!r:.100}: the modes are {', '.join(MODES)}.")
        return self._states.page(as_name(tag), mode, after)

    def soon(self, tag: str, mode: str, judged: Sequence[Judged], after: str = "") -> list[str]:
        """Prepare the page that comes when one is given as it is marked now; nothing is kept.

        Return the names of its pictures, so that they can be drawn before; none where newer marks came meanwhile.
        """
        name = as_name(tag)
        verdicts = [Verdict(name, each.hash_id, each.verdict, mode, score=each.score) for each in judged]
        return self._states.look_ahead(Marked(name, mode, after, verdicts))

    def strip(self, tag: str) -> Strip:
        """Return how good a tag is by now, and whether to go on."""
        state, held = self._states.of(as_name(tag)), self._states.every()
        return strip_of(state, self._states.learner, held, self.retraining.learned_until)

    def picture(self, hash_id: str) -> CollectedPicture:
        """Return a picture by its name; InputError where there is none."""
        collected = self._collected
        return collected.pictures[collected.row(hash_id)]

    def verdicts_of(self, hash_id: str) -> list[InForce]:
        """Return the verdicts in force of one picture, by tag."""
        return [each for each in self._states.every() if each.verdict.hash_id == hash_id]

    def neighbours(self, hash_id: str) -> list[CollectedPicture]:
        """Return the pictures most like one, the nearest first."""
        return self.search.like(hash_id, _NEIGHBOURS)

    def draw(self, hash_id: str, side: int = THUMBNAIL) -> Drawn:
        """Return a picture as a browser takes it; ``why`` of it says why it cannot be shown."""
        return self._drawn.draw(self.picture(hash_id), side)

    def history(self, most: int, before: str = "") -> list[Verdict]:
        """Return the latest verdicts, the last first, undone ones too."""
        return self._now.verdicts.history(most, before)

    # What a person does

    def judge(self, tag: str, mode: str, judged: Sequence[Judged], model: str = "") -> str:
        """Keep the verdicts of a page, all or none; return what was kept, as a sentence."""
        self._require_writable()
        name = as_name(tag)
        verdicts = verdicts_of(self._collected, name, mode, judged, model)
        self._now.verdicts.append(verdicts)
        return kept(verdicts, name)

    def make_tag(self, tag: str, *hash_ids: str) -> str:
        """Make a tag of picked pictures, or give a tag those pictures; return its name."""
        name = as_name(tag)
        self.judge(name, PICKED, [Judged(hash_id, YES, at) for at, hash_id in enumerate(hash_ids)])
        return name

    def hide_repeats(self, hide: bool) -> None:
        """Hide repeats or show them; OutputError where another run works in the folder or has changed it."""
        collected = with_repeats(self._collected, hide=hide)
        self.hides_repeats = hide
        self._use(collected)

    def begin(self, tag: str, words: str) -> None:
        """Have the pages of a tag begin with the pictures that a text is about, as long as nothing is learned of it.

        That is remembered until the review ends; InputError where the text cannot be read.
        """
        self._states.begin(as_name(tag), words, self.search.direction(words))

    def undo(self, batch: Optional[int] = None) -> tuple[str, Optional[ShownPage]]:
        """Undo what was done last, or a batch; return what was undone, as a sentence, and that page as it was.

        There is no page where what was undone did not come from one of its tag. What was done last may be that a pinned
        tag was taken back: then its pictures have it again.
        """
        self._require_writable()
        if batch is None and (given := self._now.verdicts.give_back()):
            return _given_again(given), None
        undone = self._now.verdicts.undo(batch)
        if not undone:
            return "There is nothing to undo.", None
        is_page = undone[0].mode not in {PINNED, ALIKE}
        page = again(self._states.of(undone[0].tag), undone) if is_page else None
        return f"Undone: {counted(len(undone), 'verdict')} on {undone[0].tag}.", page

    def redo(self, batch: Optional[int] = None) -> tuple[str, str]:
        """Take the last undo back; return what was given again, as a sentence, and the tag if it came from its page."""
        self._require_writable()
        redone = self._now.verdicts.redo(batch)
        if not redone:
            return "There is nothing to redo.", ""
        tag, is_page = redone[0].tag, redone[0].mode not in {PINNED, ALIKE}
        return _given_again(redone), tag if is_page else ""

    def retrain(self) -> None:
        """Start a training in the background, unless one runs; OutputError where another run works in the folder."""
        self._require_writable()
        self.retraining.start()

    # What is in the way

    def why_not_open(self) -> str:
        """Return why nothing can be shown yet: another run worked in the folder at the start. Empty where all can."""
        return "" if self._opened else self._reading.why or "The pictures are read: they are shown here when they are."

    def why_read_only(self) -> str:
        """Return why nothing may be judged now; empty where it may."""
        if self.read_only:
            return "This review is read-only."
        is_ours = self.retraining.is_running or self._opened is None
        return "" if is_ours or not self._reading.is_other_at_work() else AT_WORK

    def note(self) -> str:
        """Return what a person should know of the folder now, for every page; often empty."""
        return "" if self.retraining.is_running or not self._opened else self._reading.note()

    def _require_writable(self) -> None:
        if why := self.why_read_only():
            raise OutputError(why)

    @property
    def _now(self) -> Opened:
        if self._opened is None:
            raise OutputError(self.why_not_open())
        return self._opened

    @property
    def _collected(self) -> Collected:
        return self._now.collected

    @property
    def _states(self) -> TagStates:
        return self._now.states

    def _take(self, collected: Collected) -> None:
        """Take what the folder holds now; the tag that comes first in the list has its page by then."""
        self._use(with_repeats(collected, hide=True) if self.hides_repeats else collected)

    def _use(self, collected: Collected) -> None:
        if self._opened is None:
            verdicts = Verdicts(self.folder)
            opened = Opened(collected, verdicts, TagStates(collected, verdicts))
        else:
            opened = self._opened._replace(collected=collected)
        rows = tag_rows(collected, opened.states.every(), self.retraining.learned_until)
        opened.states.use(collected, [row.tag for row in rows])
        self._opened = opened


def _given_again(verdicts: Sequence[Verdict]) -> str:
    return f"Given again: {counted(len(verdicts), 'verdict')} on {verdicts[0].tag}."
