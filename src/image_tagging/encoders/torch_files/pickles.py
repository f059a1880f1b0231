"""Read a pickle of torch without running any code of the file.

A pickle is a program for a small stack machine, and the standard machine calls any function that the program names.
This one knows the instructions that torch writes, and calls nothing: what the file would construct becomes one of the
values of :mod:`.values`, and a name or an instruction that no tensor needs is refused. The arguments have limits, so
that no file takes more time or memory than it has bytes.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from typing import Any, BinaryIO, Optional

from .values import DTYPES, Dtype, Module, Storage, Tensor, TorchFileError, Unused, expect

#: Instructions of one pickle. A large model takes 20,000, with the state of its training 60,000.
_MOST_INSTRUCTIONS = 300_000

#: Bytes of one text or number: those are names of tensors.
_LONGEST = 4096

#: How the names of TorchScript's classes begin.
_PREFIX_OF_MODULES = "__torch__."

#: Constructors of values that hold no tensor, which training checkpoints have next to the weights. They are not kept.
_UNUSED = frozenset(
    {
        *("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype", "_codecs.encode"),
        *("torch.device", "torch.Size", "torch.jit._pickle.build_intlist", "torch.jit._pickle.build_doublelist"),
        *("torch.jit._pickle.build_boollist", "torch.jit._pickle.restore_type_tag"),
    }
)
_TENSORS = frozenset({"torch._utils._rebuild_tensor_v2"})
_PARAMETERS = frozenset({"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"})
_DICTIONARY = "collections.OrderedDict"
_KNOWN = _UNUSED | _TENSORS | _PARAMETERS | {_DICTIONARY}

#: What a damaged pickle leads to: the machine only takes, checks and keeps values.
_DAMAGE = (ValueError, TypeError, LookupError, struct.error, EOFError)


class _Name(str):
    """The path of a class or function that the file names. It is never looked up."""


def unpickled(file: BinaryIO, storages: Optional[dict[str, Storage]] = None) -> Any:
    """Read one pickle from where the file is, and leave it behind that; add the storages it names by their keys.

    Returns
    -------
    object
        Plain values, with :class:`Tensor`, :class:`Module` and, for all that is not kept, :class:`Unused` in them. It
        may hold itself.

    Raises
    ------
    TorchFileError
        The file is no pickle, is damaged, or names or uses what no tensor needs.
    """
    try:
        return _Machine(file, {} if storages is None else storages).run()
    except TorchFileError:
        raise
    except _DAMAGE as error:
        raise TorchFileError("its pickle is damaged, cut short, or none") from error


class _Machine:
    def __init__(self, file: BinaryIO, storages: dict[str, Storage]) -> None:
        self.file = file
        self.storages = storages
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        for _ in range(_MOST_INSTRUCTIONS):
            code = self.file.read(1)
            if code == pickle.STOP:
                (result,) = self.stack
                return result
            instruction = _INSTRUCTIONS.get(code)
            if instruction is None:
                raise TorchFileError(
                    f"it uses the pickle instruction {code!r}, which no tensor needs" if code else "it is cut short"
                )
            instruction(self)
        raise TorchFileError(f"it holds more than {_MOST_INSTRUCTIONS:,} pickle instructions")

    def number(self, kind: str) -> Any:
        (value,) = struct.unpack(kind, self.file.read(struct.calcsize(kind)))
        return value

    def taken(self, size_kind: str) -> bytes:
        size = self.number(size_kind)
        if not 0 <= size <= _LONGEST:
            raise TorchFileError(f"it holds a text or number of more than {_LONGEST:,} bytes, which no tensor needs")
        data = self.file.read(size)
        if len(data) != size:
            raise EOFError
        return data

    def line(self) -> str:
        text = self.file.readline(_LONGEST)
        if not text.endswith(b"\n"):
            raise ValueError("a line without an end")
        return text[:-1].decode("utf-8")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def take_tuple(self, count: int) -> None:
        self.push(tuple([self.stack.pop() for _ in range(count)][::-1]))

    def extend(self, items: list[Any]) -> None:
        expect(self.stack[-1], list).extend(items)

    def update(self, pairs: list[Any]) -> None:
        target = expect(self.stack[-1], dict)
        for key, value in zip(pairs[::2], pairs[1::2]):
            # No other kind: to hash a tuple of tuples of tuples can take for ever.
            if type(key) not in (str, int):
                raise TypeError("a key that is neither text nor number")
            target[key] = value

    def keep(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def name(self, module: object, name: object) -> None:
        path = f"{expect(module, str)}.{expect(name, str)}"
        if module == "torch" and name in DTYPES:
            self.push(DTYPES[name])
        elif path in _KNOWN or path.startswith(_PREFIX_OF_MODULES):
            self.push(_Name(path))
        elif module == "torch" and str(name).isidentifier() and str(name).startswith(("float", "bfloat", "int")):
            self.push(Unused())  # a type, as training checkpoints have it in their settings
        else:
            raise TorchFileError(f"it names {path[:120]!r}, which no tensor needs")

    def construct(self) -> None:
        arguments, maker = expect(self.stack.pop(), tuple), expect(self.stack.pop(), _Name)
        if maker in _TENSORS:
            storage, offset, shape, strides, *_ = arguments
            self.push(Tensor(expect(storage, Storage), offset, shape, strides))
        elif maker in _PARAMETERS:
            self.push(expect(arguments[0], Tensor))
        elif maker == _DICTIONARY:
            self.push({})
            if arguments:  # of Python 2: a list of pairs
                self.update([part for pair in expect(arguments[0], list) for part in _pair(pair)])
        else:
            self.push(Module() if maker.startswith(_PREFIX_OF_MODULES) else Unused())

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if type(target) is Module:
            target.state = expect(state, dict)
        elif type(target) not in (dict, Unused):  # the state of a dictionary, ``_metadata``, is not needed
            raise TypeError("a state of a value that has none")

    def storage(self) -> None:
        kind, dtype, key, _location, count, *_ = expect(self.stack.pop(), tuple)
        if kind != "storage":
            raise TypeError("a reference to another thing than a storage")
        storage = Storage(expect(key, str), expect(dtype, Dtype), expect(count, int))
        if self.storages.setdefault(storage.key, storage) != storage:
            raise TorchFileError("it names one storage as two")
        self.push(storage)


def _pair(value: object) -> tuple[Any, Any]:
    first, second = expect(value, list) if type(value) is list else expect(value, tuple)
    return first, second


def _long(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _instruction(code: bytes) -> Optional[Callable[[_Machine], None]]:
    if code in _CONSTANTS:
        return lambda m: m.push(_CONSTANTS[code])
    if code in _NUMBERS:
        return lambda m: m.push(m.number(_NUMBERS[code]))
    if code in _TEXTS:
        return lambda m: m.push(m.taken(_TEXTS[code]).decode("utf-8"))
    if code in _BYTES:
        return lambda m: m.push(m.taken(_BYTES[code]))
    return _HANDLERS.get(code)


_CONSTANTS: dict[bytes, Any] = {pickle.NONE: None, pickle.NEWTRUE: True, pickle.NEWFALSE: False, pickle.EMPTY_TUPLE: ()}
_NUMBERS = {pickle.BININT: "<i", pickle.BININT1: "<B", pickle.BININT2: "<H", pickle.BINFLOAT: ">d"}
_TEXTS = {
    **{pickle.SHORT_BINUNICODE: "<B", pickle.BINUNICODE: "<I", pickle.BINUNICODE8: "<Q"},
    **{pickle.SHORT_BINSTRING: "<B", pickle.BINSTRING: "<i"},
}
_BYTES = {pickle.SHORT_BINBYTES: "<B", pickle.BINBYTES: "<I"}
_HANDLERS: dict[bytes, Callable[[_Machine], None]] = {
    pickle.PROTO: lambda m: m.number("<B"),
    pickle.FRAME: lambda m: m.number("<Q"),  # only how far to read ahead
    pickle.MARK: lambda m: m.marks.append(len(m.stack)),
    pickle.EMPTY_LIST: lambda m: m.push([]),
    pickle.EMPTY_DICT: lambda m: m.push({}),
    pickle.LONG1: lambda m: m.push(_long(m.taken("<B"))),
    pickle.TUPLE: lambda m: m.push(tuple(m.since_mark())),
    pickle.TUPLE1: lambda m: m.take_tuple(1),
    pickle.TUPLE2: lambda m: m.take_tuple(2),
    pickle.TUPLE3: lambda m: m.take_tuple(3),
    pickle.APPEND: lambda m: m.extend([m.stack.pop()]),
    pickle.APPENDS: lambda m: m.extend(m.since_mark()),
    pickle.SETITEM: lambda m: m.update([m.stack.pop(), m.stack.pop()][::-1]),
    pickle.SETITEMS: lambda m: m.update(m.since_mark()),
    pickle.BINPUT: lambda m: m.keep(m.number("<B")),
    pickle.LONG_BINPUT: lambda m: m.keep(m.number("<I")),
    pickle.MEMOIZE: lambda m: m.keep(len(m.memo)),
    pickle.BINGET: lambda m: m.push(m.memo[m.number("<B")]),
    pickle.LONG_BINGET: lambda m: m.push(m.memo[m.number("<I")]),
    pickle.GLOBAL: lambda m: m.name(m.line(), m.line()),
    pickle.STACK_GLOBAL: lambda m: m.name(*[m.stack.pop(), m.stack.pop()][::-1]),
    pickle.NEWOBJ: lambda m: m.construct(),
    pickle.REDUCE: lambda m: m.construct(),
    pickle.BUILD: lambda m: m.build(),
    pickle.BINPERSID: lambda m: m.storage(),
}
_INSTRUCTIONS: dict[bytes, Callable[[_Machine], None]] = {
    code: act for code in map(bytes, zip(range(256))) if (act := _instruction(code)) is not None
}
