"""What says, next to the shards, that a run came to its end: its failures, and what it did, as plain files.

The same images give the same bytes, also after an interruption.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from ..records import Failure
from ..storage import Storage
from .shard_rows import FINAL, FOLDER
from .summaries import EmbeddingSummary

#: The file that is there once a run has ended, and that of all failures, one a line.
SUCCESS, FAILURES = f"{FOLDER}/_SUCCESS", f"{FOLDER}/failures.jsonl"


def remove_success(storage: Storage) -> None:
    """Remove what an earlier run wrote at its end; raise StorageError where that is not possible."""
    storage.remove(SUCCESS)
    storage.remove(FAILURES)


def write_success(storage: Storage, failures: Iterable[Failure], summary: EmbeddingSummary) -> None:
    """Write all failures, then what the run did; raise StorageError where that is not possible."""
    import orjson

    lines = (
        orjson.dumps({"address": each.ref.address, "step": each.step, "code": each.code, "reason": each.reason})
        for each in failures
    )
    storage.write(FAILURES, b"".join(line + b"\n" for line in lines))
    done = {
        "format": 1,
        "encoder": asdict(summary.encoder),
        "images": summary.images,
        "pictures": summary.pictures,
        "failures": dict(sorted(summary.failure_codes.items())),
        "shards": sum(name.endswith(FINAL) for name in storage.names(FOLDER)),
        "digest": summary.digest,
    }
    storage.write(SUCCESS, orjson.dumps(done, option=orjson.OPT_INDENT_2) + b"\n")
