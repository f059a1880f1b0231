"""One folder per tag: a file keeps its image through new scores, other layouts, namesakes and long names."""

from __future__ import annotations

import os

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.exporters.bins import Bins
from image_tagging.exporters.layouts import Placing
from image_tagging.records import ListedFile, TagScore
from image_tagging.store import WorkingStore

LABELS = ["0.5", "1.0"]
ANSWERS = {"cat": "svm", "dog": "lr"}


def scores(probability, tag="cat"):
    """The scores of both kinds for a tag; that of the other kind is another."""
    both = ((ANSWERS[tag], probability), ("lr" if ANSWERS[tag] == "svm" else "svm", 0.4))
    return [TagScore(tag, kind, each, 1 + (each > 0.5), each > 0.5) for kind, each in both]


class Run:
    """Places images as runs do; ``files`` is what lies in the folders."""

    def __init__(self, root):
        self.root = root

    def __call__(self, *images, how="copy", bins=False, tagged_only=True, **settings):
        """Place ``(path or bytes, ordinal, scores)``, and return the counts: moved, removed, stayed."""
        with WorkingStore(str(self.root / "out")) as store:
            answers = None if bins else ANSWERS
            placing = Placing(how, tagged_only, answers, placed=store.placed, stage="3", made_from="m", **settings)
            placed = Bins(str(self.root / "out"), placing)
            for source, ordinal, of_image, *is_example in images:
                ref = ImageRef(str(source)) if not isinstance(source, bytes) else ImageRef("a.zip", ("cat.png",))
                content = source if isinstance(source, bytes) else str(source)
                placed.place(
                    ListedFile(ref, ordinal),
                    lambda content=content: content,
                    of_image,
                    LABELS,
                    is_example=bool(is_example),
                )
            placed.close()
            self.folder_of = placed.folder_of
        self.first_stayed = placed.first_stayed
        return placed.moved, placed.removed, placed.stayed

    @property
    def files(self):
        out = self.root / "out"
        found = (path for path in out.rglob("*") if path.is_file() and len(path.relative_to(out).parts) > 1)
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def run(tmp_path):
    (tmp_path / "cat.png").write_bytes(b"cat")
    return Run(tmp_path)


@pytest.fixture
def cat(tmp_path):
    return tmp_path / "cat.png"


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink"])
def test_a_new_score_renames_the_file(run, cat, how):
    run((cat, 1, scores(0.9)), how=how)
    assert run.files == {"by-tag/cat/1000_0.9000_cat.png": b"cat"}
    assert run((cat, 1, scores(0.9)), how=how) == (0, 0, 0)
    assert run((cat, 1, scores(0.75)), how=how) == (1, 0, 0)
    assert run.files == {"by-tag/cat/2500_0.7500_cat.png": b"cat"}
    assert cat.read_bytes() == b"cat"


def test_an_image_that_has_the_tag_no_longer_is_taken_out(run, cat):
    run((cat, 1, scores(0.9)))
    assert run((cat, 1, scores(0.2))) == (0, 1, 0)
    assert not (run.root / "out" / "by-tag").exists()


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink"])
def test_files_go_from_bins_to_folders_of_tags_and_back(run, cat, how):
    run((cat, 1, [*scores(0.9), *scores(0.8, "dog")]), how=how, bins=True, tagged_only=False)
    bins = {"svm/cat/1.0/cat.png", "lr/cat/0.5/cat.png", "lr/dog/1.0/cat.png", "svm/dog/0.5/cat.png"}
    assert set(run.files) == bins
    assert run((cat, 1, [*scores(0.9), *scores(0.8, "dog")]), how=how) == (2, 2, 0)
    assert set(run.files) == {"by-tag/cat/1000_0.9000_cat.png", "by-tag/dog/2000_0.8000_cat.png"}
    assert set(os.listdir(run.root / "out")) == {"by-tag", "image-tagging.store"}
    assert run((cat, 1, [*scores(0.9), *scores(0.8, "dog")]), how=how, bins=True, tagged_only=False) == (2, 0, 0)
    assert set(run.files) == bins
    assert set(run.files.values()) == {b"cat"}


def test_a_file_that_somebody_changed_stays_and_is_counted(run, cat):
    run((cat, 1, scores(0.9)))
    path = run.root / "out" / "by-tag" / "cat" / "1000_0.9000_cat.png"
    path.write_bytes(b"mine")
    assert run((cat, 1, scores(0.75))) == (0, 0, 1)
    assert run.first_stayed == str(path)
    assert run.files == {"by-tag/cat/1000_0.9000_cat.png": b"mine", "by-tag/cat/2500_0.7500_cat.png": b"cat"}


def test_what_became_an_example_is_taken_out(run, cat):
    run((cat, 1, scores(0.9)))
    assert run((cat, 1, scores(0.95), "example")) == (0, 1, 0)
    assert run.files == {}


def test_two_files_of_one_name_and_score_are_both_there(run, cat, tmp_path):
    other = tmp_path / "other" / "cat.png"
    other.parent.mkdir()
    other.write_bytes(b"other")
    run((cat, 1, scores(0.9)), (other, 2, scores(0.9)))
    assert run.files == {"by-tag/cat/1000_0.9000_cat.png": b"cat", "by-tag/cat/1000_0.9000_cat (2).png": b"other"}


def test_an_image_that_comes_before_its_namesake_leaves_that_where_it_is(run, cat, tmp_path):
    run((cat, 1, scores(0.9)))
    earlier = tmp_path / "a" / "cat.png"
    earlier.parent.mkdir()
    earlier.write_bytes(b"earlier")
    assert run((earlier, 1, scores(0.9)), (cat, 2, scores(0.9))) == (0, 0, 0)
    assert run.files == {"by-tag/cat/1000_0.9000_cat.png": b"cat", "by-tag/cat/1000_0.9000_cat (2).png": b"earlier"}


def test_a_name_without_a_suffix_keeps_its_score_in_front(run, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "cat").write_bytes(folder.encode())
    run((tmp_path / "a" / "cat", 1, scores(0.9)), (tmp_path / "b" / "cat", 2, scores(0.9)))
    assert set(run.files) == {"by-tag/cat/1000_0.9000_cat", "by-tag/cat/1000_0.9000_cat (2)"}


def test_a_long_name_is_shortened_behind_its_score(run, tmp_path):
    long = tmp_path / ("x" * 251 + ".png")
    long.write_bytes(b"long")
    for probability, moved in ((0.9, 0), (0.8, 1)):
        assert run((long, 1, scores(probability))) == (moved, 0, 0)
        (name,) = os.listdir(run.root / "out" / "by-tag" / "cat")
        assert name.startswith(f"{10000 - round(probability * 10000):04}_{probability:.4f}_xxx")
        assert name.endswith(".png")
        assert len(name) == 255


def test_names_of_devices_and_dots_are_names_here(run, tmp_path):
    for name in (".hidden.png", "con.png", "..png"):
        (tmp_path / name).write_bytes(name.encode())
        run((tmp_path / name, 1, scores(0.9)))
        assert run.files[f"by-tag/cat/1000_0.9000_{name}"] == name.encode()


def test_what_a_killed_run_has_placed_counts_as_ours(run, cat):
    there = run.root / "out" / "by-tag" / "cat" / "1000_0.9000_cat.png"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"cat")
    run((cat, 1, scores(0.9)), adopt=True)
    assert run((cat, 1, scores(0.8))) == (1, 0, 0)
    assert run.files == {"by-tag/cat/2000_0.8000_cat.png": b"cat"}


def test_a_file_of_others_under_the_new_name_stays(run, cat):
    there = run.root / "out" / "by-tag" / "cat" / "1000_0.9000_cat.png"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"theirs")
    run((cat, 1, scores(0.9)))
    assert run.files == {"by-tag/cat/1000_0.9000_cat.png": b"theirs", "by-tag/cat/1000_0.9000_cat (2).png": b"cat"}


def test_a_member_of_an_archive_is_linked_to_what_an_earlier_run_placed(run):
    run((b"zipped", 1, scores(0.9)), how="hardlink")
    run((b"zipped", 1, [*scores(0.9), *scores(0.8, "dog")]), how="hardlink")
    paths = [run.root / "out" / name for name in run.files]
    assert len(paths) == 2
    assert os.path.samefile(*paths)


def test_the_folder_of_a_tag_counts_its_files_and_names_the_highest_bin(run, cat):
    run((cat, 1, [*scores(0.9), *scores(0.2, "dog")]))
    assert run.folder_of("svm", "cat") == ("by-tag/cat", 1, "by-tag/cat")
    assert run.folder_of("lr", "dog") == ("by-tag/dog", 0, "")
    run((cat, 1, [*scores(0.9), *scores(0.2, "dog")]), bins=True, tagged_only=False)
    assert run.folder_of("svm", "cat") == ("svm/cat", 1, "svm/cat/1.0")
    assert run.folder_of("lr", "dog") == ("lr/dog", 1, "lr/dog/0.5")
