#!/usr/bin/env python3
"""Measures exported packages on the validation split: mAP50 and mAP50-95, of boxes and of masks.

The exported file itself runs, in OpenCV's ONNX reader; the scenes come from a seed that
training never saw. Average precision is the 101-point interpolation over all scenes.

    evaluate.py --scenes validation.npz --package ../../assets/models/shapes-detector
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

IOU_LEVELS = np.linspace(0.5, 0.95, 10)
RECALL_POINTS = np.linspace(0, 1, 101)
MASK_COEFFICIENTS = 32
WORKING_CONFIDENCE = 0.25


def iou_matrix(first, second):
    """IoU of every box of `first` with every box of `second`."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    overlap = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second)]
    return overlap / (areas[0][:, None] + areas[1][None, :] - overlap + 1e-9)


def suppress(boxes, scores, labels, iou_threshold):
    """Indices that survive class-aware greedy suppression, best score first."""
    order = np.argsort(-scores, kind="stable")
    overlaps = iou_matrix(boxes, boxes) > iou_threshold
    overlaps &= labels[:, None] == labels[None, :]
    removed = np.zeros(len(boxes), bool)
    kept = []
    for index in order:
        if not removed[index]:
            kept.append(index)
            removed |= overlaps[index]
    return np.array(kept, np.int64)


def detect(network, image, class_count, arguments):
    """Boxes, scores, labels and, for a segmenter, masks of one network-sized RGB picture."""
    network.setInput(cv2.dnn.blobFromImage(image, 1 / 255))
    names = network.getUnconnectedOutLayersNames()
    outputs = dict(zip(names, network.forward(names)))
    rows = outputs["output0"][0].T
    scores = rows[:, 4 : 4 + class_count]
    rows, scores = rows[scores.max(axis=1) >= arguments.confidence], scores[scores.max(axis=1) >= arguments.confidence]
    boxes = np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2], axis=1)
    labels, scores = scores.argmax(axis=1), scores.max(axis=1)
    kept = suppress(boxes, scores, labels, arguments.iou)[: arguments.max_detections]
    masks = None
    if "output1" in outputs:
        masks = draw_masks(rows[kept, -MASK_COEFFICIENTS:], outputs["output1"][0], boxes[kept], image.shape[0])
    return boxes[kept], scores[kept], labels[kept], masks


def draw_masks(coefficients, prototypes, boxes, size):
    """Full-size masks: prototypes combined, enlarged, cut at 0 and cropped to the box."""
    logits = np.tensordot(coefficients, prototypes, axes=1)
    masks = np.zeros((len(boxes), size, size), bool)
    for mask, logit, (x0, y0, x1, y1) in zip(masks, logits, np.clip(np.round(boxes), 0, size).astype(int)):
        mask[y0:y1, x0:x1] = cv2.resize(logit, (size, size), interpolation=cv2.INTER_LINEAR)[y0:y1, x0:x1] > 0
    return masks


def mask_iou_matrix(first, second):
    pixels = first.shape[1] * first.shape[2]
    first = first.reshape(len(first), pixels).astype(np.float32)
    second = second.reshape(len(second), pixels).astype(np.float32)
    overlap = first @ second.T
    return overlap / (first.sum(1)[:, None] + second.sum(1)[None, :] - overlap + 1e-9)


def match(overlaps, labels, true_labels):
    """Whether each detection (best first) is right, per IoU level: [levels, detections]."""
    right = np.zeros((len(IOU_LEVELS), len(labels)), bool)
    for level, threshold in enumerate(IOU_LEVELS):
        free = np.ones(len(true_labels), bool)
        for index, label in enumerate(labels):
            candidates = np.where(free & (true_labels == label), overlaps[index], 0)
            if len(candidates) and candidates.max() >= threshold:
                free[candidates.argmax()] = False
                right[level, index] = True
    return right


def average_precision(right, scores, true_count):
    """101-point interpolated average precision of one class at one IoU level."""
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    recall = hits / max(true_count, 1)
    precision = hits / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    positions = np.searchsorted(recall, RECALL_POINTS, side="left")
    return float(np.mean([precision[p] if p < len(precision) else 0.0 for p in positions]))


def summarise(right, scores, labels, true_labels, class_names):
    """Table of average precision [classes, levels] and what is reported of it."""
    table = np.array([
        [average_precision(right[level, labels == c], scores[labels == c], int((true_labels == c).sum()))
         for level in range(len(IOU_LEVELS))]
        for c in range(len(class_names))
    ])
    working = scores >= WORKING_CONFIDENCE
    return {
        "mAP50": round(float(table[:, 0].mean()), 4),
        "mAP50-95": round(float(table.mean()), 4),
        "AP50": {name: round(float(row[0]), 4) for name, row in zip(class_names, table)},
        f"at confidence {WORKING_CONFIDENCE}": {
            "precision50": round(float(right[0, working].sum() / max(working.sum(), 1)), 4),
            "recall50": round(float(right[0, working].sum() / max(len(true_labels), 1)), 4),
        },
    }


def evaluate(network, scenes, class_names, arguments):
    collected = {"box": [], "mask": []}
    all_scores, all_labels, all_true = [], [], []
    for image, owners, true_boxes, true_labels in zip(*(scenes[k] for k in ("images", "owners", "boxes", "labels"))):
        present = true_labels >= 0
        true_boxes, true_labels = true_boxes[present], true_labels[present]
        boxes, scores, labels, masks = detect(network, image, len(class_names), arguments)
        collected["box"].append(match(iou_matrix(boxes, true_boxes), labels, true_labels))
        if masks is not None:
            true_masks = owners[None] == np.arange(1, len(true_labels) + 1)[:, None, None]
            collected["mask"].append(match(mask_iou_matrix(masks, true_masks), labels, true_labels))
        all_scores.append(scores)
        all_labels.append(labels)
        all_true.append(true_labels)
    scores, labels, true = (np.concatenate(parts) for parts in (all_scores, all_labels, all_true))
    report = {"scenes": len(scenes["images"]), "objects": len(true)}
    for kind, parts in collected.items():
        if parts:
            report[kind] = summarise(np.concatenate(parts, axis=1), scores, labels, true, class_names)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", required=True, help="the .npz file of `draw.py cache --split validation`")
    parser.add_argument("--package", type=Path, required=True, help="folder with weights.onnx and class_names.txt")
    parser.add_argument("--count", type=int, help="measure the first scenes only")
    parser.add_argument("--confidence", type=float, default=0.01)
    parser.add_argument("--iou", type=float, default=0.6, help="overlap above which suppression removes a box")
    parser.add_argument("--max-detections", type=int, default=100)
    arguments = parser.parse_args()
    with np.load(arguments.scenes) as archive:
        scenes = {name: archive[name][: arguments.count] for name in archive.files}
    class_names = (arguments.package / "class_names.txt").read_text().split()
    network = cv2.dnn.readNetFromONNX(str(arguments.package / "weights.onnx"))
    print(json.dumps(evaluate(network, scenes, class_names, arguments), indent=2))


if __name__ == "__main__":
    main()
