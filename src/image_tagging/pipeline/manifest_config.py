"""The setting of a run on a manifest. Nothing heavy is imported, since ``--help`` needs it."""

from __future__ import annotations

from typing import Optional

from ..settings import setting, settings


@settings
class ManifestConfig:
    """The setting that has a run take what a manifest lists, in place of looking for images."""

    manifest: Optional[str] = setting(
        default=None,
        help="A manifest that image-tagging list wrote of the input: its images are used as they were listed, and the "
        "input is not searched.",
        metavar="FILE",
        is_path=True,
    )

    @property
    def only_listed(self) -> bool:
        """Whether an image that has changed since it was listed is a failure."""
        return self.manifest is not None
