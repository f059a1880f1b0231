"""How the desks for the commands of pages are filled: with drawn pictures, buckets, clusters and results."""

from __future__ import annotations

import shutil
import zipfile

from documented.desks import Desk

#: Examples and a mountain, as most pages have them.
KINDS = {"cats": "isometric", "sprites": "sprites"}

#: A small model of random weights, which stands in for those that cannot be downloaded.
CLIP = "--clip_model ViT-S-32-alt --pretrained ./clip.pt"


def nothing(desk: Desk) -> None:
    """The page needs none."""


def pictures(desk: Desk) -> None:
    """Examples, and a mountain with more of them."""
    desk.draws("examples", KINDS)
    desk.draws("mountain", KINDS, first=100)


def sorted_pictures(desk: Desk) -> None:
    pictures(desk)
    desk.runs("image-tagging sort ./examples ./mountain --output ./sorted")


def trained_output(desk: Desk) -> None:
    """What the stages leave in ./output and, as of another data set, in ./other."""
    trained = desk.request.getfixturevalue("trained")
    for name in ("output", "other"):
        shutil.copytree(trained.output, desk.folder / name)


def clip_weights(desk: Desk) -> None:
    from clip_models import saved_clip

    saved_clip(desk.folder / "clip.pt", "ViT-S-32-alt", 1)


# docs/adding-images.md


def weeks(desk: Desk) -> None:
    pictures(desk)
    desk.draws("examples", {"blurry": "charts"})
    desk.draws("new-week", {"": "tiles"}, count=2, first=200)
    desk.draws("scans", {"": "sprites"}, count=2, first=300)
    with zipfile.ZipFile(desk.folder / "scans.zip", "w") as archive:
        for path in (desk.folder / "scans").iterdir():
            archive.write(path, path.name)
    desk.draws("media/old/mountain", {"cats": "isometric"}, count=2, first=400)
    desk.words["/media/"] = f"{desk.folder.as_posix()}/media/"


def without_blurry(desk: Desk) -> None:
    """ "Once its folder is gone from the examples"."""
    shutil.rmtree(desk.folder / "examples" / "blurry")


def another_disk(desk: Desk) -> None:
    desk.runs("image-tagging sort ./examples /media/old/mountain --output ./sorted")
    (desk.folder / "media" / "new").mkdir()
    (desk.folder / "media" / "old" / "mountain").rename(desk.folder / "media" / "new" / "mountain")


def with_clip(desk: Desk) -> None:
    sorted_pictures(desk)
    clip_weights(desk)
    desk.words["--clip_model ViT-B-32"] = CLIP


# docs/commands.md


def commands(desk: Desk) -> None:
    pictures(desk)
    trained_output(desk)
    desk.request.getfixturevalue("drawing")(desk.folder / "like-this.png", "sprites", 7)
    for number, month in enumerate(("march", "april", "may")):
        desk.draws(month, {"": "sprites"}, count=2, first=200 + 10 * number)
    desk.words["/photos/2026"] = f"{desk.folder.as_posix()}/photos/2026"


def moved_april(desk: Desk) -> None:
    (desk.folder / "photos" / "2026").mkdir(parents=True)
    (desk.folder / "april").rename(desk.folder / "photos" / "2026" / "april")


# docs/container.md


def container(desk: Desk) -> None:
    """The folders of the volumes, under their names in the container."""
    for name, kinds in {"examples": KINDS, "mountain": {"": "sprites"}}.items():
        desk.draws(f"photos/{name}", kinds, first=len(name))
    desk.words.update({" /photos/": " ./photos/", "--output /sorted": "--output ./sorted", "/tmp/out": "./out"})
    desk.words.update({"review /sorted": "review ./sorted", "--host 0.0.0.0": "--host 127.0.0.1"})


# docs/duplicates.md


def repeats(desk: Desk) -> None:
    """An output folder of pictures of which each is there twice."""
    drawing = desk.request.getfixturevalue("drawing")
    for number in range(2):
        for name in ("", "old/"):
            drawing(desk.folder / "photos" / f"{name}{number}.png", "isometric", 10 * number)
    desk.runs("image-tagging process --input_folder ./photos --output_folder ./sorted --clip_model builtin")


def shown_and_moved(desk: Desk) -> None:
    assert (desk.folder / "repeats.html").read_text(encoding="utf-8").count("<img ") == 4
    assert len(list((desk.folder / "repeats").rglob("*.png"))) == 2


# docs/scale.md


def shared(desk: Desk) -> None:
    """What a cluster shares, and a list of paths and addresses."""
    for folder in ("shared/photos", "photos"):
        desk.draws(folder, KINDS, count=3)
    desk.words["/shared/"] = f"{desk.folder.as_posix()}/shared/"
    desk.adds["process"] = "--clip_model builtin"


def a_list(desk: Desk) -> None:
    """A path and an address a line."""
    bucket = desk.request.getfixturevalue("bucket")
    shared(desk)
    bucket.put_folder(desk.folder / "photos", "photos")
    bucket.client.put_object_acl(Bucket=bucket.name, Key="photos/sprites/1.png", ACL="public-read")
    address = f"http://127.0.0.1:{bucket.port}/{bucket.name}/photos/sprites/1.png"
    paths = [f"{bucket.url}/photos/cats/0.png", address, "./photos/cats/1.png", "photos/sprites/0.png"]
    (desk.folder / "chosen.txt").write_text("\n".join(paths), encoding="utf-8")


def cluster(desk: Desk) -> None:
    """A Ray cluster of two nodes that this machine is part of."""
    shared(desk)
    from ray_clusters import TwoNodes

    nodes = TwoNodes()
    desk.request.addfinalizer(nodes.stop)
    desk.request.getfixturevalue("monkeypatch").setenv("RAY_ADDRESS", nodes.address)
    import ray

    desk.request.addfinalizer(ray.shutdown)


# docs/search.md


def searched(desk: Desk) -> None:
    """A folder sorted by a CLIP model of random weights, and the picture that the page names."""
    from image_tagging.pipeline import search_pictures
    from image_tagging.search import parse_arguments

    castles = {"castles": "isometric", "sprites": "sprites"}
    desk.draws("examples", castles)
    desk.draws("photos/2024", castles, first=100)
    desk.request.getfixturevalue("drawing")(desk.folder / "castle.png", "isometric", 3)
    clip_weights(desk)
    desk.runs(f"image-tagging sort ./examples ./photos --output ./sorted {CLIP}")
    first = search_pictures(parse_arguments(["path:castles*"]), str(desk.folder / "sorted")).pictures[0]
    desk.words["3f2a90c1"] = first.hash_id[:8]


# docs/urls.md


def bucket(desk: Desk) -> None:
    """Pictures in a bucket."""
    made = desk.request.getfixturevalue("bucket")
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        desk.request.getfixturevalue("monkeypatch").setenv(name, str(desk.folder / "cache"))
    pictures(desk)
    made.put_folder(desk.folder / "examples", "photos")
    made.put_folder(desk.folder / "mountain", "mountain")
    desk.words["s3://bucket"] = made.url
    desk.adds["process"] = "--clip_model builtin"


# docs/verdicts.md


def judged(desk: Desk) -> None:
    """Pictures that were sorted, and what was said of one of them."""
    from image_tagging.exporters import read_results

    sorted_pictures(desk)
    desk.words["0123…"] = next(read_results(desk.folder / "sorted" / "output.json")).hash_id
    desk.words['"tag": "cat"'] = '"tag": "cats"'


def imported(desk: Desk) -> None:
    assert "1" in desk.runs("image-tagging verdicts import ./sorted said.jsonl")
    assert "cats" in desk.runs("image-tagging verdicts ./sorted")
