import numpy as np
import pytest
from conftest import Tensor

from inference_exp import _core, errors


def address_of(array):
    return array.__array_interface__["data"][0]


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("xyxy", "class_id", "confidence"))


@pytest.mark.parametrize(
    "window",
    [np.s_[:], np.s_[::-1], np.s_[10:200, 30:300], np.s_[::2], np.s_[::-3, 5:90]],
    ids=["whole", "bottom up", "window", "every second row", "all at once"],
)
def test_rows_that_hold_whole_pixels_are_read_in_place(image, window):
    view = image[window]
    assert _core._image_view_addresses(view) == [address_of(view)]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_gray_and_alpha_are_read_in_place(dtype):
    for shape in [(20, 30), (20, 30, 1), (20, 30, 4)]:
        array = np.zeros(shape, dtype)
        assert _core._image_view_addresses(array) == [address_of(array)]


def test_mirrored_columns_and_swapped_channels_are_copied_and_read_right(detector, image):
    for view in [image[:, ::-1], image[:, :, ::-1]]:
        assert _core._image_view_addresses(view) != [address_of(view)]
        assert same(detector(view)[0], detector(np.ascontiguousarray(view))[0])


def test_a_window_gives_what_its_copy_gives(detector, image):
    window = image[::-1, 40:400]
    assert len(detector(window)[0]) > 0
    assert same(detector(window)[0], detector(window.copy())[0])


def test_float_pixels_give_nearly_what_bytes_give(detector, image):
    # Resizing rounds bytes to bytes, and floats not at all.
    bytes_, floats = detector(image)[0], detector(image.astype(np.float32))[0]
    assert np.array_equal(bytes_.class_id, floats.class_id)
    assert np.allclose(bytes_.xyxy, floats.xyxy, atol=2)
    assert np.allclose(bytes_.confidence, floats.confidence, atol=0.01)


def test_a_tensor_is_rgb_and_channels_first(detector, image):
    rgb = np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1))
    expected = detector(image)[0]
    assert len(expected) > 0
    assert same(detector(Tensor(rgb))[0], expected)
    bgr = np.ascontiguousarray(image.transpose(2, 0, 1))
    assert same(detector(Tensor(bgr), input_color_format="bgr")[0], expected)


def test_a_tensor_with_channels_last_is_seen_as_such_and_read_in_place(detector, image):
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    assert _core._image_view_addresses(Tensor(rgb)) == [address_of(rgb)]
    assert same(detector(Tensor(rgb))[0], detector(image)[0])


def test_a_batched_tensor_gives_one_result_per_image(detector, image):
    rgb = np.stack([image[:, :, ::-1].transpose(2, 0, 1), image[::-1, :, ::-1].transpose(2, 0, 1)])
    results = detector(Tensor(rgb.copy()))
    assert same(results[0], detector(image)[0]) and same(results[1], detector(image[::-1])[0])


def test_a_list_gives_one_result_per_image_in_order(detector, image):
    results = detector([image, image[:200], Tensor(np.ascontiguousarray(image[:, :, ::-1]))])
    assert len(results) == 3
    assert same(results[0], results[2]) and same(results[1], detector(image[:200])[0])


@pytest.mark.parametrize(
    "wrong, word",
    [
        (np.zeros((8, 8, 3)), "float64"),
        (np.zeros((2, 8, 8, 3), np.uint8), "list"),
        (np.zeros((3, 8, 8), np.uint8), "height, width"),
        (np.zeros((0, 8, 3), np.uint8), "pixels"),
        ([], "empty"),
        (None, "imread"),
        ("photo.jpg", "str"),
        (Tensor(np.zeros((3, 8, 8), np.uint8), (2, 0)), r"\.cpu\(\)"),
        (Tensor(np.zeros((5, 8, 8), np.uint8)), "3 channels"),
        (Tensor(np.zeros((3, 8, 8), np.int64)), "uint8"),
        (Tensor(np.zeros((8, 8), np.uint8)), "dimensions"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_image_is_refused_with_what_to_do(detector, wrong, word):
    with pytest.raises(errors.ModelInputError, match=word):
        detector(wrong)


def test_a_batch_inside_a_list_is_refused_since_each_element_is_one_image(detector):
    batch = Tensor(np.zeros((2, 3, 8, 8), np.uint8))
    assert len(detector(batch)) == 2
    with pytest.raises(errors.ModelInputError, match="one image"):
        detector([batch])


def test_a_tensor_that_keeps_its_memory_to_itself_is_refused_with_its_reason(detector):
    class Training(Tensor):
        def __dlpack__(self, stream=None):
            raise RuntimeError("requires gradient")

    with pytest.raises(errors.ModelInputError, match=r"requires gradient.*detach"):
        detector(Training(np.zeros((3, 8, 8), np.uint8)))


def test_the_model_stays_usable_after_a_refusal(detector, image):
    with pytest.raises(errors.ModelInputError):
        detector(None)
    assert len(detector(image)[0]) > 0
