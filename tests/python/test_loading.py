import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from conftest import MODELS

import inference_exp
from inference_exp import AutoModel, BackendType, Quantization, errors, load_options

FOLDER = MODELS / "shapes-detector"


class Device:
    def __str__(self):
        return "cpu"


@pytest.mark.parametrize(
    "arguments",
    [
        {"backends": "onnx"}, {"backend": ["ONNX", "torch"]}, {"backend": BackendType.ONNX}, {"batch_size": (1, 8)},
        {"batch_size": 4}, {"quantization": ["fp32", Quantization.FP16]}, {"device": Device()}, {"device": "cpu"},
        {"onnx_execution_providers": ["CPUExecutionProvider"]},
        {"onnx_execution_providers": [("CPUExecutionProvider", {})]}, {"nms_fusion_preferences": True},
        {"nms_fusion_preferences": {"max_detections": (1, 300), "class_agnostic": False}},
        {"max_batch_size": 2, "intra_op_threads": 1}, {"verbose": False, "model_storage_manager": None},
    ],
    ids=str,
)
def test_a_model_opens_with(arguments):
    assert AutoModel.from_pretrained(str(FOLDER), **arguments).task == "object-detection"


def test_both_names_of_the_first_parameter_work():
    assert AutoModel.from_pretrained(model_name_or_path=FOLDER).class_names
    assert AutoModel.from_pretrained(model_id_or_path=pathlib.Path(FOLDER)).class_names


@pytest.mark.parametrize("arguments", [{}, {"model_id_or_path": "a", "model_name_or_path": "a"}])
def test_the_model_is_given_once(arguments):
    with pytest.raises(TypeError, match="once"):
        AutoModel.from_pretrained(**arguments)


def test_two_spellings_of_one_argument_are_refused():
    with pytest.raises(TypeError, match="spellings"):
        AutoModel.from_pretrained(FOLDER, backend="onnx", backends="onnx")


def test_an_unknown_argument_is_refused_with_the_closest():
    with pytest.raises(TypeError, match='"quantization"'):
        AutoModel.from_pretrained(FOLDER, quantisation="fp32")


@pytest.mark.parametrize(
    "arguments",
    [
        {"allow_local_code_packages": False}, {"default_onnx_trt_options": False},
        {"allow_loading_dependency_models": False}, {"forwarded_kwargs": []}, {"dependency_models_params": {}},
    ],
    ids=str,
)
def test_what_asks_for_nothing_is_taken(arguments):
    assert AutoModel.from_pretrained(FOLDER, **arguments).class_names


def test_a_blank_id_is_an_invalid_parameter():
    for blank in ("", "  "):
        with pytest.raises(errors.InvalidParameterError, match="blank"):
            AutoModel.from_pretrained(blank)


@pytest.mark.parametrize("arguments", [{"verbose": True}, {"dependency_models_params": {"a": 1}}], ids=str)
def test_what_has_no_meaning_here_is_refused(arguments):
    with pytest.raises(errors.InvalidParameterError, match="no meaning"):
        AutoModel.from_pretrained(FOLDER, **arguments)


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({"quantization": "FP32"}, errors.UnknownQuantizationError),
        ({"batch_size": "many"}, errors.InvalidRequestedBatchSizeError),
        ({"nms_fusion_preferences": {"iou": 1}}, errors.InvalidParameterError),
        ({"intra_op_threads": "two"}, TypeError),
    ],
    ids=str,
)
def test_wrong_values_are_refused(arguments, error):
    with pytest.raises(error):
        load_options(**arguments)


def test_an_unknown_backend_is_refused():
    with pytest.raises(errors.UnknownBackendTypeError):
        AutoModel.from_pretrained(FOLDER, backend="tensorflow")


def test_local_loading_can_be_forbidden():
    with pytest.raises(errors.DirectLocalStorageAccessError):
        AutoModel.from_pretrained(FOLDER, allow_direct_local_storage_loading=False)


def test_progress_must_be_a_function():
    with pytest.raises(TypeError, match="progress"):
        AutoModel.from_pretrained(FOLDER, progress=True)


def test_names_of_files_may_be_any_bytes(tmp_path):
    folder = tmp_path / os.fsdecode(b"mod\xe8le")
    shutil.copytree(FOLDER, folder)
    assert AutoModel.from_pretrained(folder).class_names == AutoModel.from_pretrained(os.fsencode(folder)).class_names
    (folder / "weights.onnx").unlink()
    with pytest.raises(errors.CorruptedModelPackageError, match="weights.onnx"):
        AutoModel.from_pretrained(folder)


def test_importing_brings_in_nothing_large():
    code = (
        "import sys, inference_exp; "
        "print([name for name in ('numpy', 'cv2', 'supervision', 'torch', 'json.tool') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_environment_is_data_and_reads_well():
    report = inference_exp.describe_compute_environment()
    assert any(backend["name"] == "onnx" and backend["available"] for backend in report["backends"])
    assert "onnx" in str(report) and "{" not in str(report)


def test_registered_ids_are_listed():
    assert any(model["architecture"] == "rfdetr" for model in inference_exp.list_available_models())


def test_an_empty_cache_has_nothing(tmp_path):
    assert inference_exp.list_cache(tmp_path) == [] == inference_exp.list_offline_models(tmp_path)
    with pytest.raises(errors.ModelRetrievalError):
        inference_exp.verify_offline_model("some/1", cache_home=tmp_path)


# A server that answers nothing, so that a load waits for it until it is interrupted.
STALLED = """
import os, signal, socket, sys, threading, time
server = socket.create_server(("127.0.0.1", 0))
os.environ["ROBOFLOW_API_HOST"] = "http://127.0.0.1:%d" % server.getsockname()[1]
os.environ["INFERENCE_HOME"] = sys.argv[1]
import inference_exp
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background hands down that it is ignored
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    inference_exp.AutoModel.from_pretrained("some-model/1", api_key="none")
except KeyboardInterrupt:
    print("interrupted")
"""


def test_control_c_while_loading_raises_keyboard_interrupt(tmp_path):
    run = subprocess.run([sys.executable, "-c", STALLED, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert run.stdout == "interrupted\n", run.stderr
