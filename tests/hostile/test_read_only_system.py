"""A system that can be written to in the output folder alone, as a hardened container: no temporary files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from image_tagging.errors import DecoderError
from image_tagging.images.decoders import Decoders
from samples import png, written, zipped

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("disks")]

#: All that is mounted becomes read-only, but the folder given first; then the rest is run.
_READ_ONLY = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount --bind / /
mount -o remount,bind,ro /
mount -o remount,bind,rw "$1"
for memory in /dev/shm /run /tmp /var/tmp; do ! mountpoint -q $memory || mount -o remount,bind,ro $memory; done
cd /
shift
exec "$@"
"""

_WITHOUT = "import tempfile, sys; sys.exit(bool(tempfile.gettempdir()))"


@pytest.fixture(scope="module")
def read_only(tmp_path_factory):
    """``read_only(folder, *command)`` runs a command in such a system."""

    def run(folder, *command):
        program = ["unshare", "--mount", "bash", "-c", _READ_ONLY, "bash", folder, *command]
        return subprocess.run(list(map(str, program)), check=False, capture_output=True, encoding="utf-8")

    probe = tmp_path_factory.mktemp("writable")
    if shutil.which("unshare") is None or "No usable temp" not in run(probe, sys.executable, "-c", _WITHOUT).stderr:
        pytest.skip("a read-only system cannot be made here: that needs Linux and root")
    return run


@pytest.mark.parametrize("stage", ["process", "train", "classify", "classify-zip"])
def test_every_stage_works_in_a_read_only_system(read_only, stages, command, undated, *, tmp_path, stage):
    assert command(*stages[stage](tmp_path / "whole")).returncode == 0
    (tmp_path / "disk").mkdir()
    arguments = stages[stage](tmp_path / "disk" / "out")
    done = read_only(tmp_path / "disk", sys.executable, "-m", "image_tagging", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert undated(tmp_path / "disk" / "out").keys() == undated(tmp_path / "whole").keys()


_MANY = """
import sys
from image_tagging.addresses import ImageRef
from image_tagging.records import FoundImage
from image_tagging.store import Role, WorkingStore
with WorkingStore(sys.argv[1]) as store:
    store.inputs.choose(Role.FOLDER, "/in")
    found = (FoundImage(ImageRef(f"/in/{n % 7}/{'x' * 60}-{n * 7919 % 200000}.png"), "1") for n in range(200000))
    print(store.listing.replace(found).images)
"""


def test_very_many_images_are_listed_in_a_read_only_system(read_only, tmp_path):
    """To sort their names, SQLite would write temporary files."""
    done = read_only(tmp_path, sys.executable, "-c", _MANY, tmp_path / "out")
    assert (done.stderr, done.stdout) == ("", "200000\n")


_CACHE = "import sys; from image_tagging import FileCache; FileCache().add_folder_to_file_cache(*sys.argv[1:])"


def test_a_file_cache_is_filled_in_a_read_only_system(read_only, trained, tmp_path):
    done = read_only(tmp_path, sys.executable, "-c", _CACHE, trained.images, tmp_path / "cache")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_large_inner_archive_says_which_folder_it_lacks(read_only, tmp_path):
    """It would be unpacked to a temporary file; the images next to it are used."""
    inner = zipped({f"{number}.png": png(number) for number in range(3)} | {"more.bin": bytes(9 << 20)}, 0)
    written(tmp_path / "in" / "a" / "outer.zip", zipped({"inner.zip": inner, "4.png": png(4)}))
    options = [f"--input_folder={tmp_path / 'in'}", f"--output_folder={tmp_path / 'out'}", "--clip_model=builtin"]
    done = read_only(tmp_path, sys.executable, "-m", "image_tagging", "process", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 picture, 2 archives, 1 skipped" in done.stdout
    assert "TMPDIR" in done.stdout


def test_where_no_temporary_file_can_be_made_one_line_says_what_to_set(monkeypatch):
    """On systems that have no files in memory."""

    def fails():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("image_tagging.images.decoding_process.small_temporary_file", fails)
    with Decoders() as decoders, pytest.raises(DecoderError, match="Set TMPDIR to a folder") as caught:
        decoders.content_hashes([(None, png())])
    assert "\n" not in str(caught.value)


def test_small_temporary_files_are_in_memory_or_in_the_folder_for_them(monkeypatch):
    from image_tagging.writing import small_temporary_file

    def forbidden(name):
        raise PermissionError

    with small_temporary_file() as file:
        assert (file.write(b"text"), file.seek(0), file.read()) == (4, 0, b"text")
    if sys.platform == "linux":
        monkeypatch.setattr("os.memfd_create", forbidden)
        with small_temporary_file() as file:
            assert not Path(f"/proc/self/fd/{file.fileno()}").resolve().name.startswith("memfd:")
