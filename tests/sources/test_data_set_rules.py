"""What belongs to a data set: what systems hide, keep for deletion or make of images is left out, and nothing else."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import pytest

from image_tagging.addresses import ImageRef
from image_tagging.errors import InputError
from image_tagging.records import LEFT_OUT, FoundArchive, FoundFolder, FoundImage, LeftOut, LeftOutCount, OtherFile
from image_tagging.sources import DataSetRules, find_images, rules
from image_tagging.sources.archives import ArchiveLimits
from raw_tars import tarred
from samples import written, zipped

#: Folders that systems reserve, with the reason.
RESERVED = {
    "trash": "$RECYCLE.BIN $Recycle.Bin RECYCLER .Trash .Trash-1000 .Trashes #recycle @Recycle .recycle .dtrash "
    "files_trashbin",
    "thumbnails": "@eaDir @EADIR .@__thumb .thumbnails _PAlbTN appdata_oc8jx3 .picasaoriginals film.trickplay",
    "snapshots": "#snapshot @Recently-Snapshot ~snapshot .snapshot .zfs .stversions Backups.backupdb",
    "system": "__MACOSX .Spotlight-V100 .fseventsd lost+found LOST.DIR FOUND.000 @tmp",
    "hidden": ".git .cache .ipynb_checkpoints .stfolder .Statuses",
}
NAMES = [(name, reason) for reason, names in RESERVED.items() for name in names.split()] + [
    ("System Volume Information", "system"),
    ("Network Trash Folder", "trash"),
    ("iPod Photo Cache", "thumbnails"),
    ("Catalog Previews.lrdata", "thumbnails"),
    ("Catalog Smart Previews.lrdata", "thumbnails"),
]

#: What a person may call a folder of examples.
TAGS = (
    "trash cache thumbs thumbnails output outputs previews recycle recycled recycler Recycler backup snapshots tmp "
    "temp system hidden models reports eaDir @artist #1 $money ~ _private __init__ lost found results Trash-1000 "
    "lrdata ... node_modules MACOSX DCIM Originals Masters nomedia 1.0 0.5 ovr-svm clip-cache"
).split()


@pytest.fixture(params=["folder", "zip", "tar", "zip in a folder", "zip in a zip"])
def found(request, tmp_path):
    """``found({name: bytes}, rules)`` gives the images found, and what is left out: (name, reason, is folder)."""

    def find(files, data_set_rules=None):
        home = str(tmp_path / "in")
        if request.param == "folder":
            for name, data in files.items():
                written(os.path.join(home, name), data)
            root = home
        elif request.param == "tar":
            root = home = written(f"{home}.tar", tarred(files))
        elif request.param == "zip":
            root = home = written(f"{home}.zip", zipped(files))
        elif request.param == "zip in a folder":
            root, home = home, written(os.path.join(home, "a.zip"), zipped(files))
        else:
            root = written(f"{home}.zip", zipped({"in.zip": files}))
            home = os.path.join(root, "in.zip")
        items = list(find_images(root, data_set_rules))
        paths = {item: os.path.relpath(item.ref.path, home).replace(os.sep, "/") for item in items}
        images = sorted(paths[item] for item in items if isinstance(item, FoundImage))
        out = [(paths[item], item.reason, item.is_folder) for item in items if isinstance(item, LeftOut)]
        return images, sorted(out)

    return find


@pytest.mark.parametrize(("name", "reason"), NAMES, ids=[name for name, _ in NAMES])
def test_a_folder_of_a_reserved_name_is_left_out(found, name, reason):
    files = {"cat/a.png": b"", f"cat/{name}/b.png": b"", f"cat/{name}/deep/c.png": b"", f"{name}/d.zip": zipped({})}
    assert found(files) == (["cat/a.png"], sorted([(name, reason, True), (f"cat/{name}", reason, True)]))


@pytest.mark.parametrize("name", TAGS)
def test_a_folder_that_a_person_may_call_so_is_a_tag(found, name):
    files = {f"{name}/a.png": b"", f"cat/{name}/b.png": b"", f"cat/{name}/1.0/c.png": b""}
    assert found(files) == (sorted(files), [])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (".cat.png", "hidden"),
        (".cat.zip", "hidden"),
        (".cat.CR2", "hidden"),
        (".pending-1700000000-cat.jpg", "hidden"),
        (".trashed-1700000000-cat.jpg", "trash"),
        ("._cat.png", "system"),
        (".cat.HEIC.icloud", "cloud"),
    ],
)
def test_a_hidden_file_is_left_out_and_counted(found, name, reason):
    files = {"cat/a.png": b"", f"cat/{name}": b"", name: b""}
    assert found(files) == (["cat/a.png"], sorted([(name, reason, False), (f"cat/{name}", reason, False)]))


@pytest.mark.parametrize("name", [".DS_Store", "._.DS_Store", ".hidden", ".notes.txt", ".list.pdf.icloud"])
def test_a_hidden_file_that_is_no_image_by_its_name_is_not_counted(found, name):
    assert found({"a.png": b"", name: b"", f"b/{name}": b""}) == (["a.png"], [])


def test_a_folder_without_media_for_phones_is_left_out_with_all_below(found):
    files = {"cat/a.png": b"", "Sent/.nomedia": b"", "Sent/b.png": b"", "Sent/deep/c.png": b"", "dog/x.nomedia": b""}
    assert found(files) == (["cat/a.png"], [("Sent", "hidden-on-phones", True)])


@pytest.mark.parametrize("library", ["My.photoslibrary", "Old.PhotoLibrary", "A.aplibrary"])
def test_of_a_photo_library_the_photos_are_read_and_not_what_is_made_of_them(found, library):
    files = {
        f"{library}/{name}": b""
        for name in ("originals/A/1.heic", "Masters/2019/2.jpg", "resources/derivatives/A/1.jpeg", "Thumbnails/2.jpg")
    }
    images, out = found(files)
    assert images == [f"{library}/Masters/2019/2.jpg", f"{library}/originals/A/1.heic"]
    assert out == [(f"{library}/{name}", "thumbnails", True) for name in ("Thumbnails", "resources")]


@pytest.mark.parametrize(
    ("patterns", "images", "out"),
    [
        (["drafts/"], ["a.gif", "cat/b.png", "cat/small/c.png"], [("cat/drafts", True), ("drafts", True)]),
        (
            ["*.gif", "small"],
            ["cat/b.png", "cat/drafts/e.png", "drafts/d.png"],
            [("a.gif", False), ("cat/small", True)],
        ),
        (["/cat/**/c.png"], ["a.gif", "cat/b.png", "cat/drafts/e.png", "drafts/d.png"], [("cat/small/c.png", False)]),
        (["*.png", "!b.png"], ["a.gif", "cat/b.png"], None),
        (["drafts/", "!drafts/d.png"], ["a.gif", "cat/b.png", "cat/small/c.png"], None),
        (["Cat"], ["a.gif", "cat/b.png", "cat/drafts/e.png", "cat/small/c.png", "drafts/d.png"], []),
    ],
    ids=lambda value: " ".join(value) if value and isinstance(value[0], str) else None,
)
def test_a_person_leaves_out_more_by_patterns_as_of_git(found, request, patterns, images, out):
    if patterns[0].startswith("/") and " in a " in request.node.callspec.params["found"]:
        patterns = [f"/*.zip{pattern}" for pattern in patterns]
    files = dict.fromkeys(["a.gif", "cat/b.png", "cat/small/c.png", "drafts/d.png", "cat/drafts/e.png"], b"")
    found_images, left_out = found(files, DataSetRules(patterns))
    assert found_images == images
    assert out is None or left_out == [(name, "excluded", is_folder) for name, is_folder in out]


def test_a_pattern_holds_in_either_spelling_of_unicode(found):
    for pattern in ("Möwe", "Mo\u0308we"):
        assert found({"Möwe/a.png": b"", "b.png": b""}, DataSetRules([pattern]))[0] == ["b.png"]


@pytest.mark.parametrize("pattern", ["", "  ", "# note", "!", "/", "[z-a]", "a\\"])
def test_a_pattern_that_means_nothing_is_refused_in_one_line(pattern):
    with pytest.raises(InputError, match=r"^the pattern '.*' to exclude means nothing\. Give one as in a \.gitignore"):
        DataSetRules(["*.gif", pattern])


def test_a_pattern_for_an_archive_leaves_all_of_it_out(tmp_path):
    written(tmp_path / "pets.zip", zipped({"0.png": b"", "cat/a.png": b"", "dog/b.png": b""}))
    written(tmp_path / "c.png", b"")
    for patterns in (["*.zip"], ["pets.zip/"]):
        items = list(find_images(str(tmp_path), DataSetRules(patterns)))
        assert [item.ref.name for item in items if isinstance(item, FoundImage)] == ["c.png"]
        assert [item.ref.name for item in items if isinstance(item, LeftOut)] == ["pets.zip"]
    kept = [item.ref.name for item in find_images(str(tmp_path), DataSetRules(["pets.zip/cat"]))]
    assert "b.png" in kept
    assert "a.png" not in kept


@pytest.mark.parametrize("name", ["@eaDir", ".photos", "$RECYCLE.BIN", "__MACOSX", "out/ovr-svm/cat/0.5"])
def test_a_folder_that_was_named_is_read_whatever_it_is_called(tmp_path, name):
    written(tmp_path / "out" / "image-tagging.store", b"")
    written(tmp_path / name / "a.png", b"")
    written(tmp_path / name / ".nomedia", b"")
    written(tmp_path / name / "b" / "@eaDir" / "c.png", b"")
    found = list(find_images(str(tmp_path / name)))
    assert [item.ref.name for item in found if not isinstance(item, FoundFolder)] == ["a.png", "@eaDir"]


@pytest.mark.parametrize("name", [".cat.png", "@eaDir/x.png/SYNOPHOTO_THUMB_M.jpg", ".x/pets.zip"])
def test_a_file_that_was_named_is_read_whatever_it_is_called(tmp_path, name):
    path = written(tmp_path / name, zipped({"cat/a.png": b""}) if name.endswith("zip") else b"\x89PNG\r\n")
    assert any(isinstance(item, FoundImage) for item in find_images(path))


@pytest.mark.parametrize("mark", [{"st_file_attributes": 2}, {"st_flags": 0x8000}], ids=["Windows", "macOS"])
def test_what_the_system_marks_as_hidden_is_hidden(monkeypatch, mark):
    entry = SimpleNamespace(stat=lambda follow_symlinks: SimpleNamespace(**mark))
    plain = SimpleNamespace(stat=lambda follow_symlinks: SimpleNamespace(**dict.fromkeys(mark, 1)))
    monkeypatch.setattr(rules, "_MARKS_HIDDEN", True)
    assert rules.is_marked_hidden(entry)
    assert not rules.is_marked_hidden(plain)


def test_marked_files_and_folders_are_left_out(tmp_path, monkeypatch):
    for name in ("a/1.png", "b/2.png", "b/3.png", "b/4.txt"):
        written(tmp_path / name, b"")
    monkeypatch.setattr("image_tagging.sources.folders.is_marked_hidden", lambda entry: entry.name in "a 3.png 4.txt")
    found = list(find_images(str(tmp_path)))
    assert [item.ref.name for item in found if isinstance(item, FoundImage)] == ["2.png"]
    assert [item.ref.name for item in found if isinstance(item, (LeftOut, OtherFile))] == ["a", "3.png"]


def test_members_that_are_left_out_count_for_no_archive_and_no_limit(tmp_path):
    path = written(tmp_path / "a.zip", zipped({"a.png": b"", "@eaDir/b.png": bytes(10_000_000), ".c.png": b""}))
    *_, archive = find_images(path, limits=ArchiveLimits(total_bytes=1_000_000, ratio=1))
    assert archive == FoundArchive(ImageRef(path), 1)


def test_folders_deep_in_names_of_members_take_no_long_time(tmp_path):
    """Names of 4,000 bytes with 2,000 folders each, with the files that are looked for in the first of them."""
    deep = {f"{number}/" + "a/" * 1900 + f"{number}.png": b"" for number in range(60)}
    marks = {f"{number}/" + "a/" * number + "output.json": b"" for number in range(60)}
    path = written(tmp_path / "a.zip", zipped({**deep, **marks, "b/.nomedia": b""}))
    assert sum(isinstance(item, FoundImage) for item in find_images(path, DataSetRules(["x"], ["ovr-svm"]))) == 60


@pytest.mark.parametrize("reason", LEFT_OUT)
def test_every_reason_is_said_in_words(reason):
    one = LeftOutCount(reason, 0, 1, ImageRef("/e/d/a\x1b[2J"))
    many = LeftOutCount(reason, 2, 1200, ImageRef("/d/a.zip", ("x/@eaDir",)))
    assert one.words.startswith("1 link to" if reason == "link" else "1 file ")
    assert one.words.endswith(r"(d/a\x1b[2J)")
    assert many.words.startswith("2 folders and 1,200 ")
    assert many.words.endswith("(x/@eaDir)")


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8 exist on Linux only")
def test_a_folder_whose_name_is_no_text_is_walked_with_patterns(tmp_path):
    written(tmp_path / "caf\udce9" / "a.png", b"")
    assert any(isinstance(item, FoundImage) for item in find_images(str(tmp_path), DataSetRules(["x"])))


@pytest.mark.parametrize("name", ["my-output.json", "notstage3.db", "x.image-tagging.store"])
def test_a_file_whose_name_only_ends_like_one_of_results_is_none(found, name):
    files = {f"sets/{tag}/0.{number}/a.png": b"" for tag in ("cat", "dog") for number in (1, 2)}
    images, out = found({**files, name: b"{}"})
    assert (len(images), out) == (4, [])


def test_what_a_run_works_with_is_neither_read_nor_counted(tmp_path):
    working = "store store-wal embeddings lengths lock lock-journal log names repeats".split()
    for name in working:
        written(tmp_path / "sorted" / f"image-tagging.{name}", b"")
    written(tmp_path / "sorted" / "image-tagging.png", b"")
    written(tmp_path / "image-tagging.names", b"")  # no results lie next to it
    items = list(find_images(str(tmp_path)))
    names = sorted(item.ref.name for item in items if not isinstance(item, FoundFolder))
    assert names == ["image-tagging.names", "image-tagging.png"]
