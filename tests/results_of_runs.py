"""What a run of stage 1 wrote, to compare it with that of another run."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import asdict, replace


def results(folder):
    """All results of a run, without what says when it was: files by name, the rows of the store."""
    files = {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.suffix in {".json", ".parquet"} and path.is_file()
    }
    with closing(sqlite3.connect(folder / "stage1.db")) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return files, {name: sorted(map(repr, db.execute(f"SELECT * FROM {name}"))) for name in names}


def summary(done):
    return asdict(replace(done, seconds=0.0, files=(), embedding=replace(done.embedding, inputs=())))


def shards(folder):
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted((folder / "shards").glob("*.parquet"))
    }
