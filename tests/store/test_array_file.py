"""Arrays in files: mapped where they were made from the same, and otherwise made again."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.errors import OutputError
from image_tagging.store import open_array, write_array

ROWS = np.arange(24, dtype=np.float16).reshape(6, 4)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "a.embeddings")


def test_an_array_is_mapped_as_it_was_written_in_parts(path):
    write_array(path, "a stamp", ROWS.shape, [ROWS[:4], ROWS[4:]])
    found = open_array(path, "a stamp")
    assert not found.flags.owndata  # it is the file's memory
    assert found.dtype == np.float16
    assert np.array_equal(found, ROWS)
    with pytest.raises(ValueError, match="read-only"):
        found[0, 0] = 1


def test_numbers_of_groups_and_no_rows_at_all(path):
    write_array(path, "s", (3,), [np.array([0, 0, 2], dtype=np.int64)])
    assert open_array(path, "s").tolist() == [0, 0, 2]
    write_array(path, "s", (0, 4), [])
    assert open_array(path, "s").shape == (0, 4)


def test_one_of_another_stamp_cut_short_or_of_others_is_not_read(path, tmp_path):
    assert open_array(path, "s") is None
    write_array(path, "s", ROWS.shape, [ROWS])
    assert open_array(path, "another") is None
    whole = (tmp_path / "a.embeddings").read_bytes()
    for other in (whole[:-1], whole + b"x", b"", b"x" * 5000, whole.replace(b'"<f2"', b'"|O8"'), whole[:30]):
        (tmp_path / "a.embeddings").write_bytes(other)
        assert open_array(path, "s") is None


def test_a_file_of_others_stays(path, tmp_path):
    (tmp_path / "a.embeddings").write_bytes(b"my diary")
    with pytest.raises(OutputError, match=r"a\.embeddings"):
        write_array(path, "s", ROWS.shape, [ROWS])
    assert (tmp_path / "a.embeddings").read_bytes() == b"my diary"


def test_an_array_that_failed_half_way_leaves_the_earlier_one(path, tmp_path):
    write_array(path, "s", ROWS.shape, [ROWS])
    with pytest.raises(ValueError, match="rows"):
        write_array(path, "t", ROWS.shape, [ROWS[:2]])
    assert np.array_equal(open_array(path, "s"), ROWS)
    assert [each.name for each in tmp_path.iterdir()] == ["a.embeddings"]
