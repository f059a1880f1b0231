"""An ``output.json`` that is damaged, something else or huge: a run that would have to keep a part of it refuses it."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

ENTRY = {"hash_id": "h", "file_path": "/a.png", "file_paths": ["/a.png"], "addresses": [["/a.png"]]}
PICTURE = {**ENTRY, "classifiers_output": []}


def spelt(*pictures):
    return json.dumps({str(number): picture for number, picture in enumerate(pictures)})


DAMAGED = {
    "cut short": lambda data: data[:-40],
    "cut within its first entry": lambda data: data[:300],
    "another bracket": lambda data: data[:-3] + "]\n",
    "text behind it": lambda data: data + "{}",
    "a comma too many": lambda data: data.replace("\n}\n", ",\n}\n"),
    "a list": lambda _: json.dumps([PICTURE]),
    "metadata": lambda _: spelt({"hash_id": "h", "file_name": "a.png", "embeddings_vector": [1, 2]}),
    "no pictures": lambda _: '{"hash_id": 1, "b": {}}',
    "paths that are none": lambda _: spelt({**PICTURE, "file_paths": [5]}),
    "paths that are no list": lambda _: spelt({**PICTURE, "file_paths": "/a.png"}),
    "addresses that are no list": lambda _: spelt({**PICTURE, "addresses": 5}),
    "addresses that are none": lambda _: spelt({**PICTURE, "addresses": [[]]}),
    "scores that are no list": lambda _: spelt({**PICTURE, "classifiers_output": "x"}),
    "a score that is none": lambda _: spelt({**PICTURE, "classifiers_output": [5]}),
    "a hash that is none": lambda _: spelt({**PICTURE, "hash_id": 5}),
    "an address too many": lambda _: spelt({**PICTURE, "addresses": [["/a.png"], ["/b.png"]]}),
    "a picture twice": lambda _: (
        f'{{"h": {json.dumps(PICTURE)}, "g": {json.dumps(PICTURE)}, "h": {json.dumps(PICTURE)}}}'
    ),
    "an entry of a plain value before": lambda _: f'{{"a": 1, "h": {json.dumps(PICTURE)}}}',
}


@pytest.mark.parametrize("stage", ["classify", "classify-zip"])
@pytest.mark.parametrize("damage", DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_file_is_refused_and_left_as_it_is(refused, stages, all_stages, *, tmp_path, results, stage, damage):
    output = shutil.copytree(all_stages / "output", tmp_path / "out")
    path = output / "output.json"
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    before = results(output)
    message = refused(*stages[stage](output))
    assert str(path) in message
    assert "Move it away, or use another output folder." in message
    assert results(output) == before


@pytest.mark.parametrize("stage", ["classify", "classify-zip"])
def test_an_earlier_version_of_the_other_stage_is_refused(refused, stages, all_stages, tmp_path, results, stage):
    output = shutil.copytree(all_stages / "output", tmp_path / "out")
    (output / ("stage3.db" if stage == "classify" else "stage4.db")).unlink()
    path = output / "output.json"
    pictures = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(
        spelt(*({**each, "addresses": None} for each in pictures.values())).replace('"addresses": null, ', "")
    )
    before = results(output)
    message = refused(*stages[stage](output))
    assert "is of an earlier version and holds the results of the other stage" in message
    assert results(output) == before


@pytest.mark.parametrize("stage", ["classify", "classify-zip"])
@pytest.mark.parametrize("content", ["", "{}", " {\n} \n"], ids=["empty", "no entries", "spaces"])
def test_a_file_that_holds_nothing_is_replaced(stages, tmp_path, stage, content):
    from image_tagging.cli import app as cli

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "output.json").write_text(content, encoding="utf-8")
    assert cli.main(stages[stage](tmp_path / "out")) == 0
    assert len(json.loads((tmp_path / "out" / "output.json").read_text(encoding="utf-8"))) == 24


#: Keeps the results of stage 3 of very many pictures in those of stage 4, as the stages do.
_MERGING = """
import sys
from image_tagging.addresses import ImageRef
from image_tagging.exporters import EarlierResults
from image_tagging.exporters.merged_output import merged_output

def entry(number, *address):
    ref = ImageRef(f"/data/{number}.png" if not address else address[0], address[1:])
    scores = [{"model_type": "ovr-svm", "tag_name": f"tag {tag}", "tag_prob": tag / 37, "tagged": False}
              for tag in range(30)]
    return f"{number:0128x}", {"hash_id": f"{number:0128x}", "file_path": ref.path, "file_paths": [ref.path],
                               "addresses": [ref.address], "classifiers_output": scores}

count = int(sys.argv[2])
for of_archives in (False, True, False):
    earlier = EarlierResults(sys.argv[1], of_archives=of_archives)
    with merged_output(sys.argv[1], earlier, of_archives=of_archives) as output:
        for number in range(count // 2, count) if of_archives else range(2 * count // 3):
            output.add(*entry(number, *(("/data/a.zip", f"{number}.png") if of_archives else ())))
    print(earlier.replaced, earlier.dropped, earlier.kept, file=sys.stderr)
"""


@pytest.mark.slow
def test_results_of_any_size_are_kept_in_little_memory(measured, tmp_path):
    code, said, mebibytes = measured(sys.executable, "-c", _MERGING, str(tmp_path), "45000")
    assert code == 0, said
    assert said.splitlines() == ["0 0 0", "0 0 30000", "30000 0 22500"]
    assert (tmp_path / "output.json").stat().st_size > 100 << 20
    assert mebibytes < 80
