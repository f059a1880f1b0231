"""The pages of the documentation, as tests read them: the lines of their blocks, and the code in their prose."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

#: Languages of blocks that a reader types; a block without one may be typed too, or be a drawing or an answer.
SHELLS = {"", "sh", "bash", "powershell"}

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


class Page(NamedTuple):
    """A page by its path in the repository."""

    name: str

    @property
    def text(self) -> str:
        return (ROOT / self.name).read_text(encoding="utf-8")

    def blocks(self, *languages: str) -> list[str]:
        """The blocks of these languages, else of all of them."""
        found = _BLOCK.findall(self.text)
        return [block for language, block in found if not languages or language in languages]

    @property
    def lines(self) -> list[str]:
        """The lines that a reader types, joined where one goes on, without what a shell passes over."""
        text = "".join(self.blocks(*SHELLS)).replace("\\\n", " ")
        lines = [" ".join(_without_comment(line).split()) for line in text.splitlines()]
        return [line for line in lines if line]

    @property
    def commands(self) -> list[str]:
        """The lines that start the program, here, in a container or on a cluster."""
        return [line for line in self.lines if program_words(line)]

    @property
    def code_in_prose(self) -> list[str]:
        return re.findall(r"`([^`\n]+)`", _BLOCK.sub("", self.text))


def _without_comment(line: str) -> str:
    return re.sub(r"(^|\s+)#(\s.*)?$", "", line)


def program_words(line: str) -> list[str]:
    """The words after the name of the program in a line that starts it, to what a shell takes as the end; else none."""
    if re.match("(docker run|ray job submit) ", line):
        given = shlex.split(line)
        if "image-tagging" not in given:
            return []
        given = given[given.index("image-tagging") :]
    elif re.match("image-tagging [-a-z]", line):
        given = shlex.split(line)
    else:
        return []
    ends = [place for place, word in enumerate(given) if re.fullmatch(r"[|&;]+|\d?>+.*|<.*", word)]
    return given[1 : min(ends, default=len(given))]


#: Pages in the order of their names. The list of changes is of what was, and so are its commands.
PAGES = [
    Page(path.relative_to(ROOT).as_posix())
    for folder in ("docs", "benchmarks", "distillation", "fuzz", "")
    for path in sorted((ROOT / folder).glob("*.md" if not folder else "**/*.md"))
    if path.name != "CHANGELOG.md"
]
