"""Read JSON objects of any layout one entry at a time, so that memory does not limit their size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any, Optional

import orjson

from .metadata_errors import FileErrors

# The tokens that decide where a value ends: whole strings, brackets, and the quote of a string that is not whole within
# the buffer or has many escapes. A list of plain numbers, most of a record, is one token. The regular expression engine
# remembers every repetition of a group, hence the bound on escapes.
_MARKS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*){0,100}"|\[[^"{}\[\]]*\]|[{}\[\]]|"', re.DOTALL)
_DEEPER = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}

#: What precedes the value of an entry on a line.
_ON_LINE = re.compile(rb',?\n"([^"\\\x00-\x1f]*)": ')

#: A part of a string, up to its end, to the end of the buffer or to the next of many escapes.
_IN_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*){0,100}', re.DOTALL)

#: Bytes read at a time: about ten records. The rest of the buffer is copied after every record, so not many more.
CHUNK = 1 << 16

#: The longest entry: a record takes about ten bytes per number, so a longer one is something else.
_LONGEST_ENTRY = 64 << 20

#: Of a line that is longer than this its end is not looked for: it is read token by token.
_LONGEST_LINE = 8 << 20

#: The most values in one entry, counted by commas and opening brackets before any of them becomes a Python object:
#: an empty list of three bytes takes 64, an object with one key 232.
_MOST_VALUES = 2_000_000

#: The deepest nesting of brackets: a record has two levels, and orjson stops soon after this.
_DEEPEST = 1000

_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"

#: First bytes of files mistaken for JSON, and what they are, with what to do.
_OTHERS = {
    b"\xff\xfe": "is UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text: save it as UTF-8",
    b"\x1f\x8b": "is compressed by gzip: unpack it first",
    b"PK": "is a zip: unpack it first",
    b"PAR1": "is a Parquet table: call it .parquet",
    b"SQLite": "is an SQLite database, not JSON",
}


def json_entries(path: str, *, errors: Optional[FileErrors] = None) -> Iterator[tuple[str, Any]]:
    """Yield the key and value of each entry of a JSON object, read as a stream: memory holds a few entries at a time.

    An entry of more than 64 MiB or of more than two million values is refused before it is parsed. A duplicate key is
    yielded twice. ``errors`` are those of another file than metadata.

    Raises
    ------
    MetadataError
        The file cannot be read, or is no JSON object; for what follows an entry, after that entry.
    """
    errors = errors or FileErrors(path)
    try:
        with open(path, "rb") as file:
            for _, _, entries in json_pieces(errors, file):
                yield from entries.items()
    except OSError as error:
        raise errors.unreadable(error) from error


def json_pieces(errors: FileErrors, file: IO[bytes]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield the parts of a JSON object in an open file, each with its place there: where it starts, and its length.

    A part is an entry whose value is an object or a list, with all plain values before it. :func:`json_entry` reads it
    again. Raises the ``errors``, as :func:`json_entries` does, and OSError.
    """
    line = 1
    for number, (start, piece, entries) in enumerate(_pieces(errors, file)):
        yield start, len(piece), entries or _parsed(errors, piece, number, line)
        line += piece.count(b"\n")


def json_entry(piece: bytes) -> tuple[str, Any]:
    """Return the key and value of a part that is one entry, as :func:`json_pieces` has found it in a file."""
    ((key, value),) = orjson.loads(b"{" + piece.lstrip(_SPACE).removeprefix(b",") + b"}").items()
    return key, value


def _pieces(errors: FileErrors, file: IO[bytes]) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    """Yield the text between the braces of an object, cut after every value that is itself an object or a list.

    Each piece comes with its place in the file; one that is an entry on a line comes with the entry too.

    A piece is one entry, with plain values before it if there are any (``"a": 1, "b": {}``) and with the comma that
    separates it from the piece before. The last piece is what precedes the closing brace, mostly white space.
    """
    text, start, at, depth, in_string = open_object(errors, file), 1, 1, 1, False
    before = file.tell() - len(text)  # bytes of the file before the text that is held
    while depth:
        if at == start:
            if len(text) - start < _LONGEST_LINE and _is_cut_line(text, start) and (more := file.read(len(text))):
                before, text, at, start = before + start, text[start:] + more, 0, 0
                continue
            if line := _entry_on_line(errors, text, start):
                yield before + start, text[start : line[0]], line[1]
                start = at = line[0]
                continue
        if in_string:
            at = _IN_STRING.match(text, at).end()  # type: ignore[union-attr]  # it matches the empty text too
            in_string = text[at : at + 1] != b'"'
            at += not in_string
            if not in_string or len(text) - at > 1:  # the string has ended, or has more escapes
                continue
        elif mark := _MARKS.search(text, at):
            at = mark.end()
            in_string = mark[0] == b'"'
            depth += _DEEPER.get(mark[0], 0)
            if depth > _DEEPEST:
                raise errors.foreign(f"its brackets lie more than {_DEEPEST:,} deep in each other")
            if depth <= 1 and mark[0].endswith((b"}", b"]")):
                if not depth and mark[0] != b"}":
                    raise errors.malformed("is not valid JSON: its last bracket does not match the first")
                piece = text[start:at] if depth else text[start : at - 1]
                _check_size(errors, piece)
                yield before + start, piece, {}
                start = at
            continue
        else:
            at = len(text)
        before += start
        text, at, start = text[start:], at - start, 0
        _check_size(errors, text)
        text += _more(errors, file, len(text))
    require_end(errors, file, text[start:])


def _is_cut_line(text: bytes, start: int) -> bool:
    """Return whether an entry begins after ``start`` whose line does not end in the text."""
    found = _ON_LINE.match(text, start)
    return found is not None and text.find(b"\n", found.end()) < 0


def _entry_on_line(errors: FileErrors, text: bytes, start: int) -> Optional[tuple[int, dict[str, Any]]]:
    """Return the entry on the line after ``start``, and where it ends: our files hold one a line, so it is quick.

    ``None`` where another piece follows, or the line is not all there.
    """
    if not (found := _ON_LINE.match(text, start)):
        return None
    key, end = found.end(), text.find(b"\n", found.end())
    end -= text[end - 1 : end] == b","
    if end <= key or text[end - 1 : end] not in {b"}", b"]"}:
        return None
    _check_size(errors, text[start:end])
    try:
        return end, {found[1].decode(): orjson.loads(text[key:end])}
    except ValueError:  # an entry of several lines, or several on this one, or no JSON
        return None


def require_end(errors: FileErrors, file: IO[bytes], text: bytes) -> None:
    """Raise the error for a file that goes on after its object, of which ``text`` is the part that has been read."""
    while not text.strip(_SPACE):
        text = file.read(CHUNK)
        if not text:
            return
    raise errors.malformed("goes on after the end of its JSON object")


def _check_size(errors: FileErrors, text: bytes) -> None:
    """Raise the error for an entry whose text, all or a part, is too long or would become too many objects."""
    if len(text) > _LONGEST_ENTRY:
        raise errors.foreign(f"an entry is longer than {_LONGEST_ENTRY >> 20} MiB")
    if len(text) > _MOST_VALUES and sum(map(text.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise errors.foreign(f"an entry has more than {_MOST_VALUES:,} values")


def open_object(errors: FileErrors, file: IO[bytes]) -> bytes:
    """Return the first text of a file, from the brace that opens its object."""
    text = file.read(max(CHUNK, len(_BOM)))
    for start, what in _OTHERS.items():
        if text.startswith(start):
            raise errors.malformed(what)
    text = text[len(_BOM) :] if text.startswith(_BOM) else text  # some editors put one before UTF-8
    while not text.lstrip(_SPACE) and (text := file.read(CHUNK)):
        pass
    text = text.lstrip(_SPACE)
    if not text.startswith(b"{"):
        raise errors.foreign("it holds no JSON object" if text else "it is empty")
    return text


def _more(errors: FileErrors, file: IO[bytes], held: int) -> bytes:
    """Read as many bytes as are held, at least a chunk: doubling keeps the repeated copying of the buffer cheap."""
    if more := file.read(max(CHUNK, held)):
        return more
    raise errors.malformed("is not valid JSON: it is cut short")


def _parsed(errors: FileErrors, piece: bytes, number: int, line: int) -> dict[str, Any]:
    """Return the entries of one piece, the ``number``-th (from 0), which begins on ``line`` of the file."""
    if not piece.strip(_SPACE):
        return {}
    before, comma, text = piece.partition(b",") if number else (b"", b"", piece)
    if before.strip(_SPACE) or (comma and not text.strip(_SPACE)):
        raise errors.malformed(f"is not valid JSON at line {line} (a comma is missing, or one too many)")
    line += before.count(b"\n")
    try:
        entries: dict[str, Any] = orjson.loads(b"{" + text + b"}")
    except orjson.JSONDecodeError as error:
        raise errors.malformed(f"is not valid JSON at line {line + error.lineno - 1} ({error.msg})") from error
    return entries
