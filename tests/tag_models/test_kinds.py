"""Which kinds of tag model there are, and which names a further one may have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from image_tagging.tag_models import (
    LOGISTIC_REGRESSION,
    SVM,
    Kind,
    kind_named,
    kind_names,
    kinds,
    longest_file_name,
    register_kind,
    unregister_kind,
)
from image_tagging.tag_models.kinds import readable_classes

FURTHER = Kind("further", "a further model", "Further model", "Further", "fm", {"GaussianNB": lambda *_: None})


@pytest.fixture
def further():
    register_kind(FURTHER)
    yield FURTHER
    unregister_kind(FURTHER)


def test_kinds_keep_the_order_in_which_they_were_registered(further):
    assert kinds() == (LOGISTIC_REGRESSION, SVM, further)
    assert kind_names() == ("ovr-logistic-regression", "ovr-svm", "further")
    assert kind_named("further") is further


def test_files_may_name_the_classes_of_registered_kinds_alone(further):
    assert "GaussianNB" in readable_classes()
    unregister_kind(further)
    assert "GaussianNB" not in readable_classes()
    register_kind(further)


def test_a_kind_that_nobody_registered_is_known_by_its_name():
    kind = kind_named("a-strangers")
    assert (kind.name, kind.title, kind.description) == ("a-strangers", "a-strangers", "a model")
    assert kind not in kinds()


def test_the_longest_file_name_is_that_of_the_longest_kind(further):
    before = longest_file_name("cat")
    longer = replace(further, name="x" * 50, readers={})
    register_kind(longer)
    assert longest_file_name("cat") == len("model-report--tag-cat.txt") + 50 > before
    unregister_kind(longer)


@pytest.mark.parametrize("name", ["", "a/b", "..", "x-tag-y", "a%41", "line\n"])
def test_a_kind_has_a_name_that_can_be_read_from_a_file_name(name):
    with pytest.raises(ValueError, match="is no name of a kind"):
        register_kind(replace(FURTHER, name=name))


def test_a_name_is_registered_once(further):
    with pytest.raises(ValueError, match="further is registered already"):
        register_kind(further)


def test_one_kind_reads_a_class(further):
    with pytest.raises(ValueError, match="another kind reads GaussianNB"):
        register_kind(replace(further, name="another"))
