"""Numbers of 16 bits as numbers of 32."""

from __future__ import annotations

import numpy as np
import pytest

from image_tagging.datasets.halves import as_float32, as_scaled_float32

EVERY = np.arange(1 << 16, dtype=np.uint16).view(np.float16).reshape(256, 256)


def test_every_number_of_16_bits_is_what_numpy_makes_of_it():
    finite = EVERY[np.isfinite(EVERY)].reshape(-1, 16)
    for values in (finite, -finite, EVERY, finite[:, ::2], finite.T, finite[:0]):
        found = as_float32(values)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, values.astype(np.float32))
        np.testing.assert_array_equal(np.signbit(found), np.signbit(values.astype(np.float32)))


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan, -np.nan])
def test_one_that_is_no_number_changes_none_of_the_others(bad):
    values = np.linspace(-2, 2, 24, dtype=np.float16).reshape(4, 6)
    values[2, 3] = bad
    np.testing.assert_array_equal(as_float32(values), values.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, ">f2"])
def test_numbers_of_another_sort_are_converted_as_numpy_does(dtype):
    values = np.linspace(-2, 2, 24).astype(dtype)
    np.testing.assert_array_equal(as_float32(values), values.astype(np.float32))


def test_what_is_given_is_neither_changed_nor_copied_without_need():
    wide, halves = np.ones(4, dtype=np.float32), np.ones(4, dtype=np.float16)
    assert as_float32(wide) is wide
    halves.flags.writeable = False
    assert not np.shares_memory(as_float32(halves), halves)


def test_scaled_values_are_the_values_but_for_the_factor_of_each_finite_half():
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)].reshape(2, -1)
    scaled, factor = as_scaled_float32(finite)
    np.testing.assert_array_equal(scaled * np.float32(factor), finite.astype(np.float32))
    assert np.isfinite(as_scaled_float32(every)[0]).all()


def test_float32_needs_no_factor():
    wide = np.ones(4, dtype=np.float32)
    assert as_scaled_float32(wide)[0] is wide
    assert as_scaled_float32(wide)[1] == 1
