"""docs/troubleshooting.md quotes messages as the source has them, and explains codes that exist."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")

#: A quote is bold and in quotation marks; ``…`` in it stands for any text.
QUOTES = re.findall(r'\*\*"(.+?)"\*\*', PAGE, re.DOTALL)
CODES = re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)

#: What takes the place of the value of a placeholder in the text of an f-string.
VALUE = "\0"


def texts(path: Path) -> Iterator[str]:
    """Yield every string of a module; the values in f-strings are replaced by ``VALUE``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = (str(part.value) if isinstance(part, ast.Constant) else VALUE for part in node.values)
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@functools.cache
def all_texts() -> set[str]:
    """Return every string of the source."""
    return {text for path in (ROOT / "src").rglob("*.py") for text in texts(path)}


def is_in_source(quote: str, source: set[str]) -> bool:
    fixed = (re.escape(" ".join(part.split())) for part in quote.split("…"))
    pattern = re.compile(r"\s*.*?\s*".join(fixed), re.DOTALL)
    return any(pattern.search(text) for text in source)


def test_the_page_quotes_messages():
    assert len(QUOTES) > 5
    assert len(CODES) > 20


@pytest.mark.parametrize("quote", QUOTES)
def test_every_quoted_message_is_in_the_source(quote):
    assert is_in_source(quote, all_texts())


@pytest.mark.parametrize("code", CODES)
def test_every_explained_code_is_in_the_source(code):
    assert code in all_texts()


def test_a_changed_message_is_noticed():
    source = {f"the models take {VALUE} values, but {VALUE} gives {VALUE}"}
    assert is_in_source("the models take … values, but … gives …", source)
    assert is_in_source("take … values, but", source)
    assert not is_in_source("the models take … values, and … gives …", source)
    assert not is_in_source("the models take 512 values", source)
