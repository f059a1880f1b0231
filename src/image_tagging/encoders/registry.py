"""The registry: which family of encoders serves a name, and what follows from that.

A family that comes with the package is a folder here, whose ``__init__.py`` has a ``FAMILY``; any other is added by
:func:`register_encoder`.
"""

from __future__ import annotations

from typing import Optional

from ..errors import EncoderMismatchError, EncoderUnavailableError
from ..files import StrPath, name_or_path
from ..records import EncoderSpec, declare_family
from ..text import escaped, near_misses, shortened
from . import builtin, clip
from .base import IN_8_BITS, Encoder, EncoderFamily, TextEncoder

#: Names of models differ in a few characters: ViT-B-16 and ViT-B-32 are two thirds alike, a misspelt name more.
_ALIKE = 0.8

_NO_TORCH = "The other models of open_clip need PyTorch: pip install 'image-tagging-tools[torch]'"

DEFAULT_MODEL = "ViT-B-32"
DEFAULT_PRETRAINED = "openai"

#: The families by the names they serve; every other name is one of open_clip.
_FAMILIES: dict[str, EncoderFamily] = {}


def register_encoder(family: EncoderFamily) -> None:
    """Add a family of encoders, so that its names can be given as ``clip_model``.

    Raises
    ------
    ValueError
        Another family serves one of its names.
    """
    names = family.models or (family.name,)
    for name in names:
        if _FAMILIES.get(name, family) != family:
            raise ValueError(f"the encoder {name!r} is registered already, by the family {_FAMILIES[name].name!r}")
    _FAMILIES.update(dict.fromkeys(names, family))
    declare_family(family.name, names, reads_text=family.load_text is not None)


register_encoder(builtin.FAMILY)


def family_of(clip_model: str) -> EncoderFamily:
    """Return the family that serves a name."""
    return _FAMILIES.get(clip_model, clip.FAMILY)


def encoder_identity(clip_model: str, pretrained: str, precision: str = "auto") -> tuple[str, str]:
    """Return ``name`` and ``pretrained`` as the spec of this encoder has them, without loading it.

    The precision is part of it where it is ``int8`` on request: those embeddings do not mix with others.

    Raises
    ------
    EncoderUnavailableError
        There is no such encoder, as far as is known without loading it.
    """
    family = family_of(clip_model)
    if not family.version:
        name, weights = family.identify(clip_model, pretrained)
        return name, weights + IN_8_BITS if family.has_int8 and precision == "int8" else weights
    if pretrained not in {DEFAULT_PRETRAINED, family.version}:
        raise EncoderUnavailableError(
            f"{family.title} is {clip_model}/{family.version}; there is no {clip_model}/{pretrained}. Leave out "
            "--pretrained; embeddings and models of another version must be made again (stages 1 and 2)."
        )
    return clip_model, family.version


def encoder_names() -> list[str]:
    """Return the names of encoders that are known without importing a library."""
    return list(dict.fromkeys([*_FAMILIES, DEFAULT_MODEL, *clip.model_names()]))


def require_likely_name(clip_model: str) -> None:
    """Raise EncoderUnavailableError where the name of an encoder is nearly that of another, and is none itself.

    A name that is like no other is left to open_clip, which a program may have given further models.
    """
    name = clip_model.replace("/", "-")  # as OpenAI writes some
    known = encoder_names()
    if clip_model in known or name in known:
        return
    if nearest := near_misses(name, known, least=_ALIKE):
        meant = " or ".join(nearest)
        asked = shortened(escaped(clip_model), 100)
        if builtin.NAME in nearest or clip.knows_all_names():
            raise EncoderUnavailableError(f"there is no encoder {asked}: did you mean {meant}?")
        raise EncoderUnavailableError(f"no encoder {asked} is known without PyTorch: did you mean {meant}? {_NO_TORCH}")


def near_duplicate_cosine(spec: EncoderSpec) -> float:
    """Return the cosine from which on two embeddings of an encoder are those of near-duplicates."""
    return family_of(spec.name).nearly_the_same


def require_this_version(spec: EncoderSpec) -> None:
    """Raise EncoderMismatchError where embeddings or tag models are of another version of an encoder than is here."""
    family = family_of(spec.name)
    if family.version and spec.pretrained != family.version:
        raise EncoderMismatchError(
            f"the embeddings are those of {spec.label}, another version of {family.title} than the one here, "
            f"{spec.name}/{family.version}, and the two cannot be compared. Make the metadata again (stage 1), then "
            "the tag models (stage 2)."
        )


def load_encoder(
    clip_model: str,
    pretrained: StrPath,
    device: Optional[str] = None,
    precision: str = "auto",
    clip_backend: str = "auto",
) -> Encoder:
    """Return the encoder called ``clip_model``, ready to work.

    Parameters
    ----------
    clip_model : str
        ``builtin``, the name of a registered encoder, or a model name of open_clip.
    pretrained : str or path
        A pretrained tag of open_clip or the path of a weights file; not used by ``builtin``.
    device : str, optional
        Where to compute; without it ``cuda`` where there is one, else ``cpu``.
    precision : str
        One of ``settings.PRECISIONS``. ``auto`` is the fastest that the device has instructions for, if it gives what
        ``fp32`` gives; the precision in use is the encoder's ``precision``.
    clip_backend : str
        The library that computes CLIP, one of ``settings.CLIP_BACKENDS``.

    Raises
    ------
    EncoderUnavailableError
        A library or the weights are missing, there is no such model, or it does not work in that precision.
    DeviceUnavailableError
        The device asked for is not here.
    """
    family, weights = family_of(clip_model), name_or_path(pretrained, "pretrained")
    try:
        return family.load(clip_model, weights, device, precision, **_backend(family, clip_backend))
    except ImportError as error:  # of a family that leaves it to Python to say so
        said = escaped(str(error))[:200]
        raise EncoderUnavailableError(f"{family.title} needs what cannot be imported ({said}): install it") from error


def load_text_encoder(
    clip_model: str, pretrained: str, device: Optional[str] = None, clip_backend: str = "auto"
) -> TextEncoder:
    """Return what embeds texts in the space of the encoder that :func:`load_encoder` gives for the same names.

    Raises
    ------
    EncoderUnavailableError
        The encoder reads no text, or its text side or the weights are not here.
    DeviceUnavailableError
        The device asked for is not here.
    """
    family = family_of(clip_model)
    if family.load_text is None:
        remedy = "compute the metadata with a CLIP model (--clip_model, stage 1), which does"
        raise EncoderUnavailableError(family.why_no_text or f"{family.title} reads no text: {remedy}")
    return family.load_text(clip_model, pretrained, device, **_backend(family, clip_backend))


def _backend(family: EncoderFamily, asked: str) -> dict[str, str]:
    """Return the argument that says which library is asked for, for families that have more than one."""
    if family.backends:
        return {"backend": asked}
    if asked != "auto":
        raise EncoderUnavailableError(
            f"{family.title} is computed in one way only, not by {asked!r}: leave out --clip_backend"
        )
    return {}
