"""Read annotations with pycocotools: each image with its tags and scores."""

import json
import os
import sys

from pycocotools.coco import COCO

coco = COCO(sys.argv[1])
images = []
for image in coco.loadImgs(coco.getImgIds()):
    annotations = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]], areaRng=[0, 1e9], iscrowd=False))
    tags = [[coco.loadCats(one["category_id"])[0]["name"], one["score"], one["said_by"]] for one in annotations]
    exists = os.path.exists(os.path.join(os.path.dirname(sys.argv[1]), "images", image["file_name"]))
    images.append({"hash_id": image["hash_id"], "tags": tags, "exists": exists, "file_name": image["file_name"]})
by_tag = {coco.loadCats(one)[0]["name"]: len(coco.getImgIds(catIds=[one])) for one in coco.getCatIds()}
print(json.dumps({"images": images, "by_tag": by_tag}))
