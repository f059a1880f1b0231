"""The published weights of the plain vision transformers, as open_clip knows them, for installations without it.

The functions are those of open_clip that :mod:`.weights` and :mod:`.download` call, so that this module can be their
``library``, and an identity or an error is the same with both.

The facts are those of ``pretrained.py`` in open_clip 3.3.0 (MIT), with which a test compares them. No digest is in here
but those in its addresses: OpenAI's have the whole SHA-256, open_clip's own the first eight digits.
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from typing import Any, Optional

from ...errors import EncoderUnavailableError

_OPENAI = {"mean": (0.48145466, 0.4578275, 0.40821073), "std": (0.26862954, 0.26130258, 0.27577711)}
_HALF = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
_ALL = {"interpolation": "bicubic", "resize_mode": "shortest"}

#: For each model, the weights that timm has on the hub, by their tags: + for those trained with QuickGELU.
_TIMM = {
    "ViT-B-32": (
        "timm/vit_base_patch32_clip_224",
        "openai+ laion400m_e31+ laion400m_e32+ laion2b_e16 metaclip_400m+ metaclip_fullcc+",
    ),
    "ViT-B-16": (
        "timm/vit_base_patch16_clip_224",
        "openai+ laion400m_e31 laion400m_e32 metaclip_400m+ metaclip_fullcc+",
    ),
    "ViT-L-14": (
        "timm/vit_large_patch14_clip_224",
        "openai+ laion400m_e31 laion400m_e32 metaclip_400m+ metaclip_fullcc+",
    ),
    "ViT-L-14-336": ("timm/vit_large_patch14_clip_336", "openai+"),
}

#: Where timm's name for the weights is another than the tag.
_AT_TIMM = {"metaclip_fullcc": "metaclip_2pt5b"}

#: For each model, the ends of the names of its weights on the hub; the tags are the same in small letters.
_LAION = {
    "ViT-B-32": (
        "laion/CLIP-ViT-B-32-",
        "laion2B-s34B-b79K DataComp.XL-s13B-b90K DataComp.M-s128M-b4K CommonPool.M.clip-s128M-b4K "
        "CommonPool.M.laion-s128M-b4K CommonPool.M.image-s128M-b4K CommonPool.M.text-s128M-b4K "
        "CommonPool.M.basic-s128M-b4K CommonPool.M-s128M-b4K DataComp.S-s13M-b4K CommonPool.S.clip-s13M-b4K "
        "CommonPool.S.laion-s13M-b4K CommonPool.S.image-s13M-b4K CommonPool.S.text-s13M-b4K "
        "CommonPool.S.basic-s13M-b4K CommonPool.S-s13M-b4K",
    ),
    "ViT-B-32-256": ("laion/CLIP-ViT-B-32-256x256-", "DataComp-s34B-b86K"),
    "ViT-B-16": (
        "laion/CLIP-ViT-B-16-",
        "laion2B-s34B-b88K DataComp.XL-s13B-b90K DataComp.L-s1B-b8K CommonPool.L.clip-s1B-b8K "
        "CommonPool.L.laion-s1B-b8K CommonPool.L.image-s1B-b8K CommonPool.L.text-s1B-b8K "
        "CommonPool.L.basic-s1B-b8K CommonPool.L-s1B-b8K",
    ),
    "ViT-L-14": (
        "laion/CLIP-ViT-L-14-",
        "laion2B-s32B-b82K DataComp.XL-s13B-b90K CommonPool.XL.clip-s13B-b90K CommonPool.XL.laion-s13B-b90K "
        "CommonPool.XL-s13B-b90K",
    ),
}

#: Weights of other owners: + as above.
_OTHERS = {
    "ViT-B-16": {"dfn2b+": "apple/DFN2B-CLIP-ViT-B-16"},
    "ViT-L-14": {"dfn2b+": "apple/DFN2B-CLIP-ViT-L-14", "dfn2b_s39b": "apple/DFN2B-CLIP-ViT-L-14-39B"},
}

#: Weights that were trained with pictures in another range.
_IN_HALVES = {("ViT-L-14", "laion2b_s32b_b82k")}

#: Where weights were published first. A file of them is recognised by the digest in its address.
_URLS = {
    "https://openaipublic.azureedge.net/clip/models/": """
        ViT-B-32 openai 40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af/ViT-B-32.pt
        ViT-B-16 openai 5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f/ViT-B-16.pt
        ViT-L-14 openai b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836/ViT-L-14.pt
        ViT-L-14-336 openai 3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02/ViT-L-14-336px.pt
    """,
    "https://github.com/mlfoundations/open_clip/releases/download/v0.2-weights/": """
        ViT-B-32 laion400m_e31 vit_b_32-quickgelu-laion400m_e31-d867053b.pt
        ViT-B-32 laion400m_e32 vit_b_32-quickgelu-laion400m_e32-46683a32.pt
        ViT-B-32 laion2b_e16 vit_b_32-laion2b_e16-af8dbd0c.pth
        ViT-B-16 laion400m_e31 vit_b_16-laion400m_e31-00efa78f.pt
        ViT-B-16 laion400m_e32 vit_b_16-laion400m_e32-55e67d44.pt
        ViT-L-14 laion400m_e31 vit_l_14-laion400m_e31-69988bb6.pt
        ViT-L-14 laion400m_e32 vit_l_14-laion400m_e32-3d133497.pt
    """,
    "https://dl.fbaipublicfiles.com/MMPT/metaclip/": """
        ViT-B-32 metaclip_400m b32_400m.pt
        ViT-B-32 metaclip_fullcc b32_fullcc2.5b.pt
        ViT-B-16 metaclip_400m b16_400m.pt
        ViT-B-16 metaclip_fullcc b16_fullcc2.5b.pt
        ViT-L-14 metaclip_400m l14_400m.pt
        ViT-L-14 metaclip_fullcc l14_fullcc2.5b.pt
    """,
}

#: The end of a model's name that stands for QuickGELU.
_QUICK = "-quickgelu"


def list_models() -> list[str]:
    """Return the names of the models whose weights are known here."""
    return list(_table())


def list_pretrained() -> list[tuple[str, str]]:
    """Return each (model, tag)."""
    return [(model, tag) for model, tags in _table().items() for tag in tags]


def list_pretrained_tags_by_model(model: str) -> list[str]:
    """Return the tags of a model, none for one that is not known here."""
    return list(_table().get(model, {}))


def get_pretrained_cfg(model: str, tag: str) -> dict[str, Any]:
    """Return what is known of the weights of a tag; an empty dictionary where it is not known here.

    The keys are open_clip's: ``hf_hub`` (owner and name on the hub, then a slash), ``url``, ``mean``, ``std``,
    ``interpolation``, ``resize_mode``, and ``quick_gelu`` where it is true.
    """
    return dict(_table().get(model, {}).get(tag.lower().replace("-", "_"), {}))


def get_model_config(model: str) -> Optional[dict[str, Any]]:
    """Return what a model's name says of its activation; ``None`` for one that is not known here."""
    return ({"quick_gelu": True} if model.endswith(_QUICK) else {}) if model in _table() else None


def download_pretrained(place: dict[str, Any]) -> str:
    """Return the path of the weights of which ``get_pretrained_cfg`` said where they are; see :func:`.hub.download`."""
    from .hub import download

    return download(place)


def check_covered(name: str) -> None:
    """Raise EncoderUnavailableError where a model does not run without PyTorch."""
    models = list_models()
    if name in models:
        return
    close = difflib.get_close_matches(name, models, n=3, cutoff=0.7)
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    raise EncoderUnavailableError(
        f"without PyTorch only {', '.join(models)} can be used, and not {name!r}: {meant}"
        "for all models of open_clip, pip install 'image-tagging-tools[torch]'",
        "take --clip_model=builtin",
    )


@cache
def _table() -> dict[str, dict[str, dict[str, Any]]]:
    """Return what is known by model and tag; the models with QuickGELU in their names have the tags that need it."""
    repositories: dict[str, dict[str, str]] = {model: {} for model in dict.fromkeys([*_TIMM, *_LAION])}
    for model, (start, tags) in _TIMM.items():
        for tag in tags.split():
            repositories[model][tag] = f"{start}.{_AT_TIMM.get(tag.rstrip('+'), tag.rstrip('+'))}"
    for model, (start, ends) in _LAION.items():
        repositories[model].update({re.sub(r"[.-]", "_", end.lower()): start + end for end in ends.split()})
    for model, others in _OTHERS.items():
        repositories[model].update(others)
    urls = {(model, tag): start + end for start, lines in _URLS.items() for model, tag, end in _rows(lines)}
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for model, tags_of_model in repositories.items():
        for marked, repository in tags_of_model.items():
            tag = marked.rstrip("+")
            settings = {**(_HALF if (model, tag) in _IN_HALVES else _OPENAI), **_ALL}
            entry = {"hf_hub": f"{repository}/", "url": urls.get((model, tag), ""), **settings}
            table.setdefault(model, {})[tag] = {**entry, "quick_gelu": True} if marked != tag else entry
            if marked != tag:
                table.setdefault(model + _QUICK, {})[tag] = table[model][tag]
    return table


def _rows(lines: str) -> list[list[str]]:
    return [line.split() for line in lines.strip().splitlines()]
