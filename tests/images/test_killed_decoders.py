"""A decoding process that the system ends, as for lack of memory: reported as that, and tried again by the next run."""

from __future__ import annotations

import os
import shutil
import signal
from functools import partial

import numpy as np
import pytest

from image_tagging import ClassifyConfig, FileCache, ProcessConfig, classify_images, process_dataset
from image_tagging.addresses import ImageRef
from image_tagging.errors import NoImagesError
from image_tagging.images import decoding_process
from image_tagging.images.decoders import Decoders
from image_tagging.images.decoding_process import DecodingProcess
from image_tagging.settings import ImageLimits
from samples import encoded, plain, png, written, zipped

if os.name == "nt":
    pytest.skip("Windows has no signals for one process", allow_module_level=True)

REF = ImageRef("a.png")
SAID = "the system ended its decoder ({}), perhaps for lack of memory; the next run tries it again"


def end_by(number, picture):
    """As a function that prepares pictures: its process ends by a signal."""
    signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
    os.kill(os.getpid(), number)
    return np.zeros(1, dtype=np.float32)


def failure_of(function):
    with Decoders(processes=1) as decoders, decoders.decoded(REF, png()) as image:
        return image.prepared(function)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGHUP", "SIGXCPU", "SIGUSR1"])
def test_a_process_ended_from_elsewhere_is_no_crash(name):
    failure = failure_of(partial(end_by, signal.Signals[name]))
    assert (failure.code, failure.reason) == ("killed", SAID.format(name))


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="no signals for real time here")
def test_a_signal_without_a_name_has_its_number():
    assert f"(signal {signal.SIGRTMIN + 3})" in failure_of(partial(end_by, signal.SIGRTMIN + 3)).reason


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE"])
def test_a_fault_of_a_decoder_stays_a_crash(name):
    failure = failure_of(partial(end_by, signal.Signals[name]))
    assert (failure.code, failure.reason) == ("crashed", f"the decoder crashed on it ({name})")


def never_end(picture):
    while True:
        pass


def test_what_this_program_ended_stays_a_timeout():
    with Decoders(ImageLimits(image_seconds=0.5)) as decoders, decoders.decoded(REF, png()) as image:
        assert image.prepared(never_end).code == "timeout"


def test_a_process_that_ends_for_want_of_memory_is_no_crash(monkeypatch):
    lacking = (
        "from image_tagging.images import decoding_child as child\n"
        "def facts(self, data): raise SystemExit('MemoryError: 9 GiB')\n"
        "child._Server._facts = facts\n"
        "main("
    )
    monkeypatch.setattr(decoding_process, "PROGRAM", decoding_process.PROGRAM.replace("main(", lacking))
    with Decoders() as decoders, decoders.decoded(REF, png()) as failure:
        assert (failure.step, failure.code) == ("decode", "killed")
        assert "exit code 1: MemoryError: 9 GiB" in failure.reason


@pytest.fixture
def deadly(monkeypatch):
    """The bytes of an image on which the system ends the process, while the list that is given holds it."""
    data = encoded(plain((1, 2, 3), (200, 100)))
    killing = [data]
    send = DecodingProcess.send

    def killed(self, request, *payloads, seconds):
        if any(payload in payloads for payload in killing):
            self._popen.kill()
            self._popen.wait()
        send(self, request, *payloads, seconds=seconds)

    monkeypatch.setattr(DecodingProcess, "send", killed)
    return killing


@pytest.fixture
def images(tmp_path, deadly):
    """The image in a folder and, another one, in a zip, with good ones next to them."""
    deadly.append(encoded(plain((9, 9, 9), (200, 100))))
    written(tmp_path / "in" / "a" / "large.png", deadly[0])
    written(tmp_path / "in" / "a" / "good.png", png(1))
    written(tmp_path / "in" / "a" / "more.zip", zipped({"large.png": deadly[1], "good.png": png(2)}))
    return tmp_path / "in"


def codes(summary):
    return [failure.code for failure in summary.embedding.failures]


def test_the_next_run_of_stage_1_tries_again_what_was_killed(images, deadly, tmp_path):
    config = ProcessConfig(input_folder=str(images), output_folder=str(tmp_path / "out"), clip_model="builtin")
    first = process_dataset(config)
    assert (first.embedding.images, codes(first)) == (2, ["killed", "killed"])
    assert codes(process_dataset(config)) == ["killed", "killed"]
    deadly.clear()
    last = process_dataset(config)
    assert (last.embedding.images, last.embedding.computed, codes(last)) == (4, 2, [])
    assert process_dataset(config).embedding.computed == 0


@pytest.mark.parametrize("archives", [False, True], ids=["stage 3", "stage 4"])
def test_the_next_run_of_stages_3_and_4_tries_again_what_was_killed(images, deadly, tmp_path, trained, *, archives):
    if archives:
        shutil.move(images / "a" / "large.png", tmp_path / "large.png")
    else:
        (images / "a" / "more.zip").unlink()
    config = ClassifyConfig(
        directory=str(images), output=str(tmp_path / "out"), model=str(trained.models), archives=archives
    )
    assert codes(classify_images(config)) == ["killed"]
    deadly.clear()
    summary = classify_images(config)
    assert (summary.embedding.images, codes(summary)) == (2, [])


def test_the_file_cache_tries_again_what_was_killed(tmp_path, deadly, caplog):
    written(tmp_path / "in" / "large.png", deadly[0])
    caplog.set_level("WARNING", "image_tagging")
    with pytest.raises(NoImagesError, match="perhaps for lack of memory"):
        FileCache().add_folder_to_file_cache(tmp_path / "in", tmp_path)
    assert "(decode, killed)" in caplog.text
    deadly.clear()
    FileCache().add_folder_to_file_cache(tmp_path / "in", tmp_path)
    assert FileCache().get_random_image(tmp_path / "file_cache.sqlite")["hash_id"]
