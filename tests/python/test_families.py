"""Key points and embeddings, of networks that can be worked out by hand."""

import json

import numpy as np
import pytest
from conftest import Tensor
from onnx_writer import FLOAT, INT64, onnx_bytes

from inference_exp import AutoModel, EmbeddingModel, KeyPointDetectionModel, compare_embeddings, errors

# Two anchors on a network of 64 x 64: middle and size of the box, the scores of two classes, three points.
ANCHORS = [
    [16, 24, 8, 8, 0.9, 0, 14, 22, 0.9, 18, 26, 0.1, 16, 24, 0.7],
    [48, 40, 12, 8, 0, 0.8, 46, 38, 0.5, 50, 42, 0.6, 1, 1, 0.9],
]
# What a picture of brightness 1 adds: the first box and its points go right.
SHIFTS = [[8, 0, 0, 0, 0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 0], [0] * 15]
NAMES = [["nose", "left", "right"], ["head", "tail"]]


@pytest.fixture(scope="module")
def pose(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pose")
    config = {
        "network_input": {
            "training_input_size": {"height": 64, "width": 64},
            "dynamic_spatial_size_supported": False,
            "color_mode": "rgb",
            "resize_mode": "letterbox",
            "padding_value": 0,
            "input_channels": 3,
            "scaling_factor": 255,
        },
        "forward_pass": {"max_dynamic_batch_size": 8},
        "post_processing": {"type": "nms", "fused": False},
    }
    skeletons = [
        {
            "object_class": name,
            "object_class_id": class_id,
            "keypoints": {str(number): name for number, name in enumerate(NAMES[class_id])},
            "edges": [{"from": 0, "to": to} for to in range(1, len(NAMES[class_id]))],
        }
        for class_id, name in enumerate(["person", "dog"])
    ]
    network = onnx_bytes(
        inputs=[("images", FLOAT, ["batch", 3, 64, 64])],
        outputs=[("grid", FLOAT, ["batch", 15, 2])],
        nodes=[
            ("ReduceMean", ["images"], "brightness", {"axes": [1, 2, 3], "keepdims": 1}),
            ("Squeeze", ["brightness"], "factor", {"axes": [3]}),
            ("Mul", ["factor", "shifts"], "shift", {}),
            ("Add", ["shift", "anchors"], "grid", {}),
        ],
        constants=[("anchors", [np.transpose(ANCHORS)]), ("shifts", [np.transpose(SHIFTS)])],
    )
    described = {"model_architecture": "yolov8", "task_type": "keypoint-detection", "backend_type": "onnx"}
    (folder / "model_config.json").write_text(json.dumps(described))
    (folder / "inference_config.json").write_text(json.dumps(config))
    (folder / "keypoints_metadata.json").write_text(json.dumps(skeletons))
    (folder / "class_names.txt").write_text("person\ndog\n")
    (folder / "weights.onnx").write_bytes(network)
    return AutoModel.from_pretrained(folder)


def picture(value):
    """Twice the network's width and, with a quarter of padding above and below, its height."""
    return np.full((64, 128, 3), value, np.uint8)


def assert_array(array, dtype, expected):
    assert array.dtype == dtype and array.shape == np.shape(expected)
    assert np.allclose(array, expected, rtol=0, atol=1e-6)


def test_a_key_point_model_tells_about_itself(pose):
    assert isinstance(pose, KeyPointDetectionModel) and pose.task == "keypoint-detection"
    assert list(pose.class_names) == ["person", "dog"]
    assert pose.key_points_classes == NAMES
    assert pose.skeletons == [[(0, 1), (0, 2)], [(0, 1)]]


def test_key_points_are_those_of_the_network_in_the_picture(pose):
    all_points, all_detections = pose(picture(0))
    assert isinstance(all_points, list) and isinstance(all_detections, list)
    [points], [detections] = all_points, all_detections
    # A dog has no third point.
    assert_array(points.xy, np.int32, [[[28, 12], [36, 20], [32, 16]], [[92, 44], [100, 52], [0, 0]]])
    assert_array(points.confidence, np.float32, [[0.9, 0.1, 0.7], [0.5, 0.6, 0]])
    assert_array(points.class_id, np.int32, [0, 1])
    assert_array(points.detection_confidence, np.float32, [0.9, 0.8])
    assert len(points) == 2 and list(points.class_names) == ["person", "dog"]
    assert_array(detections.xyxy, np.int32, [[24, 8, 40, 24], [84, 40, 108, 56]])
    assert_array(detections.class_id, np.int32, [0, 1])
    assert_array(detections.confidence, np.float32, [0.9, 0.8])


def test_each_picture_of_a_batch_has_its_own(pose):
    # Half of a white picture's letterbox is white: the first box moves by 4 pixels of the network, 8 of the picture.
    all_points, all_detections = pose([picture(0), picture(255), picture(0)])
    assert [points.xy[0, 0].tolist() for points in all_points] == [[28, 12], [36, 12], [28, 12]]
    assert [points.xy[1, 0].tolist() for points in all_points] == [[92, 44]] * 3
    assert [found.xyxy[0].tolist() for found in all_detections] == [[24, 8, 40, 24], [32, 8, 48, 24], [24, 8, 40, 24]]


def test_the_threshold_of_points_and_that_of_detections_differ(pose):
    [points], [detections] = pose(picture(0), key_points_threshold=0.8, confidence=0.85)
    assert_array(points.xy, np.int32, [[[28, 12], [0, 0], [0, 0]]])
    assert_array(points.confidence, np.float32, [[0.9, 0, 0]])
    assert len(detections) == 1
    with pytest.raises(errors.InvalidParameterError, match="key_points_threshold"):
        pose(picture(0), key_points_threshold=2)


def test_key_points_of_nothing_keep_their_shapes(pose):
    [points], [detections] = pose(picture(0), confidence=0.95)
    assert points.xy.shape == (0, 3, 2) and points.confidence.shape == (0, 3) and detections.xyxy.shape == (0, 4)
    assert points.xy.dtype == np.int32 and points.confidence.dtype == np.float32
    assert len(points) == len(detections) == 0


def test_key_points_are_their_three_stages(pose):
    pixels, metadata = pose.pre_process(picture(255))
    assert pixels.shape == (1, 3, 64, 64) and pixels.mean() == pytest.approx(0.5)
    assert (metadata[0].pad_top, metadata[0].pad_bottom, metadata[0].scale_width) == (16, 16, 0.5)
    outputs = pose.forward(pixels)
    assert [output.shape for output in outputs] == [(1, 15, 2)]
    assert np.allclose(outputs[0][0].T, np.array(ANCHORS) + 0.5 * np.array(SHIFTS), atol=1e-5)
    [points], [detections] = pose.post_process(outputs, metadata)
    [expected], [boxes] = pose.infer(picture(255))
    assert np.array_equal(points.xy, expected.xy) and np.array_equal(points.confidence, expected.confidence)
    assert np.array_equal(detections.xyxy, boxes.xyxy) and len(boxes) == 2


def test_key_points_outlive_what_they_came_with(pose):
    points = pose(picture(0))[0][0]
    xy, confidence = points.xy, points.confidence
    del points
    assert not xy.flags.owndata and not confidence.flags.owndata
    for _ in range(20):
        pose(picture(255))
    assert xy[0].tolist() == [[28, 12], [36, 20], [32, 16]] and confidence[1, 1] == np.float32(0.6)


def test_key_points_of_a_network_become_those_of_supervision(pose):
    pytest.importorskip("supervision", reason="SKIPPED: supervision is not importable")
    [points], [detections] = pose(picture(0))
    drawn = points.to_supervision()
    assert np.array_equal(drawn.xy, points.xy) and list(drawn.data["class_name"]) == ["person", "dog"]
    assert list(detections.to_supervision().data["class_name"]) == ["person", "dog"]


MEAN = np.array([0.48145466, 0.4578275, 0.40821073])
STD = np.array([0.26862954, 0.26130258, 0.27577711])
# All pairs of characters in the order of their bytes, as many as CLIP has merges; then the two marks around a text.
FIRST_MERGE, MERGES = 512, 48894
START, END = FIRST_MERGE + MERGES, FIRST_MERGE + MERGES + 1


def vocabulary():
    prints = [byte for byte in range(256) if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or byte >= 0xAE]
    symbols = [chr(byte) for byte in prints] + [chr(0x100 + i) for i in range(256 - len(prints))]
    merges = [f"{left} {right}" for left in symbols for right in symbols][:MERGES]
    return "\n".join(["#version: 0.2", *merges, ""]).encode()


def write_clip(folder):
    """Pictures become the means of their channels, texts their first three tokens."""
    visual = onnx_bytes(
        inputs=[("image", FLOAT, ["batch", 3, 8, 8])],
        outputs=[("embeddings", FLOAT, ["batch", 3])],
        nodes=[("ReduceMean", ["image"], "embeddings", {"axes": [2, 3], "keepdims": 0})],
    )
    textual = onnx_bytes(
        inputs=[("tokens", INT64, ["batch", 77])],
        outputs=[("embeddings", FLOAT, ["batch", 3])],
        nodes=[
            ("Cast", ["tokens"], "floats", {"to": FLOAT}),
            ("Slice", ["floats"], "embeddings", {"axes": [1], "starts": [0], "ends": [3]}),
        ],
    )
    folder.mkdir()
    described = {"model_architecture": "clip", "task_type": "embedding", "backend_type": "onnx"}
    (folder / "model_config.json").write_text(json.dumps(described))
    (folder / "visual.onnx").write_bytes(visual)
    (folder / "textual.onnx").write_bytes(textual)
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    root = tmp_path_factory.mktemp("clip")
    folder = write_clip(root / "package")
    (folder / "bpe_simple_vocab_16e6.txt.gz").write_bytes(vocabulary())
    return AutoModel.from_pretrained(folder, cache_home=root / "home", offline=True)


def test_an_embedding_model_tells_about_itself(clip):
    assert isinstance(clip, EmbeddingModel) and clip.task == "embedding" and clip.architecture == "clip"
    assert clip.dimension == 3 and list(clip.class_names) == []
    assert (clip.input_size.width, clip.input_size.height) == (8, 8)


def test_pictures_become_vectors(clip):
    one = clip.embed_images(picture(255))
    assert one.dtype == np.float32 and one.shape == (1, 3) and not one.flags.owndata
    assert np.allclose(one, (1 - MEAN) / STD, atol=1e-5)


def test_each_picture_has_its_vector_and_colours_are_bgr(clip):
    colours = [np.full((10, 20, 3), colour, np.uint8) for colour in ([255, 0, 0], [0, 0, 255], [51, 102, 153])]
    found = clip.embed_images(colours)
    rgb = np.array([[0, 0, 1], [1, 0, 0], [0.6, 0.4, 0.2]])
    assert found.shape == (3, 3) and np.allclose(found, (rgb - MEAN) / STD, atol=1e-5)
    assert np.allclose(clip.embed_images(colours, input_color_format="rgb"), (rgb[:, ::-1] - MEAN) / STD, atol=1e-5)
    tensor = Tensor(np.stack([colour[:, :, ::-1].transpose(2, 0, 1) for colour in colours]).copy())
    assert np.allclose(clip.embed_images(tensor), found, atol=1e-5)


def test_texts_become_vectors(clip):
    # By the file's order: printing characters first, ids from 256 on for those at the end of a word.
    a, b, c, ends = ord("a") - 0x21, ord("b") - 0x21, ord("c") - 0x21, 256
    pair = FIRST_MERGE + a * 256 + b
    found = clip.embed_text(["!", "ab", "abc"])
    assert found.dtype == np.float32 and found.shape == (3, 3)
    assert found.tolist() == [[START, ends, END], [START, a, b + ends], [START, pair, c + ends]]
    assert clip.embed_text("ab").tolist() == [[START, a, b + ends]]


def test_what_is_no_text_or_no_picture_is_refused(clip):
    for no_text in ([1, 2], None, "\ud800"):
        with pytest.raises(TypeError, match="Texts are"):
            clip.embed_text(no_text)
    with pytest.raises(errors.ModelInputError):
        clip.embed_images(np.zeros((8, 8, 3)))
    with pytest.raises(TypeError, match="input_color_format"):
        clip.embed_images(picture(0), input_colour_format="rgb")


def test_texts_need_a_vocabulary_and_pictures_do_not(tmp_path):
    model = AutoModel.from_pretrained(write_clip(tmp_path / "package"), cache_home=tmp_path / "home", offline=True)
    assert model.embed_images(picture(0)).shape == (1, 3)
    with pytest.raises(errors.MissingDependencyError, match="bpe_simple_vocab_16e6.txt.gz"):
        model.embed_text("ab")


def test_vectors_are_compared_by_angle(clip):
    x = np.array([[3, 4], [0, 2]], np.float32)
    y = np.array([[4, 3], [-3, -4], [0, 9]], np.float32)
    expected = [[0.96, -1, 0.8], [0.6, -0.8, 1]]
    for compare in (compare_embeddings, clip.compare_embeddings):
        assert_array(compare(x, y), np.float32, expected)
    assert_array(compare_embeddings(Tensor(x), y[:, ::-1][:, ::-1]), np.float32, expected)
    assert_array(compare_embeddings(x[0], y), np.float32, expected[:1])
    assert_array(compare_embeddings(np.zeros((1, 2)), y), np.float32, [[0, 0, 0]])


@pytest.mark.parametrize("x, y", [(np.zeros((1, 2)), np.zeros((1, 3))), (np.zeros((1, 1, 2)), np.zeros((1, 2)))])
def test_vectors_that_do_not_fit_are_refused(x, y):
    with pytest.raises(errors.InvalidParameterError):
        compare_embeddings(x, y)


@pytest.mark.parametrize("wrong", ["text", object(), [[1, 2], [3]]], ids=["text", "object", "ragged"])
def test_what_is_no_vector_is_refused(wrong):
    with pytest.raises(TypeError, match="array of numbers"):
        compare_embeddings(wrong, wrong)


def test_pictures_and_texts_can_be_compared(clip):
    pictures, texts = clip.embed_images([picture(0), picture(255)]), clip.embed_text(["!", "ab", "abc"])
    found = compare_embeddings(pictures, texts)
    unit = [each / np.linalg.norm(each.astype(float), axis=1, keepdims=True) for each in (pictures, texts)]
    assert_array(found, np.float32, unit[0] @ unit[1].T)
