"""The C interface through Python's ctypes: what any language can do that calls C.

    ctypes_test.py LIBRARY HEADER MODELS
"""

import ctypes
import json
import math
import pathlib
import re
import sys
import unittest

LIBRARY, HEADER, MODELS = (pathlib.Path(argument) for argument in sys.argv[1:4])
library = ctypes.CDLL(str(LIBRARY))

OK, MODEL_INPUT, INVALID_PARAMETER, MODEL_RETRIEVAL = 0, 300, 301, 600
FORMAT_RGB = 1
SIDE, PADDING = 320, 50


class Image(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("row_stride", ctypes.c_ssize_t),
        ("format", ctypes.c_int32),
        ("type", ctypes.c_int32),
    ]


class InferenceOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("confidence", ctypes.c_double),
        ("per_class_confidence", ctypes.c_void_p),
        ("per_class_confidence_count", ctypes.c_size_t),
        ("iou_threshold", ctypes.c_double),
        ("max_detections", ctypes.c_int32),
        ("class_agnostic_nms", ctypes.c_int32),
        ("image_width", ctypes.c_int32),
        ("image_height", ctypes.c_int32),
        ("mask_format", ctypes.c_int32),
        ("mask_smoothing", ctypes.c_int32),
        ("mask_threshold", ctypes.c_double),
        ("key_points_threshold", ctypes.c_double),
        ("disable_static_crop", ctypes.c_int32),
        ("disable_grayscale", ctypes.c_int32),
        ("disable_contrast_enhancement", ctypes.c_int32),
        ("disable_cuda_graphs", ctypes.c_int32),
        ("timings", ctypes.c_void_p),
    ]


def function(name, result, *arguments):
    found = getattr(library, "inference_exp_" + name)
    found.restype, found.argtypes = result, arguments
    return found


handle, handle_out = ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)
text_of = {n: function("error_" + n, ctypes.c_char_p, handle) for n in ("name", "message", "hint", "help_page")}
error_free = function("error_free", None, handle)
model_load = function("model_load", ctypes.c_int32, ctypes.c_char_p, handle, handle_out, handle_out)
model_free = function("model_free", None, handle)
class_name = function("model_class_name", ctypes.c_char_p, handle, ctypes.c_size_t)
options_init = function("inference_options_init", None, ctypes.POINTER(InferenceOptions), ctypes.c_size_t)
infer = function("infer", ctypes.c_int32, handle, ctypes.POINTER(Image), ctypes.c_size_t,
                 ctypes.POINTER(InferenceOptions), handle_out, handle_out)
predictions_free = function("predictions_free", None, handle)
count_of = function("predictions_count", ctypes.c_size_t, handle, ctypes.c_size_t)
xyxy_of = function("predictions_xyxy", ctypes.POINTER(ctypes.c_int32), handle, ctypes.c_size_t)
class_id_of = function("predictions_class_id", ctypes.POINTER(ctypes.c_int32), handle, ctypes.c_size_t)
confidence_of = function("predictions_confidence", ctypes.POINTER(ctypes.c_float), handle, ctypes.c_size_t)
to_json = function("predictions_to_json", ctypes.c_int32, handle, ctypes.c_size_t, handle_out, handle_out)
describe_environment = function("describe_environment", ctypes.c_int32, handle, ctypes.c_size_t, handle_out, handle_out)
string_free = function("string_free", None, handle)


def take_text(place):
    value = ctypes.cast(place, ctypes.c_char_p).value.decode()
    string_free(place)
    return value


def red_disc(padding):
    """RGB rows with `padding` bytes of noise behind each."""
    rows = bytearray()
    for y in range(SIDE):
        for x in range(SIDE):
            rows += b"\xdc\x14\x14" if (x - 120) ** 2 + (y - 140) ** 2 < 80 ** 2 else b"\xff\xff\xff"
        rows += b"\x89" * padding
    return ctypes.create_string_buffer(bytes(rows), len(rows))


def image_of(pixels, row_stride):
    return Image(ctypes.sizeof(Image), ctypes.addressof(pixels), SIDE, SIDE, row_stride, FORMAT_RGB, 0)


class CInterface(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = cls.open(MODELS / "shapes-detector")
        cls.padded = red_disc(PADDING)
        cls.compact = red_disc(0)

    @classmethod
    def tearDownClass(cls):
        model_free(cls.model)

    @classmethod
    def open(cls, path):
        model, error = ctypes.c_void_p(), ctypes.c_void_p()
        status = model_load(str(path).encode(), None, ctypes.byref(model), ctypes.byref(error))
        assert status == OK, text_of["message"](error)
        return model

    def infer(self, image, options=None):
        predictions, error = ctypes.c_void_p(), ctypes.c_void_p()
        status = infer(self.model, ctypes.byref(image), 1, options, ctypes.byref(predictions), ctypes.byref(error))
        self.addCleanup(predictions_free, predictions)
        self.addCleanup(error_free, error)
        return status, predictions, error

    def test_a_strided_picture_is_read_and_the_result_too(self):
        status, found, _ = self.infer(image_of(self.padded, SIDE * 3 + PADDING))
        self.assertEqual(status, OK)
        self.assertEqual(count_of(found, 0), 1)
        for there, expected in zip(xyxy_of(found, 0)[:4], (40, 60, 200, 220)):
            self.assertAlmostEqual(there, expected, delta=24)
        self.assertGreater(confidence_of(found, 0)[0], 0.5)
        self.assertEqual(class_name(self.model, class_id_of(found, 0)[0]), b"circle")

    def test_padding_changes_nothing(self):
        _, padded, _ = self.infer(image_of(self.padded, SIDE * 3 + PADDING))
        _, compact, _ = self.infer(image_of(self.compact, 0))
        self.assertEqual(xyxy_of(padded, 0)[:4], xyxy_of(compact, 0)[:4])
        self.assertEqual(confidence_of(padded, 0)[0], confidence_of(compact, 0)[0])

    def test_a_result_can_be_had_as_json(self):
        _, found, _ = self.infer(image_of(self.compact, 0))
        text, error = ctypes.c_void_p(), ctypes.c_void_p()
        self.assertEqual(to_json(found, 0, ctypes.byref(text), ctypes.byref(error)), OK)
        rows = json.loads(take_text(text))
        self.assertEqual([row["class"] for row in rows], ["circle"])
        self.assertEqual(rows[0]["x_min"], xyxy_of(found, 0)[0])

    def test_options_start_as_unset(self):
        options = InferenceOptions()
        options_init(ctypes.byref(options), ctypes.sizeof(options))
        self.assertEqual(options.struct_size, ctypes.sizeof(options))
        self.assertTrue(math.isnan(options.confidence))
        self.assertEqual(options.mask_smoothing, 1)
        options.confidence = 1.0
        status, found, _ = self.infer(image_of(self.compact, 0), ctypes.byref(options))
        self.assertEqual((status, count_of(found, 0)), (OK, 0))

    def test_errors_have_names_and_say_what_to_do(self):
        status, found, error = self.infer(image_of(self.compact, 5))
        self.assertEqual(status, MODEL_INPUT)
        self.assertIsNone(found.value)
        self.assertEqual(text_of["name"](error), b"ModelInputError")
        self.assertIn(b"model_input_error", text_of["help_page"](error))

    def test_a_missing_model_is_an_error(self):
        model, error = ctypes.c_void_p(), ctypes.c_void_p()
        status = model_load(b"./no/such/model.onnx", None, ctypes.byref(model), ctypes.byref(error))
        self.addCleanup(error_free, error)
        self.assertEqual(status, MODEL_RETRIEVAL)
        self.assertIn(b"no/such/model.onnx", text_of["message"](error))
        self.assertNotEqual(text_of["hint"](error), b"")

    def test_the_machine_is_described(self):
        text, error = ctypes.c_void_p(), ctypes.c_void_p()
        self.assertEqual(describe_environment(None, 0, ctypes.byref(text), ctypes.byref(error)), OK)
        self.assertIn("onnx", [backend["name"] for backend in json.loads(take_text(text))["backends"]])

    def test_every_function_of_the_header_is_exported(self):
        declared = re.findall(r"INFERENCE_EXP_API[^;]*?\b(inference_exp_\w+)\(", HEADER.read_text())
        self.assertGreater(len(declared), 50)
        self.assertEqual([name for name in declared if not hasattr(library, name)], [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
