"""`train --prior text` from end to end, with a CLIP of random weights: what names of tags add to what is learned."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import pytest

from clip_models import saved_clip
from image_tagging import TrainConfig, load_tag_models, train_tag_models
from image_tagging.cli import app as cli
from image_tagging.encoders.registry import encoder_identity, load_text_encoder
from image_tagging.errors import TrainingError
from image_tagging.pipeline.summaries import TrainSummary
from image_tagging.tag_models import LOGISTIC_REGRESSION, SVM, kind_names
from image_tagging.training.evaluation.ranking import Ranking
from image_tagging.training.text_prior.prior import TextPrior

pytest.importorskip("open_clip", reason="the clip extra is not installed")
pytest.importorskip("torch", reason="the clip extra is not installed")

pytestmark = [pytest.mark.clip, pytest.mark.slow, pytest.mark.xdist_group("pipeline prior")]

SMALL = "ViT-S-32-alt"
DIM = 256


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local checkpoint of random weights."""
    return saved_clip(tmp_path_factory.mktemp("weights") / "random.pt", SMALL, seed=7)


@pytest.fixture(scope="module")
def directions(weights: Path) -> dict[str, np.ndarray]:
    """Where the text side of that CLIP says that images of two tags lie."""
    prior = TextPrior.of(["windmill", "lighthouse"], load_text_encoder(SMALL, str(weights), "cpu").embed_texts)
    return dict(prior.directions)


def cloud(count: int, towards: np.ndarray, tagged: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings (count, DIM) that lie about one middle; the first ones lie further in a direction."""
    is_tag = np.arange(count) < tagged
    noise = np.random.default_rng(seed).normal(size=(count, DIM)) + 2.0
    return (noise + 3.0 * is_tag[:, np.newaxis] * towards).astype(np.float32), is_tag


@dataclass(frozen=True)
class DataSet:
    """Stage 1's two files, of 160 images of which a dozen show windmills, as their name says; and nothing else yet."""

    folder: Path
    weights: Path

    def train(self, output: str, **settings: str) -> TrainSummary:
        return train_tag_models(
            TrainConfig(
                metadata_json=str(self.folder / "input-metadata.json"),
                tag_to_hash_json=str(self.folder / "lists.json"),
                output=str(self.folder / output),
                test_per=0.0,
                **settings,
            )
        )

    def list_tags(self, lists: dict[str, list[str]]) -> None:
        (self.folder / "lists.json").write_text(json.dumps(lists), encoding="utf-8")

    def model(self, output: str, tag: str, kind: str) -> Path:
        return self.folder / output / "models" / f"model-{kind}-tag-{tag}.pkl"

    def card(self, output: str, tag: str, kind: str) -> dict:
        return json.loads(self.model(output, tag, kind).with_suffix(".json").read_text(encoding="utf-8"))

    def average_precision(self, output: str, tag: str, kind: str, towards: np.ndarray) -> float:
        """Of images that no model has met, a tenth of which lie where the name says."""
        unseen, is_tag = cloud(1000, towards, 100, seed=99)
        scores = load_tag_models(str(self.model(output, tag, kind))).probabilities(unseen)[:, 0]
        ranking = Ranking.of(scores, is_tag, np.ones(len(scores)))
        assert ranking is not None
        return ranking.average_precision


@pytest.fixture
def data_set(tmp_path: Path, weights: Path, directions: dict[str, np.ndarray]) -> DataSet:
    name, pretrained = encoder_identity(SMALL, str(weights))
    embeddings, _ = cloud(160, directions["windmill"], 12, seed=3)
    records = {
        str(number): {"model": name, "pretrained": pretrained, "embeddings_vector": vector.tolist()}
        for number, vector in enumerate(embeddings)
    }
    (tmp_path / "input-metadata.json").write_text(json.dumps(records), encoding="utf-8")
    made = DataSet(tmp_path, weights)
    made.list_tags({"windmill": [str(number) for number in range(12)], "lighthouse": [], "not-cat": []})
    return made


def test_a_true_name_has_a_say_in_the_model_of_few_images(data_set: DataSet, directions: dict[str, np.ndarray]) -> None:
    data_set.train("without")
    data_set.train("with", prior="text", pretrained=str(data_set.weights))
    assert "its name believed by" in data_set.card("with", "windmill", LOGISTIC_REGRESSION.name)["recipe"]
    assert "name" not in data_set.card("without", "windmill", LOGISTIC_REGRESSION.name)["recipe"]
    before, after = (
        data_set.average_precision(output, "windmill", LOGISTIC_REGRESSION.name, directions["windmill"])
        for output in ("without", "with")
    )
    assert after > before + 0.05
    machines = [data_set.model(output, "windmill", SVM.name).read_bytes() for output in ("without", "with")]
    assert machines[0] == machines[1]


@pytest.mark.parametrize("kind", kind_names())
def test_a_tag_without_an_image_has_models_that_find_what_its_name_means(
    data_set: DataSet, directions: dict[str, np.ndarray], kind: str
) -> None:
    summary = data_set.train("out", prior="text", pretrained=str(data_set.weights))
    assert data_set.average_precision("out", "lighthouse", kind, directions["lighthouse"]) > 0.8
    assert data_set.average_precision("out", "lighthouse", kind, -directions["lighthouse"]) < 0.1
    card = data_set.card("out", "lighthouse", kind)
    assert card["training_images"] == {"tag": 0, "other": 160}
    assert card["recipe"].startswith("its name alone")
    assert (card["threshold"], card["threshold_for"]) == (0.5, None)
    assert card["validation"]["average_precision"] is None
    assert "not calibrated: learned from its name alone" in card["marks"]
    assert [report.tag for report in summary.reports] == ["lighthouse"] * 2 + ["windmill"] * 2
    text = (data_set.folder / "out" / "reports" / f"model-report-{kind}-tag-lighthouse.txt").read_text("utf-8")
    assert "note: not calibrated: learned from its name alone\n" in text
    assert "tag-set-image-count: 0\n" in text
    run = json.loads((data_set.folder / "out" / "reports" / "reports.json").read_text("utf-8"))
    told = next(model for model in run["models"] if (model["tag"], model["kind"]) == ("lighthouse", kind))
    assert told["warnings"] == ["0 images", "not calibrated: learned from its name alone"]
    page = (data_set.folder / "out" / "reports" / "index.html").read_text("utf-8")
    assert page.count('<li class="warning">not calibrated: learned from its name alone</li>') == len(kind_names())


def test_a_name_that_gives_no_direction_is_told_and_the_others_are_learned(data_set: DataSet) -> None:
    summary = data_set.train("out", prior="text", pretrained=str(data_set.weights))
    ((tag, reason),) = summary.skipped
    assert tag == "not-cat"
    assert reason.startswith("it has no image with an embedding, and its name")
    assert any("not-cat" in warning for warning in summary.warnings)


def test_tags_of_which_there_are_only_names_are_learned(data_set: DataSet) -> None:
    data_set.list_tags({"lighthouse": [], "windmill": []})
    summary = data_set.train("out", prior="text", pretrained=str(data_set.weights))
    assert len(summary.reports) == 4
    assert len(load_tag_models(str(data_set.folder / "out" / "models")).names) == 4
    with pytest.raises(TrainingError, match="lighthouse: it has no image with an embedding; --prior=text can"):
        data_set.train("without")


def test_without_a_text_side_it_says_so_and_goes_on(data_set: DataSet) -> None:
    data_set.train("without")
    summary = data_set.train("asked", prior="text")  # nobody says where the weights are
    (warning,) = summary.warnings
    assert "tags are learned from images alone" in warning
    assert [tag for tag, _ in summary.skipped] == ["lighthouse", "not-cat"]
    for kind in kind_names():
        assert (
            data_set.model("asked", "windmill", kind).read_bytes()
            == data_set.model("without", "windmill", kind).read_bytes()
        )


def test_an_empty_folder_comes_through_all_stages(
    tmp_path: Path, weights: Path, drawing: Callable[[Path, str, int], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("sprites", "tiles"):
        for number in range(6):
            drawing(tmp_path / "in" / kind / f"{number}.png", kind, number)
    (tmp_path / "in" / "lighthouse").mkdir()
    output, models = tmp_path / "out", tmp_path / "out" / "models"
    encoder = (f"--clip_model={SMALL}", f"--pretrained={weights}", "--precision=fp32")
    assert cli.main(["process", f"--input_folder={tmp_path / 'in'}", f"--output_folder={output}", *encoder]) == 0
    assert "The folder lighthouse holds no image" in capsys.readouterr().out
    files = (f"--metadata_json={output / 'input-metadata.json'}", f"--output={output}")
    lists = f"--tag_to_hash_json={output / 'input-tag-to-image-hash-list.json'}"
    assert cli.main(["train", *files, lists, "--prior=text", f"--pretrained={weights}"]) == 0
    (row,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("lighthouse"))
    assert row.split()[1:4] == ["0", "n/a", "n/a"]
    assert cli.main(["models", str(models)]) == 0
    (row, _) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("lighthouse"))
    assert row.split()[-5:-1] == ["0", "-", "-", "0.500"]
    assert cli.main(["models", str(models), "--tag=lighthouse"]) == 0
    assert capsys.readouterr().out.count("its name alone, set against 12 others") == len(kind_names())
    directory = (f"--directory={tmp_path / 'in'}", f"--model={models}", "--place=none")
    assert cli.main(["classify", *files, *directory]) == 0
    for entry in json.loads((output / "output.json").read_text("utf-8")).values():
        scored = {(each["model_type"], each["tag_name"]) for each in entry["classifiers_output"]}
        assert {(kind, "lighthouse") for kind in kind_names()} < scored
