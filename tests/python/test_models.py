import threading

import numpy as np
import pytest

from inference_exp import Detections, ObjectDetectionModel, PreProcessingOverrides, errors


def test_a_model_tells_about_itself(detector):
    assert isinstance(detector, ObjectDetectionModel)
    assert detector.task == "object-detection" and detector.backend == "onnx"
    assert "circle" in detector.class_names and detector.architecture.startswith("yolo")
    assert detector.input_size.width > 0 and detector.max_batch_size >= 1


def test_detections_have_the_dtypes_and_shapes_of_the_original(detector, image):
    result = detector(image)[0]
    count = len(result)
    assert count > 0
    assert (result.xyxy.dtype, result.xyxy.shape) == (np.int32, (count, 4))
    assert (result.class_id.dtype, result.class_id.shape) == (np.int32, (count,))
    assert (result.confidence.dtype, result.confidence.shape) == (np.float32, (count,))
    assert result.image_metadata is None and result.bboxes_metadata is None


def test_iteration_gives_seven_values_a_row(detector, image):
    result = detector(image)[0]
    rows = list(result)
    assert len(rows) == len(result) and all(len(row) == 7 for row in rows)
    xyxy, mask, class_id, confidence, tracker_id, data, metadata = rows[0]
    assert np.array_equal(xyxy, result.xyxy[0]) and confidence == result.confidence[0]
    assert mask is None and tracker_id is None and metadata == {}
    assert data["class_name"] == detector.class_names[class_id]


def test_an_empty_result_keeps_its_shapes(detector, segmenter, image):
    nothing = detector(image, confidence=1.0)[0]
    assert len(nothing) == 0 and nothing.xyxy.shape == (0, 4) and nothing.confidence.shape == (0,)
    assert segmenter(image, confidence=1.0)[0].mask.shape == (0, *image.shape[:2])


def test_results_outlive_the_model_and_one_another(image):
    from conftest import MODELS

    from inference_exp import AutoModel

    model = AutoModel.from_pretrained(MODELS / "shapes-segmenter")
    mask = model(image)[0].mask
    expected = mask.copy()
    del model
    assert expected.any() and np.array_equal(mask, expected)


def test_masks_are_the_librarys_memory(segmenter, image):
    result = segmenter(image)[0]
    assert result.mask.dtype == bool and result.mask.shape == (len(result), *image.shape[:2])
    for array in (result.mask, result.xyxy, result.class_id, result.confidence):
        assert not array.flags.owndata and type(array.base).__name__ == "PyCapsule"


def test_run_lengths_decode_to_the_dense_masks(segmenter, image):
    dense = segmenter(image)[0].mask
    packed = segmenter(image, mask_format="rle")[0].mask
    assert packed.size == image.shape[:2] and all(isinstance(counts, bytes) for counts in packed.counts)
    assert dense.any() and np.array_equal(packed.decode(), dense)


@pytest.mark.parametrize("name", ["segmenter", "detector"])
def test_infer_is_its_three_stages(request, image, name):
    model = request.getfixturevalue(name)
    pixels, metadata = model.pre_process(image)
    assert pixels.dtype == np.float32 and pixels.shape[:2] == (1, 3)
    assert (metadata[0].original_size.width, metadata[0].original_size.height) == image.shape[1::-1]
    result = model.post_process(model.forward(pixels), metadata)[0]
    expected = model.infer(image)[0]
    assert len(expected) > 0
    for field in ("xyxy", "class_id", "confidence", *(["mask"] if name == "segmenter" else [])):
        assert np.array_equal(getattr(result, field), getattr(expected, field)), field


@pytest.mark.parametrize("older, newer, value", [
    ("conf_thresh", "confidence", 0.9), ("threshold", "confidence", 0.9),
    ("iou_thresh", "iou_threshold", 0.01), ("class_agnostic", "class_agnostic_nms", True),
])
def test_both_spellings_of_an_argument_do_the_same(detector, image, older, newer, value):
    old, new = detector(image, **{older: value})[0], detector(image, **{newer: value})[0]
    assert np.array_equal(old.xyxy, new.xyxy) and np.array_equal(old.confidence, new.confidence)


def test_thresholds_and_counts_are_kept(detector, image):
    scores = detector(image)[0].confidence
    assert len(scores) > 1
    assert len(detector(image, confidence=float(scores[0]) - 1e-6)[0]) < len(scores)
    assert len(detector(image, max_detections=1)[0]) == 1


def test_a_wrong_name_is_refused_with_the_closest(detector, image):
    with pytest.raises(TypeError, match="confidence"):
        detector(image, confidense=0.5)


def test_wrong_values_are_refused(detector, image):
    with pytest.raises(errors.InvalidParameterError):
        detector(image, confidence=1.5)
    with pytest.raises(TypeError, match="max_detections"):
        detector(image, max_detections="many")
    with pytest.raises(errors.InvalidParameterError, match="rle"):
        detector(image, mask_format="polygon")
    with pytest.raises(errors.ModelInputError):
        detector.forward(np.zeros((1, 4, 8, 8), np.float32))
    with pytest.raises(TypeError, match="array of numbers"):
        detector.forward("pixels")


def test_steps_of_pre_processing_are_left_out_by_name(detector, image):
    for overrides in ({"disable_grayscale": True}, PreProcessingOverrides(disable_static_crop=True)):
        assert len(detector(image, pre_processing_overrides=overrides)[0]) > 0
    for wrong in ({"disable_greyscale": True}, "none", 1):
        with pytest.raises(TypeError):
            detector(image, pre_processing_overrides=wrong)


def test_iteration_passes_on_what_is_known_of_rows_and_image():
    rows = Detections(np.zeros((1, 4), np.int32), np.zeros(1, np.int32), np.ones(1, np.float32),
                      {"image": "m"}, [{"tracker_id": 10}], ("person",))
    *_, tracker_id, data, metadata = next(iter(rows))
    assert (tracker_id, data, metadata) == (10, {"class_name": "person", "tracker_id": 10}, {"image": "m"})


def test_run_lengths_are_compared_by_value(segmenter, image):
    one, other = (segmenter(image, mask_format="rle")[0].mask for _ in range(2))
    assert one == other and "InstancesRLEMasks" in repr(one)
    assert one != segmenter(image[::-1], mask_format="rle")[0].mask


def test_the_originals_other_names_are_there():
    import inference_exp

    assert inference_exp.AnyModel is inference_exp.Model
    assert inference_exp.KeyPointsDetectionModel is inference_exp.KeyPointDetectionModel
    assert inference_exp.TextImageEmbeddingModel is inference_exp.EmbeddingModel
    assert errors.PaymentRequiredModelAccessError("x").status_code == 402


def test_many_threads_share_one_model(detector, image):
    expected = detector(image)[0].xyxy
    results = [None] * 8

    def work(i):
        results[i] = [detector(image)[0].xyxy for _ in range(5)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(results))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert all(np.array_equal(xyxy, expected) for each in results for xyxy in each)


def test_arrays_can_be_handed_on_without_a_copy(detector, image):
    xyxy = detector(image)[0].xyxy
    assert np.from_dlpack(xyxy).__array_interface__["data"][0] == xyxy.__array_interface__["data"][0]
