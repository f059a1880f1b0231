"""Read a pickled scikit-learn estimator without running any code of the file.

A pickle is a program for a small stack machine, and the standard machine calls any function that the program
names: a ``.pkl`` from a stranger can do anything. This one knows the few instructions that estimators need and
never calls anything. What the file would construct becomes an :class:`Inert` value that only remembers what was
asked for; names outside a short allow-list are refused, and so is every other instruction. Arrays are read
straight from their bytes, after their size has been checked against what the file holds.

Formats: the pickle protocol (PEP 3154, :mod:`pickletools`) and joblib's extension of it, where the bytes of an
array follow the instruction that completes its ``NumpyArrayWrapper``.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Collection
from typing import Any, Callable, Optional

import numpy as np

from ..errors import ModelError, UnsafeModelError
from .pickled_values import Inert, Name, array_of, byte_length, dtype_of, expect, scalar_of

_RECONSTRUCT = frozenset({"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"})
_SCALAR = frozenset({"numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"})
_WRAPPER = "joblib.numpy_pickle.NumpyArrayWrapper"
_PLAIN = frozenset({"numpy.ndarray", "numpy.dtype", _WRAPPER}) | _RECONSTRUCT | _SCALAR
#: A saved tag model takes some hundreds. A file of nothing but the shortest ones would make a hundred bytes of each.
_MOST_INSTRUCTIONS = 100_000

#: How compressed files begin: those that joblib writes, and zips.
_COMPRESSED = {
    **{b"x\x01": "zlib", b"x\x5e": "zlib", b"x\x9c": "zlib", b"x\xda": "zlib", b"\x1f\x8b": "gzip", b"BZh": "bzip2"},
    **{
        b"\xfd7zXZ": "xz",
        b"]\x00\x00": "lzma",
        b"\x04\x22M\x18": "lz4",
        b"\x28\xb5\x2f\xfd": "zstd",
        b"PK\x03\x04": "zip",
    },
}


def read_pickle(data: bytes, estimators: Collection[str]) -> object:
    """Read the bytes of a ``.pkl``, uncompressed -> plain values, arrays, and :class:`Inert` for all else.

    ``estimators`` are the classes of scikit-learn that it may name, without their modules.

    Raises
    ------
    UnsafeModelError
        The file names a class or function, or uses an instruction, that no tag model needs.
    ModelError
        The bytes are no pickle, are cut short or damaged, or compressed: nothing is ever unpacked here.
    """
    if packed := next((name for start, name in _COMPRESSED.items() if data.startswith(start)), None):
        raise ModelError(f"it is compressed ({packed}), which is not read here; whoever has it can save it without")
    try:
        return _Machine(data, estimators).run()
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, MemoryError) as error:
        # All that damaged bytes lead to: the handlers below only ever take, check and store values.
        raise ModelError("it is damaged, cut short, or no pickle") from error


class _Machine:
    def __init__(self, data: bytes, estimators: Collection[str]) -> None:
        self.estimators = estimators
        self.file = io.BytesIO(data)
        self.data = memoryview(data)
        self.size = len(data)
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> object:
        file = self.file
        for _ in range(_MOST_INSTRUCTIONS):
            code = file.read(1)
            if code == _STOP:
                (result,) = self.stack
                return result
            if code not in _INSTRUCTIONS:
                # Refused before its argument is read: some of those are parsed as Python literals.
                name = _OPCODES[code].name
                raise UnsafeModelError(f"it uses the pickle instruction {name}, which no tag model needs")
            read, act = _INSTRUCTIONS[code]
            act(self, read(file) if read else None)
        raise ModelError(f"it holds more than {_MOST_INSTRUCTIONS:,} pickle instructions; a tag model has hundreds")

    def line(self) -> str:
        """A line of text as it stands: pickletools would undo Python's escapes in it, which pickle does not."""
        text = self.file.readline()
        if not text.endswith(b"\n"):
            raise ValueError("a line without an end")
        return text[:-1].decode("utf-8")

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def take_tuple(self, count: Optional[int]) -> None:
        items = self.since_mark() if count is None else [self.stack.pop() for _ in range(count)][::-1]
        self.stack.append(tuple(items))

    def extend(self, items: list[Any]) -> None:
        expect(self.stack[-1], list).extend(items)

    def update(self, pairs: list[Any]) -> None:
        target = expect(self.stack[-1], dict)
        for key, value in zip(pairs[::2], pairs[1::2]):
            # Text alone: to hash a tuple of tuples of tuples can take for ever, or overrun the C stack.
            target[expect(key, str)] = value

    def name(self, module: object, name: object) -> None:
        path = f"{expect(module, str)}.{expect(name, str)}"
        known = path in _PLAIN or (path.startswith("sklearn.") and name in self.estimators)
        if not known:
            raise UnsafeModelError(f"it asks for {path[:120]!r}, which no tag model needs")
        self.stack.append(Name(path))

    def construct(self) -> None:
        args, maker = expect(self.stack.pop(), tuple), expect(self.stack.pop(), Name).path
        self.stack.append(scalar_of(*args) if maker in _SCALAR else Inert(maker, args))

    def build(self) -> None:
        state, target = self.stack.pop(), expect(self.stack[-1], Inert)
        if target.maker == _WRAPPER:
            self.stack[-1] = self.wrapped_array(expect(state, dict))
        elif target.maker in _RECONSTRUCT:
            _, shape, dtype, fortran, data = expect(state, tuple)
            target.state = array_of(expect(data, bytes), dtype_of(dtype), shape, "F" if expect(fortran, bool) else "C")
        else:
            target.state = state

    def wrapped_array(self, state: dict[str, Any]) -> np.ndarray[Any, Any]:
        if expect(state["subclass"], Name).path != "numpy.ndarray":
            raise UnsafeModelError("it holds an array of a class of its own, which no tag model needs")
        dtype = dtype_of(state["dtype"])
        if state.get("numpy_array_alignment_bytes") is not None:
            self.file.seek(self.file.read(1)[0], io.SEEK_CUR)
        length = byte_length(state["shape"], dtype)
        if length > self.size - self.file.tell():
            raise ModelError("it is cut short: an array is larger than what the file holds")
        start = self.file.tell()
        self.file.seek(length, io.SEEK_CUR)
        # The bytes of the file themselves, which the array keeps: no copy is made.
        return array_of(self.data[start : start + length], dtype, state["shape"], expect(state["order"], str))


# The instructions by their names in the pickletools module. FRAME only says how far to read ahead.
_OPCODES = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}
_STOP = b"."
_IGNORED = frozenset({"PROTO", "FRAME"})
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_LITERALS = frozenset(
    "BININT BININT1 BININT2 LONG1 BINFLOAT SHORT_BINUNICODE BINUNICODE SHORT_BINBYTES BINBYTES".split()
)
_HANDLERS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": lambda m, _: m.marks.append(len(m.stack)),
    "EMPTY_LIST": lambda m, _: m.stack.append([]),
    "EMPTY_DICT": lambda m, _: m.stack.append({}),
    "TUPLE": lambda m, _: m.take_tuple(None),
    "TUPLE1": lambda m, _: m.take_tuple(1),
    "TUPLE2": lambda m, _: m.take_tuple(2),
    "TUPLE3": lambda m, _: m.take_tuple(3),
    "APPEND": lambda m, _: m.extend([m.stack.pop()]),
    "APPENDS": lambda m, _: m.extend(m.since_mark()),
    "SETITEM": lambda m, _: m.update([m.stack.pop(), m.stack.pop()][::-1]),
    "SETITEMS": lambda m, _: m.update(m.since_mark()),
    "BINPUT": lambda m, index: m.memo.__setitem__(index, m.stack[-1]),
    "LONG_BINPUT": lambda m, index: m.memo.__setitem__(index, m.stack[-1]),
    "MEMOIZE": lambda m, _: m.memo.__setitem__(len(m.memo), m.stack[-1]),
    "BINGET": lambda m, index: m.stack.append(m.memo[index]),
    "LONG_BINGET": lambda m, index: m.stack.append(m.memo[index]),
    "GLOBAL": lambda m, _: m.name(m.line(), m.line()),
    "STACK_GLOBAL": lambda m, _: m.name(*[m.stack.pop(), m.stack.pop()][::-1]),
    "NEWOBJ": lambda m, _: m.construct(),
    "REDUCE": lambda m, _: m.construct(),
    "BUILD": lambda m, _: m.build(),
}


def _instruction(name: str) -> Optional[Callable[[_Machine, Any], None]]:
    if name in _CONSTANTS:
        return lambda m, _: m.stack.append(_CONSTANTS[name])
    if name in _LITERALS:
        return lambda m, arg: m.stack.append(arg)
    return (lambda m, _: None) if name in _IGNORED else _HANDLERS.get(name)


#: How the argument of each known instruction is read, and what it does, by its code.
_INSTRUCTIONS = {
    code: (opcode.arg.reader if opcode.arg and opcode.name != "GLOBAL" else None, act)
    for code, opcode in _OPCODES.items()
    if (act := _instruction(opcode.name))
}
