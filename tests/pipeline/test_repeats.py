"""Repeats of an output folder: near-duplicates and equal pictures, which one is kept, and what hiding leaves out."""

import re
import shutil

import pytest
from PIL import Image, ImageFilter

from image_tagging import ProcessConfig, process_dataset
from image_tagging.addresses import ImageRef
from image_tagging.datasets import near_duplicate_groups
from image_tagging.errors import InputError
from image_tagging.pipeline.repeats import find_repeats, hidden_repeats, ranking
from image_tagging.pipeline.repeats.ranking import best_first
from image_tagging.pipeline.search import open_table, search_pictures
from image_tagging.progress import say_nothing
from image_tagging.search import parse_arguments
from image_tagging.store import REPEATS_NAME, CollectedFile, WorkingStore


def add(folder, output):
    process_dataset(ProcessConfig(input_folder=str(folder), output_folder=str(output), clip_model="builtin"))
    return output


def name_of(output, file):
    with WorkingStore(str(output)) as store:
        return next(name for name, ref in store.collection.addresses() if ref.path.endswith(file))


@pytest.fixture(scope="module")
def versions(tmp_path_factory, drawing):
    """A castle at its size, at twice that, and as two JPEGs; the same bytes once more; and two other pictures."""
    folder = tmp_path_factory.mktemp("versions") / "pictures"
    drawing(folder / "castle.png", "isometric", 3)
    castle = Image.open(folder / "castle.png").convert("RGB")
    large = castle.resize((castle.width * 2, castle.height * 2), Image.Resampling.NEAREST)
    large.save(folder / "large.png")
    large.save(folder / "good.jpg", quality=98)
    large.save(folder / "poor.jpg", quality=90)
    (folder / "old").mkdir()
    shutil.copy(folder / "castle.png", folder / "old" / "castle.png")
    drawing(folder / "other.png", "charts", 5)
    drawing(folder / "third.png", "sprites", 1)
    return add(folder, folder.parent / "out")


@pytest.fixture
def output(versions, tmp_path):
    return shutil.copytree(versions, tmp_path / "out")


def test_all_but_the_best_of_near_duplicates_are_hidden(output):
    hidden = hidden_repeats(output)
    assert hidden == {name_of(output, file) for file in ("castle.png", "good.jpg", "poor.jpg")}


def test_groups_are_those_of_training(output):
    table = open_table(str(output), say_nothing)
    groups = near_duplicate_groups(table.embeddings, cosine=0.93)
    assert len(set(groups.tolist())) == len(table) - len(hidden_repeats(output))


def test_repeats_are_looked_for_once(output, monkeypatch):
    first = hidden_repeats(output)
    assert (output / REPEATS_NAME).is_file()
    monkeypatch.setattr("image_tagging.pipeline.repeats.groups.near_duplicate_groups", None)
    assert hidden_repeats(str(output)) == first


def test_pictures_that_were_added_are_looked_at(output, tmp_path):
    before = hidden_repeats(output)
    with WorkingStore(str(output)) as store:
        large = next(ref for _, ref in store.collection.addresses() if ref.path.endswith("large.png"))
    (tmp_path / "more").mkdir()
    picture = Image.open(large.file)
    picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.NEAREST).save(tmp_path / "more" / "4.png")
    add(tmp_path / "more", output)
    assert hidden_repeats(output) == before | {name_of(output, "large.png")}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (("WEBP", 900, 20, 20), ("PNG", 900, 10, 10)),
        (("PNG", 100, 20, 20), ("JPEG", 4000, 20, 20)),
        (("PNG", 100, 20, 20), ("GIF", 900, 20, 20)),
        (("JPEG", 900, 20, 20), ("JPEG", 800, 20, 20)),
        (("BMP", 1200, 20, 20), ("PNG", 100, 20, 20)),
    ],
)
def test_the_most_pixels_are_best_then_the_least_compressed_then_the_first_path(better, worse):
    def file(name, format, size, width, height):
        return CollectedFile("hash", ImageRef(name), format, size, width, height)

    files = [file("a.png", *better), file("b.png", *worse)]
    assert min(files, key=best_first) == min(files[::-1], key=best_first) == files[0]


def test_of_equal_files_one_outside_archives_is_best_and_a_sharper_one_before_that():
    inside, outside = (
        CollectedFile("hash", ref, "PNG", 9, 2, 2) for ref in (ImageRef("a.zip", ("a.png",)), ImageRef("b.png"))
    )
    assert best_first(outside) < best_first(inside)
    assert best_first(inside, sharpness=2.0) < best_first(outside, sharpness=1.0)


def test_a_folder_without_repeats_hides_nothing(tmp_path, drawing):
    drawing(tmp_path / "in" / "a.png", "charts", 5)
    drawing(tmp_path / "in" / "b.png", "sprites", 1)
    assert hidden_repeats(add(tmp_path / "in", tmp_path / "out")) == frozenset()


def test_files_of_one_picture_and_versions_of_it_are_one_group(output):
    found = find_repeats(output)
    (group,) = found.groups
    files = [group.kept, *(repeat.file for repeat in group.repeats)]
    assert [file.ref.path.split("pictures/")[1] for file in files] == [
        "large.png", "good.jpg", "poor.jpg", "castle.png", "old/castle.png"
    ]  # fmt: skip
    assert group.why == "least compressed: PNG, the next JPEG"
    assert (found.files, found.pictures, found.failures) == (4, 6, ())
    assert found.size_bytes == sum(file.size_bytes for file in files[1:])
    assert all(0.9 < repeat.cosine <= 1 and not repeat.is_same for repeat in group.repeats)


@pytest.fixture
def blurred(tmp_path, drawing):
    """A picture, and first by path a blurred one of as many pixels in the same format."""
    picture = Image.open(drawing(tmp_path / "in" / "sharp.png", "isometric", 3))
    picture = picture.resize((picture.width * 4, picture.height * 4), Image.Resampling.NEAREST)
    picture.save(tmp_path / "in" / "sharp.png")
    picture.filter(ImageFilter.GaussianBlur(0.7)).save(tmp_path / "in" / "blurred.png")
    return add(tmp_path / "in", tmp_path / "out")


def test_of_equally_good_files_the_sharpest_is_kept_and_hiding_follows(blurred):
    sharp, vague = (name_of(blurred, file) for file in ("sharp.png", "blurred.png"))
    assert hidden_repeats(blurred) == {sharp}  # no image is read: the first by path is kept
    (group,) = find_repeats(blurred).groups
    assert group.kept.hash_id == sharp
    assert re.fullmatch(r"sharpest: [\d,]+, the next [\d,]+", group.why)
    assert hidden_repeats(blurred) == {vague}


def test_images_are_read_once_to_see_how_sharp_they_are(blurred, monkeypatch):
    first = find_repeats(blurred)
    for name in ("sharp.png", "blurred.png"):
        (blurred.parent / "in" / name).unlink()
    assert find_repeats(blurred) == first


def test_an_image_that_is_gone_is_no_better_than_one_that_can_be_read(blurred):
    (blurred.parent / "in" / "sharp.png").unlink()
    found = find_repeats(blurred)
    assert [failure.code for failure in found.failures] == ["missing"]
    assert found.groups[0].kept.ref.path.endswith("blurred.png")
    assert found.groups[0].why.endswith("the next not readable")


def test_an_image_that_was_replaced_is_not_compared(blurred, drawing):
    drawing(blurred.parent / "in" / "sharp.png", "charts", 1)
    assert [failure.code for failure in find_repeats(blurred).failures] == ["changed"]


def test_groups_of_the_most_files_come_first(tmp_path, drawing):
    for kind, copies in {"charts": 2, "isometric": 4, "sprites": 1}.items():
        for number in range(copies):
            drawing(tmp_path / "in" / f"{kind}-{number}.png", kind, 1)
    found = find_repeats(add(tmp_path / "in", tmp_path / "out"))
    assert [len(group.repeats) for group in found.groups] == [3, 1]
    assert all(repeat.is_same and repeat.cosine == 1 for group in found.groups for repeat in group.repeats)


def test_a_search_that_hides_repeats_finds_the_kept_one_alone(output):
    every = search_pictures(parse_arguments(["width:1.."]), output)
    hidden = hidden_repeats(output)
    shown = search_pictures(parse_arguments(["width:1.."]), output, hide_repeats=True)
    assert {each.hash_id for each in shown.pictures} == {each.hash_id for each in every.pictures} - hidden
    assert (shown.passed, shown.all) == (3, 6)
    query = [f"near:{name_of(output, 'other.png')}"]
    near = search_pictures(parse_arguments(query), output, top=2, hide_repeats=True)
    assert {each.hash_id for each in near.pictures} == {name_of(output, file) for file in ("large.png", "third.png")}


def test_repeats_of_an_output_folder_without_them_hide_nothing_of_a_search(tmp_path, drawing):
    drawing(tmp_path / "in" / "a.png", "charts", 5)
    output = add(tmp_path / "in", tmp_path / "out")
    assert len(search_pictures(parse_arguments(["width:1.."]), output, hide_repeats=True).pictures) == 1


def test_a_damaged_file_of_repeats_is_made_again(output):
    first = hidden_repeats(output)
    (output / REPEATS_NAME).write_bytes((output / REPEATS_NAME).read_bytes()[:-3])
    assert hidden_repeats(output) == first


def test_what_is_no_output_folder_is_one_line_that_says_so(tmp_path):
    with pytest.raises(InputError, match="holds no image-tagging"):
        hidden_repeats(tmp_path)


def test_figures_that_differ_little_are_shown_with_the_digits_that_differ():
    assert ranking._unlike(0.0631, 0.0629) == ("0.0631", "0.0629")
    assert ranking._unlike(0.13, 0.5) == ("0.13", "0.5")
