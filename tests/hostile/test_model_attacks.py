"""Model files made to harm: none may run code, hang or crash; each is a one-line error that names the file."""

from __future__ import annotations

import bz2
import copy
import gzip
import io
import json
import lzma
import os
import pickle
import shutil
import sys
import tracemalloc
import types
import zlib
from functools import cache
from pathlib import Path

import joblib
import numpy as np
import pytest

from image_tagging.cli import app as cli
from image_tagging.errors import EncoderMismatchError, ModelError, UnsafeModelError
from image_tagging.tag_models import LOGISTIC_REGRESSION, SVM, kind_names
from image_tagging.tag_models.files import load_tag_models, save_tag_model
from image_tagging.training.fitting.calibration import Sigmoid
from image_tagging.training.fitting.estimators import rbf_svm
from image_tagging.training.fitting.fit import fit_models
from image_tagging.training.fitting.svm import KernelSvm

DIM = 8


def fitted(kind=LOGISTIC_REGRESSION.name, dim=DIM):
    """A model that may be changed."""
    return copy.deepcopy(fitted_once(kind, dim))


@cache
def fitted_once(kind, dim):
    x = np.random.default_rng(0).normal(size=(30, dim)).astype(np.float32)
    x[:10] += 1
    if kind == LOGISTIC_REGRESSION.name:
        return fit_models(x, np.arange(30) < 10, seed=0)[kind].estimator
    svm = KernelSvm(np.arange(4), np.array([1.0, 0.5, -0.75, -0.75]), 0.1)
    return rbf_svm(x[:4].astype(np.float64), svm, c=1.0, gamma=0.5, sigmoid=Sigmoid(2.0, -0.5))


class Calls:
    """Pickles as a call of ``function`` with ``args``."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


class SetsState:
    """Pickles as a class with ``__setstate__``, which BUILD would call."""

    def __setstate__(self, state):
        eval(state["code"])


def with_setstate(sentinel):
    made = SetsState()
    made.code = touch(sentinel)
    return pickled(made)


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


def by_stack(*names, tail=b"."):
    """``STACK_GLOBAL`` of texts, one or more in a row."""
    return b"\x80\x04" + b"".join(b"\x8c%c%s" % (len(name), name.encode()) for name in names) + b"\x93" + tail


def call_by_stack(module, name, argument):
    return by_stack(module, name, tail=b"\x8c%c%s\x85R." % (len(argument), argument.encode()))


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
    "BUILD with __setstate__": with_setstate,
    "os.system by STACK_GLOBAL": lambda s: call_by_stack("os", "system", f"touch {s}"),
    "a chain of names by STACK_GLOBAL": lambda s: call_by_stack("sklearn.svm", "os.system", f"touch {s}"),
    "an empty module by STACK_GLOBAL": lambda s: call_by_stack("", "builtins.eval", touch(s)),
    "an allowed name made of two by STACK_GLOBAL": lambda s: call_by_stack("sklearn", "externals.SVC", s),
    "a module by NEWOBJ_EX": lambda s: by_stack("sklearn.svm", "SVC", tail=b")}\x92."),
    "a getattr chain": lambda s: pickled(Calls(getattr, Calls(getattr, Calls(__import__, "os"), "path"), "join")),
    "__import__": lambda s: pickled(Calls(__import__, "sklearn_evil")),
    "__reduce_ex__ of a type": lambda s: with_global("builtins", "type"),
    "copyreg._reconstructor": lambda s: with_global("copyreg", "_reconstructor"),
    "_codecs.encode": lambda s: with_global("_codecs", "encode"),
    "an extension code of two bytes": lambda s: b"\x83\x01\x00.",
    "an extension code of four bytes": lambda s: b"\x84\x01\x00\x00\x00.",
    "a persistent id out of the stack": lambda s: b"\x80\x04\x8c\x04evilQ.",
    "a buffer from outside": lambda s: b"\x80\x05\x97.",
    "joblib's wrapper of old": lambda s: with_global("joblib.numpy_pickle_compat", "NDArrayWrapper"),
    "joblib's wrapper of compressed arrays": lambda s: with_global("joblib.numpy_pickle_compat", "ZNDArrayWrapper"),
    "joblib's memmap": lambda s: with_global("joblib._memmapping_reducer", "_strided_from_memmap"),
    "an array of a subclass": lambda s: dumped(np.ones(3).view(np.recarray)),
    "an array whose class is a memmap": lambda s: dumped(np.ones(3)).replace(b"\x07ndarray", b"\x06memmap"),
    "an array of records": lambda s: dumped(np.zeros(3, dtype=[("a", "f8")])),
    "an array of texts": lambda s: dumped(np.array(["a"])),
    "an array of dates": lambda s: dumped(np.array(["2020-01-01"], dtype="M8[D]")),
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
    path = written(tmp_path, CODE[attack](str(sentinel)))
    before = set(sys.modules)
    refused(path, UnsafeModelError)
    assert not sentinel.exists()
    assert not {name for name in set(sys.modules) - before if name.startswith(("sklearn_evil", "numpy.f2py"))}


def test_the_attacks_would_work(tmp_path):
    """The sentinel means something: the plain loaders do run these files."""
    working = ("os.system", "eval", "os.system by INST", "os.system by STACK_GLOBAL", "BUILD with __setstate__")
    for attack in (*working, "object array inside a real model"):
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


def edges(count):
    """A joblib array with ``count`` edges of 255 bytes each: their product takes minutes where there are thousands."""
    edge = b"\x8a\xff" + b"\xff" * 254 + b"\x7f"
    remembered = b"K\x03\x85", b"(" + edge + b"q\xfe" + b"h\xfe" * (count - 1) + b"t"
    return dumped(np.zeros(3)).replace(*remembered)


def with_a_million(name, of, kind=LOGISTIC_REGRESSION.name):
    """A real model one of whose attributes is an array of a million single bytes."""
    return changed_model(setting(name, np.zeros((1, 1_000_000) if of else 1_000_000, "u1")), kind)


def laughs(levels, width=10):
    """Lists of the list before, ``width`` times: width ** levels leaves in some hundred bytes."""
    level = b"]\x94" + b"".join(b"](" + b"h%c" % i * width + b"e\x94" for i in range(levels))
    return b"\x80\x04" + level + b"\x85" * 1 + b"."


def changed_model(change, kind=LOGISTIC_REGRESSION.name):
    estimator = fitted(kind)
    model = estimator[-1]
    change(model if kind == LOGISTIC_REGRESSION.name else model.calibrated_classifiers_[0].estimator)
    return dumped(estimator)


def setting(name, value):
    return lambda model: model.__dict__.__setitem__(name, value)


DAMAGED = {
    "empty": lambda: b"",
    "text": lambda: b"this is not a model\n" * 100,
    "json": lambda: b'{"model": 1}',
    "zeros": lambda: bytes(10_000),
    "noise": lambda: np.random.default_rng(0).bytes(10_000),
    "only STOP": lambda: b".",
    "two values": lambda: b"\x80\x04NN.",
    "no value": lambda: b"\x80\x04.",
    "compressed": lambda: zlib.compress(b"model" * 100),
    "a list": lambda: pickled([1, 2, 3]),
    "a number": lambda: pickled(1),
    "an array": lambda: dumped(np.ones(3)),
    "deep lists": lambda: nested(500_000),
    "deep tuples": lambda: nested_tuples(500_000),
    "deep tuples as a key": lambda: b"\x80\x04}" + nested_tuples(500_000, b"Ns.")[2:],
    "doubled tuples as a key": lambda: b"\x80\x04}" + doubled(100)[2:] + b"Ns.",
    "recursive": recursive,
    "unknown memo": lambda: b"\x80\x04h\x07.",
    "append to nothing": lambda: b"\x80\x04Na.",
    "append to a text": lambda: b"\x80\x04\x8c\x01aNa.",
    "build a text": lambda: b"\x80\x04\x8c\x01a}b.",
    "call a text": lambda: b"\x80\x04\x8c\x01a)R.",
    "mark missing": lambda: b"\x80\x04e.",
    "string longer than the file": lambda: b"\x80\x04X\xff\xff\xff\x7fabc.",
    "array longer than memory": lambda: array_of(1 << 62),
    "array longer than the file": lambda: array_of(1000),
    "array whose size overflows": lambda: array_of(1 << 40, 1 << 40, 1 << 40),
    "array of a negative length": lambda: array_of(-3),
    "array of ten thousand huge edges": lambda: edges(10_000),
    "array of edges of nothing": lambda: array_of(0, 1 << 62, 1 << 62),
    "billion laughs": lambda: laughs(30),
    "a frame longer than the file": lambda: b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f" + b"N.",
    "bytes longer than the file": lambda: b"\x80\x04B\xff\xff\xff\x7fabc.",
    "a name without an end": lambda: b"c" + b"a" * 100_000,
    "an array of two orders": lambda: (
        dumped(np.zeros((2, 2))).replace(b"\x8c\x01C", b"\x8c\x01X").replace(b"K\x02K\x02", b"K\x02K\x07")
    ),
    "a subclass that is an array": lambda: dumped(inside_a_model(1)).replace(b"\x8c\x08subclass", b"\x8c\x08sbuclass"),
}


# Bytes that would become a hundred times as many values: refused after the first hundred thousand.
BOMBS = {
    "lists": b"]",
    "dicts": b"}",
    "remembered": b"N\x94",
    "marks": b"(",
    "stand-ins": b"h\x00)R",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_of_values_takes_no_more_memory_than_its_bytes(tmp_path, name):
    data = by_stack("sklearn.svm", "SVC", tail=b"\x94") + BOMBS[name] * 2_000_000
    path = written(tmp_path, data)
    tracemalloc.start()
    try:
        assert "instructions" in refused(path, ModelError)
        assert tracemalloc.get_traced_memory()[1] < len(data) * 2 + (60 << 20)
    finally:
        tracemalloc.stop()


MILLIONS = {
    "classes": lambda: with_a_million("classes_", of=False),
    "coefficients of single bytes": lambda: with_a_million("coef_", of=True),
    "an intercept of a million": lambda: with_a_million("intercept_", of=False),
    "a dimension of a million": lambda: with_a_million("n_features_in_", of=False),
    "support vectors of single bytes": lambda: with_a_million("support_vectors_", of=True, kind=SVM.name),
}


@pytest.mark.parametrize("name", MILLIONS)
def test_an_array_is_not_made_larger_before_it_is_checked(tmp_path, name):
    path = written(tmp_path, MILLIONS[name]())
    tracemalloc.start()
    try:
        refused(path, ModelError)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20  # the file and its array: 1 MB each
    finally:
        tracemalloc.stop()


ZEROS = b"\x80\x04B" + bytes(1 << 20)
PACKED = {
    "zlib": zlib.compress(ZEROS, 9),
    "gzip": gzip.compress(ZEROS),
    "bzip2": bz2.compress(ZEROS),
    "xz": lzma.compress(ZEROS),
    "lzma": lzma.compress(ZEROS, lzma.FORMAT_ALONE),
    "lz4": b"\x04\x22M\x18" + bytes(100),
    "zip": b"PK\x03\x04" + bytes(100),
}


@pytest.mark.parametrize("name", PACKED)
def test_what_is_compressed_is_never_unpacked(tmp_path, name):
    assert f"compressed ({name})" in refused(written(tmp_path, PACKED[name]), ModelError)


@pytest.mark.parametrize(
    "compress", [("zlib", 1), ("zlib", 3), ("zlib", 9), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)]
)
def test_what_joblib_compresses_is_named_so(tmp_path, compress):
    path = tmp_path / "model-ovr-svm-tag-cat.pkl"
    joblib.dump(fitted(), path, compress=compress)
    assert "it is compressed" in refused(str(path), ModelError)


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files(tmp_path, name):
    refused(written(tmp_path, DAMAGED[name]()), ModelError)


@pytest.mark.parametrize("kind", kind_names())
def test_files_cut_short_anywhere(tmp_path, kind):
    whole = dumped(fitted(kind))
    for length in range(0, len(whole), max(1, len(whole) // 150)):
        refused(written(tmp_path, whole[:length]), ModelError)


@pytest.mark.parametrize("kind", kind_names())
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


def without_vectors():
    def change(model):
        model.support_vectors_ = np.empty((0, DIM))
        model.dual_coef_ = np.empty((1, 0))

    return changed_model(change, SVM.name)


NONSENSE = {
    "NaN coefficients": lambda: changed_model(setting("coef_", np.full((1, DIM), np.nan))),
    "an infinite coefficient": lambda: changed_model(setting("coef_", np.array([[np.inf] * DIM]))),
    "absurd coefficients": lambda: changed_model(setting("coef_", np.full((1, DIM), 1e300))),
    "two rows of coefficients": lambda: changed_model(setting("coef_", np.ones((2, DIM)))),
    "no coefficients": lambda: changed_model(setting("coef_", np.ones((1, 0)))),
    "coefficients as text": lambda: changed_model(setting("coef_", "1")),
    "a NaN intercept": lambda: changed_model(setting("intercept_", np.array([np.nan]))),
    "a missing intercept": lambda: changed_model(lambda model: model.__dict__.pop("intercept_")),
    "another dimension than it states": lambda: changed_model(setting("n_features_in_", 9)),
    "three classes": lambda: changed_model(setting("classes_", np.arange(3))),
    "classes the other way round": lambda: changed_model(setting("classes_", np.array([1, 0]))),
    "support vectors of no shape": lambda: changed_model(setting("support_vectors_", np.ones(3)), SVM.name),
    "weights that do not fit": lambda: changed_model(setting("dual_coef_", np.ones((1, 2))), SVM.name),
    "NaN support vectors": lambda: changed_model(setting("support_vectors_", np.full((3, DIM), np.nan)), SVM.name),
    "a negative gamma": lambda: changed_model(setting("_gamma", -1.0), SVM.name),
    "a gamma that is no number": lambda: changed_model(setting("_gamma", [[1]]), SVM.name),
    "another kernel": lambda: changed_model(setting("kernel", "poly"), SVM.name),
    "a linear kernel over support vectors of no shape": lambda: changed_model(
        lambda model: vars(model).update(kernel="linear", support_vectors_=np.ones(3)), SVM.name
    ),
    "a linear kernel and weights that do not fit": lambda: changed_model(
        lambda model: vars(model).update(kernel="linear", dual_coef_=np.ones((1, 2))), SVM.name
    ),
    "a linear kernel and NaN support vectors": lambda: changed_model(
        lambda model: vars(model).update(kernel="linear", support_vectors_=np.full((4, DIM), np.nan)), SVM.name
    ),
    "no support vectors": without_vectors,
    "a kernel that is an array": lambda: changed_model(setting("kernel", np.ones(3)), SVM.name),
    "coefficients as whole numbers": lambda: changed_model(setting("coef_", np.ones((1, DIM), int))),
    "a dimension that is a text": lambda: changed_model(setting("n_features_in_", "9" * 5000)),
    "a dimension beyond all numbers": lambda: changed_model(setting("n_features_in_", 10**400)),
    "a dimension that is no number": lambda: changed_model(setting("n_features_in_", np.float64("nan"))),
    "a kernel of many lists": lambda: changed_model(setting("kernel", [[[]] * 3] * 3), SVM.name),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_models_that_make_no_sense(tmp_path, name):
    refused(written(tmp_path, NONSENSE[name]()), ModelError)


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

    save_tag_model(str(tmp_path), "cat", LOGISTIC_REGRESSION.name, fitted(), card("ViT-B-32", DIM))
    save_tag_model(str(tmp_path), "dog", LOGISTIC_REGRESSION.name, fitted(dim=9), card("ViT-L-14", 9))
    with pytest.raises(EncoderMismatchError, match=r"ViT-B-32.*ViT-L-14"):
        load_tag_models(str(tmp_path))


@pytest.mark.parametrize("kind", ["..", ".", "..\\..", "a:b", "x\x1b[31m"])
def test_a_kind_that_would_lead_out_of_the_results(tmp_path, kind):
    path = tmp_path / f"model-{kind}-tag-cat.pkl"
    path.write_bytes(dumped(fitted()))
    with pytest.raises(ModelError, match="no name of a tag model"):
        load_tag_models(str(path))


# Through the command line --------------------------------------------------------------------------------------


@pytest.fixture
def models(trained, tmp_path):
    """A folder of usable models, to which a test adds."""
    return Path(shutil.copytree(trained.models, tmp_path / "models"))


@pytest.fixture
def classify_fails(trained, models, tmp_path, capsys):
    """``classify_fails()`` scores by the models, which must end with exit code 1 and one line; that line."""

    def run():
        capsys.readouterr()
        output = tmp_path / "output"
        code = cli.main(["classify", f"--directory={trained.images}", f"--model={models}", f"--output={output}"])
        shown = capsys.readouterr()
        assert (code, shown.out, shown.err.count("\n")) == (1, "", 1)
        assert not list(output.rglob("*.png"))
        return shown.err

    return run


def test_one_attack_among_good_models_stops_the_run_before_anything_is_scored(models, classify_fails, tmp_path):
    sentinel = tmp_path / "sentinel"
    (models / "model-ovr-svm-tag-evil.pkl").write_bytes(CODE["eval"](str(sentinel)))
    message = classify_fails()
    assert "'builtins.eval'" in message
    assert "model-ovr-svm-tag-evil.pkl" in message
    assert not sentinel.exists()


def test_all_unusable_models_are_named_at_once_and_the_gravest_in_full(models, classify_fails):
    for number in range(9):
        (models / f"model-ovr-svm-tag-{number}.pkl").write_bytes(b"no pickle")
    (models / "model-ovr-svm-tag-zzz.pkl").write_bytes(CODE["os.system"]("x"))
    message = classify_fails()
    assert "system'" in message
    assert "9 more next to it (model-ovr-svm-tag-0.pkl, " in message
    assert message.rstrip().endswith("…).")


@pytest.mark.parametrize("name", ["compressed", "empty", "deep lists", "array longer than memory", "billion laughs"])
def test_a_damaged_model_is_one_line(models, classify_fails, name):
    (models / "model-ovr-svm-tag-cat.pkl").write_bytes(DAMAGED[name]())
    assert "model-ovr-svm-tag-cat.pkl is not a usable tag model" in classify_fails()


@pytest.mark.parametrize(
    "name", ["NaN coefficients", "classes the other way round", "another dimension than it states"]
)
def test_a_model_without_sense_is_one_line(models, classify_fails, name):
    (models / "model-ovr-svm-tag-cat.pkl").write_bytes(NONSENSE[name]())
    assert "model-ovr-svm-tag-cat.pkl is not a usable tag model" in classify_fails()


def test_a_model_of_another_encoder_is_one_line(models, classify_fails):
    (models / "model-ovr-svm-tag-cat.pkl").write_bytes(dumped(fitted()))
    assert f"model-ovr-svm-tag-cat.pkl belongs to an encoder not named ({DIM} numbers)" in classify_fails()


def test_a_model_that_is_not_the_one_of_its_card_is_one_line(models, classify_fails):
    path = next(models.glob("*.pkl"))
    with open(path, "ab") as file:
        file.write(b"\0")  # behind the pickle's end: only the checksum tells
    message = classify_fails()
    assert str(path.with_suffix(".json")) in message
    assert "belongs to another model file" in message


CARDS = {
    "empty": lambda card: b"",
    "cut short": lambda card: json.dumps(card).encode()[:-9],
    "foreign": lambda card: b'{"name": "package", "version": "1.0"}',
    "a list": lambda card: b"[1]",
    "no text": lambda card: os.urandom(100),
    "deep": lambda card: b"[" * 100_000,
    "a bomb of brackets": lambda card: b"[" + b"[]," * 1_000_000 + b"[]]",
    "a threshold that is no number": lambda card: json.dumps({**card, "threshold": float("nan")}).encode(),
    "an encoder with a name of a megabyte": lambda card: json.dumps(
        {**card, "encoder": {**card["encoder"], "name": "x" * 900_000}}
    ).encode(),
    "a checksum that is a list": lambda card: json.dumps({**card, "sha256": [[]]}).encode(),
}


@pytest.mark.parametrize("name", CARDS)
def test_a_card_that_is_none_is_one_line(models, classify_fails, name):
    card = next(models.glob("*.json"))
    card.write_bytes(CARDS[name](json.loads(card.read_bytes())))
    message = classify_fails()
    assert str(card) in message
    assert len(message) < 500


def test_a_card_that_is_a_folder_or_leads_nowhere_is_one_line(models, classify_fails):
    card = next(models.glob("*.json"))
    card.unlink()
    card.mkdir()
    assert f"{card} is no file" in classify_fails()
    card.rmdir()
    card.symlink_to("nowhere")
    assert f"cannot read {card}" in classify_fails()


def test_a_model_larger_than_any_is_not_read(models, classify_fails):
    with open(models / "model-ovr-svm-tag-cat.pkl", "wb") as file:
        file.truncate((2 << 30) + 1)
    assert "larger than any tag model (2,048 MB)" in classify_fails()
