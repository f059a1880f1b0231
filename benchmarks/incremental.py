"""What does a second run of stage 1 cost, with nothing changed and with 500 new images?

    python benchmarks/incremental.py [--images 10000] [--new 500] [--clip-model builtin] [--pretrained WEIGHTS]

Draws pictures of about 300 pixels as JPEG. In one process, in turn: the first run; three runs with nothing changed (the
median is shown); a run after new images are added. The goal for the last: the seconds per image of the first run, times
the new images, plus 5 % of the first run.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from image_tagging import ProcessConfig, process_dataset


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--new", type=int, default=500)
    parser.add_argument("--clip-model", default="builtin")
    parser.add_argument("--pretrained", default="openai")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        run(Path(temporary), arguments)


def run(work: Path, arguments: argparse.Namespace) -> None:
    config = ProcessConfig(
        input_folder=str(work / "images"),
        output_folder=str(work / "output"),
        clip_model=arguments.clip_model,
        pretrained=arguments.pretrained,
    )
    draw(work / "images", 0, arguments.images)
    first = process_dataset(config)
    again = [process_dataset(config) for _ in range(3)]
    unchanged = statistics.median(summary.seconds for summary in again)
    draw(work / "images", arguments.images, arguments.new)
    grown = process_dataset(config)

    bar = first.seconds * (arguments.new / arguments.images + 0.05)
    rate = arguments.images / first.seconds
    print(f"encoder {first.embedding.encoder.label}, {arguments.images:,} images")
    print(f"first run            {first.seconds:8.2f} s  {rate:,.0f} images/s")
    print(f"nothing changed      {unchanged:8.2f} s  {first.seconds / unchanged:,.0f} x as fast as the first")
    print(
        f"{arguments.new:,} new images       {grown.seconds:8.2f} s  "
        f"{grown.embedding.computed:,} computed; the bar is {bar:.2f} s"
    )


def draw(folder: Path, start: int, count: int) -> None:
    """Draw pictures of soft coloured noise, all different, spread over ten tags."""
    for number in range(start, start + count):
        tag = folder / f"tag-{number % 10}"
        tag.mkdir(parents=True, exist_ok=True)
        soft = np.random.default_rng(number).integers(0, 256, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(soft).resize((320, 240), Image.Resampling.BICUBIC).save(tag / f"{number:06}.jpg", quality=85)


if __name__ == "__main__":
    main()
