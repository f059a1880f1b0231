"""Which images are one shard of work: the rows that a worker gets, and the id that follows from them."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import tee
from typing import NamedTuple

from ..addresses import ImageRef
from ..errors import StorageError
from ..records import FoundImage
from ..runners import cut

#: The folder of all files of shards, below the folder of results.
FOLDER = "shards"

#: Of results that are final, and of those in which each image failed in a way that another run may not find.
FINAL, AGAIN = ".parquet", ".again.parquet"

#: Changes when a shard of the same rows would hold something else.
_FORMAT = 1

_DIGEST_BYTES = 16


class ShardRows(NamedTuple):
    """The images of one shard, in the order of the listing, by the id that their results will have."""

    id: str
    images: Sequence[FoundImage]


def shards_of(
    listed: Iterable[str], pending: Iterable[FoundImage], mean: int, identity: Sequence[str]
) -> Iterator[ShardRows]:
    """Yield the pending images in shards: those of each group of the listing, without the others.

    ``listed`` are the keys of all images of the listing in its order, ``pending`` some of these images in that order.
    ``identity`` is what else results depend on: the encoder, decoders and limits.
    """
    waiting = iter(pending)
    wanted = next(waiting, None)
    group, rows = 0, list[FoundImage]()
    keys, again = tee(listed)
    for number, key in zip(cut(keys, mean), again):
        if number != group:
            if rows:
                yield ShardRows(shard_id(rows, identity), rows)
            group, rows = number, []
        if wanted is not None and wanted.ref.key == key:
            rows.append(wanted)
            wanted = next(waiting, None)
        if wanted is None:
            break
    if rows:
        yield ShardRows(shard_id(rows, identity), rows)


def shard_id(images: Iterable[FoundImage], identity: Sequence[str]) -> str:
    """Return the name of the results of these images: it changes when one of them does, or what else they depend on."""
    digest = hashlib.blake2b(json.dumps([_FORMAT, *identity]).encode(), digest_size=_DIGEST_BYTES)
    for image in images:
        digest.update(f"\n{image.ref.key}\t{image.stamp}".encode())
    return digest.hexdigest()


def rows_name(shard: str) -> str:
    """Return the name of the file that tells a worker the images of a shard."""
    return f"{FOLDER}/rows/{shard}.json.gz"


def write_rows(images: Iterable[FoundImage]) -> bytes:
    """Return the images as the content of a file."""
    rows = [[image.ref.key, image.stamp] for image in images]
    return gzip.compress(json.dumps(rows).encode(), compresslevel=1, mtime=0)


def read_rows(name: str, content: bytes) -> list[FoundImage]:
    """Return the images of such a file; raise StorageError where it is another."""
    try:
        return [FoundImage(ImageRef.of_key(key), str(stamp)) for key, stamp in json.loads(gzip.decompress(content))]
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise StorageError(f"{name} is damaged ({error}): remove it and run again.") from error
