"""The settings of listing a source. Nothing heavy is imported, since ``--help`` needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from ..settings import same_setting, setting, settings
from .configs import EmbeddingConfig, ProcessConfig


@settings
class ListConfig:
    """Settings of :func:`list_images`; those that :class:`ProcessConfig` has too mean what they mean there."""

    source: str = setting(
        help="The folder, archive or list of paths whose images are listed.",
        metavar="SOURCE",
        is_path=True,
        is_argument=True,
    )
    output: str = setting(
        default="./manifest.parquet", help="The manifest to write; its folder is created if needed.", is_path=True
    )
    tag_level: str = same_setting(ProcessConfig, "tag_level", default=ProcessConfig.tag_level)
    exclude: Sequence[str] = same_setting(EmbeddingConfig, "exclude", default=())
    follow_links: bool = same_setting(EmbeddingConfig, "follow_links", default=False)
    archive_encoding: Optional[str] = same_setting(EmbeddingConfig, "archive_encoding", default=None)
    shard_images: int = setting(
        default=256,
        help="Images of a shard, on average: the column shard says in which each is.",
        metavar="NUMBER",
        least=1,
    )
