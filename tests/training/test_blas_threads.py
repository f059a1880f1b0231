"""How many threads matrix products take."""

from __future__ import annotations

from threadpoolctl import threadpool_info

from image_tagging.training.blas_threads import one_thread_a_product


def most():
    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")


def test_products_have_one_thread_within_and_as_many_as_before_afterwards():
    before = most()
    with one_thread_a_product():
        assert most() == 1
    assert most() == before
