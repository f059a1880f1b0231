"""Four weeks of someone who keeps an archive: zips, a disk that is away, another machine, another encoder."""

from __future__ import annotations

import json
import shutil
import zipfile

import pytest

from clip_models import saved_clip
from image_tagging import scores_frame

from .people import Person

pytestmark = pytest.mark.slow


def packs(person, archive, folder):
    """Put a folder of the desk into a zip, and take it away."""
    with zipfile.ZipFile(person.desk / archive, "w") as zipped:
        for file in sorted((person.desk / folder).iterdir()):
            zipped.write(file, f"{folder}/{file.name}")
    shutil.rmtree(person.desk / folder)


def sort(person, mountain, *flags):
    return person.runs("sort", "examples", mountain, "--output=sorted", *flags)


def test_the_four_weeks_of_an_archivist(tmp_path):
    keeper = Person(tmp_path / "old machine", "sorted")
    for kind in ("maps", "sprites", "tiles"):
        keeper.draws(f"examples/{kind}", kind, range(10))
        keeper.draws("1998", kind, range(100, 104))
        keeper.draws("scans", kind, range(200, 203))
    packs(keeper, "1998.zip", "1998")

    # Week 1: an archive. Week 2: a folder of scans, among them one of the archive: it counts once.
    sort(keeper, "1998.zip", "--clip_model=builtin")
    assert (len(keeper.scores()), sum(keeper.rows("stage4").values())) == (12, 12 * 6 + 1)
    keeper.draws("scans", "maps", [100])
    said = sort(keeper, "scans")
    assert "21 pictures (22 files)" in said
    assert len(keeper.scores()) == 21
    assert set(keeper.rows("stage3")) == {path.name for path in (keeper.desk / "scans").iterdir()}
    assert len(keeper.rows("stage4")) == 13

    # Week 3: the disk with the scans is away. What is known of them stays, and is said.
    keeper.moves("scans", "../shelf/scans")
    keeper.draws("new", "tiles", [300])
    said = sort(keeper, "new")
    assert "is not there now" in said
    assert len(keeper.scores()) == 22
    assert "tiles-200.png" in keeper.placed("tiles")
    keeper.moves("../shelf/scans", "scans")

    # Week 4: another machine, with the archive in another place. Nothing is computed again.
    new = Person(tmp_path / "new machine", "sorted")
    shutil.copytree(keeper.desk, new.desk, dirs_exist_ok=True)
    shutil.rmtree(keeper.desk)
    for name in ("examples", "1998.zip", "scans", "new"):
        new.runs("inputs", "sorted", "--moved", keeper.desk / name, name)
    assert all(str(new.desk) in path for entry in new.scores().values() for path in entry["file_paths"])
    assert "0 embeddings computed" in sort(new, "scans")
    frame = scores_frame(new.output) if _has_pandas() else None
    assert frame is None or {"maps", "sprites", "tiles"} <= set(frame.columns)

    # An input is given back to its owner: all that was made of it goes, and the input stays.
    new.runs("inputs", "sorted", "--forget", "scans")
    assert "tiles-200.png" not in new.placed("tiles")
    assert (new.desk / "scans" / "tiles-200.png").exists()
    assert len(new.scores()) == 13
    listed = json.loads(new.runs("inputs", "sorted", "--json"))
    assert {each["path"] for each in listed} == {str(new.desk / name) for name in ("examples", "1998.zip", "new")}


@pytest.mark.clip
def test_another_encoder_embeds_the_images_of_all_inputs_again(tmp_path):
    keeper = Person(tmp_path, "sorted")
    for kind in ("sprites", "tiles"):
        keeper.draws(f"examples/{kind}", kind, range(6))
        for folder, number in (("a", 100), ("b", 200)):
            keeper.draws(folder, kind, range(number, number + 3))
    sort(keeper, "a", "--clip_model=builtin")
    sort(keeper, "b")
    weights = saved_clip(tmp_path / "random.pt", "ViT-B-32", seed=7)
    sort(keeper, "b", "--clip_model=ViT-B-32", f"--pretrained={weights}")
    assert len(keeper.scores()) == 12
    assert "0 embeddings computed" in sort(keeper, "a")


def _has_pandas():
    try:
        import pandas  # noqa: F401
    except ImportError:
        return False
    return True
