import json
import os
import pathlib
import subprocess

import cv2
import numpy as np
import pytest
from conftest import MODELS, ROOT, shared

from inference_exp import AutoModel

sv = pytest.importorskip("supervision", reason="SKIPPED: supervision is not importable")
PROGRAM = pathlib.Path(os.environ.get("INFERENCE_EXP_PROGRAM", ROOT / "build" / "release" / "bin" / "inference-exp"))


def network_and_picture(name):
    if name.startswith("shapes-"):
        return MODELS / name, ROOT / "assets" / "images" / "shapes.png"
    return shared(pathlib.Path("models") / name), shared("images/bus.jpg")


@pytest.mark.parametrize(
    "name",
    [
        "shapes-detector",
        "shapes-segmenter",
        "yolov8n-deq-fp32-dyn.onnx",
        "yolo11n-deq-fp32-dyn.onnx",
        "yolov10n-deq-fp32-dyn.onnx",
        "yolov8n-seg-deq-fp32-dyn.onnx",
        "yolo11n-seg-deq-fp32-dyn.onnx",
    ],
)
def test_the_script_of_the_original_draws_what_the_program_finds(name):
    if not PROGRAM.exists():
        pytest.skip(f"SKIPPED: the program is not built: {PROGRAM}")
    path, picture = network_and_picture(name)
    image = cv2.imread(str(picture))
    model = AutoModel.from_pretrained(path)
    found = model(image)[0].to_supervision()
    annotated = sv.BoxAnnotator().annotate(image.copy(), found)
    assert (annotated != image).any()

    command = [PROGRAM, "infer", path, picture, "--json", "-"]
    printed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    rows = rows_of(printed)
    assert len(rows) == len(found) > 0
    corners = [[row[key] for key in ("x_min", "y_min", "x_max", "y_max")] for row in rows]
    assert np.array_equal(found.xyxy, corners)
    assert list(found.data["class_name"]) == [row["class"] for row in rows]
    assert np.allclose(found.confidence, [row["confidence"] for row in rows], atol=1e-6)
    if "mask" in rows[0]:
        packed = model(image, mask_format="rle")[0]
        assert [counts.decode() for counts in packed.mask.counts] == [row["mask"]["counts"] for row in rows]
        assert np.array_equal(packed.to_supervision().mask, found.mask)
        assert (sv.MaskAnnotator().annotate(image.copy(), found) != image).any()


def rows_of(printed):
    """The one image's rows, whichever object they stand in."""
    while not (isinstance(printed, list) and (not printed or "x_min" in printed[0])):
        printed = printed[0] if isinstance(printed, list) else printed["predictions"]
    return printed


def test_key_points_become_those_of_supervision():
    from inference_exp import KeyPoints

    xy = np.array([[[1, 2], [0, 0]]], np.int32)
    scores = np.array([[0.9, 0.0]], np.float32)
    points = KeyPoints(xy, np.array([0], np.int32), scores, detection_confidence=np.array([0.8], np.float32), class_names=("person",))
    drawn = points.to_supervision()
    assert np.array_equal(drawn.xy, xy) and list(drawn.data["class_name"]) == ["person"]
    assert (sv.VertexAnnotator().annotate(np.zeros((9, 9, 3), np.uint8), drawn) > 0).any()
