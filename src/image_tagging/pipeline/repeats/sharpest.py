"""How sharp pictures are that nothing else tells apart: their files are read on threads, and decoded in processes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Union

from ...failures import attempt
from ...images import Decoders, Sharpness
from ...processors import processor_count
from ...progress import Say
from ...records import Failure
from ...sources import ThreadReaders
from ...store import CollectedFile
from ...text import counted

#: So many images take a while.
_MANY = 200

_THREADS = min(4, processor_count())


def measure_sharpness(files: Sequence[CollectedFile], say: Say) -> tuple[dict[str, int], list[Failure]]:
    """Return the sharpness of the picture of each file by its name, in thousandths, and what could not be read."""
    known: dict[str, int] = {}
    failures: list[Failure] = []
    if not files:
        return known, failures
    if len(files) >= _MANY:
        say(f"Comparing how sharp {counted(len(files), 'image')} are; only when there are new ones …")
    with closing(ThreadReaders()) as readers, Decoders(processes=_THREADS) as decoders:

        def measure(file: CollectedFile) -> Union[int, Failure]:
            return attempt(file.ref, "read", lambda: _sharpness(file, readers, decoders))

        with ThreadPoolExecutor(_THREADS) as threads:
            for file, outcome in zip(files, threads.map(measure, files)):
                if isinstance(outcome, Failure):
                    failures.append(outcome)
                else:
                    known[file.hash_id] = outcome
    return known, failures


def _sharpness(file: CollectedFile, readers: ThreadReaders, decoders: Decoders) -> Union[int, Failure]:
    with readers.reading(file.ref) as data, decoders.decoded(file.ref, data) as decoded:
        if isinstance(decoded, Failure):
            return decoded
        if file.hash_id not in {decoded.facts.hash_id, decoded.facts.picture_hash}:
            return Failure(file.ref, "read", "changed", "the file holds another picture now: run again")
        value = decoded.prepared(Sharpness())
    return value if isinstance(value, Failure) else max(0, round(float(value[0]) * 1000))
