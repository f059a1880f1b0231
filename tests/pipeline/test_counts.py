"""One count of pictures on all screens: copies count once, and where files are counted it says so."""

from __future__ import annotations

import json

import pytest

from image_tagging import SortConfig, sort_images
from image_tagging.cli import sort_summaries, summaries
from image_tagging.demo import draw
from image_tagging.tag_models import list_folder
from samples import encoded, written, zipped

KINDS = ("sprites", "tiles", "isometric")
COUNT = 9


@pytest.fixture(scope="module")
def sorted_(tmp_path_factory):
    """Examples with a copy of one picture, and a mountain of which every picture lies in an archive too."""
    root = tmp_path_factory.mktemp("counts")
    for kind in KINDS:
        for number in range(5):
            written(root / "examples" / kind / f"{number}.png", encoded(draw(kind, number).convert("RGB")))
    written(root / "examples" / "tiles" / "again.png", encoded(draw("tiles", 0).convert("RGB")))
    pictures = {
        f"{number}.png": encoded(draw(KINDS[number % 3], 100 + number).convert("RGB")) for number in range(COUNT)
    }
    for name, data in pictures.items():
        written(root / "mountain" / name, data)
    written(root / "mountain" / "all.zip", zipped(pictures))
    config = SortConfig(
        examples=str(root / "examples"), mountain=str(root / "mountain"), output=str(root / "o"), clip_model="builtin"
    )
    return sort_images(config)


def test_a_picture_that_is_loose_and_in_an_archive_counts_once(sorted_):
    assert sum(answer.tagged for answer in sorted_.answers) > 0
    for stage in (sorted_.folder, sorted_.archive):
        assert [each.tagged for each in sorted_.answers] == [each.tagged for each in stage.answers]
        assert sorted_.with_tag == stage.with_tag
    assert (sorted_.mountain.pictures, sorted_.mountain.images) == (COUNT, 2 * COUNT)


def test_the_end_of_sort_names_pictures_and_files(sorted_, capsys):
    sort_summaries.show_sort(sorted_)
    shown = capsys.readouterr().out
    assert f"{COUNT} pictures ({2 * COUNT} files), 1 archive, 0 skipped" in shown
    tagged = sorted_.folder.tagged + sorted_.archive.tagged
    assert f"{sorted_.with_tag} of {COUNT} pictures ({tagged} of {2 * COUNT} files) got at least one tag" in shown


def test_all_screens_count_the_pictures_of_a_tag_alike(sorted_, capsys):
    """Stage 1, the table of training, the cards that ``models`` lists, text reports and reports.json."""
    counts = sorted_.process.tags
    assert counts == dict.fromkeys(sorted(KINDS), 5)
    summaries.show_process(sorted_.process)
    assert "15 pictures (16 files), 0 skipped" in capsys.readouterr().out
    assert {report.tag: report.tag_images for report in sorted_.train.reports} == counts
    listed = list_folder(f"{sorted_.output}/models").models
    assert {model.tag: model.card.pictures.tag for model in listed} == counts
    with open(f"{sorted_.output}/reports/reports.json", encoding="utf-8") as file:
        assert {model["tag"]: model["pictures"] for model in json.load(file)["models"]} == counts
    for report in sorted_.train.reports:
        path = f"{sorted_.output}/reports/model-report-{report.kind}-tag-{report.tag}.txt"
        with open(path, encoding="utf-8") as file:
            assert f"tag-set-image-count: {counts[report.tag]}\n" in file.read()
