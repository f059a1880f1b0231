"""A folder of a stranger gives away no file outside of it, and nothing of the system is read."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from image_tagging import FileCache, ProcessConfig, cli, process_dataset
from image_tagging.errors import InputError
from image_tagging.records import Failure, FoundArchive, FoundFolder, FoundImage, LeftOut
from image_tagging.sources import DataSetRules, find_images
from image_tagging.sources.folders import FolderWalk
from samples import png, written, zipped

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")

needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc")


def found(root, **options):
    """The relative paths of the images found, and {relative path: code} of the failures."""
    items = list(find_images(str(root), **options))
    paths = {item: os.path.relpath(item.ref.path, str(root)) for item in items}
    images = [paths[item] for item in items if isinstance(item, FoundImage)]
    return images, {paths[item]: item.code for item in items if isinstance(item, Failure)}


def sub_folders(root, **options):
    """The names of the folders directly in a folder that are looked into."""
    return [item.ref.name for item in find_images(str(root), **options) if isinstance(item, FoundFolder)]


def left_out_links(root):
    """The names of the links to folders that are read where they lie."""
    found = find_images(str(root))
    return [item.ref.name for item in found if isinstance(item, LeftOut) and item.reason == "link"]


@pytest.fixture
def folder(tmp_path):
    """A folder with one image, beside one of the user's own."""
    written(tmp_path / "home" / "private.png", png(1))
    written(tmp_path / "data" / "cat" / "a.png", png(2))
    return tmp_path / "data"


def test_a_linked_folder_outside_is_reported_and_left_out(folder):
    (folder / "holiday").symlink_to("../home")
    assert found(folder) == (["cat/a.png"], {"holiday": "link-out"})
    failure = next(item for item in find_images(str(folder)) if isinstance(item, Failure))
    assert "--follow_links" in failure.reason
    assert sub_folders(folder) == ["cat"]


@pytest.mark.parametrize("follow_links", [False, True])
def test_a_hidden_link_is_followed_nowhere(folder, tmp_path, follow_links):
    written(tmp_path / "home" / "letters.zip", zipped({"in.png": png(4)}))
    (folder / "cat" / ".x.png").symlink_to("../../home/private.png")
    (folder / "cat" / ".x.zip").symlink_to("../../home/letters.zip")
    (folder / "cat" / ".x").symlink_to("../../home")
    (folder / "cat" / "notes.txt").symlink_to("../../home/private.png")  # passed over, as without a link
    assert found(folder, follow_links=follow_links) == (["cat/a.png"], {})


def test_a_linked_folder_outside_is_followed_on_request(folder):
    (folder / "holiday").symlink_to("../home")
    assert found(folder, follow_links=True) == (["cat/a.png", "holiday/private.png"], {})
    assert sub_folders(folder, follow_links=True) == ["cat", "holiday"]


def test_no_kind_of_link_leads_out(folder, tmp_path):
    written(tmp_path / "data2" / "b.png", png(3))
    archive = written(tmp_path / "home" / "private.zip", zipped({"in.png": png(4)}))
    links = {
        "file.png": tmp_path / "home" / "private.png",
        "cat/up.png": "../../home/private.png",
        "cat/deep/up": "../../..",
        "chain": "chain2",
        "chain2": "../home",
        "data2": tmp_path / "data2",  # a name that begins as the root's
        "archive.zip": archive,
        "no-suffix": archive,
        "gone.png": tmp_path / "home" / "gone.png",
        "passwd.png": "/etc/passwd",
    }
    (folder / "cat" / "deep").mkdir()
    for name, target in links.items():
        (folder / name).symlink_to(target)
    assert found(folder) == (["cat/a.png"], dict.fromkeys(links, "link-out"))
    assert not any(isinstance(item, FoundArchive) for item in find_images(str(folder)))


def test_a_folder_is_read_once_where_it_lies(folder, tmp_path):
    (folder / "a-link").symlink_to("cat")
    (folder / "b.png").symlink_to(folder / "cat" / "a.png")  # a link to a file is another name of one image
    (folder / "back").symlink_to(".")
    (tmp_path / "root").symlink_to(folder)
    for root in (folder, tmp_path / "root"):
        assert found(root) == (["b.png", "cat/a.png"], {})
        assert left_out_links(root) == ["a-link", "back"]
        assert sub_folders(root) == ["cat"]


def test_a_link_gives_its_name_to_a_folder_that_is_read_nowhere_else(folder):
    written(folder / ".pool" / "7" / "b.png", png(5))
    (folder / "dog").symlink_to(".pool/7")
    (folder / "wolf").symlink_to(".pool/7")
    items = [item for item in find_images(str(folder)) if isinstance(item, FoundImage)]
    assert [item.tag for item in items] == ["cat", "dog"]
    assert left_out_links(folder) == ["wolf"]


def test_a_link_to_what_was_read_by_another_link_is_no_empty_tag(folder):
    written(folder / ".pool" / "7" / "b.png", png(5))
    (folder / "dog").symlink_to(".pool/7")
    (folder / "pool").symlink_to(".pool")
    assert left_out_links(folder) == ["pool"]
    assert sub_folders(folder) == ["cat", "dog"]


def test_folders_outside_are_read_once_whatever_links_lead_there(folder, tmp_path):
    written(tmp_path / "home" / "deep" / "b.png", png(5))
    for name, target in {"x": "../home", "y": "../home", "z": "../home/deep", "up": ".."}.items():
        (folder / name).symlink_to(target)
    images, _ = found(folder, follow_links=True)
    assert sorted(os.path.basename(path) for path in images) == ["a.png", "b.png", "private.png"]


@pytest.mark.parametrize("count", [7, 12])
def test_folders_that_all_link_to_each_other_are_read_once(tmp_path, count):
    for number in range(count):
        written(tmp_path / f"d{number:02}" / f"{number}.png", png(number))
        for other in set(range(count)) - {number}:
            (tmp_path / f"d{number:02}" / f"see-{other}").symlink_to(f"../d{other:02}")
    images, failures = found(tmp_path)
    assert images == [f"d{number:02}/{number}.png" for number in range(count)]
    assert failures == {}
    assert len(left_out_links(tmp_path)) == count * (count - 1)


def test_a_linked_file_that_is_named_is_read(folder, tmp_path):
    (tmp_path / "link.png").symlink_to(folder / "cat" / "a.png")
    assert found(tmp_path / "link.png") == (["."], {})


def test_links_to_each_other_come_to_an_end(tmp_path):
    for number in range(30):
        (tmp_path / f"{number:02}").mkdir()
        for name in ("x", "y"):
            (tmp_path / f"{number:02}" / name).symlink_to(f"../{number + 1:02}")
    written(tmp_path / "30" / "a.png", b"")
    assert found(tmp_path) == (["30/a.png"], {})


@needs_proc
@pytest.mark.parametrize("follow_links", [False, True])
def test_what_the_system_shows_is_never_read(folder, follow_links):
    for name, target in {
        "all": "/proc",
        "sys": "/sys/kernel",
        "null.png": "/dev/null",
        "mem.png": "/proc/kcore",
    }.items():
        (folder / name).symlink_to(target)
    assert found(folder, follow_links=follow_links) == (
        ["cat/a.png"],
        dict.fromkeys(("all", "mem.png", "null.png", "sys"), "system-folder"),
    )


@needs_proc
@pytest.mark.parametrize("root", ["/proc", "/proc/self/fd", "/sys", "/dev", "/dev/null", "/proc/self/maps"])
def test_a_folder_of_the_system_cannot_be_named(root, tmp_path):
    with pytest.raises(InputError, match="/proc, /sys, /dev"):
        find_images(root)
    (tmp_path / "link").symlink_to(root)
    with pytest.raises(InputError, match="nothing there is ever read"):
        find_images(str(tmp_path / "link"))


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root of Linux can mount")
def test_a_system_folder_mounted_elsewhere_is_never_read(folder):
    (folder / "bound").mkdir()
    script = 'mount --bind /proc "$1" && exec "$2" -c "$3" "$4"'
    program = (
        "import sys; from image_tagging.sources import find_images\n"
        "print([getattr(each, 'code', each.ref.name) for each in find_images(sys.argv[1])])"
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", str(folder / "bound"), sys.executable, program, str(folder)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode and "Operation not permitted" in done.stderr:
        pytest.skip("nothing can be mounted here")
    assert done.stdout.strip() == "['system-folder', 'cat', 'a.png']"


def test_links_out_are_bounded_in_number_and_size(folder):
    for number in range(300):
        (folder / f"{number}.png").symlink_to("/" + "x" * 200)
    items = [item for item in find_images(str(folder)) if isinstance(item, Failure)]
    assert len(items) == 300
    assert all(len(item.reason) < 200 for item in items)


def test_stage_1_reports_a_link_out_and_makes_no_tag_of_it(folder, tmp_path):
    (folder / "holiday").symlink_to("../home")
    settings = {"input_folder": str(folder), "output_folder": str(tmp_path / "out"), "clip_model": "builtin"}
    summary = process_dataset(ProcessConfig(**settings))
    assert [(item.ref.name, item.code) for item in summary.embedding.failures] == [("holiday", "link-out")]
    assert (list(summary.tags), summary.empty_tags) == (["cat"], ())
    assert process_dataset(ProcessConfig(**settings, follow_links=True)).embedding.images == 2


def test_stage_3_places_no_image_from_outside(folder, trained, tmp_path):
    (folder / "holiday").symlink_to("../home")
    flags = [f"--directory={folder}", f"--model={trained.models}", f"--output={tmp_path / 'out'}"]
    assert cli.main(["classify", *flags]) == 0
    assert not list((tmp_path / "out").rglob("private*"))
    assert cli.main(["classify", *flags, "--follow_links"]) == 0
    assert list((tmp_path / "out").rglob("private*"))


def test_the_file_cache_follows_no_link_out(folder, tmp_path):
    (folder / "holiday").symlink_to("../home")
    cache = FileCache()
    cache.add_folder_to_file_cache(folder, tmp_path / "out")
    assert cache.get_random_image(tmp_path / "out" / "file_cache.sqlite")["file_name"] == "a.png"
    cache.add_folder_to_file_cache(folder, tmp_path / "out", follow_links=True)
    names = {cache.get_random_image(tmp_path / "out" / "file_cache.sqlite")["file_name"] for _ in range(60)}
    assert names == {"a.png", "private.png"}


@pytest.mark.slow
def test_folders_thousands_deep_are_a_failure_not_a_crash(tmp_path, request):
    request.addfinalizer(lambda: subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True))  # pytest cannot
    written(tmp_path / "a.png", b"")
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(2500):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)
    images, failures = found(tmp_path)
    assert images == ["a.png"]
    assert list(failures.values()) == ["long-name"]


def test_a_walk_keeps_the_order_of_names(tmp_path):
    for name in ("b/2.png", "a.png", "b/1/x.png", "c.png"):
        written(tmp_path / name, b"")
    walk = FolderWalk(str(tmp_path), DataSetRules())
    walked = [os.path.relpath(path, tmp_path) for path in walk.items() if isinstance(path, str)]
    assert walked == ["a.png", "b/1/x.png", "b/2.png", "c.png"]
