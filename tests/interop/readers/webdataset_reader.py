"""Read tars with webdataset: the keys of each sample, its JSON, and the size of its image."""

import io
import json
import sys

import webdataset
from PIL import Image

samples = []
for sample in webdataset.WebDataset(sys.argv[1:], shardshuffle=False, empty_check=False):
    (suffix,) = {key for key in sample if not key.startswith("__")} - {"json"}
    image = Image.open(io.BytesIO(sample[suffix]))
    samples.append({"key": sample["__key__"], "size": image.size, "suffix": suffix, **json.loads(sample["json"])})
print(json.dumps(samples))
