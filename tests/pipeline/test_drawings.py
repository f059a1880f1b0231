"""What artists have, through the stages: drawings are scored by the picture that they hold, and placed as they are."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from drawings import KRA, ORA, aseprite, cel, layer, psd, sprite, zipped_drawing
from image_tagging import ClassifyConfig, ProcessConfig, classify_images, process_dataset
from image_tagging.addresses import ImageRef
from image_tagging.images.decode import decode
from image_tagging.reports.thumbnails import ShownImage, draw_thumbnails
from image_tagging.sources import SourceReader
from samples import drawn, png, written, zipped

DRAWINGS = {
    "hero.aseprite": sprite(colour=(9, 90, 190, 255)),
    "slime.ase": sprite(colour=(9, 190, 90, 255)),
    "castle.kra": zipped_drawing(KRA, png(1), [("preview.png", png(7))]),
    "forest.ora": zipped_drawing(ORA, png(2), [("data/layer0.png", png(8))]),
    "menu.psd": psd(drawn(3), has_merged=True),
}
FORMATS = {
    "hero.aseprite": "ASEPRITE", "slime.ase": "ASEPRITE", "castle.kra": "KRA", "forest.ora": "ORA", "menu.psd": "PSD"
}  # fmt: skip
NOT_READ = {
    "old.pyxel": (zipped({"layer0.png": png(9)}), "drawings of this kind (.pyxel) cannot be read: export it as a PNG"),
    "map.xcf": (b"gimp xcf v011\0", "drawings of this kind (.xcf) cannot be read: export it as a PNG"),
    "shade.aseprite": (
        aseprite((1, 1), [layer(mode=1), cel(0, (1, 1), b"\xff" * 4)]),
        "the sprite has a layer with another blend mode than 'normal', which is not drawn here: export it as a PNG",
    ),
    "flat.psd": (
        psd(drawn(4), has_merged=False),
        "the PSD was saved without a picture of all its layers: save it with 'Maximize Compatibility', or export it as "
        "a PNG",
    ),
}


@pytest.fixture(params=["loose", "in a zip"])
def folder(request, tmp_path):
    """The drawings in a folder with a tag, as files or as members of an archive."""
    files = {**DRAWINGS, **{name: data for name, (data, _) in NOT_READ.items()}}
    if request.param == "loose":
        for name, data in files.items():
            written(tmp_path / "in" / "art" / name, data)
    else:
        written(tmp_path / "in" / "art.zip", zipped(files))
    return tmp_path / "in"


@pytest.mark.slow
def test_drawings_are_embedded_by_their_format_and_the_others_say_what_to_do(folder, tmp_path):
    out = tmp_path / "out"
    summary = process_dataset(ProcessConfig(input_folder=str(folder), output_folder=str(out), clip_model="builtin"))
    records = json.loads((out / "input-metadata.json").read_text(encoding="utf-8")).values()
    assert {record["file_name"]: record["file_type"] for record in records} == FORMATS
    assert {record["file_name"]: record["hash_id"] for record in records} == {
        name: decode(ImageRef(name), data).facts.hash_id for name, data in DRAWINGS.items()
    }
    said = {failure.ref.name: (failure.code, failure.reason) for failure in summary.embedding.failures}
    assert said == {name: ("unsupported", sentence) for name, (_, sentence) in NOT_READ.items()}


@pytest.mark.slow
def test_what_is_placed_in_a_bin_is_the_drawing_itself(folder, trained, tmp_path):
    out = tmp_path / "out"
    is_zipped = (folder / "art.zip").exists()
    classify_images(
        ClassifyConfig(directory=str(folder), model=str(trained.models), output=str(out), archives=is_zipped)
    )
    suffixes = {f".{name.rpartition('.')[2]}" for name in DRAWINGS}
    placed = [path for path in out.rglob("*") if path.is_file() and path.suffix in suffixes]
    assert {path.name for path in placed} == set(DRAWINGS)
    assert {path.read_bytes() for path in placed} == set(DRAWINGS.values())


def test_a_report_shows_thumbnails_of_drawings(folder):
    archive, art = folder / "art.zip", folder / "art"
    is_zipped = archive.exists()
    refs = [ImageRef(str(archive), (name,)) if is_zipped else ImageRef(str(art / name)) for name in DRAWINGS]
    with closing(SourceReader()) as reader:
        shown = {ref.name: ShownImage(ref, decode(ref, reader.read(ref)).facts.hash_id) for ref in refs}
    assert list(draw_thumbnails(shown)) == list(DRAWINGS)
