"""A review that hides repeats: searches and orders by score show one picture of each group."""

import pytest
from PIL import Image

from image_tagging import ClassifyConfig, classify_images
from image_tagging.errors import OutputError
from image_tagging.pipeline import Judged, Review, hidden_repeats
from image_tagging.store import WorkingStore


@pytest.fixture
def output(output, tmp_path, drawing):
    """A mountain of four pictures, each with a copy at twice the size, and one that repeats an example."""
    for number, kind in enumerate(("tiles", "isometric", "charts", "sprites")):
        picture = Image.open(drawing(tmp_path / "in" / f"{number}.png", kind, 200))
        picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.NEAREST).save(
            tmp_path / "in" / f"large-{number}.png"
        )
    example = Image.open(drawing(tmp_path / "example.png", "tiles", 3))
    example.crop((0, 0, example.width, example.height - 1)).save(tmp_path / "in" / "like an example.png")
    classify_images(
        ClassifyConfig(directory=str(tmp_path / "in"), output=str(output), model=str(output / "models"), place="none")
    )
    return output


def by_score(review):
    return [cell.name for cell in review.page("tiles", "all").cells]


def test_orders_by_score_show_the_kept_one_of_each_group(output, review):
    assert len(by_score(review)) == 9
    review.hide_repeats(True)
    shown = by_score(review)
    assert {name for name in shown if name[0] in "0123"} == set()
    assert {name for name in shown if name.startswith("large")} == {f"large-{number}.png" for number in range(4)}
    assert len(shown) == len({cell.hash_id for cell in review.page("tiles", "bins").cells}) == len(shown)
    review.hide_repeats(False)
    assert len(by_score(review)) == 9


def test_a_picture_that_repeats_an_example_is_shown_where_the_example_is_not(output, review):
    review.hide_repeats(True)
    assert "like an example.png" in by_score(review)
    assert "like an example.png" not in [each.files[0].name for each in review.search.words("path:in/").by_words]


def test_searches_show_the_kept_one_of_each_group(output, review):
    hidden = hidden_repeats(output)
    assert len(hidden) == 5
    one = next(name for name in review._collected.rows if name not in hidden)
    review.hide_repeats(True)
    for found in (
        review.search.words(f"near:{one}").by_words,
        review.search.words("in").by_name,
        review.search.like(one),
        review.neighbours(one),
    ):
        assert found
        assert not hidden & {each.hash_id for each in found}


def test_what_was_judged_before_still_holds(output, review):
    cell = review.page("tiles", "all").cells[0]
    review.judge("tiles", "all", [Judged(cell.hash_id, "no", 0)])
    review.hide_repeats(True)
    assert [each.verdict.verdict for each in review.verdicts_of(cell.hash_id)] == ["no"]


def test_pictures_that_a_run_adds_are_hidden_too(output, review, tmp_path, drawing):
    review.hide_repeats(True)
    before = set(by_score(review))
    picture = Image.open(tmp_path / "in" / "large-0.png")
    (tmp_path / "more").mkdir()
    picture.resize((picture.width // 2 + 1, picture.height // 2 + 1)).save(tmp_path / "more" / "again.png")
    drawing(tmp_path / "more" / "new.png", "charts", 4)
    classify_images(
        ClassifyConfig(directory=str(tmp_path / "more"), output=str(output), model=str(output / "models"), place="none")
    )
    review._reading.read(lambda sentence: None)
    assert set(by_score(review)) - before == {"new.png"}


def test_another_run_at_work_leaves_all_as_it_is(output):
    review = Review(str(output))
    shown = by_score(review)
    with WorkingStore(str(output)), pytest.raises(OutputError):
        review.hide_repeats(True)
    assert not review.hides_repeats
    assert by_score(review) == shown
    review.close()
