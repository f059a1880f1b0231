"""The first page of a tag is there before somebody asks: of the first tag at the start, of its neighbours soon."""

from __future__ import annotations

import gc
import threading
import time
from functools import partial

import pytest

from image_tagging.errors import InputError
from image_tagging.pipeline import Review
from image_tagging.pipeline.review import reading, states
from image_tagging.pipeline.review.background import Background
from image_tagging.pipeline.review.shown import compose


def wait_until(happened):
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def fitted(monkeypatch):
    """The tags that were fitted, in their order."""
    tags, fit = [], states.tag_state

    def noted(collected, learner, tag, *rest):
        tags.append(tag)
        return fit(collected, learner, tag, *rest)

    monkeypatch.setattr(states, "tag_state", noted)
    return tags


def test_the_tag_that_comes_first_has_its_page_when_the_review_is_open(output, monkeypatch, fitted):
    monkeypatch.setattr(states, "_MOST_PREPARED", 0)
    review = Review(str(output))
    first = review.tags()[0].tag
    assert fitted == [first]
    with review.opened() as now:
        composed = compose(now.states.of(first), now.states.learner, "next")
    monkeypatch.setattr(states, "compose", None)
    assert review.page(first, "next") == composed
    review.close()


def test_the_tags_of_the_list_follow_in_its_order_and_none_is_fitted_twice(output, fitted):
    review = Review(str(output))
    in_list = [row.tag for row in review.tags()]
    wait_until(lambda: len(fitted) == 3)
    for tag in in_list:
        review.page(tag, "next")
        review.page(tag, "all")
    assert fitted == in_list
    review.close()


@pytest.mark.parametrize(("opened", "follows"), [(0, [1, 2]), (1, [2, 0]), (2, [1, 0])])
def test_from_the_tag_that_is_open_the_next_and_the_one_before_are_prepared(output, monkeypatch, opened, follows):
    with monkeypatch.context() as none_prepared:
        none_prepared.setattr(states, "_MOST_PREPARED", 0)
        review = Review(str(output))
    in_list, given = [row.tag for row in review.tags()], []
    with review.opened() as now:
        monkeypatch.setattr(now.states._background, "when_idle", lambda *works: given.append(works))
        now.states._folder.states.clear()
        now.states.page(in_list[opened], "next")
    (works,) = given
    assert all(isinstance(work, partial) for work in works)
    assert [work.args[1] for work in works] == [in_list[at] for at in follows]
    review.close()


def test_nothing_that_has_time_is_begun_while_somebody_waits():
    background, done = Background(), threading.Event()
    with background.asked():
        background.when_idle(done.set)
        assert not done.wait(0.2)
    assert done.wait(60)
    background.close()


def test_python_looks_for_no_cycles_while_pictures_are_read_and_does_again_afterwards(output, monkeypatch):
    looked, collect = [], reading.collect

    def noted(*given):
        looked.append(gc.isenabled())
        return collect(*given)

    monkeypatch.setattr(reading, "collect", noted)
    Review(str(output)).close()
    with pytest.raises(InputError):
        Review(str(output / "models"))
    assert looked == [False, False]
    assert gc.isenabled()
