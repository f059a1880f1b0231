"""Images decoded in separate processes: the program survives what a decoder does to its process."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from PIL import Image

from fakes import WatchedLock, mean_colours
from image_tagging.addresses import ImageRef
from image_tagging.errors import DecoderError
from image_tagging.images import decoding_child, decoding_process
from image_tagging.images.decode import content_hash, decode
from image_tagging.images.decoders import Decoders
from image_tagging.images.decoding_process import DecodingProcess
from image_tagging.records import Failure
from image_tagging.settings import ImageLimits
from samples import drawn, encoded, plain, png

REF = ImageRef("a.png")
GOOD = png(1)


@pytest.fixture
def decoders():
    with Decoders() as opened:
        yield opened


def facts(decoders, data, ref=REF):
    """What the image tells, or why it failed."""
    with decoders.decoded(ref, data) as image:
        return image if isinstance(image, Failure) else image.facts


def test_a_picture_to_draw_keeps_its_transparency_and_its_facts(decoders):
    image = drawn(mode="RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 4, 4))
    data = encoded(image, "GIF", save_all=True, append_images=[drawn(1)])
    with decoders.drawn(REF, data) as found:
        pixels = found.prepared(channels)
        assert (found.frames, found.facts) == (2, facts(decoders, data))
    assert pixels.shape == (8, 12, 4)
    with decoders.drawn(REF, b"none") as failed:
        assert isinstance(failed, Failure)


def channels(picture):
    return np.asarray(picture, dtype=np.float32)


def prepared(decoders, preprocess, data=GOOD):
    """The array that a function makes of the picture there, or why it failed."""
    with decoders.decoded(REF, data) as image:
        return image.prepared(preprocess)


# Functions for the process: what a decoder that goes wrong does.


def crash(picture):
    os.kill(os.getpid(), signal.SIGSEGV)


def never_end(picture):
    time.sleep(3600)


def never_end_in_c(picture):
    return np.array([sum(range(10**14))], dtype=np.float32)


def take_memory(picture):
    return np.ones(10**12, dtype=np.float32)


def print_much(picture):
    os.write(1, b"to standard output\n")
    os.write(2, b"to standard error\n" * 100_000)
    return mean_colours(picture)


# ----------------------------------------------------------------------------------------------------------


def test_facts_and_arrays_are_those_that_decoding_here_gives(decoders):
    for number in range(3):
        data = png(number)
        expected = decode(REF, data)
        with decoders.decoded(REF, data) as image:
            assert image.facts == expected.facts
            array = image.prepared(mean_colours)
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, mean_colours(expected.picture))
        assert decoders.content_hashes([(REF, data)]) == [content_hash(data)]


def test_every_thread_gets_its_own_answers(decoders):
    def work(number):
        data = png(number % 7)
        with decoders.decoded(REF, data) as image:
            return image.facts, image.prepared(mean_colours).tolist()

    with ThreadPoolExecutor(5) as pool:
        for number, (its_facts, array) in enumerate(pool.map(work, range(60))):
            expected = decode(REF, png(number % 7))
            assert (its_facts, array) == (expected.facts, mean_colours(expected.picture).tolist())


def test_what_is_no_image_says_why_and_the_process_goes_on(decoders):
    assert facts(decoders, b"a letter") == Failure(
        REF, "decode", "not-an-image", "the content is not an image in a format that can be read"
    )
    assert facts(decoders, GOOD) == decode(REF, GOOD).facts
    assert len(decoders._processes) == 1


def test_an_array_may_be_large_or_empty(decoders):
    assert prepared(decoders, partial(zeros, 3_000_000)).shape == (3_000_000,)
    assert prepared(decoders, partial(zeros, 0)).shape == (0,)


def zeros(length, picture):
    return np.zeros(length, dtype=np.float32)


def test_a_crash_is_the_failure_of_one_image(decoders):
    failure = prepared(decoders, crash)
    assert (failure.step, failure.code) == ("embed", "crashed")
    assert "SIGSEGV" in failure.reason
    assert facts(decoders, GOOD) == decode(REF, GOOD).facts
    assert isinstance(prepared(decoders, mean_colours), np.ndarray)


@pytest.mark.parametrize("endless", [never_end, never_end_in_c])
def test_what_takes_too_long_is_ended(endless):
    with Decoders(ImageLimits(image_seconds=0.5)) as decoders:
        failure = prepared(decoders, endless)
        assert (failure.step, failure.code) == ("embed", "timeout")
        assert "longer than 0.5 s; --image_seconds raises the limit" in failure.reason
        assert facts(decoders, GOOD) == decode(REF, GOOD).facts


@pytest.mark.skipif(sys.platform == "win32", reason="Windows bounds no process's memory")
def test_memory_is_bounded(decoders):
    failure = prepared(decoders, take_memory)
    assert (failure.step, failure.code) == ("embed", "unexpected")
    assert "allocate" in failure.reason


def test_what_decoders_print_reaches_neither_the_screen_nor_the_answers(decoders, capfd, caplog):
    caplog.set_level(logging.INFO, "image_tagging")
    assert isinstance(prepared(decoders, print_much), np.ndarray)
    assert facts(decoders, GOOD) == decode(REF, GOOD).facts
    assert capfd.readouterr() == ("", "")
    assert "a.png: the decoder printed: to standard output (and " in caplog.text


def test_an_image_whose_process_was_ended_by_something_else_is_tried_once_more(decoders, monkeypatch):
    """As when the system is short of memory and ends a process that did nothing wrong."""
    sent = []
    send = DecodingProcess.send

    def ended_at_first(self, *request, seconds):
        send(self, *request, seconds=seconds)
        sent.append(self)
        if len(sent) == 1:
            self._popen.kill()
            self._popen.wait()

    slow = encoded(plain((1, 2, 3), (3000, 3000)))
    monkeypatch.setattr(DecodingProcess, "send", ended_at_first)
    assert facts(decoders, slow) == decode(REF, slow).facts
    assert len(set(sent)) == 2


def test_an_image_that_crashes_its_decoder_twice_is_given_up(decoders, monkeypatch):
    send = DecodingProcess.send

    def ended(self, *request, seconds):
        self._popen.send_signal(signal.SIGSEGV)
        self._popen.wait()
        send(self, *request, seconds=seconds)

    monkeypatch.setattr(DecodingProcess, "send", ended)
    failure = facts(decoders, GOOD)
    assert (failure.step, failure.code) == ("decode", "crashed")
    assert "SIGSEGV" in failure.reason


def test_hashes_of_many_images_are_asked_for_together_and_keep_their_places(decoders):
    datas = [png(1), b"", png(2), b"a letter", encoded(drawn(size=(100, 100)))[:-2000], png(3)]
    hashes = decoders.content_hashes([(ImageRef(str(number)), data) for number, data in enumerate(datas)])
    assert [hashes[number] for number in (0, 2, 5)] == [content_hash(datas[number]) for number in (0, 2, 5)]
    assert [(hashes[number].ref.file, hashes[number].code) for number in (1, 3, 4)] == [
        ("1", "empty"),
        ("3", "not-an-image"),
        ("4", "truncated"),
    ]
    assert decoders.content_hashes([]) == []


def test_of_many_images_sent_together_only_the_one_that_crashes_is_given_up(decoders, monkeypatch):
    """The process is made to end while it is asked for the one image, whether with others or alone."""
    deadly = png(2)
    sent = []
    send = DecodingProcess.send

    def ended_on_the_deadly(self, what, *payloads, seconds):
        sent.append(len(payloads))
        if deadly in payloads:
            send(self, what, *payloads[: payloads.index(deadly)], seconds=seconds)
            self.before_end = payloads.index(deadly)
        else:
            send(self, what, *payloads, seconds=seconds)

    receive = DecodingProcess.receive

    def end(self, seconds):
        left = getattr(self, "before_end", None)
        if left == 0:
            self._popen.send_signal(signal.SIGSEGV)
            self._popen.wait()
        elif left:
            self.before_end -= 1
        return receive(self, seconds)

    monkeypatch.setattr(DecodingProcess, "send", ended_on_the_deadly)
    monkeypatch.setattr(DecodingProcess, "receive", end)
    images = [(ImageRef(str(number)), png(number)) for number in range(5)]
    hashes = decoders.content_hashes(images)
    assert [each if isinstance(each, str) else each.code for each in hashes] == [
        "crashed" if number == 2 else content_hash(png(number)) for number in range(5)
    ]
    assert sent == [5, 1, 1, 2]


@pytest.mark.slow
def test_a_decoder_that_hangs_on_the_first_of_many_images_is_ended(monkeypatch):
    """More is sent to it than a pipe holds, so that also writing to it would never end."""
    hanging = (
        "from image_tagging.images import decoding_child as child\n"
        "hash_of = child.content_hash\n"
        "def content_hash(data, *rest):\n"
        "    while data.endswith(b'hang'): pass\n"
        "    return hash_of(data, *rest)\n"
        "child.content_hash = content_hash\n"
        "main"
    )
    monkeypatch.setattr(decoding_process, "PROGRAM", decoding_process.PROGRAM.replace("main(given", hanging + "(given"))
    datas = [encoded(drawn(number, (200, 100))) for number in range(10)]
    datas[0] += b"hang"
    assert min(map(len, datas)) > 60_000
    outcomes = []

    def ask():
        outcomes.extend(decoders.content_hashes([(REF, data) for data in datas]))

    with Decoders(ImageLimits(image_seconds=2)) as decoders:
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(100)
        is_stuck = asking.is_alive()
    asking.join()
    assert not is_stuck
    assert (outcomes[0].code, outcomes[1:]) == ("timeout", [content_hash(data) for data in datas[1:]])


@pytest.mark.parametrize("length", [0, 100, 3_000, 25_000, 70_000])
def test_many_images_of_any_length_are_hashed_in_their_places(decoders, length):
    datas = [png(number) + bytes(length) for number in range(40)] + [b"", encoded(drawn(5, (300, 300)))]
    hashes = decoders.content_hashes([(REF, data) for data in datas])
    assert [None if isinstance(each, Failure) else each for each in hashes] == [
        content_hash(data) if data else None for data in datas
    ]


@pytest.mark.slow
def test_large_pictures_are_decoded_one_at_a_time(monkeypatch):
    side = int(decoding_child.LARGE_PIXELS**0.5) + 1
    large = encoded(Image.new("L", (side, side)))
    with Decoders(processes=3) as decoders, ThreadPoolExecutor(3) as pool:
        watched = decoders.large = WatchedLock(decoders.large)

        def work(number):
            if number % 3 == 0:
                return decoders.content_hashes([(REF, GOOD), (REF, large), (REF, GOOD), (REF, large)])
            with decoders.decoded(REF, large) as image:
                assert image.facts.width == side
                return image.prepared(mean_colours) if number % 3 == 1 else None

        list(pool.map(work, range(9)))
    assert (set(watched.counts), watched.holders) == ({1}, 0)
    assert len(watched.counts) == 12


def test_a_large_picture_that_cannot_be_decoded_leaves_room_for_the_next():
    side = int(decoding_child.LARGE_PIXELS**0.5) + 1
    large = encoded(Image.new("L", (side, side)))
    with Decoders() as decoders, ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda data: facts(decoders, data), [large[:-500]] * 4))
    assert {outcome.code for outcome in outcomes} == {"truncated"}


def test_pictures_cut_short_are_used_where_that_is_asked_for():
    cut = encoded(drawn(size=(100, 100)))[:-2000]
    with Decoders(ImageLimits(use_truncated=True)) as decoders:
        assert facts(decoders, cut).width == 100
    with Decoders() as decoders:
        assert facts(decoders, cut).code == "truncated"


def test_the_limit_on_pixels_holds_inside_icons_too():
    icon = encoded(Image.new("RGB", (256, 256)), "ICO", sizes=[(256, 256)])
    with Decoders(ImageLimits(max_megapixels=0.05)) as decoders:
        assert facts(decoders, icon).code == "too-large"
    with Decoders(ImageLimits(max_megapixels=0.07)) as decoders:
        assert facts(decoders, icon).width == 256


def test_closing_ends_what_is_at_work_and_who_waits_or_asks_later_gets_an_error():
    decoders = Decoders(processes=1)
    outcomes = []
    at_work = threading.Event()

    def work_for_ever():
        with decoders.decoded(REF, GOOD) as image:
            image._turn._ready().set_preprocess(never_end)
            at_work.set()
            outcomes.append(image.prepared(never_end).code)

    def wait_for_the_only_process():
        at_work.wait()
        try:
            facts(decoders, GOOD)
        except DecoderError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=target) for target in (work_for_ever, wait_for_the_only_process)]
    for thread in threads:
        thread.start()
    at_work.wait()
    while all(each._deadline == float("inf") for each in decoders._processes):
        time.sleep(0.01)
    (process,) = [each._popen for each in decoders._processes]
    decoders.close()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["crashed", "images can no longer be decoded: the processes that do it were closed."]
    assert process.poll() is not None
    with pytest.raises(DecoderError, match="closed"):
        facts(decoders, GOOD)
    decoders.close()


def test_an_error_of_the_program_while_it_has_a_picture_leaves_room_for_the_others():
    """As when the encoder cannot be loaded: the next picture, a large one too, finds a process."""
    side = int(decoding_child.LARGE_PIXELS**0.5) + 1
    large = encoded(Image.new("L", (side, side)))
    with Decoders(processes=1) as decoders:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError), decoders.decoded(REF, large):
                raise ZeroDivisionError
        assert facts(decoders, large).width == side
        assert len(decoders._processes) == 1


def test_threads_share_as_many_processes_as_they_may(decoders):
    with Decoders(processes=2) as few, ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: prepared(few, mean_colours, png(number)), range(40)))
        assert 1 <= len(few._processes) <= 2


def test_no_process_is_started_before_an_image_comes():
    with Decoders() as decoders:
        assert not decoders._processes


class NotHere:
    """As an object of a module that the process cannot import."""

    def __reduce__(self):
        return (__import__, ("no_such_module",))


def test_a_function_that_cannot_be_loaded_there_ends_the_run_with_a_named_error(decoders):
    facts(decoders, GOOD)
    with pytest.raises(DecoderError, match="No module named 'no_such_module'"):
        prepared(decoders, NotHere())


def test_a_script_without_a_main_guard_may_use_it(tmp_path):
    """Where processes were made by ``multiprocessing`` each would run the script again."""
    (tmp_path / "a.png").write_bytes(GOOD)
    script = tmp_path / "script.py"
    script.write_text(
        "print('run')\n"
        "from image_tagging.images.decoders import Decoders\n"
        "from image_tagging.addresses import ImageRef\n"
        "with Decoders() as decoders:\n"
        "    with decoders.decoded(ImageRef('a'), open('a.png', 'rb').read()) as image:\n"
        "        print(image.facts.width)\n"
    )
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("run\n12\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="no sessions on Windows")
def test_processes_end_with_the_program_however_it_ends(tmp_path):
    (tmp_path / "a.png").write_bytes(GOOD)
    program = (
        "import os, signal\n"
        "from image_tagging.images.decoders import Decoders\n"
        "from image_tagging.addresses import ImageRef\n"
        "decoders = Decoders()\n"
        "with decoders.decoded(ImageRef('a'), open('a.png', 'rb').read()):\n"
        "    pass\n"
        "print(decoders._processes[0]._popen.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    for _ in range(600):
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return  # ended; nobody here has asked for its exit code
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.1)
    pytest.fail("the process outlives the program that started it")
