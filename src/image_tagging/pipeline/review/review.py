"""The review of an output folder: all that pages show and all that a person does, of any number of tabs and people."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np

from ...errors import InputError, OutputError
from ...files import absolute
from ...progress import Say, say_nothing
from ...store import NO, UNSURE, YES, CollectedPicture, InForce, Verdict, Verdicts, is_run_at_work
from ...text import as_tag, counted, encodable
from .collected import collect
from .labels import PICKED
from .pictures import THUMBNAIL, Drawn, DrawnPictures
from .retraining import Retraining
from .shown import MODES, ShownPage, again, compose
from .states import TagStates
from .tags import Strip, TagRow, strip_of, tag_rows

_NEIGHBOURS = 12
_LONGEST_TAG = 200


@dataclass(frozen=True)
class Judged:
    """What a person said of one picture of a page: yes, no or unsure, with the ``score`` that was shown."""

    hash_id: str
    verdict: str
    position: int
    score: Optional[float] = None


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
        self._lock = threading.RLock()
        self._collected = collect(self.folder, say)
        self._verdicts = Verdicts(self.folder)
        self._states = TagStates(self._collected, self._verdicts)
        self._drawn = DrawnPictures()
        self.retraining = Retraining(self.folder, self._reload)

    def close(self) -> None:
        """End the processes that draw pictures, and close the verdicts."""
        self._drawn.close()
        self._verdicts.__exit__()

    # What is shown

    def tags(self) -> list[TagRow]:
        """Return every tag: of the examples, of the models, and of verdicts; those that gain most come first."""
        with self._lock:
            return tag_rows(self._collected, self._verdicts.in_force(), self.retraining.learned_until)

    def page(self, tag: str, mode: str, after: str = "") -> ShownPage:
        """Return the page to judge next; InputError where there is no such mode."""
        if mode not in MODES:
            raise InputError(f"there is no mode {mode!r:.100}: the modes are {', '.join(MODES)}.")
        with self._lock:
            page = compose(self._states.of(_as_name(tag)), self._states.learner, mode, after)
            self._states.note(page)
            return page

    def soon(self, tag: str, mode: str) -> list[str]:
        """Prepare the page after the next; return the names of its pictures, so that they can be drawn before."""
        with self._lock:
            return self._states.foresee(_as_name(tag), mode)

    def strip(self, tag: str) -> Strip:
        """Return how good a tag is by now, and whether to go on."""
        with self._lock:
            state, held = self._states.of(_as_name(tag)), self._verdicts.in_force()
            return strip_of(state, self._states.learner, held, self.retraining.learned_until)

    def picture(self, hash_id: str) -> CollectedPicture:
        """Return a picture by its name; InputError where there is none."""
        with self._lock:
            return self._collected.pictures[self._collected.row(hash_id)]

    def verdicts_of(self, hash_id: str) -> list[InForce]:
        """Return the verdicts in force of one picture, by tag."""
        with self._lock:
            return [each for each in self._verdicts.in_force() if each.verdict.hash_id == hash_id]

    def neighbours(self, hash_id: str) -> list[CollectedPicture]:
        """Return the pictures most like one, the nearest first."""
        with self._lock:
            collected, row = self._collected, self._collected.row(hash_id)
            pool = collected.pool
            if not pool.inverse_lengths[row]:
                return []
            cosines = pool.cosines(pool.unit(np.array([row]))[0].astype(np.float64))
            cosines[row] = -np.inf
            order = np.argsort(-cosines, kind="stable")[:_NEIGHBOURS]
            return [collected.pictures[each] for each in order.tolist() if np.isfinite(cosines[each])]

    def draw(self, hash_id: str, side: int = THUMBNAIL) -> Drawn:
        """Return a picture as a browser takes it; ``why`` of it says why it cannot be shown."""
        return self._drawn.draw(self.picture(hash_id), side)

    def history(self, most: int, before: str = "") -> list[Verdict]:
        """Return the latest verdicts, the last first, undone ones too."""
        with self._lock:
            return self._verdicts.history(most, before)

    # What a person does

    def judge(self, tag: str, mode: str, judged: Sequence[Judged], model: str = "") -> str:
        """Keep the verdicts of a page, all or none; return what was kept, as a sentence."""
        self._require_writable()
        with self._lock:
            name = _as_name(tag)
            rows = [self._collected.row(each.hash_id) for each in judged]
            examples = set(self._collected.examples.get(name, np.empty(0, dtype=np.int64)).tolist())
            verdicts = [
                Verdict(
                    name,
                    each.hash_id,
                    each.verdict,
                    mode,
                    self._collected.pictures[row].files[0].path,
                    YES if row in examples else "",
                    each.score,
                    model,
                    each.position,
                )
                for each, row in zip(judged, rows)
            ]
            self._verdicts.append(verdicts)
            return _kept(verdicts, name)

    def make_tag(self, tag: str, hash_id: str) -> str:
        """Make a tag of one picked picture, or give a tag that picture; return its name."""
        name = _as_name(tag)
        self.judge(name, PICKED, [Judged(hash_id, YES, 0)])
        return name

    def undo(self, batch: Optional[int] = None) -> tuple[str, Optional[ShownPage]]:
        """Undo the last page, or a batch; return what was undone, as a sentence, and that page as it was."""
        self._require_writable()
        with self._lock:
            undone = self._verdicts.undo(batch)
            if not undone:
                return "There is nothing to undo.", None
            page = again(self._states.of(undone[0].tag), undone)
            return f"Undone: {counted(len(undone), 'verdict')} on {undone[0].tag}.", page

    def redo(self, batch: Optional[int] = None) -> tuple[str, str]:
        """Take the last undo back; return what was given again, as a sentence, and the tag."""
        self._require_writable()
        with self._lock:
            redone = self._verdicts.redo(batch)
            if not redone:
                return "There is nothing to redo.", ""
            return f"Given again: {counted(len(redone), 'verdict')} on {redone[0].tag}.", redone[0].tag

    def retrain(self) -> None:
        """Start a training in the background, unless one runs."""
        self._require_writable()
        self.retraining.start()

    def why_read_only(self) -> str:
        """Return why nothing may be judged now; empty where it may."""
        if self.read_only:
            return "This review is read-only."
        if not self.retraining.is_running and is_run_at_work(self.folder):
            return "Another run works in this folder: read-only until it ends."
        return ""

    def _require_writable(self) -> None:
        if why := self.why_read_only():
            raise OutputError(why)

    def _reload(self) -> None:
        """Read the folder again, after a training."""
        collected = collect(self.folder)
        with self._lock:
            self._collected = collected
            self._states.use(collected)


def _as_name(tag: str) -> str:
    name = encodable(as_tag(tag.strip()))
    if not name or len(name) > _LONGEST_TAG:
        raise InputError(f"a tag has a name of 1 to {_LONGEST_TAG} characters.")
    return name


def _kept(verdicts: Sequence[Verdict], tag: str) -> str:
    words = [each.verdict for each in verdicts]
    parts = [f"{words.count(word)} {word}" for word in (YES, NO, UNSURE) if word in words]
    flips = sum((each.verdict == YES) != (each.score >= 0.5) for each in verdicts if each.score is not None)
    return f"Kept on {tag}: {', '.join(parts)}; {counted(flips, 'change')} of what was marked."
