"""Images decoded in processes of their own: what a decoder does to its process, the program survives."""

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

from fakes import mean_colours
from image_tagging import decoding_child
from image_tagging.decoding import Decoders
from image_tagging.decoding_process import DecodingProcess
from image_tagging.errors import DecoderError
from image_tagging.images import ImageLimits, content_hash, decode
from image_tagging.records import Failure, ImageRef
from samples import drawn, encoded, plain, png

REF = ImageRef("a.png")
GOOD = png(1)


@pytest.fixture
def decoders():
    with Decoders() as opened:
        yield opened


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
        assert decoders.facts(REF, data) == expected.facts
        array = decoders.prepared(REF, mean_colours)
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, mean_colours(expected.picture))
        assert decoders.content_hashes([(REF, data)]) == [content_hash(data)]


def test_every_thread_gets_its_own_answers(decoders):
    def work(number):
        data = png(number % 7)
        return decoders.facts(REF, data), decoders.prepared(REF, mean_colours).tolist()

    with ThreadPoolExecutor(3) as pool:
        for number, (facts, array) in enumerate(pool.map(work, range(60))):
            expected = decode(REF, png(number % 7))
            assert (facts, array) == (expected.facts, mean_colours(expected.picture).tolist())


def test_what_is_no_image_says_why_and_the_process_goes_on(decoders):
    assert decoders.facts(REF, b"a letter") == Failure(
        REF, "decode", "not-an-image", "the content is not an image in a format that can be read"
    )
    process = decoders._process()
    assert decoders.facts(REF, GOOD) == decode(REF, GOOD).facts
    assert decoders._process() is process


def test_an_array_may_be_large_or_empty(decoders):
    decoders.facts(REF, GOOD)
    assert decoders.prepared(REF, partial(zeros, 3_000_000)).shape == (3_000_000,)
    decoders.facts(REF, GOOD)
    assert decoders.prepared(REF, partial(zeros, 0)).shape == (0,)


def zeros(length, picture):
    return np.zeros(length, dtype=np.float32)


def test_a_crash_is_the_failure_of_one_image(decoders):
    assert not isinstance(decoders.facts(REF, GOOD), Failure)
    failure = decoders.prepared(REF, crash)
    assert (failure.step, failure.code) == ("embed", "crashed")
    assert "SIGSEGV" in failure.reason
    assert decoders.facts(REF, GOOD) == decode(REF, GOOD).facts
    assert isinstance(decoders.prepared(REF, mean_colours), np.ndarray)


@pytest.mark.parametrize("endless", [never_end, never_end_in_c])
def test_what_takes_too_long_is_ended(endless):
    with Decoders(ImageLimits(image_seconds=0.5)) as decoders:
        decoders.facts(REF, GOOD)
        failure = decoders.prepared(REF, endless)
        assert (failure.step, failure.code) == ("embed", "timeout")
        assert "longer than 0.5 s; --image_seconds raises the limit" in failure.reason
        assert decoders.facts(REF, GOOD) == decode(REF, GOOD).facts


@pytest.mark.skipif(sys.platform == "win32", reason="Windows bounds no process's memory")
def test_memory_is_bounded(decoders):
    decoders.facts(REF, GOOD)
    failure = decoders.prepared(REF, take_memory)
    assert (failure.step, failure.code) == ("embed", "unexpected")
    assert "allocate" in failure.reason


def test_what_decoders_print_reaches_neither_the_screen_nor_the_answers(decoders, capfd, caplog):
    caplog.set_level(logging.INFO, "image_tagging")
    decoders.facts(REF, GOOD)
    assert isinstance(decoders.prepared(REF, print_much), np.ndarray)
    assert decoders.facts(REF, GOOD) == decode(REF, GOOD).facts
    assert capfd.readouterr() == ("", "")
    assert "a.png: the decoder said: to standard output (and " in caplog.text


def test_an_image_whose_process_was_ended_by_something_else_is_tried_once_more(decoders, monkeypatch):
    """As when the system is short of memory and ends a process that did nothing wrong."""
    asked = []
    ask = DecodingProcess.ask

    def ended_at_first(self, *request):
        ask(self, *request)
        asked.append(self)
        if len(asked) == 1:
            self._popen.kill()
            self._popen.wait()

    slow = encoded(plain((1, 2, 3), (3000, 3000)))
    monkeypatch.setattr(DecodingProcess, "ask", ended_at_first)
    assert decoders.facts(REF, slow) == decode(REF, slow).facts
    assert len(set(asked)) == 2


def test_an_image_that_crashes_its_decoder_twice_is_given_up(decoders, monkeypatch):
    ask = DecodingProcess.ask

    def ended(self, *request):
        self._popen.send_signal(signal.SIGSEGV)
        self._popen.wait()
        ask(self, *request)

    monkeypatch.setattr(DecodingProcess, "ask", ended)
    failure = decoders.facts(REF, GOOD)
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
    asked = []
    ask = DecodingProcess.ask

    def ended_on_the_deadly(self, what, *payloads):
        asked.append(len(payloads))
        if deadly in payloads:
            ask(self, what, *payloads[: payloads.index(deadly)])
            self.before_end = payloads.index(deadly)
        else:
            ask(self, what, *payloads)

    answer = DecodingProcess.answer

    def end(self, seconds):
        left = getattr(self, "before_end", None)
        if left == 0:
            self._popen.send_signal(signal.SIGSEGV)
            self._popen.wait()
        elif left:
            self.before_end -= 1
        return answer(self, seconds)

    monkeypatch.setattr(DecodingProcess, "ask", ended_on_the_deadly)
    monkeypatch.setattr(DecodingProcess, "answer", end)
    images = [(ImageRef(str(number)), png(number)) for number in range(5)]
    hashes = decoders.content_hashes(images)
    assert [each if isinstance(each, str) else each.code for each in hashes] == [
        "crashed" if number == 2 else content_hash(png(number)) for number in range(5)
    ]
    assert asked == [5, 1, 1, 2]


def test_large_pictures_are_decoded_one_at_a_time(monkeypatch):
    side = int(decoding_child.LARGE_PIXELS**0.5) + 1
    large = encoded(Image.new("L", (side, side)))
    held = []

    class Watched(Decoders):
        def _make_room(self, process):
            if process.has_large:
                held.append(sum(each.has_large for each in self._processes))
            super()._make_room(process)

    with Watched() as decoders, ThreadPoolExecutor(3) as pool:

        def work(number):
            facts = decoders.facts(REF, large)
            assert facts.width == side
            if number % 3 == 0:
                return decoders.forget()
            if number % 3 == 1:
                return decoders.prepared(REF, mean_colours)
            return decoders.content_hashes([(REF, GOOD), (REF, large), (REF, GOOD)])

        list(pool.map(work, range(9)))
    assert set(held) == {1}
    assert len(held) == 12  # the third kind asks twice


def test_a_large_picture_that_cannot_be_decoded_leaves_room_for_the_next():
    side = int(decoding_child.LARGE_PIXELS**0.5) + 1
    large = encoded(Image.new("L", (side, side)))
    with Decoders() as decoders, ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda data: decoders.facts(REF, data), [large[:-500]] * 4))
    assert {outcome.code for outcome in outcomes} == {"truncated"}


def test_pictures_cut_short_are_used_where_that_is_asked_for():
    cut = encoded(drawn(size=(100, 100)))[:-2000]
    with Decoders(ImageLimits(use_truncated=True)) as decoders:
        assert decoders.facts(REF, cut).width == 100
    with Decoders() as decoders:
        assert decoders.facts(REF, cut).code == "truncated"


def test_the_limit_on_pixels_holds_inside_icons_too():
    icon = encoded(Image.new("RGB", (256, 256)), "ICO", sizes=[(256, 256)])
    with Decoders(ImageLimits(max_megapixels=0.05)) as decoders:
        assert decoders.facts(REF, icon).code == "too-large"
    with Decoders(ImageLimits(max_megapixels=0.07)) as decoders:
        assert decoders.facts(REF, icon).width == 256


def test_closing_ends_what_is_still_at_work_and_nothing_can_be_asked_then():
    decoders = Decoders()
    decoders.facts(REF, GOOD)
    outcomes = []
    started = threading.Event()

    def wait_for_ever():
        decoders.facts(REF, GOOD)
        decoders._process().learn(never_end)
        started.set()
        outcomes.append(decoders.prepared(REF, never_end))

    thread = threading.Thread(target=wait_for_ever)
    thread.start()
    started.wait()
    while all(each._deadline == float("inf") for each in decoders._processes):
        time.sleep(0.01)
    processes = [each._popen for each in decoders._processes]
    decoders.close()
    thread.join()
    assert [outcome.code for outcome in outcomes] == ["crashed"]
    assert len(processes) == 2
    assert all(process.poll() is not None for process in processes)
    with pytest.raises(DecoderError, match="closed"):
        decoders.facts(REF, GOOD)
    decoders.close()


def test_no_process_is_started_before_an_image_comes():
    with Decoders() as decoders:
        assert not decoders._processes


def test_where_no_process_can_be_started_a_named_error_says_so(decoders, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(DecoderError, match="cannot start a process to decode images"):
        decoders.facts(REF, GOOD)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DecoderError, match="does not start \\(exit code 1\\)"):
        decoders.facts(REF, GOOD)


class NotHere:
    """As an object of a module that the process cannot import."""

    def __reduce__(self):
        return (__import__, ("no_such_module",))


def test_a_function_that_cannot_be_loaded_there_ends_the_run_with_a_named_error(decoders):
    decoders.facts(REF, GOOD)
    with pytest.raises(DecoderError, match="No module named 'no_such_module'"):
        decoders.prepared(REF, NotHere())


def test_a_script_without_a_main_guard_may_use_it(tmp_path):
    """Where processes were made by ``multiprocessing`` each would run the script again."""
    (tmp_path / "a.png").write_bytes(GOOD)
    script = tmp_path / "script.py"
    script.write_text(
        "print('run')\n"
        "from image_tagging.decoding import Decoders\n"
        "from image_tagging.records import ImageRef\n"
        "with Decoders() as decoders:\n"
        "    print(decoders.facts(ImageRef('a'), open('a.png', 'rb').read()).width)\n"
    )
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("run\n12\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="no sessions on Windows")
def test_processes_end_with_the_program_however_it_ends(tmp_path):
    (tmp_path / "a.png").write_bytes(GOOD)
    program = (
        "import os, signal\n"
        "from image_tagging.decoding import Decoders\n"
        "from image_tagging.records import ImageRef\n"
        "decoders = Decoders()\n"
        "decoders.facts(ImageRef('a'), open('a.png', 'rb').read())\n"
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
