"""The kinds of tag model: what each is called, in files and in words, and how a model file of it is read.

The two kinds of this program are in :mod:`.builtin_kinds`. A further one is registered, and its files are then loaded
and scored, and named in lists and reports, like those of the others; training learns models of it when
``training.register_method`` has a method for it. A model file may also be of a kind that nobody registered: the kind is
any text in its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from .names import SUFFIX, model_stem, parse_model_name, report_name
from .scorers import Scorer

#: The attributes of an estimator, and whether a ``Normalizer`` comes before it -> its scorer. Where an attribute is
#: missing or has the wrong form it raises ModelError, or KeyError, TypeError, ValueError, IndexError or AttributeError.
Reader = Callable[[dict[str, Any], bool], Scorer]

#: Classes of scikit-learn that the file of any kind may hold: what comes before the model itself.
_ANY_FILE = frozenset({"Pipeline", "Normalizer"})


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of tag model.

    Parameters
    ----------
    name:
        In the names of files and folders, and in results: ``ovr-svm``.
    description:
        In a sentence, with its article: ``a support vector machine``.
    title, short_title:
        In headings, and where there is little room: ``Support vector machine``, ``SVM``.
    abbreviation:
        At the head of a narrow column: ``svm``.
    readers:
        For each class of scikit-learn that a model of this kind can be, how its attributes are read.
    parts:
        Further classes of scikit-learn that a file of this kind may hold. A file that names any other class is refused.
    """

    name: str
    description: str
    title: str
    short_title: str
    abbreviation: str
    readers: Mapping[str, Reader] = field(default_factory=dict)
    parts: frozenset[str] = frozenset()


_registered: dict[str, Kind] = {}


def register_kind(kind: Kind) -> None:
    """Add a kind after those that are registered.

    Raises
    ------
    ValueError
        A kind of that name is registered, or another one reads the same class; or the name cannot be read back from
        that of a model file.
    """
    if kind.name in _registered:
        raise ValueError(f"a kind named {kind.name} is registered already")
    if parse_model_name(model_stem(kind.name, "tag") + SUFFIX) != (kind.name, "tag"):
        raise ValueError(f"{kind.name!r} is no name of a kind: it cannot be read back from the name of a model file")
    if shared := readers().keys() & kind.readers.keys():
        raise ValueError(f"another kind reads {', '.join(sorted(shared))}")
    _registered[kind.name] = kind


def unregister_kind(kind: Kind) -> None:
    """Remove a registered kind; KeyError where it is not registered."""
    del _registered[kind.name]


def kinds() -> tuple[Kind, ...]:
    """Return the registered kinds, in the order of their registration."""
    return tuple(_registered.values())


def kind_names() -> tuple[str, ...]:
    """Return the names of the registered kinds, in the order of their registration."""
    return tuple(_registered)


def kind_named(name: str) -> Kind:
    """Return the kind of that name; of one that nobody registered, a kind of which nothing but the name is known."""
    return _registered.get(name) or Kind(name, "a model", name, name, name)


def readers() -> dict[str, Reader]:
    """Return how the model itself is read, by the name of its class, over all registered kinds."""
    return {name: reader for kind in kinds() for name, reader in kind.readers.items()}


def readable_classes() -> frozenset[str]:
    """Return the classes of scikit-learn that a model file may name, over all registered kinds."""
    return _ANY_FILE.union(*((*kind.readers, *kind.parts) for kind in kinds()))


def longest_file_name(tag: str) -> int:
    """Return the bytes of the longest name that a file of this tag has."""
    return max(len(report_name(name, tag).encode()) for name in _registered)
