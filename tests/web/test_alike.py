"""Near-duplicates of what was judged get the same verdict in one action: found by the program, undone like a page."""

from __future__ import annotations

import shutil

import pytest

from image_tagging import ProcessConfig, list_verdicts, process_dataset
from review_pages import shown, told


@pytest.fixture
def output(tmp_path, trained):
    """An output folder in which each of the pictures has two near-duplicates, one pixel different."""
    from PIL import Image

    images = shutil.copytree(trained.images, tmp_path / "images")
    for path in sorted(images.glob("tiles/*.png"))[:3]:
        with Image.open(path) as image:
            for number in range(2):
                image.putpixel((number, 0), (1, 2, 3 + number))
                image.save(images / "tiles" / f"{path.stem}-copy{number}.png")
    config = ProcessConfig(input_folder=str(images), output_folder=str(tmp_path / "out"), clip_model="builtin")
    process_dataset(config)
    return tmp_path / "out"


def hash_of(review, name):
    return next(each.hash_id for each in review._collected.pictures if each.files[0].name == name)


def judge(browser, verdicts, tag="round", mode="next"):
    form = {"nonce": f"nonce-{len(verdicts)}-{mode}", "mode": mode, "wants_page": False}
    given = [{"hash": name, "verdict": word, "position": at} for at, (name, word) in enumerate(verdicts.items())]
    assert browser.post(f"/tag/{tag}/verdicts", json={**form, "verdicts": given}).status_code == 200


def alike(browser, *names, tag="round", **form):
    return browser.post(f"/tag/{tag}/alike", json={"hashes": list(names), **form}).json()


def verdicts_of(review, tag="round"):
    with review.opened() as now:
        return {each.verdict.file_path.rpartition("/")[2]: each.verdict for each in now.verdicts.in_force(tag)}


def test_near_duplicates_get_the_verdict_of_what_they_are_like(browser, review):
    one, two = hash_of(review, "tiles-0.png"), hash_of(review, "tiles-1.png")
    judge(browser, {one: "yes", two: "no"})
    offer = alike(browser, one, two)
    assert "4 near-duplicates of what you judged: give them the same verdict? (2 yes, 2 no)" in offer["said"]
    assert offer["offer"].count("<img") == 4
    assert alike(browser, one, two, give=True)["said"] == "The same verdict on round for 4 near-duplicates."
    held = verdicts_of(review)
    assert {name: held[name].verdict for name in held if "copy" in name} == {
        "tiles-0-copy0.png": "yes",
        "tiles-0-copy1.png": "yes",
        "tiles-1-copy0.png": "no",
        "tiles-1-copy1.png": "no",
    }
    assert len({each.batch for name, each in held.items() if "copy" in name}) == 1
    assert alike(browser, one, two) == {"said": "", "offer": ""}


def test_a_near_duplicate_with_a_verdict_keeps_it(browser, review):
    one, copy = hash_of(review, "tiles-0.png"), hash_of(review, "tiles-0-copy0.png")
    judge(browser, {copy: "no"})
    judge(browser, {one: "yes", hash_of(review, "tiles-5.png"): "no"})
    assert "1 near-duplicate of what you judged: give it the same verdict? (1 yes)" in alike(browser, one)["said"]
    alike(browser, one, give=True)
    held = verdicts_of(review)
    assert (held["tiles-0-copy0.png"].verdict, held["tiles-0-copy1.png"].verdict) == ("no", "yes")


@pytest.mark.parametrize(("word", "mode"), [("yes", "check"), ("unsure", "next")])
def test_checks_and_doubts_are_never_passed_on(browser, review, word, mode):
    one = hash_of(review, "tiles-0.png")
    judge(browser, {one: word}, mode=mode)
    assert alike(browser, one)["offer"] == ""
    assert "no near-duplicate" in alike(browser, one, give=True)["said"]
    assert len(verdicts_of(review)) == 1


def test_near_duplicates_of_a_check_get_nothing(browser, review):
    one, copy = hash_of(review, "tiles-0.png"), hash_of(review, "tiles-0-copy0.png")
    judge(browser, {copy: "yes"}, mode="check")
    judge(browser, {one: "yes"})
    assert alike(browser, one)["offer"] == ""


def test_examples_keep_what_their_folder_says(browser, review):
    one = hash_of(review, "tiles-0.png")
    judge(browser, {one: "no"}, tag="tiles")
    assert alike(browser, one, tag="tiles")["offer"] == ""


def test_undo_takes_back_near_duplicates_alone(browser, review, output):
    one = hash_of(review, "tiles-0.png")
    judge(browser, {one: "yes"})
    alike(browser, one, give=True)
    answer = browser.post("/undo", json={}).json()
    assert "page" not in answer
    (counts,) = list_verdicts(output)
    assert counts.yes == 1


@pytest.mark.slow
def test_near_duplicates_are_judged_by_one_key(app, page, output):
    _, address = app("--port", "0")
    page.goto(address)
    page.goto(address.split("?")[0] + "tag/sprites")
    shown(page)
    page.keyboard.press("Enter")
    told(page, "Press d.")
    page.wait_for_selector("#alike img")
    page.keyboard.press("d")
    told(page, "The same verdict on sprites")
    assert page.locator("#alike *").count() == 0
    page.keyboard.press("u")
    told(page, "Undone")
