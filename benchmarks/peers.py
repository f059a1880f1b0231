"""How much processor time, wall time and memory does stage 1 take, against clip-retrieval on the same pictures?

    python benchmarks/peers.py [FOLDER] [--images 500] [--rounds 5] [--environment DIR]

Both programs run as whole processes, in turn, over the same JPEGs, with ViT-B-32, one file of random weights, the same
PyTorch, batch size and number of workers, on the CPU: ``clip-retrieval inference`` (which writes embeddings in float16
and a table of names) and ``image-tagging process --tagged_dataset=False`` (which also hashes each picture and writes
its metadata as JSON). The order changes every round. Figures are medians of the rounds; processor time is that of a
program with all its child processes. Each also runs once over a single picture, which is what starting takes; clip-
retrieval starts with two batches of warming up. Pictures are drawn, or are the first JPEGs of ``FOLDER``.

What the peer needs, all made here:

- An environment of its own (0.8 GB, a minute), since it needs NumPy 1 and other versions than this program. PyTorch and
  torchvision are those of the Python that runs this script, by a ``.pth`` file: their usual wheels for Linux are for
  CUDA, 6 GB, and so both programs compute with one build. ``--environment`` says where to keep it for the next run.
- setuptools 69, since the package ``clip`` that it imports asks for ``pkg_resources.packaging``. PyTorch names a later
  one as needed, and runs without.
- No download at its start: ``--clip_model open_clip:ViT-B-32/FILE`` names a checkpoint of random weights, saved here by
  open_clip, and the texts are left out (``--enable_text False``). No name of its cache is guessed, and no part of it is
  replaced. The environment variables of the hub and of wandb say that there is no network.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Callable

import numpy as np
from PIL import Image
from whole_process import CommandFailedError, Measured, measure, memory_of

MODEL = "ViT-B-32"
PINNED = (
    *("clip-retrieval==2.45.0", "all_clip==1.3.0", "clip-anytorch==2.6.0", "open_clip_torch==2.32.0"),
    *("numpy==1.26.4", "pandas==2.3.3", "pyarrow==15.0.2"),
)
SETUPTOOLS = "setuptools==69.5.1"
#: Written into an environment that is complete.
_COMPLETE = "complete.txt"
_OFFLINE = {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "WANDB_MODE": "disabled"}


@dataclass(frozen=True)
class Program:
    """One of the two: ``command`` gives its command line for a folder of pictures and an output folder."""

    name: str
    command: Callable[[Path, Path], list[str]]

    def run(self, pictures: Path, output: Path) -> Measured:
        """Run it into a new folder."""
        shutil.rmtree(output, ignore_errors=True)
        return measure(self.command(pictures, output), {**os.environ, **_OFFLINE})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="photos; without it pictures are drawn")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--workers", type=int, default=4, help="workers that decode pictures")
    parser.add_argument("--environment", type=Path, help="where the environment of clip-retrieval is, or is made")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            work = Path(temporary)
            peer = environment(arguments.environment or work / "environment")
            compare(arguments, work, *programs(arguments, peer, random_weights(work)))
    except CommandFailedError as error:
        sys.exit(f"peers.py: {error}")


def environment(folder: Path) -> Path:
    """Return the command of clip-retrieval in an environment, which is made where it is missing."""
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    if not (folder / _COMPLETE).is_file():
        if not (3, 10) <= sys.version_info < (3, 13):
            raise CommandFailedError("clip-retrieval 2.45 needs Python 3.10 to 3.12: run this script with one of them.")
        import torchvision

        print(f"making the environment of clip-retrieval in {folder}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        python = str(scripts / "python")
        where = "import sysconfig; print(sysconfig.get_path('purelib'))"
        packages = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip()
        ours = Path(torchvision.__file__).parents[1]
        (Path(packages) / "pytorch-of-image-tagging.pth").write_text(f"{ours}\n", encoding="utf-8")
        for what in (PINNED, ("--no-deps", SETUPTOOLS)):
            measure([python, "-m", "pip", "install", "--quiet", *what])
        (folder / _COMPLETE).write_text("\n".join(PINNED), encoding="utf-8")
    return scripts / "clip-retrieval"


def random_weights(work: Path) -> Path:
    import logging

    import open_clip
    import torch

    logging.disable(logging.WARNING)  # that the weights are random
    torch.manual_seed(0)
    path = work / "random.pt"
    torch.save(open_clip.create_model(MODEL).state_dict(), path)
    return path


def programs(arguments: argparse.Namespace, peer: Path, weights: Path) -> tuple[Program, Program]:
    """Return clip-retrieval and this program, with the same settings."""

    def theirs(pictures: Path, output: Path) -> list[str]:
        given = [f"--input_dataset={pictures}", f"--output_folder={output}"]
        model = [f"--clip_model=open_clip:{MODEL}/{weights}", "--enable_text=False"]
        shared = [f"--batch_size={arguments.batch_size}", f"--num_prepro_workers={arguments.workers}"]
        return [str(peer), "inference", *given, *model, *shared]

    def ours(pictures: Path, output: Path) -> list[str]:
        given = [f"--input_folder={pictures}", f"--output={output}", "--tagged_dataset=False"]
        model = [f"--clip_model={MODEL}", f"--pretrained={weights}"]
        shared = [f"--batch_size={arguments.batch_size}", f"--num_threads={arguments.workers}"]
        return [sys.executable, "-m", "image_tagging", "process", *given, *model, *shared]

    return Program("clip-retrieval", theirs), Program("image-tagging", ours)


def compare(arguments: argparse.Namespace, work: Path, peer: Program, ours: Program) -> None:
    pictures = work / "pictures"
    pictures.mkdir()
    count = (copied if arguments.folder else drawn)(arguments.folder, pictures, arguments.images)
    one = work / "one"
    one.mkdir()
    shutil.copy(min(pictures.iterdir()), one)
    print(
        f"{count} pictures, {MODEL}, batches of {arguments.batch_size}, {arguments.workers} workers, {os.cpu_count()} "
        f"cores; memory is that of {memory_of}",
        flush=True,
    )
    both = (peer, ours)
    outputs = {program: work / program.name for program in both}
    starts = {program: program.run(one, outputs[program]) for program in both}
    runs: dict[Program, list[Measured]] = {program: [] for program in both}
    for number in range(arguments.rounds):
        for program in both if number % 2 else both[::-1]:
            runs[program].append(program.run(pictures, outputs[program]))
        rows = "   ".join(f"{program.name} {shown(runs[program][-1], count)}" for program in both)
        print(f"round {number + 1}: {rows}   ratio {ratio(runs, peer, ours, number):.3f}", flush=True)
    print(f"least cosine of the two embeddings of a picture: {agreement(outputs[peer], outputs[ours], count):.4f}")
    report(count, starts, runs)
    ratios = [ratio(runs, peer, ours, number) for number in range(arguments.rounds)]
    beyond = [(a.cpu - starts[ours].cpu) / (b.cpu - starts[peer].cpu) for a, b in zip(runs[ours], runs[peer])]
    print(f"processor time, image-tagging / clip-retrieval: {spread(ratios)}; without starting {spread(beyond)}")
    wall = [one.seconds / other.seconds for one, other in zip(runs[ours], runs[peer])]
    memory = [one.memory / other.memory for one, other in zip(runs[ours], runs[peer])]
    print(f"wall time: {spread(wall)}; memory: {spread(memory)}")


def report(count: int, starts: dict[Program, Measured], runs: dict[Program, list[Measured]]) -> None:
    print(f"{'medians':16}{'pictures/s':>12}{'processor s':>13}{'GiB at most':>13}{'starting, processor s':>23}")
    for program, measured in runs.items():
        rate = statistics.median(count / each.seconds for each in measured)
        cpu = statistics.median(each.cpu for each in measured)
        memory = statistics.median(each.memory for each in measured) / (1 << 30)
        print(f"{program.name:16}{rate:12.1f}{cpu:13.1f}{memory:13.2f}{starts[program].cpu:23.1f}")


def shown(each: Measured, count: int) -> str:
    return f"{count / each.seconds:5.1f}/s {each.cpu:6.1f} s {each.memory / (1 << 30):.2f} GiB"


def ratio(runs: dict[Program, list[Measured]], peer: Program, ours: Program, number: int) -> float:
    return runs[ours][number].cpu / runs[peer][number].cpu


def spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def agreement(peer: Path, ours: Path, count: int) -> float:
    """Return the least cosine of the two embeddings of a picture, over all pictures; both programs must have all."""
    import pyarrow.parquet as pq

    names = pq.read_table(next(peer.glob("metadata/*.parquet")))["image_path"].to_pylist()
    theirs = np.load(next(peer.glob("img_emb/*.npy"))).astype(np.float64)
    records = json.loads(next(ours.rglob("*-metadata.json")).read_bytes()).values()
    mine = {record["file_name"]: np.array(record["embeddings_vector"]) for record in records}
    if len(names) != count or len(mine) != count:
        raise CommandFailedError(
            f"of {count} pictures clip-retrieval embedded {len(names)}, image-tagging {len(mine)}."
        )
    pairs = zip(theirs, (mine[Path(name).name] for name in names))
    return min(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in pairs)


def copied(source: Path, folder: Path, most: int) -> int:
    """Copy the first JPEGs of a folder, each content once: both programs must do the same work."""
    found = (path for path in sorted(source.rglob("*")) if path.suffix.lower() in {".jpg", ".jpeg"})
    contents = {path.read_bytes(): path for path in islice(found, most)}
    for number, (content, path) in enumerate(contents.items()):
        (folder / f"{number:05}{path.suffix.lower()}").write_bytes(content)
    if not contents:
        raise CommandFailedError(f"{source} holds no JPEG.")
    return len(contents)


def drawn(_: None, folder: Path, count: int) -> int:
    """Draw pictures of 640 x 480: colours that change slowly, under noise, so that a JPEG takes what a photo takes."""
    random = np.random.default_rng(0)
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 256, size=(12, 16, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((640, 480), Image.Resampling.BICUBIC), dtype=np.float64)
        noisy = smooth + random.normal(scale=6, size=smooth.shape)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{number:05}.jpg", quality=85)
    return count


if __name__ == "__main__":
    main()
