"""How long does ``image-tagging --help`` take, against an empty Python program?

    python benchmarks/startup.py [--rounds 15]

Both as whole processes, in turn; medians and the difference.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    commands = {"python -c pass": ["-c", "pass"], "image-tagging --help": ["-m", "image_tagging.cli.app", "--help"]}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, arguments in commands.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
            seconds[name].append(time.perf_counter() - started)
    for name, each in seconds.items():
        print(f"{name:22} {statistics.median(each):.3f} s  (from {min(each):.3f} to {max(each):.3f})")


if __name__ == "__main__":
    main()
