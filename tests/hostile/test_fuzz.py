"""What the fuzzers begin with and what they once found, through the same functions, without atheris: in every run."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
if not (CHECKOUT / "fuzz").is_dir():
    pytest.skip("the fuzzers are not here: this is no checkout", allow_module_level=True)
sys.path.insert(0, str(CHECKOUT))

from fuzz import fuzz_json, fuzz_pickle, only_reading, seeds  # noqa: E402  from the checkout, not installed
from fuzz.run import DICTIONARIES, FUNCTIONS, HERE  # noqa: E402

ONE_INPUT = {
    target: getattr(importlib.import_module(f"fuzz.{module}"), function)
    for target, (module, function) in FUNCTIONS.items()
    if target in seeds.TARGETS
}
FINDINGS = [
    pytest.param(target, data, id=f"{target}-{name}")
    for target in seeds.TARGETS
    for name, data in seeds.findings(target).items()
]


@pytest.fixture(scope="module", autouse=True)
def imported():
    """What is imported when it is first needed is imported, which an input may not bring about."""
    with only_reading.imports_allowed():
        for target, one_input in ONE_INPUT.items():
            for data in seeds.seeds(target).values():
                one_input(data)


@pytest.mark.slow
@pytest.mark.parametrize("target", seeds.TARGETS)
def test_seeds_do_only_what_is_promised(target):
    for name, data in seeds.seeds(target).items():
        print(name)  # shown where it fails
        ONE_INPUT[target](data)


@pytest.mark.parametrize(("target", "data"), FINDINGS)
def test_what_was_found_does_only_what_is_promised(target, data):
    ONE_INPUT[target](data)


@pytest.mark.parametrize("target", seeds.TARGETS)
def test_the_seeds_are_small_and_no_two_are_the_same(target):
    inputs = seeds.seeds(target)
    assert len(set(inputs.values())) == len(inputs) >= 20
    assert all(len(data) < 1 << 14 for data in inputs.values())


def test_the_good_seeds_are_used_to_their_end():
    for name, data in seeds.seeds("pickle").items():
        if name.endswith(("joblib", "with-a-card")):
            model, _, card = data.partition(fuzz_pickle.CARD)
            path = fuzz_pickle._written(model, card or None)
            assert fuzz_pickle.load_tag_models(path).dim == seeds.DIM


@pytest.mark.parametrize(
    ("target", "read"),
    [("metadata", 2), ("lists", {"cat", "dog"}), ("results", 2), ("cards", 0.31), ("parquet", 3)],
)
def test_the_good_seeds_of_other_files_are_read(tmp_path, target, read):
    if target not in seeds.TARGETS:
        pytest.skip("needs the parquet extra")
    name = "packed by zstd" if target == "parquet" else "as written"
    path = tmp_path / f"input.{'parquet' if target == 'parquet' else 'json'}"
    path.write_bytes(seeds.seeds(target)[name])
    reader = {
        "lists": lambda path: set(fuzz_json.read_tag_lists(path)),
        "results": lambda path: len(list(fuzz_json.read_results(path))),
        "cards": lambda path: fuzz_json.read_card(path).threshold,
    }.get(target, fuzz_json.read_all_embeddings)
    assert reader(str(path)) == read


def test_every_target_has_its_dictionary_and_is_run_by_make():
    recipe = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    for target in FUNCTIONS:
        assert (HERE / f"{DICTIONARIES.get(target, target)}.dict").is_file()
        assert target in recipe.partition("\nfuzz:")[2].partition("\n\n")[0]


@pytest.mark.parametrize("cut", [3, 7])
@pytest.mark.parametrize("target", seeds.TARGETS)
def test_seeds_cut_short_and_joined(target, cut):
    whole = list(seeds.seeds(target).values())
    for one, other in zip(whole, whole[1:]):
        for length in range(0, len(one), 1 + len(one) // cut):
            ONE_INPUT[target](one[:length])
            ONE_INPUT[target](one[:length] + other[length:])
            ONE_INPUT[target](one + other[:length])


WRITES = {
    "a file": lambda folder: open(folder / "new", "w").close(),
    "a file by its descriptor": lambda folder: os.close(os.open(folder / "new", os.O_WRONLY | os.O_CREAT)),
    "a folder": lambda folder: (folder / "new").mkdir(),
    "a process": lambda folder: subprocess.run(["true"], check=True),
    "a call of the system": lambda folder: os.system("true"),
    "an import": lambda folder: __import__("this"),
    "a removal": lambda folder: (folder / "old").unlink(),
}


@pytest.mark.parametrize("what", WRITES)
def test_the_watch_would_see_it(tmp_path, what):
    (tmp_path / "old").touch()
    with pytest.raises(only_reading.Forbidden), only_reading.only_reading():
        WRITES[what](tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
