"""Check tasks against their configuration with the SDK of Label Studio, and give back what it took from them."""

import json
import sys
from pathlib import Path

from label_studio_sdk.label_interface import LabelInterface
from label_studio_sdk.label_interface.objects import TaskValue

folder = Path(sys.argv[1])
interface = LabelInterface((folder / "labeling_config.xml").read_text(encoding="utf-8"))
interface.validate()
errors, tasks = [], []
for task in json.loads((folder / "tasks.json").read_text(encoding="utf-8")):
    value = TaskValue(**task)
    for prediction in task["predictions"]:
        errors += interface.validate_prediction(prediction, return_errors=True)
    tasks.append({"predictions": [one.model_dump() for one in value.predictions], "data": value.data})
    if not interface.validate_task({"data": value.data}):
        errors.append(f"not a task: {task}")
choices = list(interface.get_control("tags").labels)
print(json.dumps({"errors": errors, "tasks": tasks, "choices": choices}))
