"""Read a folder with `datasets` of Hugging Face: by its card, and as the documentation of imagefolder reads one."""

import json
import sys

import datasets

datasets.disable_progress_bars()
folder = sys.argv[1]
read = {}
for how, data in (
    ("card", datasets.load_dataset(folder)),
    ("imagefolder", datasets.load_dataset("imagefolder", data_dir=folder)),
):
    rows = data["train"]
    labels = rows.features["label"].names if "label" in rows.features else []
    values = [{**row, "image": list(row["image"].size)} for row in rows]
    read[how] = {"splits": sorted(data), "labels": labels, "rows": values}
print(json.dumps(read))
