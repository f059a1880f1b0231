"""Before images are placed it is known how many bytes that takes, and what is there already takes none."""

from __future__ import annotations

import shutil
from collections import namedtuple

import numpy as np
import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import OutputError
from image_tagging.exporters import plan as plan_module
from image_tagging.exporters.bins import Bins
from image_tagging.exporters.layouts import Placing
from image_tagging.exporters.plan import PlacingPlan, Planner
from image_tagging.records import EncoderSpec, ImageRecord, ListedFile, TagScore
from image_tagging.store import WorkingStore

LABELS = ["0.5", "1.0"]
ENCODER = EncoderSpec("builtin", "test", 2, "")
Usage = namedtuple("Usage", "total used free")


def record(ref, size):
    facts = {"hash_id": ref.key, "picture_hash": ref.key, "format": "PNG", "size_bytes": size, "width": 1, "height": 1}
    return ImageRecord(
        ref=ref, tags=(), embedding=np.zeros(2, np.float32), encoder=ENCODER, files=(ListedFile(ref, 1),), **facts
    )


class Scores(list):
    """Scores as the planner takes them."""

    def to_place(self, *, tagged_only):
        return [score for score in self if score.tagged or not tagged_only]


def scores(*tags, kinds=("lr", "svm")):
    return Scores(TagScore(tag, kind, 0.9, 2, tagged=True) for tag in tags for kind in kinds)


class Planned:
    """Images of 1,000 bytes, planned and placed below ``out``."""

    def __init__(self, root, how, by_tag):
        self.root = root
        self.settings = {"how": how, "tagged_only": True, "answers": {"cat": "lr", "dog": "svm"} if by_tag else None}

    def plan(self, *images, source=None):
        with WorkingStore(str(self.root / "out")) as store:
            placing = Placing(placed=store.placed, **self.settings)
            planner = Planner(str(self.root / "out"), placing, LABELS, str(source or self.root))
            scored = [(record(ref, 1000), of_image) for ref, of_image in images]
            return planner.plan(iter(scored), results=1400 * len(images))

    def place(self, *images):
        with WorkingStore(str(self.root / "out")) as store:
            bins = Bins(str(self.root / "out"), Placing(placed=store.placed, **self.settings))
            for ref, of_image in images:
                bins.place(ListedFile(ref, 1), lambda ref=ref: ref.file if not ref.members else b"x", of_image, LABELS)
            bins.close()


@pytest.fixture
def image(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x" * 1000)
    return ImageRef(str(tmp_path / "a.png"))


@pytest.fixture
def planned(tmp_path):
    return lambda how="copy", by_tag=True: Planned(tmp_path, how, by_tag)


@pytest.mark.parametrize(("by_tag", "files"), [(True, 2), (False, 4)])
def test_files_and_bytes_are_those_that_are_placed(planned, image, by_tag, files):
    run = planned(by_tag=by_tag)
    plan = run.plan((image, scores("cat", "dog")))
    assert (plan.files, plan.bytes) == (files, files * 1000)
    assert plan.taken >= files * 4096  # a file takes whole blocks
    run.place((image, scores("cat", "dog")))
    assert sum(path.name.endswith("a.png") for path in (run.root / "out").rglob("*")) == files


def test_what_is_placed_rightly_does_not_count(planned, image):
    run = planned()
    run.place((image, scores("cat", "dog")))
    assert run.plan((image, scores("cat", "dog"))).files == 0
    next((run.root / "out" / "by-tag" / "dog").iterdir()).unlink()
    assert run.plan((image, scores("cat", "dog"))).files == 1


def test_what_is_moved_takes_no_room(planned, image):
    planned(by_tag=False).place((image, scores("cat")))
    assert planned().plan((image, scores("cat"))).files == 0
    planned().place((image, scores("cat")))
    assert planned(by_tag=False).plan((image, scores("cat"))).files == 1


def test_links_take_no_room_but_for_the_first_of_an_archive(planned, image):
    packed = ImageRef("a.zip", ("a.png",))
    plan = planned("hardlink").plan((image, scores("cat", "dog")), (packed, scores("cat", "dog")))
    assert (plan.files, plan.bytes) == (1, 1000)


def test_the_sentence_says_how_many_and_where(planned, image, tmp_path):
    assert (
        planned().plan((image, scores("cat"))).sentence == f"Placing 1 file, 1.0 kB, in {tmp_path / 'out' / 'by-tag'}"
    )
    bins = planned(by_tag=False).plan((image, scores("cat", "dog")))
    assert bins.sentence == f"Placing 4 files, 4.0 kB, in {tmp_path / 'out'}"


def test_hard_links_are_offered_where_copies_take_much_of_the_disk(planned, image, monkeypatch, tmp_path):
    assert planned().plan((image, scores("cat"))).linkable == 0
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 5000))
    assert planned().plan((image, scores("cat"))).linkable == 1000
    assert planned().plan((ImageRef("a.zip", ("a.png",)), scores("cat"))).linkable == 0
    assert planned().plan((image, scores("cat")), source=tmp_path / "gone").linkable == 0
    assert planned("hardlink").plan((image, scores("cat"))).linkable == 0
    monkeypatch.setattr(plan_module, "file_system_of", lambda _: "exfat")
    assert planned().plan((image, scores("cat"))).linkable == 0


def test_a_disk_without_room_is_refused_with_the_ways_out(planned, image, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 5000))
    with pytest.raises(OutputError) as error:
        planned(by_tag=False).plan((image, scores("cat", "dog"))).require_room()
    assert str(error.value) == (
        f"cannot place 4 files in {tmp_path / 'out'}: with the results that takes about 18 kB, and 5.0 kB are free. "
        "Nothing was placed. Give --place hardlink (no copies) or another output folder, or free some space."
    )
    planned().plan((image, scores())).require_room()


def test_only_ways_that_help_are_named():
    plan = PlacingPlan("/o", files=1, bytes=1000, taken=4096, free=0, linkable=0, tagged_only=False)
    with pytest.raises(OutputError) as error:
        plan.require_room()
    assert "cannot place 1 file in /o" in str(error.value)
    assert "Give --placed tagged (fewer files) or another output folder, or free some space." in str(error.value)
