"""How fast is stage 1 with a CLIP model, against a plain loop that only computes the embeddings?

    python benchmarks/stage1_clip.py FOLDER [--model ViT-B-32] [--images N] [--rounds 3]

The loop is the obvious program: a torch DataLoader with two workers over the same files, open_clip's own transform and
its model in float32. It is timed without loading its model. Stage 1 runs as for a user, into a new folder: it reads,
decodes and hashes, loads the model, computes the embeddings, stores them and writes the metadata. Both use one
checkpoint of random weights. They take turns, so that a busy machine disturbs both; the figures are medians.
CPU seconds count the workers of the loop too, and hardly depend on what else the machine does.

``busy`` is the share of the time, loading aside, in which stage 1 was inside ``embed``.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import open_clip
import torch
from PIL import Image

from image_tagging import ProcessConfig, process_dataset
from image_tagging.encoders.clip.encoder import ClipEncoder


class Photos(torch.utils.data.Dataset):
    def __init__(self, files: list[Path], transform: Any) -> None:
        self.files = files
        self.transform = transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> Any:
        with Image.open(self.files[number]) as image:
            return self.transform(image.convert("RGB"))


class Meter:
    """A sum of the seconds of calls."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="ViT-B-32")
    parser.add_argument("--images", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=4, help="decoding threads of stage 1")
    arguments = parser.parse_args()
    suffixes = {".jpg", ".jpeg", ".png", ".webp"}
    files = sorted(path for path in arguments.folder.rglob("*") if path.suffix.lower() in suffixes)[: arguments.images]
    with tempfile.TemporaryDirectory() as temporary:
        compare(arguments, files, Path(temporary))


def compare(arguments: argparse.Namespace, files: list[Path], work: Path) -> None:
    torch.manual_seed(0)
    model, _, transform = open_clip.create_model_and_transforms(arguments.model)
    weights = work / "random.pt"
    torch.save(model.state_dict(), weights)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.eval().to(device)
    pictures = work / "pictures"
    for number, path in enumerate(files):  # one folder, for any layout of the original
        link = pictures / path.parent.name / f"{number:05}{path.suffix}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path.resolve())

    loops: list[float] = []
    loop_cpus: list[float] = []
    stages: list[dict[str, Any]] = []
    print(f"{len(files)} images, {arguments.model}, {torch.get_num_threads()} threads of torch {torch.__version__}")
    for number in range(arguments.rounds):
        before = cpu_seconds()
        loops.append(len(files) / plain_loop(files, model, transform, device))
        between = cpu_seconds()
        stages.append(stage1(arguments, pictures, work / f"output{number}", weights))
        stages[-1]["cpu"] = (cpu_seconds() - between - stages[-1]["loading_cpu"]) / len(files)
        loop_cpus.append((between - before) / len(files))
        print(
            f"round {number + 1}: loop {loops[-1]:6.1f} images/s   stage 1 {stages[-1]['rate']:6.1f} images/s "
            f"({stages[-1]['whole']:.1f} with {stages[-1]['loading']:.1f} s of loading), busy {stages[-1]['busy']:.0%}"
        )
    first = stages[0]["summary"]
    print(f"stage 1 on {first.computed_on}: {first.computed} embeddings")
    for key, words in (("rate", "loading aside"), ("whole", "loading included")):
        ratio = statistics.median(stage[key] / loop for stage, loop in zip(stages, loops))
        print(f"{statistics.median(stage[key] for stage in stages):6.1f} images/s, {ratio:.2f} x the loop, {words}")
    cpus = statistics.median(loop_cpus), statistics.median(stage["cpu"] for stage in stages)
    print(f"CPU per image: loop {cpus[0] * 1e3:.0f} ms, stage 1 {cpus[1] * 1e3:.0f} ms, {cpus[0] / cpus[1]:.2f} x")
    print(
        f"{statistics.median(loops):6.1f} images/s of the loop; busy {statistics.median(s['busy'] for s in stages):.0%}"
    )


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of those it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def plain_loop(files: list[Path], model: Any, transform: Any, device: str) -> float:
    """Return the seconds of the plain loop."""
    loader = torch.utils.data.DataLoader(Photos(files, transform), batch_size=32, num_workers=2)
    started = time.perf_counter()
    with torch.inference_mode():
        rows = [model.encode_image(batch.to(device)).cpu() for batch in loader]
    assert sum(map(len, rows)) == len(files)
    return time.perf_counter() - started


def stage1(arguments: argparse.Namespace, pictures: Path, output: Path, weights: Path) -> dict[str, Any]:
    loading, working = Meter(), Meter()
    loading_cpu: list[float] = []
    load, embed = ClipEncoder.__init__, ClipEncoder.embed

    def timed_load(self: ClipEncoder, *args: Any, **options: Any) -> None:
        before = cpu_seconds()
        with loading.running():
            load(self, *args, **options)
        loading_cpu.append(cpu_seconds() - before)

    def timed_embed(self: ClipEncoder, batch: Any) -> Any:
        with working.running():
            return embed(self, batch)

    ClipEncoder.__init__, ClipEncoder.embed = timed_load, timed_embed
    try:
        started = time.perf_counter()
        summary = process_dataset(
            ProcessConfig(
                input_folder=str(pictures),
                output_folder=str(output),
                clip_model=arguments.model,
                pretrained=str(weights),
                num_threads=arguments.threads,
            )
        )
        seconds = time.perf_counter() - started
    finally:
        ClipEncoder.__init__, ClipEncoder.embed = load, embed
    images = summary.embedding.images
    return {
        "summary": summary.embedding,
        "loading": loading.seconds,
        "loading_cpu": sum(loading_cpu),
        "whole": images / seconds,
        "rate": images / (seconds - loading.seconds),
        "busy": working.seconds / (seconds - loading.seconds),
    }


if __name__ == "__main__":
    main()
