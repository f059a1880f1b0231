"""The queries, modules and descriptions of machines in the pages are ones that work."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from documented.reading import ROOT, Page

#: Pages whose Python runs in a test, each with the test.
PYTHON = {
    "README.md": "test_docs.py",
    "docs/duplicates.md": "test_duplicates_docs.py",
    "docs/encoders.md": "documented/test_other_code.py",
    "docs/python.md": "test_python_page.py",
    "docs/search.md": "test_search_docs.py",
}


def test_every_language_of_a_page_is_known_to_a_test():
    from documented.reading import PAGES

    found = {page.name: set(re.findall(r"^```(\w+)$", page.text, re.M)) for page in PAGES}
    pages = {
        language: [name for name, used in found.items() if language in used]
        for language in set().union(*found.values())
    }
    assert pages.pop("python") == sorted(PYTHON, key=lambda name: (name == "README.md", name))
    assert not pages.keys() - {"sh", "bash", "sql", "yaml", "dockerfile"}
    assert (pages["sql"], pages["yaml"]) == (["docs/formats.md"], ["docs/container.md", "docs/scale.md"])
    for name, test in PYTHON.items():
        assert name.rpartition("/")[2] in (ROOT / "tests" / test).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_queries_of_the_page_on_formats_answer(trained, tmp_path):
    from image_tagging import ClassifyConfig, classify_images
    from image_tagging.exporters import read_results

    models, images = str(trained.models), str(trained.images / "sprites")
    classify_images(ClassifyConfig(directory=images, model=models, output=str(tmp_path), place="none"))
    hash_id = next(read_results(tmp_path / "output.json")).hash_id
    (block,) = Page("docs/formats.md").blocks("sql")
    queries = block.replace("'cat'", "'sprites'").replace("'…'", f"'{hash_id}'").splitlines()
    assert len(queries) >= 3
    with closing(sqlite3.connect(tmp_path / "stage3.db")) as connection:
        rows = [connection.execute(query.replace("0.4 AND 0.6", "0 AND 1")).fetchall() for query in queries]
        for query in queries:
            connection.execute(query)
    assert all(rows)


@pytest.mark.slow
def test_the_encoder_of_the_page_embeds_a_data_set(tmp_path, drawing):
    page = Page("docs/encoders.md")
    (tmp_path / "mean_colour.py").write_text("\n".join(page.blocks("python")), encoding="utf-8")
    (call,) = [code for code in page.code_in_prose if code.startswith("process_dataset(")]
    for number in range(3):
        drawing(tmp_path / "my-dataset" / "sprites" / f"{number}.png", "sprites", number)
    (tmp_path / "run.py").write_text(
        f"import mean_colour\nfrom image_tagging import ProcessConfig, process_dataset\n"
        f"if __name__ == '__main__':\n    print({call}.embedding.computed)\n",
        encoding="utf-8",
    )
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "run.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray_takes_the_cluster_of_the_page():
    yaml = pytest.importorskip("yaml", reason="THE CLUSTER OF docs/scale.md WAS NOT READ: PyYAML is not installed")
    util = pytest.importorskip(
        "ray.autoscaler._private.util", reason="THE CLUSTER OF docs/scale.md WAS NOT READ: no Ray"
    )
    (block,) = Page("docs/scale.md").blocks("yaml")
    described = yaml.safe_load(block)
    described["available_node_types"]["worker"]["resources"] = {"CPU": 16}  # as AWS says of the kind of machine
    util.validate_config(util.prepare_config(described))
