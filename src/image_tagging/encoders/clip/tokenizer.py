"""Sentences -> the token numbers that CLIP's text tower takes, without open_clip.

The byte pair encoding (Sennrich et al. 2016, as Radford et al. 2021 use it) is in ``tokenizer.json``, which the hub
keeps next to a model's weights. Of that file only the vocabulary and its merges are used. A sentence is cleaned and
divided into words here, as open_clip does it, so that the numbers are the same as open_clip's for every sentence.
"""

from __future__ import annotations

import gzip
import html
import importlib.util
import json
import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from ...errors import EncoderUnavailableError
from .weights import one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pair = tuple[str, str]

#: Numbers in a row: the longest sentence with its begin and end.
CONTEXT = 77

#: The end of a word in a token.
_LAST = "</w>"

#: open_clip's vocabulary, which is OpenAI's, and how many merges of it CLIP uses.
_FILE, _MERGES = "bpe_simple_vocab_16e6.txt.gz", 48_894

#: A tokenizer.json of CLIP has 3.6 million.
_MOST_BYTES = 100_000_000

#: How files name the begin and the end of a sentence: OpenAI's words, and those of open_clip.
_BEGINS, _ENDS = ("<|startoftext|>", "<start_of_text>"), ("<|endoftext|>", "<end_of_text>")

#: What open_clip takes for the begin or end where it stands in a sentence itself.
_MARKS = re.compile("(<start_of_text>|<end_of_text>)")

#: A word: an English ending, letters, one digit, or other characters that are no space.
_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


class ClipTokenizer:
    """The tokenizer of OpenAI's CLIP, which open_clip's plain vision transformers share.

    ``of_file`` and ``of_open_clip`` make one.
    """

    def __init__(self, numbers: dict[str, int], merges: list[Pair], begin: int, end: int) -> None:
        self._begin, self._end = begin, end
        self._marks = {"<start_of_text>": begin, "<end_of_text>": end}
        self._words = _of_words(numbers, merges)

    @classmethod
    def of_file(cls, path: str, vocabulary: int) -> ClipTokenizer:
        """Return the tokenizer of a ``tokenizer.json``; ``vocabulary`` is how many tokens the text tower has.

        Raises
        ------
        EncoderUnavailableError
            The file cannot be read, or is that of another vocabulary.
        """
        numbers, merges = _read(path)
        begin, end = (next((numbers[one] for one in names if one in numbers), -1) for names in (_BEGINS, _ENDS))
        if sorted(numbers.values()) != list(range(vocabulary)) or begin < 0 or end != vocabulary - 1:
            raise EncoderUnavailableError(
                f"{path} is the tokenizer of another model: it has {len(numbers)} tokens, and CLIP {vocabulary}. Put "
                "the tokenizer.json of the weights in its place"
            )
        return cls(numbers, merges, begin, end)

    @classmethod
    def of_open_clip(cls) -> Optional[ClipTokenizer]:
        """Return the tokenizer of the installed open_clip, without importing it; ``None`` where there is none.

        Raises
        ------
        EncoderUnavailableError
            The package ``tokenizers`` does not load.
        """
        merges = _merges_of_open_clip()
        if merges is None:
            return None
        letters = sorted(_library().pre_tokenizers.ByteLevel.alphabet())
        tokens = [*letters, *(f"{letter}{_LAST}" for letter in letters), *map("".join, merges)]
        numbers = {token: number for number, token in enumerate(tokens)}
        return cls(numbers, merges, len(tokens), len(tokens) + 1)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return (N, 77) int64 for N sentences: begin, words, end, and zeros. Long ones are cut before the end."""
        rows = np.zeros((len(texts), CONTEXT), dtype=np.int64)
        for row, text in zip(rows, texts):
            numbers = [self._begin, *islice(self._numbers(text), CONTEXT - 2), self._end]
            row[: len(numbers)] = numbers
        return rows

    def _numbers(self, text: str) -> Iterator[int]:
        for part in _MARKS.split(_cleaned(text)):
            if part in self._marks:
                yield self._marks[part]
            else:
                yield from self._words.encode(part, add_special_tokens=False).ids


def _library() -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise EncoderUnavailableError(
            f"the sentences of CLIP need the package tokenizers, which does not load here ({one_line(error, 120)}): "
            "pip install --force-reinstall tokenizers"
        ) from error
    return tokenizers


def _read(path: str) -> tuple[dict[str, int], list[Pair]]:
    """Return the number of each token of a ``tokenizer.json``, and the pairs of tokens that become one, in order."""
    try:
        with open(path, "rb") as stream:
            content = json.loads(stream.read(_MOST_BYTES))
        numbers = dict(content["model"]["vocab"])
        numbers.update({token["content"]: token["id"] for token in content["added_tokens"]})
        merges = [_pair(merge) for merge in content["model"]["merges"]]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise EncoderUnavailableError(
            f"{path} cannot be read as a tokenizer ({one_line(error, 120)}): fetch it again"
        ) from error
    unknown = next((pair for pair in merges if not {*pair, "".join(pair)} <= numbers.keys()), None)
    if unknown or not all(isinstance(number, int) for number in numbers.values()):
        raise EncoderUnavailableError(f"{path} is damaged: its vocabulary and its merges do not agree. Fetch it again")
    return numbers, merges


def _pair(merge: Any) -> Pair:
    left, right = merge.split(" ") if isinstance(merge, str) else map(str, merge)
    return left, right


def _merges_of_open_clip() -> Optional[list[Pair]]:
    """Return the pairs of letters that open_clip's vocabulary joins, in order; ``None`` where it is not installed."""
    spec = importlib.util.find_spec("open_clip")
    if spec is None or not spec.submodule_search_locations:
        return None
    try:
        with gzip.open(os.path.join(spec.submodule_search_locations[0], _FILE), "rt", encoding="utf-8") as stream:
            return [_pair(line.rstrip("\n")) for line in islice(stream, 1, _MERGES + 1)]
    except (OSError, EOFError, ValueError):
        return None  # another layout


def _of_words(numbers: dict[str, int], merges: list[Pair]) -> Any:
    """Return what encodes cleaned text by a vocabulary, and takes nothing in it for more than letters."""
    tokenizers = _library()
    words = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=numbers, merges=merges, end_of_word_suffix=_LAST))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Split(tokenizers.Regex(_WORDS), behavior="removed", invert=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return words


def _cleaned(text: str) -> str:
    """Return a sentence without damaged letters, HTML's names of characters, capitals and repeated spaces."""
    import ftfy

    return " ".join(html.unescape(html.unescape(ftfy.fix_text(text))).split()).lower()
