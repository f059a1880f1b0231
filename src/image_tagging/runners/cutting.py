"""Cut a listing into groups whose borders follow from the addresses: a new image moves only the borders near it.

Cutting after every thousandth image would move all borders behind a new image, and all work behind it were new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

#: The mean number of images of a group: about ten seconds of work, and a file of one or two megabytes.
MEAN_IMAGES = 256

#: With this chance a border lies before an image, times the mean, for groups between a quarter of it and twice of it.
_DIVISOR = 0.86

_BITS = 64


def cut(keys: Iterable[str], mean: int = MEAN_IMAGES) -> Iterator[int]:
    """Yield the number of the group of each key, from 0 in order.

    ``keys`` are those of addresses (:attr:`.ImageRef.key`), in the order of the listing. A group has ``mean`` keys on
    average, a quarter of that at least (except the last) and twice that at most. A border lies before a key whose hash
    says so, so a key that comes or goes changes its own group, and seldom more than the next one.
    """
    least, most = max(mean // 4, 1), 2 * mean
    threshold = int(2**_BITS / max(_DIVISOR * mean, 1.0))
    group = held = 0
    for key in keys:
        if held >= least and (held >= most or _hash(key) < threshold):
            group, held = group + 1, 0
        held += 1
        yield group


def _hash(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=_BITS // 8).digest(), "big")
