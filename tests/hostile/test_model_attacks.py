"""Model files made to harm: none may run code, hang or crash; each is a one-line error that names the file."""

from __future__ import annotations

import io
import os
import pickle
import sys
import types
import zlib

import joblib
import numpy as np
import pytest

from image_tagging.classifiers import KINDS
from image_tagging.errors import EncoderMismatchError, ModelError, UnsafeModelError
from image_tagging.fitting import fit_models
from image_tagging.model_files import load_tag_models, save_tag_model

DIM = 8


def fitted(kind=KINDS[0], dim=DIM):
    x = np.random.default_rng(0).normal(size=(30, dim)).astype(np.float32)
    x[:10] += 1
    return fit_models(x, np.arange(30) < 10, seed=0)[kind]


class Calls:
    """Pickles as a call of ``function`` with ``args``."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


def touch(sentinel):
    return f"open({sentinel!r}, 'w').close()"


def inside_a_model(value):
    """A real model that carries ``value`` among its attributes."""
    estimator = fitted()
    estimator[-1].extra_ = value
    return estimator


def pickled(value, protocol=4):
    return pickle.dumps(value, protocol)


def dumped(value):
    file = io.BytesIO()
    joblib.dump(value, file)
    return file.getvalue()


def with_global(module, name):
    """A call of ``module.name()`` written by hand, for what :mod:`pickle` would not write."""
    return f"c{module}\n{name}\n)R.".encode()


def class_of_its_own(sentinel):
    """An object whose class the victim would import."""
    module = types.ModuleType("sklearn_evil")
    sys.modules["sklearn_evil"] = module
    try:
        exec("class Evil: pass", vars(module))
        return pickled(module.Evil())
    finally:
        del sys.modules["sklearn_evil"]


CODE = {
    "os.system": lambda s: pickled(Calls(os.system, f"touch {s}")),
    "os.system in protocol 0": lambda s: pickled(Calls(os.system, f"touch {s}"), 0),
    "os.system by INST": lambda s: f"(S'touch {s}'\nios\nsystem\n.".encode(),
    "os.system by OBJ": lambda s: f"(cos\nsystem\nS'touch {s}'\no.".encode(),
    "eval": lambda s: pickled(Calls(eval, touch(s))),
    "exec": lambda s: pickled(Calls(exec, touch(s))),
    "getattr": lambda s: pickled(Calls(getattr, "a", "upper")),
    "nested reduce": lambda s: pickled([{"a": (Calls(eval, touch(s)),)}]),
    "a reduce that makes a reduce": lambda s: pickled(Calls(pickle.loads, pickled(Calls(eval, touch(s))))),
    "joblib.load": lambda s: pickled(Calls(joblib.load, s)),
    "numpy.load": lambda s: pickled(Calls(np.load, s)),
    "numpy.memmap": lambda s: pickled(Calls(np.memmap, s, "u1", "w+", 0, (1,))),
    "inside a real model": lambda s: dumped(inside_a_model(Calls(eval, touch(s)))),
    "object array": lambda s: dumped(np.array([Calls(eval, touch(s))], dtype=object)),
    "object array inside a real model": lambda s: dumped(
        inside_a_model(np.array([Calls(eval, touch(s))], dtype=object))
    ),
    "object array without joblib": lambda s: pickled(np.array([Calls(eval, touch(s))], dtype=object)),
    "a class of its own": class_of_its_own,
    "a function below sklearn": lambda s: with_global("sklearn.utils._testing", "SVC.x"),
    "a dotted name below sklearn": lambda s: with_global("sklearn.svm", "os.system"),
    "an allowed name of another package": lambda s: with_global("evil", "SVC"),
    "numpy.f2py": lambda s: with_global("numpy.f2py", "compile"),
    "an extension code": lambda s: b"\x82\x01.",
    "a persistent id": lambda s: b"Pevil\n.",
    "a set": lambda s: pickled({1, 2}),
    "another estimator": lambda s: with_global("sklearn.ensemble._forest", "RandomForestClassifier"),
}


def written(tmp_path, data):
    path = tmp_path / "model-ovr-svm-tag-cat.pkl"
    path.write_bytes(data)
    return str(path)


def refused(path, error):
    with pytest.raises(error) as caught:
        load_tag_models(path)
    message = str(caught.value)
    assert path in message
    assert "\n" not in message
    assert len(message) < len(path) + 400
    return message


@pytest.mark.parametrize("attack", CODE)
def test_no_code_of_the_file_runs(tmp_path, attack):
    sentinel = tmp_path / "sentinel"
    before = set(sys.modules)
    refused(written(tmp_path, CODE[attack](str(sentinel))), UnsafeModelError)
    assert not sentinel.exists()
    assert not {name for name in set(sys.modules) - before if name.startswith(("sklearn_evil", "numpy.f2py"))}


def test_the_attacks_would_work(tmp_path):
    """The sentinel means something: the plain loaders do run these files."""
    for attack in ("os.system", "eval", "os.system by INST", "object array inside a real model"):
        sentinel = tmp_path / attack.replace(" ", "-")
        path = written(tmp_path, CODE[attack](str(sentinel)))
        with open(path, "rb") as file:
            (joblib.load if "array" in attack else pickle.load)(file)
        assert sentinel.exists()


def test_the_message_names_what_was_asked_for(tmp_path):
    assert f"'{os.system.__module__}.system'" in refused(written(tmp_path, CODE["os.system"]("x")), UnsafeModelError)
    long_name = with_global("m" * 100_000, "n")
    assert "mmm" in refused(written(tmp_path, long_name), UnsafeModelError)


def nested(levels):
    return b"\x80\x04" + b"]" * levels + b"a" * (levels - 1) + b"."


def nested_tuples(levels, tail=b"."):
    return b"\x80\x04)" + b"\x85" * levels + tail


def doubled(levels):
    """A tuple of itself twice, ``levels`` times: 2 ** ``levels`` leaves, which to hash or print takes for ever."""
    return b"\x80\x04)\x94" + b"".join(b"h%c\x86\x94" % (i,) for i in range(levels))


def recursive():
    return b"\x80\x04]\x94h\x00a."


def array_of(*shape):
    """A joblib array of three numbers whose header says ``shape``."""
    edges = b"".join(b"\x8a\x09" + edge.to_bytes(9, "little", signed=True) for edge in shape)
    return dumped(np.zeros(3)).replace(b"K\x03\x85", edges + {1: b"\x85", 3: b"\x87"}[len(shape)])


DAMAGED = {
    "empty": b"",
    "text": b"this is not a model\n" * 100,
    "json": b'{"model": 1}',
    "zeros": bytes(10_000),
    "noise": np.random.default_rng(0).bytes(10_000),
    "only STOP": b".",
    "two values": b"\x80\x04NN.",
    "no value": b"\x80\x04.",
    "compressed": zlib.compress(b"model" * 100),
    "a list": pickled([1, 2, 3]),
    "a number": pickled(1),
    "an array": dumped(np.ones(3)),
    "deep lists": nested(500_000),
    "deep tuples": nested_tuples(500_000),
    "deep tuples as a key": b"\x80\x04}" + nested_tuples(500_000, b"Ns.")[2:],
    "doubled tuples as a key": b"\x80\x04}" + doubled(100)[2:] + b"Ns.",
    "recursive": recursive(),
    "unknown memo": b"\x80\x04h\x07.",
    "append to nothing": b"\x80\x04Na.",
    "append to a text": b"\x80\x04\x8c\x01aNa.",
    "build a text": b"\x80\x04\x8c\x01a}b.",
    "call a text": b"\x80\x04\x8c\x01a)R.",
    "mark missing": b"\x80\x04e.",
    "string longer than the file": b"\x80\x04X\xff\xff\xff\x7fabc.",
    "array longer than memory": array_of(1 << 62),
    "array longer than the file": array_of(1000),
    "array whose size overflows": array_of(1 << 40, 1 << 40, 1 << 40),
    "array of a negative length": array_of(-3),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files(tmp_path, name):
    refused(written(tmp_path, DAMAGED[name]), ModelError)


@pytest.mark.parametrize("kind", KINDS)
def test_files_cut_short_anywhere(tmp_path, kind):
    whole = dumped(fitted(kind))
    for length in range(0, len(whole), max(1, len(whole) // 150)):
        refused(written(tmp_path, whole[:length]), ModelError)


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bytes_never_raise_anything_else(tmp_path, kind):
    whole = bytearray(dumped(fitted(kind)))
    random = np.random.default_rng(1)
    for _ in range(400):
        changed = bytearray(whole)
        for place in random.integers(0, len(whole), 3):
            changed[place] = random.integers(0, 256)
        path = written(tmp_path, bytes(changed))
        try:
            probabilities = load_tag_models(path).probabilities(np.ones((2, DIM)))
        except (ModelError, EncoderMismatchError):
            continue
        assert ((probabilities >= 0) & (probabilities <= 1)).all()


def changed_model(change, kind=KINDS[0]):
    estimator = fitted(kind)
    model = estimator[-1]
    change(model if kind == KINDS[0] else model.calibrated_classifiers_[0].estimator)
    return dumped(estimator)


def setting(name, value):
    return lambda model: model.__dict__.__setitem__(name, value)


NONSENSE = {
    "NaN coefficients": changed_model(setting("coef_", np.full((1, DIM), np.nan))),
    "an infinite coefficient": changed_model(setting("coef_", np.array([[np.inf] * DIM]))),
    "absurd coefficients": changed_model(setting("coef_", np.full((1, DIM), 1e300))),
    "two rows of coefficients": changed_model(setting("coef_", np.ones((2, DIM)))),
    "no coefficients": changed_model(setting("coef_", np.ones((1, 0)))),
    "coefficients as text": changed_model(setting("coef_", "1")),
    "a NaN intercept": changed_model(setting("intercept_", np.array([np.nan]))),
    "a missing intercept": changed_model(lambda model: model.__dict__.pop("intercept_")),
    "another dimension than it states": changed_model(setting("n_features_in_", 9)),
    "three classes": changed_model(setting("classes_", np.arange(3))),
    "classes the other way round": changed_model(setting("classes_", np.array([1, 0]))),
    "support vectors of no shape": changed_model(setting("support_vectors_", np.ones(3)), KINDS[1]),
    "weights that do not fit": changed_model(setting("dual_coef_", np.ones((1, 2))), KINDS[1]),
    "NaN support vectors": changed_model(setting("support_vectors_", np.full((3, DIM), np.nan)), KINDS[1]),
    "a negative gamma": changed_model(setting("_gamma", -1.0), KINDS[1]),
    "a gamma that is no number": changed_model(setting("_gamma", [[1]]), KINDS[1]),
    "another kernel": changed_model(setting("kernel", "linear"), KINDS[1]),
    "a kernel of many lists": changed_model(setting("kernel", [[[]] * 3] * 3), KINDS[1]),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_models_that_make_no_sense(tmp_path, name):
    refused(written(tmp_path, NONSENSE[name]), ModelError)


def test_a_pipeline_that_holds_itself(tmp_path):
    estimator = fitted()
    estimator.steps[1] = ("model", estimator)
    refused(written(tmp_path, dumped(estimator)), ModelError)


def test_a_pipe_is_not_waited_for(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes on this system")
    os.mkfifo(tmp_path / "model-ovr-svm-tag-cat.pkl")
    with pytest.raises(ModelError):
        load_tag_models(str(tmp_path))


def test_a_model_of_another_encoder(tmp_path):
    def card(name, dim):
        return {"encoder": {"name": name, "pretrained": "x", "dim": dim, "preprocess": ""}}

    save_tag_model(str(tmp_path), "cat", KINDS[0], fitted(), card("ViT-B-32", DIM))
    save_tag_model(str(tmp_path), "dog", KINDS[0], fitted(dim=9), card("ViT-L-14", 9))
    with pytest.raises(EncoderMismatchError, match=r"ViT-B-32.*ViT-L-14"):
        load_tag_models(str(tmp_path))
