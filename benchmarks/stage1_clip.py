"""How fast is stage 1 with a CLIP model, by each library that computes it, against a loop that only embeds?

    python benchmarks/stage1_clip.py FOLDER [--ways loop onnx torch ...] [--model ViT-B-32] [--images N] [--rounds 3]

The loop is the obvious program: a torch DataLoader with two workers over the same files, open_clip's own transform and
its model in float32. Stage 1 runs as for a user, into a new folder: it reads, decodes and hashes, loads the model,
computes the embeddings, stores them and writes the metadata. ``onnx`` is onnxruntime in float32, ``onnx-int8`` the same
in 8 bits; ``torch`` is PyTorch in the precision ``auto``; ``openvino`` is the device of that name. What is not
installed is left out, with a line that says so.

All read one file of random weights. Each runs in a process of its own (``clip_way.py``), and they take turns, so that a
busy machine disturbs all; figures are medians, and ratios are those within a round, to the first way. Processor time
and memory are those of the process with its workers, memory apart: the peak of the process, and that of the largest
worker, which shares pages with it. ``start`` is the imports, and the load of the encoder with the hash of its file;
``rate`` and processor time leave it aside, ``whole`` has it. ``busy`` is the share of the time, the start aside, in
which stage 1 was inside ``embed``.
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
from pathlib import Path
from typing import Any

from clip_way import WAYS

#: This process imports nothing heavy: a new process begins with the peak of the one that starts it.
_CHILD = Path(__file__).with_name("clip_way.py")

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}

Rounds = list[dict[str, dict[str, Any]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="the first is what ratios are to")
    parser.add_argument("--model", default="ViT-B-32")
    parser.add_argument("--images", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=4, help="decoding threads of stage 1")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        rounds = play(arguments, Path(temporary))
    if rounds[0]:
        report(rounds)


def play(arguments: argparse.Namespace, work: Path) -> Rounds:
    """Run the ways in turns; return, for each round, what each that is installed took."""
    task = {"model": arguments.model, "weights": str(work / "random.safetensors"), "threads": arguments.threads}
    task["pictures"] = str(work / "pictures")
    count = copy_pictures(arguments.folder, work / "pictures", arguments.images)
    run({**task, "way": "weights"})
    print(f"{count} images, {arguments.model}, {os.cpu_count()} processors, {arguments.threads} decoding threads")
    rounds: Rounds = []
    ways = list(arguments.ways)
    for number in range(arguments.rounds):
        rounds.append({})
        for way in list(ways):
            output = work / "output"
            result = run({**task, "way": way, "output": str(output)})
            shutil.rmtree(output, ignore_errors=True)
            if "skipped" in result:
                print(f"{way} is left out: {result['skipped']}", flush=True)
                ways.remove(way)
                continue
            rounds[-1][way] = result
            print(f"round {number + 1}: {way} {result['rate']:.1f} images/s ({result['computed_on']})", flush=True)
    return rounds


def copy_pictures(folder: Path, pictures: Path, most: int) -> int:
    """Copy pictures into one folder, for any layout of the original; return how many there are."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)[:most]
    for number, path in enumerate(files):
        place = pictures / path.parent.name / f"{number:05}{path.suffix}"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    if not files:
        sys.exit(f"stage1_clip.py: there are no pictures in {folder}")
    return len(files)


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Return what the process of a way has measured."""
    done = subprocess.run([sys.executable, str(_CHILD), json.dumps(task)], check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"stage1_clip.py: {task['way']} failed:\n{done.stderr[-3000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def report(rounds: Rounds) -> None:
    """Print a line of medians for each way."""
    first = next(iter(rounds[0]))
    head = [
        "way",
        "images/s",
        f"x {first}",
        "with the start",
        f"x {first}",
        "CPU ms an image",
        "peak MB",
        "of a worker",
    ]
    print("\n" + row(*head, "start s", "busy") + "\n|" + "---|" * (len(head) + 2))
    for way in rounds[0]:
        print(row(way, *figures(rounds, way, first)))


def figures(rounds: Rounds, way: str, first: str) -> list[str]:
    """Return the figures of a way, as the table has them."""

    def middle(key: str, times: float = 1) -> float:
        return times * statistics.median(played[way][key] for played in rounds)

    def ratio(key: str) -> str:
        return f"{statistics.median(played[way][key] / played[first][key] for played in rounds):.2f}"

    rates = [f"{middle('rate'):.1f}", ratio("rate"), f"{middle('whole'):.1f}", ratio("whole")]
    memory = [f"{middle(key, 1e-6):.0f}" for key in ("peak", "workers_peak")]
    busy = f"{middle('busy'):.0%}" if "busy" in rounds[0][way] else ""
    return [*rates, f"{middle('cpu', 1e3):.0f}", *memory, f"{middle('start'):.2f}", busy]


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
