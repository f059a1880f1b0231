"""How many threads the products of matrices take, in the libraries that NumPy and SciPy bring for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread_a_product() -> Iterator[None]:
    """Each thread computes its own products alone, in the whole process: for work that starts threads itself.

    Small products are over before a library's further threads have come to help, and these spin while they wait: with
    them, the tag models of a small data set took four times the processor time on two cores.
    """
    import scipy.linalg  # noqa: F401  its library is to be among those that are found now
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
