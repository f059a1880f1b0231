"""Read the metadata of images with `datasets` of Hugging Face, and no image: the tags of each row."""

import json
import sys

import datasets

datasets.disable_progress_bars()
rows = datasets.load_dataset("imagefolder", data_dir=sys.argv[1])["train"]
print(json.dumps(list(rows["tags"])))
