"""Someone who corrects what the first sort got wrong, by verdicts that a script of theirs has written."""

from __future__ import annotations

import json

import pytest

from image_tagging.store import Verdict, Verdicts

from .people import Person

pytestmark = pytest.mark.slow


def model_files(person):
    """The bytes of the models, by tag."""
    files = {}
    for path in sorted((person.output / "models").glob("*.pkl")):
        files.setdefault(path.stem.rpartition("-tag-")[2], []).append(path.read_bytes())
    return files


def writes(person, name, *lines):
    """Write JSON Lines as a script would: no ids."""
    text = "".join(json.dumps({"time": "2026-11-01T10:00:00Z", **line}) + "\n" for line in lines)
    (person.desk / name).write_text(text, "utf-8")


def sort(person, *flags):
    return person.runs("sort", "examples", "mountain", "--output=sorted", "--clip_model=builtin", *flags)


def test_the_verdicts_of_a_corrector(tmp_path):
    clerk = Person(tmp_path, "sorted")
    for kind in ("maps", "sprites", "tiles"):
        clerk.draws(f"examples/{kind}", kind, range(10))
    for kind in ("maps", "sprites", "tiles", "charts", "isometric"):
        clerk.draws("mountain", kind, range(100, 108))

    # The first sort knows three tags. Charts end up in none, or in a wrong one.
    sort(clerk)
    first, names = model_files(clerk), {name: entry["hash_id"] for name, entry in clerk.scores().items()}
    assert set(first) == {"maps", "sprites", "tiles"}

    # Some charts are a tag of their own, two are no tiles; one of them is kept to check the model by.
    lines = [{"tag": "charts", "hash_id": names[f"charts-{n}.png"], "verdict": "yes"} for n in range(100, 105)]
    lines += [{"tag": "tiles", "hash_id": names[f"charts-{n}.png"], "verdict": "no"} for n in (100, 101)]
    lines += [{"tag": "tiles", "hash_id": names["tiles-100.png"], "verdict": "yes", "mode": "check"}]
    writes(clerk, "said.jsonl", *lines)
    assert "Added 8 verdicts" in clerk.runs("verdicts", "import", "sorted", "said.jsonl")
    assert "Added 0 verdicts" in clerk.runs("verdicts", "import", "sorted", "said.jsonl")

    # The next sort says so, and changes these two tags alone.
    said = sort(clerk)
    assert "Verdicts: 8 used, on charts, tiles, 1 of them for validation alone; no other tag depends on them" in said
    second = model_files(clerk)
    assert {tag for tag in second if second[tag] != first.get(tag)} == {"charts", "tiles"}
    assert {"charts-105.png", "charts-106.png", "charts-107.png"} & set(clerk.placed("charts"))
    assert "examples, verdicts, mountain and settings are as they were" in sort(clerk)
    assert model_files(clerk) == second

    # A folder made anew from examples and the exported verdicts has the same models to the byte.
    clerk.runs("verdicts", "export", "sorted", "kept.jsonl")
    said = clerk.runs("sort", "examples", "mountain", "--output=again", "--clip_model=builtin", "--verdicts=kept.jsonl")
    assert "Verdicts: 8 used" in said
    assert model_files(Person(tmp_path, "again")) == second

    # All was a mistake: undone, as an app does it, the models are those of the first day; charts is left over.
    with Verdicts(str(clerk.output)) as verdicts:
        assert len(verdicts.undo()) == 8
    said = sort(clerk)
    third = model_files(clerk)
    assert {tag: third[tag] for tag in first} == first
    assert "models of other tags (charts)" in said
    clerk.runs("forget", "charts", "--output=sorted")
    assert model_files(clerk) == first

    # Bad lines are named, and nothing of their file is taken.
    writes(clerk, "bad.jsonl", lines[0], {"tag": "maps", "hash_id": "x", "verdict": "perhaps"})
    said = clerk.runs("verdicts", "import", "sorted", "bad.jsonl", exit_code=1)
    assert "bad.jsonl, line 2: its verdict is not yes, no or unsure" in said
    assert "has no verdicts yet" in clerk.runs("verdicts", "sorted")


def test_a_correction_of_a_folder_label_counts_more_than_the_folder(tmp_path):
    """A sprite that lies among the tiles: the word of a person takes it out of these, and leaves the files alone."""
    clerk = Person(tmp_path, "sorted")
    for kind in ("sprites", "tiles"):
        clerk.draws(f"examples/{kind}", kind, range(10))
    (wrong,) = clerk.draws("examples/tiles", "sprites", [50])
    clerk.draws("mountain", "maps", range(100, 104))
    sort(clerk)
    before, name = model_files(clerk), clerk.metadata()["sprites-50.png"]["hash_id"]
    with Verdicts(str(clerk.output)) as verdicts:
        verdicts.append([Verdict("tiles", name, "no"), Verdict("sprites", name, "yes")])
    said = sort(clerk)
    after = model_files(clerk)
    assert "Verdicts: 2 used, on sprites, tiles" in said
    assert all(after[tag] != before[tag] for tag in ("sprites", "tiles"))
    assert wrong.exists()
    assert clerk.tags() == {"sprites": 10, "tiles": 11}
