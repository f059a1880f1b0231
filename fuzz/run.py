"""Fuzz one target for a while: ``python -m fuzz.run pickle --seconds 60``. Needs atheris (the extra ``fuzz``)."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
WORK = HERE.parent / "build" / "fuzz"

#: MB of all memory of the process: Python and its libraries take 200 of them.
MEMORY = 700

#: The module of each target, and the function in it that takes an input.
FUNCTIONS = {
    "pickle": ("fuzz_pickle", "one_input"),
    "archives": ("fuzz_archives", "one_input"),
    "drawings": ("fuzz_drawings", "one_input"),
    "metadata": ("fuzz_json", "one_metadata"),
    "lists": ("fuzz_json", "one_tag_lists"),
    "results": ("fuzz_json", "one_output_json"),
    "cards": ("fuzz_json", "one_card"),
    "parquet": ("fuzz_parquet", "one_input"),
    "weights": ("fuzz_weights", "one_input"),
}

#: The dictionaries of targets that share one.
DICTIONARIES = {"metadata": "json", "lists": "json", "results": "json", "cards": "json"}

#: Seconds that one input may take.
TIMEOUT = 10

LONGEST_INPUT = 1 << 15


def main() -> int:
    """Fuzz; the exit code is 0 where nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=tuple(FUNCTIONS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--in-this-process", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.in_this_process:
        return _fuzz(arguments.target, arguments.seconds)
    # libFuzzer ends its process by itself, at times by a signal.
    command = [sys.executable, "-m", "fuzz.run", arguments.target, f"--seconds={arguments.seconds}"]
    return subprocess.run([*command, "--in-this-process"], cwd=HERE.parent, check=False).returncode


def _fuzz(target: str, seconds: int) -> int:
    import atheris

    with atheris.instrument_imports(include=["image_tagging", "pickletools", "fuzz"]):
        from . import only_reading, seeds

        module, function = FUNCTIONS[target]
        one_input = getattr(import_module(f".{module}", __package__), function)
    folder = WORK / target
    os.makedirs(folder / "corpus", exist_ok=True)
    print(f"{seeds.write_seeds(target, str(folder / 'seeds'))} seeds; what is found is written to {folder}/found-…")
    with only_reading.imports_allowed():
        for data in seeds.seeds(target).values():
            one_input(data)
    options = {
        "max_total_time": seconds,
        "rss_limit_mb": MEMORY,
        "malloc_limit_mb": MEMORY,
        "timeout": TIMEOUT,
        "max_len": LONGEST_INPUT,
        "print_final_stats": 1,
        "verbosity": 1,
        "artifact_prefix": f"{folder}/found-",
        "dict": HERE / f"{DICTIONARIES.get(target, target)}.dict",
    }
    flags = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *flags, str(folder / "corpus"), str(folder / "seeds")], one_input)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
