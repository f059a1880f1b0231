"""One way of computing CLIP embeddings, alone in a process: what ``stage1_clip.py`` starts and measures.

    python benchmarks/clip_way.py '{"way": "onnx", ...}'

It prints one line of JSON. Nothing heavy is imported before the clock runs, so that the start of a way is its own.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable

#: Settings of stage 1 by the names of ways; the plain loop has none.
WAYS: dict[str, dict[str, str]] = {
    "loop": {},
    "onnx": {"clip_backend": "onnx", "precision": "fp32"},
    "onnx-int8": {"clip_backend": "onnx", "precision": "int8"},
    "torch": {"clip_backend": "torch"},
    "torch-fp32": {"clip_backend": "torch", "precision": "fp32"},
    "openvino": {"device": "openvino"},
}

#: Bytes of the unit in which the system gives the peak of a process.
_UNIT = 1 if sys.platform == "darwin" else 1024


class Meter:
    """Sums of the seconds and the processor seconds of calls."""

    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        started, before = time.perf_counter(), cpu_seconds()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - started
            self.cpu += cpu_seconds() - before

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that is timed."""

        def timed(*arguments: Any, **options: Any) -> Any:
            with self.running():
                return function(*arguments, **options)

        return timed


def cpu_seconds() -> float:
    """Return the processor seconds of this process and of those it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    task = json.loads(sys.argv[1])
    start, total = Meter(), Meter()
    measure = {"weights": save_weights, "loop": plain_loop}.get(task["way"], stage1)
    try:
        with total.running():
            result = measure(task, start)
    except ImportError as error:
        result = {"skipped": str(error)}
    if "skipped" not in result:
        images = result.setdefault("images", 1)
        result["rate"] = images / (total.seconds - start.seconds)
        result["whole"] = images / total.seconds
        result["cpu"] = (total.cpu - start.cpu) / images
        result["start"] = start.seconds
        result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT
        result["workers_peak"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _UNIT
        if "embedding" in result:
            result["busy"] = result.pop("embedding") / (total.seconds - start.seconds)
    print(json.dumps(result))


def save_weights(task: dict[str, Any], start: Meter) -> dict[str, Any]:
    """Write random weights of both towers as a safetensors file, which PyTorch and onnxruntime read alike."""
    import numpy as np

    from image_tagging.encoders.clip.architectures import ARCHITECTURES
    from image_tagging.encoders.clip.onnx import random_tensors

    tensors = {
        "logit_scale": np.array(np.log(1 / 0.07), dtype="<f4"),
        **random_tensors(ARCHITECTURES[task["model"]], 0),
    }
    header, end = {}, 0
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [end, end + values.nbytes]}
        end += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(task["weights"], "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for values in tensors.values():
            file.write(values.astype("<f4").tobytes())
    return {}


def plain_loop(task: dict[str, Any], start: Meter) -> dict[str, Any]:
    """Compute the embeddings by the obvious program: a DataLoader with two workers, and open_clip in float32."""
    with start.running():
        import open_clip
        import torch
        from clip_loop import Photos

        model, _, transform = open_clip.create_model_and_transforms(task["model"], pretrained=task["weights"])
        device = "cuda" if torch.cuda.is_available() else "cpu"
        model = model.eval().to(device)
    files = sorted(path for path in Path(task["pictures"]).rglob("*") if path.is_file())
    loader = torch.utils.data.DataLoader(Photos(files, transform), batch_size=32, num_workers=2)
    with torch.inference_mode():
        rows = [model.encode_image(batch.to(device)).cpu() for batch in loader]
    assert sum(map(len, rows)) == len(files)
    return {"images": len(files), "computed_on": f"{device} in fp32 by PyTorch {torch.__version__}"}


def stage1(task: dict[str, Any], start: Meter) -> dict[str, Any]:
    """Run stage 1 as for a user, into a new folder."""
    with start.running():
        from image_tagging import ProcessConfig, process_dataset
        from image_tagging.encoders import choice
        from image_tagging.errors import DeviceUnavailableError, EncoderUnavailableError
    embedding, load = Meter(), start.around(choice.load_encoder)

    def timed_load(*arguments: Any, **options: Any) -> Any:
        encoder = load(*arguments, **options)
        encoder.embed = embedding.around(encoder.embed)
        return encoder

    choice.load_encoder = timed_load
    choice.encoder_identity = start.around(choice.encoder_identity)  # for a file it is its hash, which starting needs
    config = ProcessConfig(
        input_folder=task["pictures"],
        output=task["output"],
        clip_model=task["model"],
        pretrained=task["weights"],
        num_threads=task["threads"],
        **WAYS[task["way"]],
    )
    try:
        summary = process_dataset(config).embedding
    except (DeviceUnavailableError, EncoderUnavailableError) as error:
        return {"skipped": str(error)}
    return {"images": summary.images, "computed_on": summary.computed_on, "embedding": embedding.seconds}


if __name__ == "__main__":
    main()
