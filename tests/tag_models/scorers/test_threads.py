"""Margins are summed up on as many threads as a matrix product takes, and only where that pays."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from image_tagging.tag_models.scorers import threads
from image_tagging.tag_models.scorers.threads import sum_of_parts, threads_worth


def blas_threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def parts_of(multiplications, limit, most=9):
    """Return the parts that were computed, by what thread and with how many threads to a product, and their sum."""
    seen = []

    def part(number, count):
        seen.append((number, count, threading.current_thread() is threading.main_thread(), blas_threads()))
        return np.full(3, float(number))

    with threadpool_limits(limits=limit, user_api="blas"):
        total = sum_of_parts(part, most, multiplications)
        assert blas_threads() == {limit}
    return sorted(seen, key=lambda each: each[0]), total.tolist()


def test_much_work_takes_as_many_threads_as_a_product_would():
    assert parts_of(1e12, limit=3) == ([(number, 3, False, {1}) for number in range(3)], [3.0] * 3)


def test_there_are_no_more_threads_than_parts():
    assert [count for _, count, *_ in parts_of(1e12, limit=3, most=2)[0]] == [2, 2]


@pytest.mark.parametrize(("multiplications", "limit"), [(1e3, 3), (1e12, 1)])
def test_little_work_and_work_on_threads_take_none(multiplications, limit):
    assert parts_of(multiplications, limit) == ([(0, 1, True, {limit})], [0.0] * 3)


def test_a_second_call_at_the_same_time_takes_no_threads():
    with threads._setting:
        assert parts_of(1e12, limit=3) == ([(0, 1, True, {3})], [0.0] * 3)


def test_an_error_in_a_part_is_raised_and_settings_are_put_back():
    def fails(number, count):
        raise ValueError("no")

    with threadpool_limits(limits=2, user_api="blas"):
        for _ in range(2):
            with pytest.raises(ValueError, match="no"):
                sum_of_parts(fails, 9, 1e12)
        assert blas_threads() == {2}


@pytest.mark.parametrize(("multiplications", "threads_of_product"), [(1e3, 1), (1e12, 2)])
def test_a_small_product_takes_one_thread(multiplications, threads_of_product):
    with threadpool_limits(limits=2, user_api="blas"):
        with threads_worth(multiplications):
            assert blas_threads() == {threads_of_product}
        assert blas_threads() == {2}


def test_a_small_product_inside_of_other_work_leaves_the_setting():
    with threadpool_limits(limits=2, user_api="blas"), threads._setting, threads_worth(1e3):
        assert blas_threads() == {2}
