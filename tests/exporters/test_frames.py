"""The scores of an output folder as a DataFrame."""

from __future__ import annotations

import json
import math
import sys

import pytest

from image_tagging import scores_frame
from image_tagging.errors import ImageTaggingError, InputError, LibraryMissingError, NoModelsError

LR, SV = "ovr-logistic-regression", "ovr-svm"


def entry(path, *scores):
    return {
        "file_path": path,
        "file_paths": [path, f"{path}.copy"],
        "classifiers_output": [
            {"model_type": kind, "tag_name": tag, "tag_prob": probability, "tagged": probability > 0.5}
            for kind, tag, probability in scores
        ],
    }


def output(folder, cards=(), **entries):
    """An output folder with these entries, and models of which only the names and cards are there."""
    (folder / "output.json").write_text(json.dumps({name: {"hash_id": name, **of} for name, of in entries.items()}))
    for kind, tag, precision in cards:
        (folder / "models").mkdir(exist_ok=True)
        stem = folder / "models" / f"model-{kind}-tag-{tag}"
        stem.with_name(f"{stem.name}.pkl").touch()
        card = {"sha256": "0", "cross_validation": {"average_precision": precision}}
        stem.with_name(f"{stem.name}.json").write_text(json.dumps(card))
    return folder


@pytest.fixture
def folder(tmp_path):
    return output(
        tmp_path,
        [(LR, "cat", 0.9), (SV, "cat", 0.8), (LR, "dog", 0.1), (SV, "dog", 0.2)],
        h1=entry("/in/1.png", (LR, "cat", 0.25), (LR, "dog", 0.5), (SV, "cat", 0.75), (SV, "dog", 1.0)),
        h2=entry("/in/2.png", (LR, "cat", 0.125), (SV, "cat", 0.0)),
    )


def test_without_pandas_the_error_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(LibraryMissingError, match=r"scores_frame needs pandas, .* Install it: pip install pandas\."):
        scores_frame(folder)
    assert issubclass(LibraryMissingError, ImageTaggingError)


class TestWithPandas:
    """What needs pandas itself."""

    @pytest.fixture(autouse=True)
    def _pandas(self):
        pytest.importorskip("pandas", reason="pandas is not installed (dev extra)")

    def test_a_column_has_the_answer_for_its_tag(self, folder):
        frame = scores_frame(folder)
        assert (frame.index.name, list(frame.index), list(frame)) == (
            "hash_id",
            ["h1", "h2"],
            ["file_path", "cat", "dog"],
        )
        assert list(frame["file_path"]) == ["/in/1.png", "/in/2.png"]
        assert (list(frame["cat"]), frame.loc["h1", "dog"]) == ([0.25, 0.125], 1.0)
        assert math.isnan(frame.loc["h2", "dog"])
        assert str(frame["cat"].dtype) == "float64"

    def test_the_file_itself_can_be_named(self, folder):
        assert scores_frame(folder / "output.json").equals(scores_frame(str(folder)))

    def test_one_kind_can_be_named(self, folder):
        assert list(scores_frame(folder, kind=SV)["cat"]) == [0.75, 0.0]
        with pytest.raises(InputError, match=r"no score of the kind svm\. Did you mean ovr-svm\?"):
            scores_frame(folder, kind="svm")

    def test_the_models_may_lie_elsewhere(self, folder, tmp_path):
        (folder / "models").rename(tmp_path / "elsewhere")
        with pytest.raises(InputError, match=r"two kinds for the tag cat\. .* name their folder by models=, or a kind"):
            scores_frame(folder)
        assert list(scores_frame(folder, models=tmp_path / "elsewhere")["cat"]) == [0.25, 0.125]
        with pytest.raises(NoModelsError):
            scores_frame(folder, models=tmp_path / "nowhere")

    def test_scores_of_one_kind_need_no_models(self, tmp_path):
        folder = output(tmp_path, h1=entry("/in/1.png", (SV, "cat", 0.25)))
        assert list(scores_frame(folder)["cat"]) == [0.25]

    def test_a_tag_called_like_a_column_of_ours_has_a_column(self, tmp_path):
        folder = output(tmp_path, h1=entry("/in/1.png", (SV, "file_path", 0.25), (SV, "hash_id", 0.5)))
        assert list(scores_frame(folder)) == ["file_path", "tag:file_path", "tag:hash_id"]

    def test_the_long_form_has_a_row_for_each_score(self, folder):
        frame = scores_frame(folder, wide=False)
        assert list(frame) == ["hash_id", "file_path", "tag", "kind", "probability", "tagged"]
        assert len(frame) == 6
        assert frame.iloc[2].to_list() == ["h1", "/in/1.png", "cat", SV, 0.75, True]
        assert len(scores_frame(folder, wide=False, kind=LR)) == 3

    def test_a_folder_of_no_scores_gives_an_empty_frame(self, tmp_path):
        assert scores_frame(output(tmp_path)).shape == (0, 1)

    def test_a_folder_without_results_says_so(self, tmp_path):
        with pytest.raises(InputError, match=r"output\.json"):
            scores_frame(tmp_path)

    @pytest.mark.slow
    def test_what_a_run_has_written_is_read(self, trained, tmp_path):
        from image_tagging import ClassifyConfig, classify_images, load_tag_models, score_images

        models = str(trained.models)
        classify_images(ClassifyConfig(directory=str(trained.images), output=str(tmp_path), model=models, place="none"))
        frame = scores_frame(tmp_path, models=models)
        scores = score_images(list(frame["file_path"]), load_tag_models(models))
        assert list(frame)[1:] == list(scores.tags)
        assert abs(frame[list(scores.tags)].to_numpy() - scores.probabilities).max() < 1e-12
