"""From files to embeddings in the store: each picture's own, once, whatever its neighbours are like."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from embedding_runs import embed
from fakes import SPEC, MeanColours, choose, mean_colours
from image_tagging.encoders import EncoderChoice
from image_tagging.errors import EncoderUnavailableError
from image_tagging.pipeline.configs import EmbeddingConfig
from image_tagging.pipeline.embedding import embed_found
from image_tagging.progress import no_progress
from image_tagging.sources.find import find_images
from image_tagging.store import Role, WorkingStore
from samples import drawn, encoded, plain, png, ten_pictures, written, zipped

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def failed(summary):
    return [(failure.ref.name, failure.step, failure.code) for failure in summary.failures]


@pytest.fixture
def folder(tmp_path):
    return ten_pictures(tmp_path / "in")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


# --- each its own -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 3, 100])
@pytest.mark.parametrize("num_threads", [1, 8])
def test_every_picture_gets_its_own_embedding(folder, out, batch_size, num_threads):
    summary, pictures = embed(folder, out, batch_size=batch_size, num_threads=num_threads)
    assert {name: values for name, (_, values) in pictures.items()} == {
        f"{number}.png": mean_colours(drawn(number)).tolist() for number in range(10)
    }
    assert (summary.images, summary.pictures, summary.computed) == (10, 10, 10)
    assert (summary.encoder, summary.computed_on) == (SPEC, "cpu in fp32")


@pytest.mark.parametrize("broken", range(0, 10, 3))
@pytest.mark.parametrize("data", [b"", b"no image", png(3)[:-40]])
def test_a_broken_image_never_shifts_its_neighbours(folder, out, broken, data):
    written(folder / f"{broken}.png", data)
    summary, pictures = embed(folder, out)
    assert {name: values for name, (_, values) in pictures.items()} == {
        f"{number}.png": mean_colours(drawn(number)).tolist() for number in range(10) if number != broken
    }
    assert [(name, step) for name, step, _ in failed(summary)] == [(f"{broken}.png", "decode")]


def test_images_in_archives_are_embedded_as_others_are(tmp_path, out):
    written(tmp_path / "in" / "a.zip", zipped({"1.png": png(1), "b.zip": {"2.png": png(2)}}))
    written(tmp_path / "in" / "3.png", png(3))
    summary, pictures = embed(tmp_path / "in", out)
    assert {name: values for name, (_, values) in pictures.items()} == {
        f"{name}": mean_colours(drawn(seed)).tolist()
        for name, seed in (("3.png", 3), ("a.zip/1.png", 1), ("a.zip/b.zip/2.png", 2))
    }
    assert [(archive.ref.name, archive.images) for archive in summary.archives] == [("b.zip", 1), ("a.zip", 1)]


def test_the_encoder_sees_the_picture_upright_and_over_white(tmp_path, out):
    written(tmp_path / "in" / "glass.png", encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 0))))
    _, pictures = embed(tmp_path / "in", out)
    assert pictures["glass.png"][1] == [255, 255, 255]


def test_palette_swaps_have_their_own_embeddings(tmp_path, out):
    for name, colour in (("1.png", RED), ("2.png", BLUE), ("3.png", RED)):
        image = Image.new("P", (4, 4), 0)
        image.putpalette(colour)
        written(tmp_path / "in" / name, encoded(image))
    summary, pictures = embed(tmp_path / "in", out)
    assert {name: tuple(values) for name, (_, values) in pictures.items()} == {"1.png": RED, "2.png": BLUE}
    assert [(later.name, earlier.name) for later, earlier in summary.shared_hashes] == [("2.png", "1.png")]
    assert (summary.images, summary.pictures, summary.computed) == (3, 2, 2)


@pytest.mark.parametrize("held", [0, 1, 3, 4])
def test_palette_swaps_are_logged_up_to_a_number_with_short_paths(tmp_path, out, caplog, monkeypatch, held):
    monkeypatch.setattr("image_tagging.store.picture_names._MOST_SHARED", held)
    caplog.set_level("INFO")
    members = {}
    for number in range(5):
        image = Image.new("P", (4, 4), 0)
        image.putpalette([number, 9, 200])
        members["d/" * 1900 + f"{number}.png"] = encoded(image)
    inner = "e/" * 2000 + "a.zip"
    written(tmp_path / "in" / "a.zip", zipped({inner: members}))
    summary, _ = embed(tmp_path / "in", out)
    lines = [record.getMessage() for record in caplog.records if "the pixel values of" in record.getMessage()]
    assert (len(summary.shared_hashes), summary.shared_count) == (held, 4)
    rest = [f"{4 - held} more have the pixel values of another, which are not named"] if held < 4 else []
    assert lines[held:] == rest
    assert all(line.count("...") == 2 and len(line) < 2 * 4096 + 100 for line in lines[:held])


def test_one_sprite_in_two_formats_is_one_picture(tmp_path, out):
    image = drawn(mode="P")
    written(tmp_path / "in" / "1.gif", encoded(image, "GIF"))
    with Image.open(tmp_path / "in" / "1.gif") as gif:
        written(tmp_path / "in" / "2.png", encoded(gif.copy()))
    summary, _ = embed(tmp_path / "in", out)
    assert (summary.images, summary.pictures, summary.shared_hashes) == (2, 1, ())


# --- once -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_the_encoder_works_once_for_each_different_picture(tmp_path, out, batch_size):
    for number in range(12):
        written(tmp_path / "in" / f"tag{number % 2}" / f"{number}.png", png(number % 3))
    encoder = MeanColours()
    summary, _ = embed(tmp_path / "in", out, encoder, batch_size=batch_size)
    assert sum(encoder.batches) == 3
    assert (summary.images, summary.pictures, summary.computed) == (12, 3, 3)


def test_a_run_again_loads_no_encoder_and_gives_the_same(folder, out):
    first, pictures = embed(folder, out)
    choice = choose()
    again, same = embed(folder, out, choice=choice)
    assert same == pictures
    assert (choice.loads, choice.encoder.batches) == ([], [])
    assert (again.computed, again.computed_on) == (0, None)
    assert (again.images, again.pictures) == (first.images, first.pictures)


def test_a_moved_picture_is_read_but_not_embedded_again(folder, out):
    embed(folder, out)
    (folder / "cat").mkdir()
    (folder / "3.png").rename(folder / "cat" / "new name.png")
    choice = choose()
    summary, pictures = embed(folder, out, choice=choice)
    assert choice.loads == []
    assert pictures["cat/new name.png"][1] == mean_colours(drawn(3)).tolist()
    assert summary.computed == 0


def test_only_what_is_new_is_embedded(folder, out):
    embed(folder, out)
    written(folder / "new.png", png(77))
    written(folder / "4.png", png(78))
    encoder = MeanColours()
    summary, pictures = embed(folder, out, encoder)
    assert sum(encoder.batches) == summary.computed == 2
    assert pictures["4.png"][1] == mean_colours(drawn(78)).tolist()


def test_the_encoder_is_loaded_once_by_however_many_threads(folder, out):
    choice = choose()
    embed(folder, out, choice=choice, num_threads=8)
    assert choice.loads == [1]


def test_a_known_broken_image_is_not_read_again(folder, out, monkeypatch):
    written(folder / "3.png", b"no image")
    first, _ = embed(folder, out)
    watched = []
    again, _ = embed(folder, out, watch=lambda *told: watched.append(told))
    assert failed(again) == failed(first) == [("3.png", "decode", "not-an-image")]
    assert "embedding" not in {activity for activity, *_ in watched}


# --- when the encoder fails -------------------------------------------------------------------------------


def refusing(culprit):
    def hook(pixels):
        if np.array_equal(pixels, mean_colours(drawn(culprit))):
            raise RuntimeError("this one I do not like")

    return hook


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_of_a_batch_that_fails_only_the_culprit_does(folder, out, batch_size):
    summary, pictures = embed(folder, out, MeanColours(hook=refusing(5)), batch_size=batch_size)
    assert failed(summary) == [("5.png", "embed", "unexpected")]
    assert {name: values for name, (_, values) in pictures.items()} == {
        f"{number}.png": mean_colours(drawn(number)).tolist() for number in range(10) if number != 5
    }
    assert summary.computed == 9


def test_all_files_of_a_picture_that_cannot_be_embedded_are_failures_and_tried_again(tmp_path, out):
    for name, seed in (("1.png", 5), ("2.png", 5), ("3.png", 1)):
        written(tmp_path / "in" / name, png(seed))
    summary, _ = embed(tmp_path / "in", out, MeanColours(hook=refusing(5)))
    assert [name for name, *_ in failed(summary)] == ["1.png", "2.png"]
    summary, pictures = embed(tmp_path / "in", out)
    assert failed(summary) == []
    assert set(pictures) == {"1.png", "3.png"}


class Infinite(MeanColours):
    """An encoder that has no finite answer to red."""

    def embed(self, batch):
        vectors = super().embed(batch)
        vectors[(vectors == RED).all(axis=1)] = np.nan
        return vectors


def test_an_embedding_that_is_not_finite_is_a_failure(tmp_path, out):
    for name, colour in (("1.png", GREEN), ("2.png", RED), ("3.png", BLUE)):
        written(tmp_path / "in" / name, encoded(plain(colour)))
    summary, pictures = embed(tmp_path / "in", out, Infinite())
    assert failed(summary) == [("2.png", "embed", "not-finite")]
    assert {name: tuple(values) for name, (_, values) in pictures.items()} == {"1.png": GREEN, "3.png": BLUE}


def no_single_pixel(picture):
    if picture.size == (1, 1):
        raise ZeroDivisionError("one pixel")
    return mean_colours(picture)


def crash_on_single_pixel(picture):
    if picture.size == (1, 1):
        os.kill(os.getpid(), signal.SIGSEGV)
    return mean_colours(picture)


class Crashing(MeanColours):
    """An encoder whose preparation crashes on one picture."""

    preprocess = staticmethod(crash_on_single_pixel)


@pytest.mark.parametrize("num_threads", [1, 3])
def test_a_crash_costs_the_one_image_and_not_the_run(folder, out, num_threads):
    written(folder / "55.png", encoded(plain(RED, (1, 1))))
    summary, pictures = embed(folder, out, Crashing(), num_threads=num_threads)
    assert failed(summary) == [("55.png", "embed", "crashed")]
    assert len(pictures) == 10


class Choosy(MeanColours):
    """An encoder that fails while it prepares one picture."""

    preprocess = staticmethod(no_single_pixel)


def test_a_picture_that_cannot_be_prepared_is_a_failure_of_its_own(folder, out):
    written(folder / "55.png", encoded(plain(RED, (1, 1))))
    summary, pictures = embed(folder, out, Choosy())
    assert failed(summary) == [("55.png", "embed", "unexpected")]
    assert len(pictures) == 10


def test_an_error_of_the_encoder_ends_the_run_and_what_was_done_is_kept(folder, out):
    def weights_gone(pixels):
        if np.array_equal(pixels, mean_colours(drawn(7))):
            raise EncoderUnavailableError("the weights are gone")

    with pytest.raises(EncoderUnavailableError, match="the weights are gone"):
        embed(folder, out, MeanColours(hook=weights_gone), batch_size=2)
    encoder = MeanColours()
    summary, pictures = embed(folder, out, encoder)
    assert sum(encoder.batches) == 4  # 6 of 10 were done: three batches of two
    assert len(pictures) == summary.images == 10


class Unavailable(EncoderChoice):
    """A choice that cannot be loaded."""

    def load(self):
        raise EncoderUnavailableError("the weights cannot be had")


def test_an_encoder_that_cannot_be_had_ends_the_run(folder, out):
    with pytest.raises(EncoderUnavailableError, match="cannot be had"):
        embed(folder, out, choice=Unavailable("any", "v1", "v1"))


# --- interrupted and resumed ------------------------------------------------------------------------------

KILLED = """
import os, sys
from embedding_runs import embed
from fakes import MeanColours

embedded = []

def die(pixels):
    embedded.append(pixels)
    if len(embedded) == 6:
        os._exit(9)

embed(sys.argv[1], sys.argv[2], MeanColours(hook=die), batch_size=2)
"""


def test_a_run_that_was_killed_goes_on_and_gives_what_an_uninterrupted_one_gives(folder, out, tmp_path):
    here = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", KILLED, str(folder), str(out)]
    done = subprocess.run(command, check=False, cwd=here, timeout=600)
    assert done.returncode == 9
    encoder = MeanColours()
    resumed, pictures = embed(folder, out, encoder)
    assert sum(encoder.batches) == 6  # two batches of two were kept
    whole, expected = embed(folder, tmp_path / "uninterrupted")
    assert list(pictures.items()) == list(expected.items())
    assert (resumed.images, resumed.pictures) == (whole.images, whole.pictures)


def test_a_file_that_changes_between_finding_and_reading_is_read_by_the_next_run(folder, out):
    with WorkingStore(str(out)) as store:
        store.inputs.choose(Role.FOLDER, str(folder))
        found = list(find_images(str(folder)))
        written(folder / "3.png", png(99) + b"longer")
        embed_found(store, found, choose(), EmbeddingConfig(), no_progress)
    _, pictures = embed(folder, out)
    assert pictures["3.png"][1] == mean_colours(drawn(99)).tolist()


def test_a_file_that_is_removed_between_finding_and_reading_is_a_failure(folder, out):
    with WorkingStore(str(out)) as store:
        store.inputs.choose(Role.FOLDER, str(folder))
        found = list(find_images(str(folder)))
        os.remove(folder / "3.png")
        summary = embed_found(store, found, choose(), EmbeddingConfig(), no_progress)
    assert failed(summary) == [("3.png", "read", "missing")]
    assert summary.images == 9


# --- memory -----------------------------------------------------------------------------------------------


class Ahead(MeanColours):
    """Counts the pictures that are prepared and not yet embedded."""

    def __init__(self):
        super().__init__()
        self.most = 0
        self._waiting = 0
        self._lock = threading.Lock()

    @property
    def preprocess(self):  # asked for once a picture
        with self._lock:
            self._waiting += 1
            self.most = max(self.most, self._waiting)
        return super().preprocess

    def embed(self, batch):
        vectors = super().embed(batch)
        with self._lock:
            self._waiting -= len(batch)
        return vectors


def test_only_a_few_batches_of_pictures_are_held_at_a_time(tmp_path, out):
    for number in range(80):
        written(tmp_path / "in" / f"{number}.png", png(number))
    encoder = Ahead()
    embed(tmp_path / "in", out, encoder, batch_size=4, num_threads=3)
    assert 0 < encoder.most <= 2 * 4 + 3
