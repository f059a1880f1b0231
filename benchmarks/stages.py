"""How long do the four stages take, and how good are the tag models, on folders of kinds?

    python benchmarks/stages.py FOLDER [FOLDER ...] [--clip-model builtin]

Each sub-folder of the given folders is a tag. Prints the seconds of each stage and the mean, over tags, of balanced
accuracy and average precision on the held-back tenth, for both kinds of model. One run; seconds depend on the machine.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import zipfile
from pathlib import Path

from image_tagging import (
    ClassifyConfig,
    ProcessConfig,
    TrainConfig,
    classify_images,
    process_dataset,
    train_tag_models,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--clip-model", default="builtin")
    parser.add_argument("--pretrained", default="openai")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        run(arguments, Path(temporary))


def run(arguments: argparse.Namespace, work: Path) -> None:
    tagged, output = work / "tagged", work / "output"
    tagged.mkdir()
    for folder in arguments.folders:
        for kind in sorted(path for path in folder.iterdir() if path.is_dir()):
            (tagged / kind.name).symlink_to(kind.resolve())
    archive = pack(tagged, work / "images.zip")

    first = process_dataset(
        ProcessConfig(
            input_folder=str(tagged),
            output_folder=str(output),
            clip_model=arguments.clip_model,
            pretrained=arguments.pretrained,
            follow_links=True,
        )
    )
    trained = train_tag_models(
        TrainConfig(
            metadata_json=str(output / "input-metadata.json"),
            tag_to_hash_json=str(output / "input-tag-to-image-hash-list.json"),
            output=str(output),
        )
    )
    common = {"metadata_json": str(output / "input-metadata.json"), "model": str(output / "models")}
    third = classify_images(
        ClassifyConfig(directory=str(tagged), output=str(work / "stage3"), follow_links=True, **common)
    )
    fourth = classify_images(
        ClassifyConfig(directory=str(archive), output=str(work / "stage4"), archives=True, **common)
    )

    images = first.embedding.images
    print(f"{images} images, {len(first.tags)} tags, encoder {first.embedding.encoder.label}")
    for stage, summary in (("1", first), ("2", trained), ("3", third), ("4", fourth)):
        print(f"stage {stage}: {summary.seconds:6.1f} s  {images / summary.seconds:7.0f} images/s")
    for kind in sorted({report.kind for report in trained.reports}):
        reports = [report for report in trained.reports if report.kind == kind]
        accuracy = statistics.mean(r.balanced_accuracy for r in reports if r.balanced_accuracy is not None)
        precision = statistics.mean(r.average_precision for r in reports if r.average_precision is not None)
        print(f"{kind:24} balanced accuracy {accuracy:.3f}  average precision {precision:.3f}")


def pack(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as packed:
        for kind in sorted(folder.iterdir()):
            for image in sorted(kind.iterdir()):
                packed.write(image, f"{kind.name}/{image.name}")
    return archive


if __name__ == "__main__":
    main()
