"""Patterns of ``--exclude`` leave out what git ignores by them."""

from __future__ import annotations

import random
import shutil
import subprocess

import pytest

from image_tagging.records import FoundImage
from image_tagging.sources import DataSetRules, find_images
from samples import written

FILES = (
    "k/a.png k/b.gif k/s/a.png drafts/a.png k/drafts/a.png drafts/drafts/c.png x_y/a.png a.png b.gif s/a.png "
    "2019/q/small/a.png 2019/small/a.png k/2019/small/b.png k/!odd/a.png k/#odd/a.png"
)

#: Patterns that take back what others leave out, and what git makes of them together.
LISTS = [
    ["*", "!*/", "!*.png"],
    ["*", "!k/", "!k/*"],
    ["k/**", "!k/s/", "!k/s/**"],
    ["drafts/", "!/k/"],
    ["s/", "!k"],
    ["/k/*", "!k/"],
    ["*/", "!k/"],
    ["*.png", "!a.png", "/k"],
    ["**/small", "!/2019/**/small"],
    ["odd", "\\!odd/", "!odd"],
    ["\\#odd", "\\!odd/", "!!odd"],
]

PATTERNS = (
    "* !k !k/ !k/* !k/** *.png !a.png /k k/ /k/* !/k/s !/k/s/ *.gif drafts/ !/drafts /* !/s s !*.png **/s k/** !*/ "
    "/2019/**/small x_y/ ?.png [a-b].* **/ k/**/a.png **/drafts/** !drafts"
).split()


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    if not shutil.which("git"):
        pytest.skip("git is not installed, which says what its patterns mean")
    folder = tmp_path_factory.mktemp("tree")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    for name in FILES.split():
        written(folder / name, b"")
    return folder


def left_by_git(tree, patterns):
    (tree / ".gitignore").write_text("".join(f"{pattern}\n" for pattern in patterns))
    command = ["git", "-C", str(tree), "ls-files", "-z", "--others", f"--exclude-from={tree / '.gitignore'}"]
    names = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0")
    return {name for name in names if name and not name.startswith(".git")}


def left(tree, patterns):
    items = find_images(str(tree), DataSetRules(patterns))
    return {item.ref.file[len(str(tree)) + 1 :] for item in items if isinstance(item, FoundImage)}


@pytest.mark.parametrize("patterns", LISTS, ids=" ".join)
def test_patterns_take_back_what_git_takes_back(tree, patterns):
    assert left(tree, patterns) == left_by_git(tree, patterns)


@pytest.mark.slow
def test_drawn_lists_of_patterns_mean_what_they_mean_to_git(tree):
    drawn = random.Random(5)
    for _ in range(300):
        patterns = drawn.sample(PATTERNS, drawn.choice([1, 2, 3, 4]))
        assert left(tree, patterns) == left_by_git(tree, patterns), patterns
