"""A page that was prepared while the person looked at the one before it is the page that would have come anyway."""

from __future__ import annotations

import shutil
import threading
import time

import pytest

from image_tagging.pipeline import Judged, Review
from image_tagging.pipeline.review import foresight, states
from image_tagging.pipeline.review.background import Background


@pytest.fixture
def open_review(trained, tmp_path):
    opened = []

    def new():
        opened.append(Review(str(shutil.copytree(trained.output, tmp_path / str(len(opened))))))
        return opened[-1]

    yield new
    for review in opened:
        review.close()


def marked(page, flips):
    words = ["yes" if cell.is_marked != (at in flips) else "no" for at, cell in enumerate(page.cells)]
    return [Judged(cell.hash_id, word, at, cell.score) for at, (cell, word) in enumerate(zip(page.cells, words))]


def shown(page):
    return [vars(cell) for cell in page.cells], page.model, page.after, page.note, page.parts


@pytest.mark.parametrize("mode", ["next", "boundary", "all", "check", "wrong"])
@pytest.mark.parametrize("told", [None, (), (0,), (0, 2), (1,)])
@pytest.mark.parametrize("flips", [(), (0, 2)])
def test_what_was_prepared_is_to_the_bit_what_comes_without_it(open_review, mode, told, flips):
    pages = []
    for is_ahead in (True, False):
        review = open_review()
        begin = [cell.hash_id for cell in review.page("tiles", "all").cells][::3][:4]
        review.judge("tiles", "next", [Judged(name, "yes" if at % 2 else "no", at) for at, name in enumerate(begin)])
        page = review.page("tiles", mode)
        if is_ahead and told is not None:
            review.soon("tiles", mode, marked(page, told), page.after)
        review.judge("tiles", mode, marked(page, flips), page.model)
        of_mode = [shown(review.page("tiles", each)) for each in (mode, "all", "next")]
        pages.append([shown(review.page("tiles", mode, page.after)), *of_mode])
    assert pages[0] == pages[1]


def test_a_page_that_was_told_as_it_is_given_is_not_fitted_again(open_review, monkeypatch):
    review = open_review()
    page = review.page("tiles", "next")
    soon = review.soon("tiles", "next", marked(page, (0,)))
    monkeypatch.setattr(states, "tag_state", None)
    review.judge("tiles", "next", marked(page, (0,)), page.model)
    assert [cell.hash_id for cell in review.page("tiles", "next").cells] == soon


def test_undo_and_redo_of_the_last_page_are_not_fitted_again(open_review, monkeypatch):
    review = open_review()
    page = review.page("tiles", "next")
    before = shown(review.page("tiles", "all"))
    review.judge("tiles", "next", marked(page, (0,)), page.model)
    after = shown(review.page("tiles", "all"))
    monkeypatch.setattr(states, "tag_state", None)
    review.undo()
    assert shown(review.page("tiles", "all")) == before
    review.redo()
    assert shown(review.page("tiles", "all")) == after


def test_marks_that_are_told_keep_no_verdict(open_review):
    review = open_review()
    page = review.page("tiles", "next")
    before = review.page("tiles", "all").model
    review.soon("tiles", "next", marked(page, (0, 1)))
    assert review.history(10) == []
    assert review.page("tiles", "all").model == before


def test_nobody_waits_for_what_is_prepared_for_another_tag(open_review, monkeypatch):
    review = open_review()
    page = review.page("tiles", "next")
    review.page("sprites", "next")
    begun, go_on = threading.Event(), threading.Event()
    compute = foresight.tag_state

    def slow(*given):
        begun.set()
        assert go_on.wait(60)
        return compute(*given)

    monkeypatch.setattr(foresight, "tag_state", slow)
    telling = threading.Thread(target=review.soon, args=("tiles", "next", marked(page, ())))
    telling.start()
    assert begun.wait(60)
    try:  # all of these would wait for ever
        other = review.page("sprites", "next")
        review.judge("sprites", "next", marked(other, (0,))[:3], other.model)
        assert review.page("sprites", "next").cells
        review.judge("tiles", "next", marked(page, (1,))[:3], page.model)  # not as it was told
        assert review.page("tiles", "next").cells
        assert review.strip("tiles").waiting == 6
    finally:
        go_on.set()
        telling.join()


def test_many_tabs_at_once_keep_every_page_and_end(open_review):
    review = open_review()
    failed = []

    def judge(tag, mode):
        for flips in ((), (0,), (1, 2)):
            page = review.page(tag, mode)
            review.soon(tag, mode, marked(page, ()))
            review.soon(tag, mode, marked(page, flips))
            review.judge(tag, mode, marked(page, flips)[:3], page.model)
            review.strip(tag)

    def tab(*given):
        try:
            judge(*given)
        except Exception as error:
            failed.append(error)
            raise

    tabs = [
        threading.Thread(target=tab, args=(tag, mode)) for tag in ("tiles", "sprites") for mode in ("next", "boundary")
    ]
    for each in tabs:
        each.start()
    for each in tabs:
        each.join(120)
    assert not any(each.is_alive() for each in tabs)
    assert failed == []
    assert len({verdict.batch for verdict in review.history(1000)}) == 12


def test_of_what_waits_only_the_newest_is_done():
    background, begun, go_on, done = Background(), threading.Event(), threading.Event(), []

    def first():
        begun.set()
        assert go_on.wait(60)
        return "first"

    running = background.newest(first)
    assert begun.wait(60)
    left = background.newest(lambda: done.append("left"))
    last = background.newest(lambda: done.append("last") or "last")
    background.when_idle(lambda: done.append("idle"), lambda: done.append("idle too"))
    go_on.set()
    assert [running.wait(), left.wait(), last.wait()] == ["first", None, "last"]
    deadline = time.monotonic() + 60
    while len(done) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    background.close()
    assert done == ["last", "idle", "idle too"]
    assert background.newest(lambda: 1).wait() is None  # closed: nothing is begun
