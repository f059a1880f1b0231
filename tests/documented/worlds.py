"""The table of the worlds of all pages: where their commands run, and what they are seen to do."""

from __future__ import annotations

import os

import pytest

from documented import filled
from documented.desks import World

#: Those who serve at the port of the review do so one after the other.
at_port = pytest.mark.xdist_group("port 8765")

posix = pytest.mark.skipif(os.name == "nt", reason="the shell of the page is that of Linux and macOS")

WORLDS = [
    World(
        "docs/adding-images.md",
        filled.weeks,
        takes="(?<!ViT-B-32)$",
        before={
            "image-tagging forget blurry --output ./sorted": filled.without_blurry,
            "image-tagging inputs ./sorted --moved /media/old/mountain /media/new/mountain": filled.another_disk,
        },
        says={"scans.zip": "16 pictures of 3 inputs", "inputs ./sorted$": "new-week", "--moved": r"media[/\\]new"},
    ),
    World(
        "docs/adding-images.md", filled.with_clip, takes="ViT-B-32$", says={"sort": "computed"}, needs=("open_clip",)
    ),
    World("docs/classifiers.md", filled.trained_output, says={"threshold": "sprites"}),
    World(
        "docs/commands.md",
        filled.commands,
        takes="^(?!image-tagging search castle)",
        before={"image-tagging inputs ./sorted --moved ./april /photos/2026/april": filled.moved_april},
        marks=(at_port, posix),
        needs=("starlette", "uvicorn", "jinja2"),
    ),
    World("docs/container.md", filled.container, marks=(at_port, posix), needs=("starlette", "uvicorn", "jinja2")),
    World("docs/doctor.md", filled.nothing, says={"--json": '"check"', "doctor": "builtin"}, marks=(posix,)),
    World(
        "docs/duplicates.md",
        filled.repeats,
        shell="^sh ",
        says={"^image": r"old[/\\]1\.png", "--page": "repeats.html", "--script": "move.sh", "^sh": "2 moved"},
        then=filled.shown_and_moved,
        marks=(posix,),
    ),
    World("docs/export.md", filled.sorted_pictures, says={"": "(Wrote|Would write) [1-9]"}, needs=("pyarrow",)),
    World("docs/scale.md", filled.shared, takes=r"\./photos", needs=("pyarrow",)),
    World(
        "docs/scale.md",
        filled.a_list,
        takes="chosen.txt",
        says={"": "4 pictures, 0 skipped"},
        needs=("s3fs", "aiohttp"),
    ),
    World(
        "docs/scale.md",
        filled.cluster,
        takes="/shared/",
        says={"list": "6 images", "ray": "6 pictures"},
        needs=("ray", "pyarrow"),
        marks=(pytest.mark.xdist_group("ray"), pytest.mark.filterwarnings("ignore")),
    ),
    World("docs/search.md", filled.searched, says={"": " of "}, needs=("open_clip",)),
    World("docs/urls.md", filled.bucket, says={"s3://bucket/(results|sorted)": "s3://bucket-"}),
    World(
        "docs/verdicts.md",
        filled.judged,
        shell="^echo ",
        then=filled.imported,
        says={"import": "0 verdicts|added"},
        marks=(posix,),
    ),
]
