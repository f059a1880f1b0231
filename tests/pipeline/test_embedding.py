"""What a run over images is told, tells and refuses."""

from __future__ import annotations

import threading

import pytest

from embedding_runs import embed
from fakes import choose
from image_tagging.errors import InputError, NoImagesError
from image_tagging.pipeline.configs import EmbeddingConfig
from image_tagging.pipeline.embedding import embed_found
from image_tagging.sources.find import find_images
from image_tagging.store import Role, WorkingStore
from samples import ten_pictures, written


@pytest.fixture
def folder(tmp_path):
    return ten_pictures(tmp_path / "in")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_a_run_that_is_interrupted_leaves_no_thread_at_work_when_the_store_is_closed(folder, out):
    """SQLite crashes the program where a connection is closed under another thread's query."""

    def interrupted(activity, done, total):
        if activity == "embedding":
            raise KeyboardInterrupt

    with WorkingStore(str(out)) as store:
        store.inputs.choose(Role.FOLDER, str(folder))
        with pytest.raises(KeyboardInterrupt) as caught:
            embed_found(store, find_images(str(folder)), choose(), EmbeddingConfig(batch_size=1), interrupted)
        assert caught.tb  # which holds on to whatever the run left open, as it does on its way to the command line
        assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("prepare")]


def test_progress_is_told_up_to_the_end(folder, out):
    told = []
    embed(folder, out, watch=lambda *args: told.append(args))
    assert told == [("looking for images", 0, None), *(("embedding", done, 10) for done in (4, 8, 10))]


def test_a_folder_without_images_says_so(tmp_path, out):
    (tmp_path / "in").mkdir()
    with pytest.raises(NoImagesError, match="no image was found"):
        embed(tmp_path / "in", out)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ([".LICENSE"], "no image was found"),
        (["LICENSE"], "no image was found among 1 file"),
        (["LICENSE", "notes.txt", "b/Makefile"], "no image was found among 3 files"),
    ],
)
def test_files_that_are_no_images_are_counted_and_none_is_blamed(tmp_path, out, names, says):
    for name in names:
        written(tmp_path / "in" / name, b"some words")
    with pytest.raises(NoImagesError) as raised:
        embed(tmp_path / "in", out)
    assert str(raised.value) == says


def test_what_was_to_be_an_archive_is_named_before_what_is_no_image(tmp_path, out):
    written(tmp_path / "in" / "LICENSE", b"some words")
    written(tmp_path / "in" / "a.zip", b"no zip")
    with pytest.raises(NoImagesError, match=r"could not be opened: .*a\.zip: this is no zip archive"):
        embed(tmp_path / "in", out)


def test_a_folder_of_broken_archives_names_the_first(tmp_path, out):
    written(tmp_path / "in" / "a.zip", b"no zip")
    with pytest.raises(NoImagesError, match=r"a\.zip: this is no zip archive"):
        embed(tmp_path / "in", out)


def test_a_folder_of_broken_images_names_the_first(tmp_path, out):
    written(tmp_path / "in" / "1.png", b"no image")
    choice = choose()
    with pytest.raises(NoImagesError, match=r"none of the 1 images can be used; the first: .*1\.png"):
        embed(tmp_path / "in", out, choice=choice)
    assert choice.loads == []


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"num_threads": 0}, {"batch_size": -1}])
def test_no_batches_and_no_threads_are_refused(wrong):
    with pytest.raises(InputError, match="must be 1 or more"):
        EmbeddingConfig(**wrong)
