"""How many threads matrix products take."""

from __future__ import annotations

from threadpoolctl import threadpool_info

from image_tagging.blas_threads import BlasThreads


def most():
    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")


def test_within_one_products_have_one_thread_and_within_all_as_many_as_before():
    before = most()
    threads = BlasThreads()
    with threads.one():
        assert most() == 1
        with threads.all():
            assert most() == before
        assert most() == 1
    assert most() == before
