"""What do many tags cost when pictures are known: loading their models, scoring, and the whole of stage 3?

    python benchmarks/many_tags.py MODELS METADATA [--against SRC] [--pictures 2000] [--rounds 3] [--folder DIR]

``MODELS`` is a folder of tag models and ``METADATA`` a metadata file of the same encoder. So many small images are
drawn, with embeddings from all over the metadata. A first run of stage 3 makes them known; then each round runs, as
processes of their own, loading and scoring alone and ``image-tagging classify --place none``.

The baseline is another version of this program: ``--against`` names its ``src`` folder. The versions take turns, and
processor time, which other programs disturb less, is printed next to the seconds. ``max difference`` is between the
probabilities of the two.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

HERE = str(Path(__file__).resolve().parents[1] / "src")
#: Pictures scored at once, as stage 3 does it.
BATCH = 512


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models")
    parser.add_argument("metadata")
    parser.add_argument("--against", help="the src folder of another version")
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where to work; without it a temporary folder")
    parser.add_argument("--step", choices=("draw", "score"), help=argparse.SUPPRESS)  # for the process of one step
    arguments = parser.parse_args()
    if arguments.step:
        {"draw": draw, "score": score}[arguments.step](arguments, Path(arguments.folder))
    elif arguments.folder:
        run(arguments, Path(arguments.folder))
    else:
        with tempfile.TemporaryDirectory() as folder:
            run(arguments, Path(folder))


def run(arguments: argparse.Namespace, work: Path) -> None:
    versions = {"here": HERE, **({"against": arguments.against} if arguments.against else {})}
    for source in versions.values():
        compileall.compile_dir(source, quiet=1)  # as pip does: else each process might compile all modules again
    step(arguments, work, HERE, "draw")
    for name, source in versions.items():
        classify(arguments, work, name, source)  # from now on the pictures are known
    measured: dict[str, list[dict]] = {name: [] for name in versions}
    for _ in range(arguments.rounds):
        for name, source in reversed(versions.items()):
            alone = step(arguments, work, source, "score", name)
            whole = classify(arguments, work, name, source)
            figures = {**alone[0], "score_peak": alone[1]["peak"], **whole}
            measured[name].append(figures)
            print(f"{name:8} {describe(figures)}", flush=True)
    for name, rounds in measured.items():
        print(f"{name:8} {describe({key: median(each[key] for each in rounds) for key in rounds[0]})}  (medians)")
    if "against" in measured:
        compare(work, measured)


def describe(figures: dict) -> str:
    return (
        f"load {figures['load']:6.2f} s ({figures['load_cpu']:6.2f} of processor time)  "
        f"score {figures['score']:6.2f} s ({figures['score_cpu']:6.2f})  {figures['score_peak']:6.0f} MB at most | "
        f"classify {figures['seconds']:6.2f} s ({figures['cpu']:6.2f})  {figures['peak']:6.0f} MB at most"
    )


def compare(work: Path, measured: dict[str, list[dict]]) -> None:
    """Print the ratios of each round and their median."""
    for what, keys in (
        ("load and score", ("load", "score")),
        ("classify", ("seconds",)),
        ("its processor time", ("cpu",)),
    ):
        ratios = [
            sum(before[key] for key in keys) / sum(after[key] for key in keys)
            for before, after in zip(measured["against"], measured["here"])
        ]
        print(f"{what}: {median(ratios):.2f} x as fast ({', '.join(f'{ratio:.2f}' for ratio in ratios)})")
    for what, key in (("load and score", "score_peak"), ("classify", "peak")):
        ratio = median(each[key] for each in measured["here"]) / median(each[key] for each in measured["against"])
        print(f"{what}: {ratio:.2f} x the memory")
    here, against = (np.load(work / f"{name}.npy") for name in ("here", "against"))
    print(f"max difference {np.abs(here - against).max():.1e}")


def step(arguments: argparse.Namespace, work: Path, source: str, name: str, result: str = "") -> list[dict]:
    """Run a step of this script by a version, and return what it printed and what its process took."""
    command = [sys.executable, __file__, arguments.models, arguments.metadata, f"--step={name}", f"--folder={work}"]
    text, usage = process([*command, f"--pictures={arguments.pictures}"], source)
    if result:
        (work / "scores.npy").replace(work / f"{result}.npy")
    return [json.loads(text or "{}"), usage]


def classify(arguments: argparse.Namespace, work: Path, name: str, source: str) -> dict:
    """Run stage 3 by a version, and return what its process took."""
    options = {"directory": work / "images", "metadata_json": work / "metadata.json", "model": arguments.models}
    options |= {"output": work / f"output-{name}", "place": "none"}
    command = [sys.executable, "-m", "image_tagging", "classify"]
    return process([*command, *(f"--{option}={value}" for option, value in options.items())], source)[1]


def process(command: list[str], source: str) -> tuple[str, dict]:
    """Return what a process wrote, and its seconds, processor time and most memory in MB."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen(command, stdout=output, env={**os.environ, "PYTHONPATH": source})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{' '.join(command)} failed")
        output.seek(0)
        text = output.read()
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # macOS counts in bytes, Linux in KiB
    cpu = usage.ru_utime + usage.ru_stime
    return text, {"seconds": time.perf_counter() - started, "cpu": cpu, "peak": usage.ru_maxrss / unit}


def score(arguments: argparse.Namespace, work: Path) -> None:
    """Load the models and score the drawn pictures; print what each took."""
    from image_tagging.tag_models import load_tag_models

    embeddings = np.load(work / "embeddings.npy")
    started, cpu = time.perf_counter(), time.process_time()
    models = load_tag_models(arguments.models)
    loaded, cpu_loaded = time.perf_counter(), time.process_time()
    batches = [models.probabilities(embeddings[at : at + BATCH]) for at in range(0, len(embeddings), BATCH)]
    figures = {"load": loaded - started, "load_cpu": cpu_loaded - cpu}
    figures |= {"score": time.perf_counter() - loaded, "score_cpu": time.process_time() - cpu_loaded}
    print(json.dumps(figures))
    np.save(work / "scores.npy", np.concatenate(batches))


def draw(arguments: argparse.Namespace, work: Path, pixels: int = 16) -> None:
    """Write different pictures, and the metadata that gives each an embedding of those in ``METADATA``."""
    from PIL import Image

    from image_tagging.addresses import ImageRef
    from image_tagging.datasets import read_embeddings, record_writer
    from image_tagging.images.decode import decode
    from image_tagging.records import ImageRecord

    folder = work / "images"
    folder.mkdir(exist_ok=True)
    encoder, images = read_embeddings(arguments.metadata)
    embeddings = np.array([image.embedding for image in images], dtype=np.float32)
    embeddings = embeddings[np.linspace(0, len(embeddings) - 1, arguments.pictures).astype(int)]
    np.save(work / "embeddings.npy", embeddings)
    random = np.random.default_rng(0)
    with record_writer([str(work / "metadata.json")], encoder, tagged=False) as writer:
        for number, embedding in enumerate(embeddings):
            path = folder / f"{number:06}.png"
            Image.fromarray(random.integers(0, 256, (pixels, pixels, 3), dtype=np.uint8)).save(path, compress_level=1)
            facts = decode(ImageRef(str(path)), path.read_bytes()).facts
            fields = {name: getattr(facts, name) for name in facts.__dataclass_fields__}
            writer.add(ImageRecord(**fields, tags=(), embedding=embedding, encoder=encoder))


if __name__ == "__main__":
    main()
