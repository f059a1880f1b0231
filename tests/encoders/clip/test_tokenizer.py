"""Sentences as token numbers, against open_clip's own tokenizer, and by a small vocabulary of the test itself."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from image_tagging.encoders.clip.tokenizer import CONTEXT, ClipTokenizer
from image_tagging.errors import EncoderUnavailableError

LETTERS = [*map(chr, range(33, 127)), *map(chr, range(161, 173)), *map(chr, range(174, 324))]
MERGES = [("c", "a"), ("ca", "t</w>"), ("d", "o"), ("do", "g</w>"), ("c", "ats</w>"), ("s", "</w>")]

ODD = [
    "a photo of a cat.",
    "HELLO, they'LL say it's I'D 'ſ",
    "😀😃 smile 👨‍👩‍👧‍👦 🏳️‍🌈🇩🇪",
    "naïve café São Paulo Ångström İstanbul ß ẞ",
    "你好，世界 这是一只猫 日本語のテキスト 한국어 العربية Привет",
    "&lt;b&gt; &amp;amp; &#x65;&#x301;",
    "\x00\x01\x02 control \x7f\x1b[0m\ttabs\r\nlines",
    "word " * 300,
    "1234567890 3.14 ①②③ ½ Ⅳ",
    "<start_of_text> x <end_of_text> <|endoftext|>",
    "a" * 500,
    "",
    "   ",
    "\ud800 a lone surrogate",
    "“quotes” ‘single’ … â€œdamagedâ€\x9d schÃ¶n",
    "_underscore_ pos-pixel-art e\u0301 \u200b\u200d zero Ａ Ｂ ﬁ ǅ 𝕳𝖊𝖑𝖑𝖔",
]


def written(path: Path, **changes: Any) -> Path:
    """A ``tokenizer.json`` of a small vocabulary, in the form of the hub's."""
    joined = ["cat</w>", "ca", "do", "dog</w>"]
    tokens = [*LETTERS, *(f"{one}</w>" for one in LETTERS), *joined, "<|startoftext|>", "<|endoftext|>"]
    numbers = {token: number for number, token in enumerate(tokens)}
    content = {
        "added_tokens": [{"id": numbers[one], "content": one} for one in tokens[-2:]],
        "model": {"type": "BPE", "vocab": numbers, "merges": [f"{left} {right}" for left, right in MERGES[:4]]},
    }
    content["model"].update(changes)  # type: ignore[attr-defined]
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


VOCABULARY = 2 * len(LETTERS) + 6


def test_a_sentence_is_cleaned_divided_and_joined(tmp_path: Path) -> None:
    tokenizer = ClipTokenizer.of_file(str(written(tmp_path / "tokenizer.json")), VOCABULARY)
    rows = tokenizer(["The CAT,  dog&amp;", ""])
    begin, end, cat, dog = VOCABULARY - 2, VOCABULARY - 1, VOCABULARY - 6, VOCABULARY - 3
    of = {letter: number for number, letter in enumerate([*LETTERS, *(f"{one}</w>" for one in LETTERS)])}
    expected = [begin, of["t"], of["h"], of["e</w>"], cat, of[",</w>"], dog, of["&</w>"], end]
    assert rows.shape == (2, CONTEXT)
    assert rows.dtype == np.int64
    assert rows[0, : len(expected) + 1].tolist() == [*expected, 0]
    assert rows[1, :3].tolist() == [begin, end, 0]


def test_merges_may_be_written_as_pairs(tmp_path: Path) -> None:
    as_text = written(tmp_path / "text.json")
    as_pairs = written(tmp_path / "pairs.json", merges=[list(merge) for merge in MERGES[:4]])
    first, second = (ClipTokenizer.of_file(str(path), VOCABULARY) for path in (as_text, as_pairs))
    np.testing.assert_array_equal(first(["cat dog"]), second(["cat dog"]))


def test_a_long_sentence_is_cut_and_ends(tmp_path: Path) -> None:
    (row,) = ClipTokenizer.of_file(str(written(tmp_path / "tokenizer.json")), VOCABULARY)(["cat " * 300])
    assert row[0] == VOCABULARY - 2
    assert row[-1] == VOCABULARY - 1
    assert len(set(row[1:-1].tolist())) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read as a tokenizer"),
        (b"<html>", "cannot be read as a tokenizer"),
        (b"[1, 2]", "cannot be read as a tokenizer"),
        (b'{"model": {}}', "cannot be read as a tokenizer"),
        (b'{"model": {"vocab": {"a": 1}, "merges": ["a"]}, "added_tokens": []}', "cannot be read as a tokenizer"),
        (b'{"model": {"vocab": {"a": 1}, "merges": ["a b"]}, "added_tokens": []}', "do not agree"),
        (b'{"model": {"vocab": {"a": "1"}, "merges": []}, "added_tokens": []}', "do not agree"),
        (b'{"model": {"vocab": {"a": 0}, "merges": []}, "added_tokens": []}', "the tokenizer of another model"),
        (b"[" * 100_000, "cannot be read as a tokenizer"),
        (b"\xff\xfe\x00", "cannot be read as a tokenizer"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(EncoderUnavailableError, match=words) as raised:
        ClipTokenizer.of_file(str(path), VOCABULARY)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailableError, match="cannot be read as a tokenizer"):
        ClipTokenizer.of_file(str(tmp_path / "none.json"), VOCABULARY)


def test_the_numbers_are_those_of_open_clip() -> None:
    """Of odd sentences, and of 200 drawn from letters of many scripts, emoji and control characters."""
    pytest.importorskip("open_clip", reason="needs the extra torch: pip install 'image-tagging-tools[torch]'")
    from open_clip.tokenizer import SimpleTokenizer

    draw = random.Random(0)
    scripts = [(32, 127), (161, 592), (913, 970), (2309, 2353), (0x2010, 0x2060), (0x4E00, 0x9FFF), (0x1F300, 0x1F600)]
    drawn = [
        "".join(chr(draw.randrange(*draw.choice([*scripts, (0, 32)]))) for _ in range(draw.randrange(1, 60)))
        for _ in range(200)
    ]
    ours, theirs = ClipTokenizer.of_open_clip(), SimpleTokenizer()
    assert ours is not None
    for text in [*ODD, *drawn]:
        assert ours([text])[0].tolist() == theirs([text])[0].tolist(), repr(text)
