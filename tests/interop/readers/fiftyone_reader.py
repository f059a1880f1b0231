"""Read a data set with FiftyOne's own importer, which gives what `Dataset.from_dir` puts into its database.

The database is MongoDB, which `fiftyone` downloads when it is installed: this runs without it, too.
"""

import json
import sys

from fiftyone.utils.data import importers

samples = []
paths = {"data_path": sys.argv[2]} if len(sys.argv) > 2 else {}
with importers.FiftyOneImageClassificationDatasetImporter(sys.argv[1], compute_metadata=True, **paths) as importer:
    for path, metadata, label in importer:
        labels = [[one.label, one.confidence, one["said_by"]] for one in label.classifications]
        samples.append({"path": path, "width": metadata.width, "height": metadata.height, "labels": labels})
    info = importer.get_dataset_info()
print(json.dumps({"samples": samples, "classes": info["classes"]}))
