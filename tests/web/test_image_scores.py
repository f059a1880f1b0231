"""The page of one picture says what the models of the last results give it, from the tables, never from output.json."""

from __future__ import annotations

import pytest

from image_tagging import ClassifyConfig, classify_images
from image_tagging.demo import draw


@pytest.fixture
def output(output):
    """An output folder whose mountain was scored."""
    images = output.parent / "mountain"
    images.mkdir()
    for number in range(3):
        draw("tiles", 50 + number).convert("RGB").save(images / f"new-{number}.png")
    classify_images(
        ClassifyConfig(directory=str(images), output=str(output), model=str(output / "models"), place="none")
    )
    return output


def scored(review):
    return next(each.hash_id for each in review._collected.pictures if each.files[0].name.startswith("new-"))


def test_all_tags_have_their_scores_and_thresholds(browser, review, output):
    (output / "output.json").unlink()
    text = browser.get(f"/image/{scored(review)}").text
    scores = text.split("Its scores")[1].split("Most like it")[0]
    assert all(f'href="/tag/{tag}"' in scores for tag in ("isometric", "sprites", "tiles"))
    assert scores.count("\u202f%") >= 6
    assert "ovr-" in scores


def test_a_picture_without_scores_says_what_to_do(browser, review):
    example = next(each.hash_id for each in review._collected.pictures if each.tags)
    assert "no score of it" in browser.get(f"/image/{example}").text


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00" + b"\x07" * 5000, b"<html>"])
def test_a_damaged_table_is_told_on_the_page_alone(browser, review, output, content):
    hash_id = scored(review)
    (output / "stage3.db").write_bytes(content)
    answer = browser.get(f"/image/{hash_id}")
    assert answer.status_code == 200
    assert "stage3.db" in answer.text
    assert browser.get("/tag/tiles").status_code == 200
