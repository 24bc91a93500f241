#!/usr/bin/env python3
"""Finds objects in a picture and draws them.

    examples/detect.py MODEL PICTURE OUTPUT
"""

import sys

import cv2
import supervision as sv

from inference_exp import AutoModel


def main(model_id, picture, output):
    model = AutoModel.from_pretrained(model_id)
    image = cv2.imread(picture)
    detections = model(image)[0].to_supervision()
    annotated = sv.BoxAnnotator().annotate(image.copy(), detections)
    annotated = sv.LabelAnnotator().annotate(annotated, detections, labels=detections.data["class_name"])
    cv2.imwrite(output, annotated)
    print(f"{len(detections)} objects")


if __name__ == "__main__":
    main(*sys.argv[1:])
