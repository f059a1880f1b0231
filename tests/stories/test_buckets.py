"""A person whose pictures lie in a bucket, and whose results go into one."""

import json

import pytest

from image_tagging import ClassifyConfig, ProcessConfig, classify_images, cli, process_dataset
from image_tagging.errors import InputError, OutputError
from image_tagging.pipeline import list_inputs, move_input
from image_tagging.writing import make_folder
from samples import png, zipped


def made(folder, count=6):
    for tag in ("cat", "dog"):
        for number in range(count):
            path = folder / tag / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(number + 100 * (tag == "dog")))
    (folder / "dog" / "more.zip").write_bytes(zipped({"wolf/1.png": png(300), "in.zip": zipped({"x/2.png": png(301)})}))
    (folder / "dog" / "broken.png").write_bytes(b"no picture")
    return folder


def records(output):
    """The metadata without what says where the images are."""
    known = json.loads((output / "input-metadata.json").read_text())
    return [
        {name: value for name, value in each.items() if "path" not in name and name != "address"}
        for each in known.values()
    ]


def test_a_folder_in_a_bucket_gives_the_results_of_its_copy_here(bucket, tmp_path):
    folder = made(tmp_path / "photos")
    bucket.put_folder(folder, "data/photos")
    here = process_dataset(ProcessConfig(input_folder=str(folder), output=str(tmp_path / "here"), clip_model="builtin"))
    config = ProcessConfig(
        input_folder=f"{bucket.url}/data/photos/", output=str(tmp_path / "there"), clip_model="builtin"
    )
    there = process_dataset(config)
    assert (there.tags, there.embedding.pictures) == (here.tags, here.embedding.pictures)
    assert [each.code for each in there.embedding.failures] == [each.code for each in here.embedding.failures]
    assert records(tmp_path / "there") == records(tmp_path / "here")
    for name in ("input-image-hash-to-tag-list.json", "input-tag-to-image-hash-list.json"):
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    again = process_dataset(config)
    assert (again.embedding.computed, again.embedding.unchanged) == (0, True)
    (known,) = list_inputs(tmp_path / "there")
    assert (known.path, known.is_there) == (f"{bucket.url}/data/photos", True)


def test_only_what_changed_in_a_bucket_is_read_again(bucket, failing, tmp_path):
    bucket.put_folder(made(tmp_path / "photos"), "photos")
    config = ProcessConfig(input_folder=f"{bucket.url}/photos", output=str(tmp_path / "out"), clip_model="builtin")
    process_dataset(config)
    bucket.put("photos/cat/0.png", png(777))
    bucket.put("photos/cat/1.png", png(1))  # the same again
    failing.requests.clear()
    assert process_dataset(config).embedding.computed == 1
    assert sum("photos/cat" in path for method, path in failing.requests if method == "GET" and "?" not in path) == 1


def test_pictures_in_a_bucket_are_placed_by_copy_and_not_by_link(bucket, tmp_path, output):
    bucket.put_folder(made(tmp_path / "photos", 3), "photos")
    config = {"directory": f"{bucket.url}/photos", "model": str(output / "models"), "output": str(tmp_path / "sorted")}
    for place in ("hardlink", "symlink"):
        with pytest.raises(InputError, match=f"images at URLs are no files that a {place} could lead to"):
            classify_images(ClassifyConfig(**config, place=place))
    summary = classify_images(ClassifyConfig(**config))
    assert summary.place_failed == 0
    placed = {path.read_bytes() for path in (tmp_path / "sorted").rglob("*.png")}
    assert placed == {png(number) for number in (0, 1, 2, 100, 101, 102)}
    assert classify_images(ClassifyConfig(**config)).embedding.unchanged


def test_an_input_in_a_bucket_is_said_not_to_be_movable(bucket, tmp_path):
    bucket.put("photos/cat/1.png", png(1))
    url = f"{bucket.url}/photos"
    process_dataset(ProcessConfig(input_folder=url, output=str(tmp_path / "out"), clip_model="builtin"))
    with pytest.raises(InputError, match="cannot be moved to a URL"):
        move_input(tmp_path / "out", url, f"{bucket.url}/other")
    bucket.delete("photos/cat/1.png")
    assert [each.is_there for each in list_inputs(tmp_path / "out")] == [False]


@pytest.mark.slow
def test_the_commands_take_urls_as_they_take_paths(bucket, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    photos = made(tmp_path / "photos")
    bucket.put_folder(photos, "photos")
    bucket.put_folder(photos, "mountain")
    processing = ["process", f"--input_folder={bucket.url}/photos", f"--output_folder={bucket.url}/out"]
    sorting = ["sort", f"{bucket.url}/photos", f"{bucket.url}/mountain", f"--output={bucket.url}/sorted"]
    for command in (processing, sorting):
        assert cli.main([*command, "--clip_model=builtin"]) == 0
        output = command[-1].partition("=")[2]
        assert f"put up at {output}" in " ".join(capsys.readouterr().out.split())
    keys = set(bucket.list_keys())
    assert {"out/input-metadata.json", "out/image-tagging.store", "sorted/output.json"} <= keys
    assert any(key.startswith("sorted/models/") for key in keys)
    assert not any("image-tagging.log" in key or "image-tagging.lock" in key for key in keys)


def test_a_command_that_writes_to_folders_alone_says_so(bucket, tmp_path):
    with pytest.raises(OutputError, match="is no folder of this machine"):
        make_folder(f"{bucket.url}/out")
