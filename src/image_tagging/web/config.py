"""The settings of the review app."""

from __future__ import annotations

from collections.abc import Sequence

from ..settings import setting, settings


@settings
class ReviewConfig:
    """Settings of :func:`serve_review`."""

    output: str = setting(
        help="The output folder of sort, or of process, train and classify.",
        metavar="OUTPUT",
        is_path=True,
        is_argument=True,
    )
    port: int = setting(
        default=8765, help="The port to listen at; 0: any that is free.", metavar="NUMBER", least=0, most=65535
    )
    read_only: bool = setting(default=False, help="Show everything, and keep no verdict.")
    host: str = setting(
        default="127.0.0.1",
        help="The address to listen at. Another than this machine's own needs --allow-host; HTTP is not encrypted.",
        metavar="ADDRESS",
    )
    allow_host: Sequence[str] = setting(
        default=(),
        help="A name by which browsers may call this machine, with --host. May be given several times.",
        metavar="NAME",
        is_list=True,
    )
