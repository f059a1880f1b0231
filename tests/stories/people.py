"""A person with a desk: folders of drawings, an output folder, and what they would look at after each step."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from image_tagging.demo import draw


class Person:
    """Someone who works in the folder ``desk`` with the command line, and looks at what it gives."""

    def __init__(self, desk: Path, output: str) -> None:
        self.desk = desk
        self.output = desk / output
        self.desk.mkdir(parents=True, exist_ok=True)

    def draws(self, folder: str, kind: str, numbers: Iterable[int]) -> list[Path]:
        """Save drawings of a kind into a folder of the desk."""
        (self.desk / folder).mkdir(parents=True, exist_ok=True)
        files = [self.desk / folder / f"{kind}-{number}.png" for number in numbers]
        for number, file in zip(numbers, files):
            draw(kind, number).convert("RGB").save(file)
        return files

    def runs(self, *arguments: object, exit_code: int = 0) -> str:
        """Run a command from the desk; what it said, on one line each."""
        done = subprocess.run(
            [sys.executable, "-m", "image_tagging", *map(str, arguments)],
            cwd=self.desk,
            check=False,
            capture_output=True,
            encoding="utf-8",
            timeout=600,
        )
        said = done.stdout + done.stderr
        assert done.returncode == exit_code, said
        assert "Traceback" not in said
        return said

    def scores(self) -> dict[str, Any]:
        """The pictures of ``output.json`` by the names of their files."""
        entries = json.loads((self.output / "output.json").read_text(encoding="utf-8")).values()
        return {os.path.basename(path): entry for entry in entries for path in entry["file_paths"]}

    def metadata(self) -> dict[str, Any]:
        """The records of stage 1, by the names of their files."""
        records = json.loads((self.output / "input-metadata.json").read_text(encoding="utf-8")).values()
        return {record["file_name"]: record for record in records}

    def tags(self) -> dict[str, int]:
        """How many pictures each tag has."""
        lists = json.loads((self.output / "input-tag-to-image-hash-list.json").read_text(encoding="utf-8"))
        return {tag: len(hashes) for tag, hashes in lists.items()}

    def rows(self, table: str) -> Counter[str]:
        """How many rows each file has in a table of results."""
        with closing(sqlite3.connect(self.output / f"{table}.db")) as connection:
            return Counter(name for (name,) in connection.execute(f"SELECT file_name FROM {table}"))

    def models(self) -> set[str]:
        """The tags that have a model."""
        return {re.sub(r".*-tag-|\.pkl$", "", path.name) for path in (self.output / "models").glob("*.pkl")}

    def placed(self, tag: str) -> list[str]:
        """The files in the folder of a tag, as a file browser shows them, without the scores before their names."""
        folder = self.output / "by-tag" / tag
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        shares = [float(name.split("_")[1]) for name in names]
        assert shares == sorted(shares, reverse=True), "the best is not the first"
        return [name.split("_", 2)[2] for name in names]

    def moves(self, old: str, new: str) -> None:
        """Move something on the desk."""
        (self.desk / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(self.desk / old, self.desk / new)

    def files(self) -> dict[str, bytes]:
        """All files below the output folder with what they hold; not the log and the working store."""
        return {
            str(path.relative_to(self.output)): path.read_bytes()
            for path in sorted(self.output.rglob("*"))
            if path.is_file() and not path.name.startswith("image-tagging.")
        }
