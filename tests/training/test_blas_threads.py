"""How many threads matrix products take."""

from __future__ import annotations

import scipy.linalg  # noqa: F401  the libraries whose threads are counted are there from the beginning
from threadpoolctl import threadpool_info, threadpool_limits

from image_tagging.training.blas_threads import one_thread_a_product


def most():
    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")


def test_products_have_one_thread_within_and_as_many_as_before_afterwards():
    with threadpool_limits(limits=2, user_api="blas"):
        with one_thread_a_product():
            assert most() == 1
        assert most() == 2
