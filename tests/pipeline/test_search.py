"""A search in an output folder: by pictures, tags, paths and sizes, from the mapped files, exact and repeatable."""

import json
from pathlib import Path

import numpy as np
import pytest

from clip_models import saved_clip
from image_tagging import ClassifyConfig, ProcessConfig, classify_images, process_dataset
from image_tagging.errors import InputError, OutputError
from image_tagging.pipeline import Judged, Review, copy_found, search_pictures
from image_tagging.search import parse_arguments
from image_tagging.store import NAMES_NAME, WorkingStore


@pytest.fixture
def scored(trained, output):
    """The examples, scored by the models that were learned from them."""
    classify_images(
        ClassifyConfig(directory=str(trained.images), output=str(output), model=str(output / "models"), place="none")
    )
    return output


def search(output, *query, top=50):
    return search_pictures(parse_arguments(query), str(output), top=top)


def names(found):
    return [Path(each.file_path).name for each in found.pictures]


def test_the_picture_itself_is_the_nearest_to_its_file(trained, output):
    found = search(output, str(trained.images / "tiles" / "tiles-3.png"), top=5)
    assert names(found)[0] == "tiles-3.png"
    assert found.pictures[0].score == pytest.approx(1, abs=1e-3)
    assert (len(found.pictures), found.passed, found.all) == (5, 24, 24)


def test_pictures_like_one_do_not_have_that_one_and_are_in_order(output):
    (first, *_) = search(output, "path:tiles-3.png").pictures
    found = search(output, f"near:{first.hash_id[:8]}")
    scores = [each.score for each in found.pictures]
    assert len(scores) == 23
    assert scores == sorted(scores, reverse=True)
    assert first.hash_id not in {each.hash_id for each in found.pictures}
    assert {name.split("-")[0] for name in names(found)[:3]} == {"tiles"}


def test_a_picture_can_be_taken_away_from_another(output):
    one, other = (search(output, f"path:{name}").pictures[0].hash_id for name in ("tiles-3.png", "sprites-1.png"))
    assert names(search(output, f"near:{one}", "-", f"near:{other}"))[-1].startswith("sprites")


def test_tags_are_those_of_results_and_what_a_person_said_wins(scored):
    tagged = search(scored, "tag:tiles")
    assert {name.split("-")[0] for name in names(tagged)} == {"tiles"}
    wrong = tagged.pictures[0].hash_id
    other = search(scored, "path:sprites-1.png").pictures[0].hash_id
    review = Review(str(scored))
    review.judge("tiles", "all", [Judged(wrong, "no", 0), Judged(other, "yes", 1)])
    review.close()
    after = {each.hash_id for each in search(scored, "tag:tiles").pictures}
    assert wrong not in after
    assert other in after
    assert wrong in {each.hash_id for each in search(scored, "not", "tag:tiles").pictures}
    likely = search(scored, "tag:tiles:0.5..")
    assert wrong not in {each.hash_id for each in likely.pictures}
    assert [each.score for each in likely.pictures] == sorted((each.score for each in likely.pictures), reverse=True)


def test_probabilities_are_those_of_the_kind_that_answers(scored):
    results = json.loads((scored / "output.json").read_text())
    found = search(scored, "tag:sprites:0..0.9")
    assert found.pictures
    for each in found.pictures:
        scores = [
            one["tag_prob"] for one in results[each.hash_id]["classifiers_output"] if one["tag_name"] == "sprites"
        ]
        assert each.score in scores
        assert each.score <= 0.9


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("tiles/*", 8), ("tiles/", 8), ("images/tiles", 8), ("*/tiles-3.png", 1), ("TILES/*", 0), ("[", 0), ("tile", 0)],
)
def test_a_pattern_of_paths_begins_at_any_folder(output, pattern, count):
    assert search(output, f"path:{pattern}").passed == count


def test_sizes_are_pixels_of_the_file(output):
    every = search(output, "width:1..").pictures
    width = every[0].width
    assert {each.width for each in search(output, f"width:{width}..{width}").pictures} == {width}
    assert search(output, "width:..0").passed == 0
    assert search(output, "not", "width:..0").passed == 24


def test_a_search_again_reads_no_picture_of_the_store(output, monkeypatch):
    first = search(output, "path:tiles/*", "near:" + search(output, "width:1..").pictures[0].hash_id)
    assert (output / NAMES_NAME).is_file()
    monkeypatch.setattr("image_tagging.pipeline.search.table.collect_embeddings", None)
    assert search(output, "path:tiles/*", "near:" + search(output, "width:1..").pictures[0].hash_id) == first


def test_pictures_that_were_added_are_found_at_once(output, tmp_path, drawing):
    search(output, "width:1..")
    drawing(tmp_path / "more" / "new.png", "charts", 5)
    classify_images(
        ClassifyConfig(directory=str(tmp_path / "more"), output=str(output), model=str(output / "models"), place="none")
    )
    found = search(output, str(tmp_path / "more" / "new.png"))
    assert found.all == 25
    assert names(found)[0] == "new.png"


def test_damaged_names_are_made_again(output):
    known = search(output, "width:1..")
    (output / NAMES_NAME).write_bytes((output / NAMES_NAME).read_bytes()[:-3])
    assert search(output, "width:1..") == known


def test_what_is_not_there_is_one_line_that_says_so(output, tmp_path, trained):
    (tmp_path / "text.png").write_text("no picture")
    for query, message in {
        ("tag:tyles",): "there is no tag 'tyles' in .* Did you mean tiles",
        ("tag:zebra",): "there is no tag 'zebra' in .* Its tags: isometric, sprites",
        ("near:zz",): "no picture of .* begins with 'zz'",
        ("near:zzzzzz",): "no picture of .* begins with 'zzzzzz'",
        ("a castle",): "reads no text. A CLIP model does",
        ("./gone.png",): "there is no picture at ./gone.png",
        (str(tmp_path / "text.png"),): "cannot be searched by",
        ("gone.png",): "there is no picture at gone.png",
        (str(trained.images),): "is a folder. Name one picture in it",
    }.items():
        with pytest.raises(InputError, match=message) as caught:
            search(output, *query)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="holds no image-tagging"):
        search(tmp_path, "tag:x")
    one = search(output, "width:1..").pictures[0].hash_id
    with pytest.raises(InputError, match="take each other away"):
        search(output, f"near:{one}", "-", f"near:{one}")


def test_another_run_in_the_folder_is_named(output):
    with WorkingStore(str(output)), pytest.raises(OutputError, match="Wait for the other run"):
        search(output, "width:1..")


def test_texts_are_read_by_the_text_side_of_clip(trained, tmp_path):
    pytest.importorskip("open_clip")
    weights = saved_clip(tmp_path / "clip.pt", "ViT-S-32-alt", 1)
    out = str(tmp_path / "out")
    process_dataset(
        ProcessConfig(
            input_folder=str(trained.images), output_folder=out, clip_model="ViT-S-32-alt", pretrained=str(weights)
        )
    )
    with pytest.raises(InputError, match=r"run the search again with .*--pretrained"):
        search(out, "castle")
    castle, less = (
        search_pictures(parse_arguments(query.split()), out, pretrained=str(weights))
        for query in ("castle tag:tiles", "castle - 0.5:photo")
    )
    assert len(castle.pictures) == 8
    assert [each.score for each in castle.pictures] == sorted((each.score for each in castle.pictures), reverse=True)
    assert {each.hash_id for each in castle.pictures} < {each.hash_id for each in less.pictures}


def test_what_was_found_is_copied_in_its_order(output, tmp_path, trained):
    found = search(output, str(trained.images / "tiles" / "tiles-3.png"), top=3)
    copied, failures = copy_found(found.pictures, str(tmp_path / "copies"))
    assert not failures
    assert [Path(path).name[:5] for path in copied] == ["0001_", "0002_", "0003_"]
    assert Path(copied[0]).read_bytes() == (trained.images / "tiles" / "tiles-3.png").read_bytes()
    with pytest.raises(OutputError, match="is not empty"):
        copy_found(found.pictures, str(tmp_path / "copies"))


def test_the_review_finds_what_the_command_finds(scored):
    one = search(scored, "path:tiles-3.png").pictures[0].hash_id
    by_command = [each.hash_id for each in search(scored, f"near:{one}", "tag:tiles", "width:1..").pictures]
    review = Review(str(scored))
    by_words = review.search.words(f"near:{one} tag:tiles width:1..").by_words
    assert [each.hash_id for each in by_words] == by_command
    assert not review.search.words("tag:tiles width:1..").is_text
    assert review.search.words("tiles").is_text
    assert "no file can be named" in review.search.words("./a.png").why_not
    assert "the name of a tag must follow" in review.search.words("castle tag:").why_not
    review.close()


def test_the_names_are_in_the_order_of_the_embeddings(output):
    from image_tagging.pipeline.search import open_table
    from image_tagging.progress import say_nothing

    made = open_table(str(output), say_nothing)
    mapped = open_table(str(output), say_nothing)
    assert made.names.tolist() == sorted(made.names.tolist()) == mapped.names.tolist()
    np.testing.assert_array_equal(made.embeddings, mapped.embeddings)
