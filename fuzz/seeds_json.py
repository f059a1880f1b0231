"""What the fuzzers of JSON begin with: small files as they are written, by name, and attacks."""

from __future__ import annotations

import json
from typing import Any

_RECORD = {
    "hash_id": "h1",
    "file_path": "/data/a.zip/cat/1.png",
    "address": ["/data/a.zip", "cat/1.png"],
    "image_resolution": [12, 8],
    "image_tags": ["cat"],
    "model": "ViT-B-32",
    "pretrained": "openai",
    "embeddings_vector": [0.5, -1.25, 3],
}


def _text(value: object, **layout: Any) -> bytes:
    return json.dumps(value, **layout).encode()


def _records(**changes: object) -> bytes:
    return _text({"h1": {**_RECORD, **changes}, "h2": {**_RECORD, **changes, "hash_id": "h2"}})


#: Texts that are wrong, or large for their size, in any of the files.
_ATTACKS = {
    "empty": b"",
    "an empty object": b"{}",
    "a list": b"[1, 2]",
    "a text": b'"a"',
    "cut short": b'{"a": {"b": [1, 2',
    "two objects": b"{} {}",
    "a byte order mark": b'\xef\xbb\xbf{"a": {}}',
    "UTF-16": '{"a": {}}'.encode("utf-16"),
    "brackets": b'{"a": ' + b"[" * 2000 + b"]" * 2000 + b"}",
    "braces": b'{"a": ' + b'{"a":' * 1100 + b"1" + b"}" * 1100 + b"}",
    "lists": b'{"a": [' + b"[]," * 3000 + b"[]]}",
    "escapes": b'{"a": ["' + b"\\n" * 3000 + b'"]}',
    "a text without end": b'{"a": ["' + b"\\\\" * 300,
    "half a character": b'{"a": ["\\ud800"]}',
    "keys": _text({"a": {str(number): 0 for number in range(500)}}),
    "a key twice": b'{"a": ["1"], "a": ["2"], "b": {"c": 1, "c": 2}}',
    "a large number": b'{"a": {"threshold": 1' + b"0" * 5000 + b', "b": 1e999, "c": NaN, "d": -Infinity}}',
    "control characters": b'{"a\x00": ["\x01"], "b\\u0000": ["\\u0001"]}',
}

METADATA: dict[str, bytes] = {
    **_ATTACKS,
    "as written": _records(),
    "indented": _text({"h1": _RECORD}, indent=2),
    "without an address": _records(address=None),
    "of another encoder": _text({"h1": _RECORD, "h2": {**_RECORD, "model": "other"}}),
    "of another length": _text({"h1": _RECORD, "h2": {**_RECORD, "embeddings_vector": [1]}}),
    "with a bad address": _records(address=["/data/a.zip", ""]),
    "with a surrogate in an address": _records(address=["/data/caf\\udce9.zip", "\\\\udce9"]),
    "with a long name": _records(model="m" * 1001),
    "with a long path": _text({"h1": {**_RECORD, "file_path": "p" * 9000}}),
    "with no number": _records(embeddings_vector=[1, None, "2"]),
    "with large numbers": _records(embeddings_vector=[1e38, 1e39, 1e-44]),
    "twice, not alike": _text({"h1": _RECORD})[:-1] + b"," + _text({"h1": {**_RECORD, "embeddings_vector": [1]}})[1:],
}

LISTS: dict[str, bytes] = {
    **_ATTACKS,
    "as written": b'{\n"cat": ["h1","h2"],\n"dog": []\n}\n',
    "indented": _text({"cat": ["h1", "h2"], "it's": [], "\u732b": ["h1"]}, indent=2),
    "many": _text({"cat": [f"{number:032x}" for number in range(300)]}),
    "a long hash": _text({"cat": ["h" * 1001]}),
    "a long tag": _text({"t" * 9000: ["h1"]}),
    "with a number": b'{"cat": ["h1", 1, null]}',
    "an object within": b'{"cat": ["h1", {"a": []}]}',
}

_SCORE = {"model_type": "ovr-svm", "tag_name": "cat", "tag_prob": 0.25, "tagged": False}
_PICTURE = {
    "hash_id": "h1",
    "file_path": "/d/1.png",
    "file_paths": ["/d/1.png", "/d/a.zip/1.png"],
    "addresses": [["/d/1.png"], ["/d/a.zip", "1.png"]],
    "classifiers_output": [_SCORE, {**_SCORE, "tagged": True, "tag_prob": 1}],
}


def _picture(**changes: object) -> bytes:
    return _text({"h1": {**_PICTURE, **changes}, "h2": _PICTURE})


RESULTS: dict[str, bytes] = {
    **_ATTACKS,
    "as written": _picture(),
    "of an earlier version": _text({"h1": {"file_path": "/1.png", "classifiers_output": [{**_SCORE, "tagged": None}]}}),
    "many scores": _picture(classifiers_output=[_SCORE] * 40),
    "a bad address": _picture(addresses=[["/1.png"], []]),
    "too few addresses": _picture(addresses=[["/1.png"]]),
    "a bad score": _picture(classifiers_output=[{**_SCORE, "tag_prob": "1"}, 5]),
    "a large score": _picture(classifiers_output=[{**_SCORE, "tag_prob": 10**400}]),
}

_CARD = {
    "format": 1,
    "kind": "ovr-svm",
    "tag": "cat",
    "sha256": "0" * 64,
    "encoder": {"name": "ViT-B-32", "pretrained": "openai", "dim": 512, "preprocess": "clip-224"},
    "threshold": 0.31,
    "training_images": {"tag": 42, "other": 198},
    "validation": {"average_precision": 0.81, "balanced_accuracy": 0.78},
    "recipe": "linear, C 0.1",
    "marks": ["rough: 4 measured"],
    "created": "2026-11-03T12:30:00+00:00",
}

CARDS: dict[str, bytes] = {
    **_ATTACKS,
    "as written": _text(_CARD, indent=1),
    "of a model alone": b'{"sha256": "abc"}',
    "with true numbers": _text({**_CARD, "threshold": True, "training_images": {"tag": True, "other": False}}),
    "with two thresholds": _text(_CARD)[:-1] + b', "threshold": 1}',
    "with half a character": _text({**_CARD, "encoder": {**_CARD["encoder"], "name": "\ud800"}}),  # type: ignore[dict-item]
    "with a long name": _text({**_CARD, "encoder": {**_CARD["encoder"], "name": "m" * 1001}}),  # type: ignore[dict-item]
    "with odd figures": b'{"sha256": "a", "threshold": 1e-400, "validation": {"average_precision": NaN}}',
}
