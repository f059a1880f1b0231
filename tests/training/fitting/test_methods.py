"""Which kinds of model are learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from image_tagging.tag_models import LOGISTIC_REGRESSION, SVM, kind_named, kind_names
from image_tagging.training import Method, methods, register_method, unregister_method
from image_tagging.training.fitting.fit import fit_models
from labelled import examples


def test_each_kind_of_this_program_is_learned_in_its_order():
    assert tuple(method.kind.name for method in methods()) == kind_names()


def test_a_kind_that_nobody_registered_has_no_method():
    with pytest.raises(ValueError, match="the kind odd is not registered"):
        register_method(Method(kind_named("odd"), lambda _: ()))


def test_a_kind_has_one_method():
    with pytest.raises(ValueError, match="ovr-svm has a method already"):
        register_method(replace(methods()[1]))


def test_a_kind_without_a_method_is_not_learned():
    svm = methods()[1]
    unregister_method(svm)
    try:
        assert list(fit_models(*examples())) == [LOGISTIC_REGRESSION.name]
        x = examples()[0][:12]
        by_name = fit_models(x, np.zeros(len(x), dtype=bool), direction=np.eye(x.shape[1])[0])
        assert list(by_name) == [LOGISTIC_REGRESSION.name]
    finally:
        register_method(svm)
    assert list(fit_models(*examples())) == [LOGISTIC_REGRESSION.name, SVM.name]
