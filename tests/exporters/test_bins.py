"""What earlier runs have placed follows its image into another bin, unless somebody has touched it."""

from __future__ import annotations

import os

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.exporters.bins import Bins
from image_tagging.exporters.layouts import Placing
from image_tagging.records import ListedFile, TagScore
from image_tagging.store import WorkingStore

LABELS = ["0.5", "1.0"]


def score(tag, number, *, tagged=None):
    return TagScore(tag, "svm", number / 2, number, number == 2 if tagged is None else tagged)


@pytest.fixture
def run(tmp_path):
    """``run(scores)`` places ``cat.png`` as one run does, and gives the bins."""
    (tmp_path / "cat.png").write_bytes(b"cat")

    def place(*scores, how="copy", content=None, made_from="models", **settings):
        name = (
            ImageRef(str(tmp_path / "cat.png")) if content is None else ImageRef(str(tmp_path / "a.zip"), ("cat.png",))
        )
        with WorkingStore(str(tmp_path / "out")) as store:
            placing = Placing(how, placed=store.placed, stage="3", made_from=made_from, **settings)
            bins = Bins(str(tmp_path / "out"), placing)
            try:
                bins.place(ListedFile(name, 1), lambda: name.file if content is None else content, scores, LABELS)
            finally:
                bins.close()
        return bins

    return place


@pytest.fixture
def files(tmp_path):
    """``files()`` gives what lies in the bins."""

    def below():
        found = (tmp_path / "out").glob("svm/*/*/*")
        return {str(path.relative_to(tmp_path / "out" / "svm")): path.read_bytes() for path in found}

    return below


def counts(bins):
    return bins.moved, bins.removed, bins.stayed


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink"])
def test_a_file_moves_into_the_new_bin_of_its_image(run, files, how):
    run(score("cat", 1), score("dog", 1), how=how)
    assert counts(run(score("cat", 2), score("dog", 1), how=how)) == (1, 0, 0)
    assert files() == {"cat/1.0/cat.png": b"cat", "dog/0.5/cat.png": b"cat"}
    assert counts(run(score("cat", 1), score("dog", 1), how=how)) == (1, 0, 0)  # and is remembered there
    assert files() == {"cat/0.5/cat.png": b"cat", "dog/0.5/cat.png": b"cat"}


@pytest.mark.parametrize("how", ["copy", "hardlink"])
def test_an_image_of_an_archive_moves_too(run, files, how):
    for number, moved in ((1, 0), (2, 1), (2, 0), (1, 1)):
        bins = run(score("cat", number), score("dog", 2), how=how, content=b"zipped")
        assert counts(bins) == (moved, 0, 0)
    assert files() == {"cat/0.5/cat.png": b"zipped", "dog/1.0/cat.png": b"zipped"}


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink"])
def test_what_is_no_longer_tagged_is_taken_out(run, files, tmp_path, how):
    run(score("cat", 2), score("dog", 1), how=how)
    assert counts(run(score("cat", 2), score("dog", 1), how=how, tagged_only=True)) == (0, 1, 0)
    assert files() == {"cat/1.0/cat.png": b"cat"}
    assert not (tmp_path / "out" / "svm" / "dog" / "0.5").exists()
    assert (tmp_path / "cat.png").read_bytes() == b"cat"


def test_only_tagged_images_are_placed(run, files, tmp_path):
    run(score("cat", 1), score("dog", 2), tagged_only=True)
    assert files() == {"dog/1.0/cat.png": b"cat"}
    assert not (tmp_path / "out" / "svm" / "cat").exists()


def test_an_image_that_is_placed_nowhere_is_not_read(tmp_path):
    bins = Bins(str(tmp_path), Placing("copy", tagged_only=True))
    bins.place(ListedFile(ImageRef("a.zip", ("cat.png",)), 1), lambda: pytest.fail("read"), [score("cat", 1)], LABELS)


@pytest.mark.parametrize("change", ["edited", "of another time", "replaced"])
def test_a_file_that_somebody_changed_stays_and_is_counted(run, files, tmp_path, change):
    run(score("cat", 1))
    path = tmp_path / "out" / "svm" / "cat" / "0.5" / "cat.png"
    time = path.stat().st_mtime_ns
    if change == "edited":
        path.write_bytes(b"Cat")
    elif change == "replaced":
        path.write_bytes(b"dog")
        os.utime(path, ns=(time, time))
    else:
        os.utime(path, ns=(time, time + 10**9))
    held = path.read_bytes()
    bins = run(score("cat", 2))
    assert counts(bins) == (0, 0, 1)
    assert bins.first_stayed == str(path)
    assert files() == {"cat/0.5/cat.png": held, "cat/1.0/cat.png": b"cat"}
    assert counts(run(score("cat", 2))) == (0, 0, 0)  # it is the user's from now on


def test_a_file_of_the_same_size_and_time_is_looked_at_each_time(run, files, tmp_path):
    run(score("cat", 1))
    path = tmp_path / "out" / "svm" / "cat" / "0.5" / "cat.png"
    time = path.stat().st_mtime_ns
    run(score("cat", 1))  # it is the image now
    path.write_bytes(b"dog")
    os.utime(path, ns=(time, time))
    assert counts(run(score("cat", 2))) == (0, 0, 1)
    assert files()["cat/0.5/cat.png"] == b"dog"


def test_a_file_that_somebody_put_there_stays(run, files, tmp_path):
    run(score("dog", 1))
    mine = tmp_path / "out" / "svm" / "cat" / "0.5" / "cat.png"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"cat")
    run(score("cat", 1))  # it is in the place of ours
    assert counts(run(score("cat", 2))) == (0, 0, 0)
    assert files()["cat/0.5/cat.png"] == b"cat"


def test_a_copy_of_what_the_image_was_before_stays(run, files, tmp_path):
    run(score("cat", 1))
    (tmp_path / "cat.png").write_bytes(b"new")
    assert counts(run(score("cat", 2))) == (0, 0, 1)
    assert files() == {"cat/0.5/cat.png": b"cat", "cat/1.0/cat.png": b"new"}


def test_a_file_that_was_taken_away_is_not_missed(run, files, tmp_path):
    run(score("cat", 1))
    (tmp_path / "out" / "svm" / "cat" / "0.5" / "cat.png").unlink()
    assert counts(run(score("cat", 2))) == (0, 0, 0)
    assert files() == {"cat/1.0/cat.png": b"cat"}


def test_bins_of_models_that_do_not_run_stay(run, files):
    run(score("cat", 2), score("dog", 2))
    assert counts(run(score("cat", 1), tagged_only=True)) == (0, 1, 0)
    assert files() == {"dog/1.0/cat.png": b"cat"}
    assert counts(run(score("dog", 1))) == (1, 0, 0)  # and are still known as ours


def test_a_new_place_that_is_taken_by_the_image_leaves_one_of_them(run, files, tmp_path):
    run(score("cat", 1))
    there = tmp_path / "out" / "svm" / "cat" / "1.0" / "cat.png"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"cat")
    assert counts(run(score("cat", 2))) == (1, 0, 0)
    assert files() == {"cat/1.0/cat.png": b"cat"}


def test_a_new_place_that_another_image_has_gives_a_number(run, files, tmp_path):
    run(score("cat", 1))
    there = tmp_path / "out" / "svm" / "cat" / "1.0" / "cat.png"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"other")
    assert counts(run(score("cat", 2))) == (1, 0, 0)
    assert files() == {"cat/1.0/cat.png": b"other", "cat/1.0/cat (2).png": b"cat"}


def test_what_a_killed_run_has_placed_counts_as_ours(run, files, tmp_path):
    there = tmp_path / "out" / "svm" / "cat" / "0.5" / "cat.png"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"cat")
    run(score("cat", 1), adopt=True)
    assert counts(run(score("cat", 2))) == (1, 0, 0)
    assert files() == {"cat/1.0/cat.png": b"cat"}


# --- folders that lead elsewhere ---------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
@pytest.mark.parametrize("level", ["svm", "svm/cat", "svm/cat/0.5"])
@pytest.mark.parametrize("tagged_only", [False, True])
def test_nothing_is_taken_through_a_linked_folder(run, tmp_path, level, tagged_only):
    run(score("cat", 1))
    folder = tmp_path / "out" / level
    theirs = tmp_path / "theirs"
    folder.rename(theirs)
    folder.symlink_to(theirs)
    before = set(theirs.rglob("*.png"))
    if level == "svm/cat/0.5" or tagged_only:
        assert run(score("cat", 2, tagged=False), tagged_only=tagged_only).stayed == 1
    assert set(theirs.rglob("*.png")) == before


@pytest.mark.parametrize("name", ["../../../../mine.png", "..", ".", "", "/etc/hosts", "a\x00b"])
def test_a_store_of_a_stranger_cannot_name_a_file_elsewhere(run, files, tmp_path, name):
    run(score("cat", 1))
    (tmp_path / "mine.png").write_bytes(b"cat")
    with WorkingStore(str(tmp_path / "out")) as store:
        key = ImageRef(str(tmp_path / "cat.png")).key
        (known,) = store.placed.of(key)
        store.placed.remember({key: [known._replace(name=name)]}, "3", "models")
    try:
        run(score("cat", 2), tagged_only=True)
    except ValueError as error:
        assert "null" in str(error)  # noqa: PT017  a failure of this image
    assert (tmp_path / "mine.png").exists()
    assert "cat/0.5/cat.png" in files()
