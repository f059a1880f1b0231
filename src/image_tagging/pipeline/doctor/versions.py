"""The versions that a bug report should name."""

from __future__ import annotations

#: These distributions decide what is decoded, computed and learned.
_REPORTED = (
    *("Pillow", "numpy", "scikit-learn", "opencv-python-headless", "onnxruntime", "tokenizers", "huggingface_hub"),
    *("openvino", "torch", "open_clip_torch"),
)

#: What each extra installs, as it is imported, and what it is for.
EXTRAS = {
    "torch": "open_clip",
    "openvino": "openvino",
    "heif": "pillow_heif",
    "parquet": "pyarrow",
    "review": "starlette",
    "s3": "s3fs",
    "gcs": "gcsfs",
    "ray": "ray",
}


def installed_versions() -> dict[str, str]:
    """Return the versions of installed libraries by their names.

    They are looked up and not imported: that takes no time, and names one that cannot be loaded, too.
    """
    from importlib.metadata import PackageNotFoundError, version

    versions: dict[str, str] = {}
    for name in _REPORTED:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def program_version() -> str:
    """Return the version of this program as it is installed; ``0+unknown`` where its modules are only in a folder."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("image-tagging-tools")
    except PackageNotFoundError:
        return "0+unknown"


def installed_extras() -> dict[str, bool]:
    """Return which extras of the program are installed, without importing them."""
    from importlib.util import find_spec

    return {extra: find_spec(module) is not None for extra, module in EXTRAS.items()}
