"""How many threads the products of matrices take, in the libraries that NumPy and SciPy bring for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class BlasThreads:
    """The threads of this process's BLAS libraries, for work that brings threads of its own.

    Small products are over before a library's further threads have come to help, and these spin while they wait: the
    tag models of a small data set took four times the processor time on two cores, and no less of a person's.
    """

    def __init__(self) -> None:
        import scipy.linalg  # noqa: F401  its library is to be among those that are found now
        from threadpoolctl import ThreadpoolController

        self._libraries = ThreadpoolController().select(user_api="blas")
        self._most = max((library["num_threads"] for library in self._libraries.info()), default=1)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Each thread computes its own products alone, within the context; that holds for the whole process."""
        with self._libraries.limit(limits=1):
            yield

    @contextmanager
    def all(self) -> Iterator[None]:
        """Products take as many threads as they did at first."""
        with self._libraries.limit(limits=self._most):
            yield
