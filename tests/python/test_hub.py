import pathlib
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from conftest import MODELS, PROVIDER

import inference_exp
from inference_exp import AutoModel, ObjectDetectionModel, errors

FOLDER = MODELS / "shapes-detector"
WEIGHTS = (FOLDER / "weights.onnx").read_bytes()
ID, ALIAS, PACKAGE = "doors/1", "doors", "aaaa1111"
KEY = "rf_OPENSESAME42"
WEIGHTS_PATH = f"/{PACKAGE}/weights.onnx"
FILES = {f"/{PACKAGE}/{name}" for name in ("class_names.txt", "inference_config.json", "weights.onnx")}
SIZE = sum((FOLDER / pathlib.Path(path).name).stat().st_size for path in FILES)


@pytest.fixture(autouse=True)
def packages():
    """The provider's packages of the one model, to be changed by a test."""
    PROVIDER.reset()
    yield PROVIDER.add_model(ID, ALIAS, FOLDER)
    PROVIDER.reset()


@pytest.fixture
def options(tmp_path):
    return {"api_key": KEY, "cache_home": tmp_path / "cache"}


@pytest.fixture
def cache(options):
    return options["cache_home"]


def load(options, model=ID, **more):
    return AutoModel.from_pretrained(model, **options, **more)


def blob_of_weights(cache):
    return max((cache / "shared-blobs").iterdir(), key=lambda blob: blob.stat().st_size)


def test_a_model_id_is_downloaded_and_predicts_as_the_folder_does(options, detector, image):
    model = load(options)
    assert isinstance(model, ObjectDetectionModel) and model.class_names == detector.class_names
    found, expected = model(image)[0], detector(image)[0]
    assert len(expected) > 0
    assert np.array_equal(found.xyxy, expected.xyxy) and np.array_equal(found.confidence, expected.confidence)
    assert PROVIDER.asked() == 1 and sorted(PROVIDER.downloads()) == sorted(FILES)


def test_the_second_time_nobody_is_asked(options, image):
    load(options)
    PROVIDER.requests.clear()
    assert len(load(options)(image)[0]) > 0
    assert PROVIDER.requests == []


def test_without_the_cached_choice_only_the_provider_is_asked_again(options):
    load(options, use_auto_resolution_cache=False)
    PROVIDER.requests.clear()
    load(options, use_auto_resolution_cache=False)
    assert PROVIDER.asked() == 1 and PROVIDER.downloads() == []


def test_the_provider_gets_the_query_and_the_headers_of_the_caller(options):
    load(options, weights_provider_extra_headers={"X-Purpose": "testing"})
    headers = next(headers for _, path, headers in PROVIDER.requests if path not in FILES)
    assert headers["X-Purpose"] == "testing"


def test_a_model_is_described_without_a_download(options, cache):
    report = inference_exp.describe_model(ALIAS, **options)
    assert report["requested_model"] == ALIAS and report["weights_provider"] == "roboflow"
    model = report["model"]
    assert (model["model_id"], model["architecture"], model["task"]) == (ID, "yolov8", "object-detection")
    assert [package["package_id"] for package in model["packages"]] == [PACKAGE]
    assert model["packages"][0]["bytes"] is None
    assert PROVIDER.downloads() == [] and inference_exp.list_cache(cache) == []
    assert f"model_id: {ID}" in str(report) and "{" not in str(report)


def test_sizes_are_asked_for_on_request(options):
    described = inference_exp.describe_model(ID, pull_artefacts_size=True, **options)["model"]["packages"][0]
    package = inference_exp.describe_model_package(ID, PACKAGE, **options)
    assert package == described and package["bytes"] == SIZE and package["bytes_complete"]
    assert (package["backend"], package["quantization"], package["trusted"]) == ("onnx", "fp32", True)
    assert {file["handle"] for file in package["files"]} == {pathlib.Path(path).name for path in FILES}
    assert PROVIDER.downloads() == []
    assert f"bytes: {SIZE}" in str(package)


def test_an_unknown_package_is_an_error_that_names_the_known_ones(options):
    with pytest.raises(errors.NoModelPackagesAvailableError, match="no-such") as caught:
        inference_exp.describe_model_package(ID, "no-such", **options)
    assert PACKAGE in caught.value.hint


def test_negotiation_ranks_and_rejects_without_a_download(options, cache):
    untrusted, unknown = PROVIDER.add_model(ID, ALIAS, FOLDER, (PACKAGE, "bbbb2222", "cccc3333"))[1:]
    untrusted["trustedSource"] = False
    unknown["packageManifest"] = {"type": "some-model-package-v9"}
    report = inference_exp.negotiate_model(ALIAS, **options)
    assert [package["package_id"] for package in report["ranked"]] == [PACKAGE]
    assert [(each["package_id"], bool(each["reason"])) for each in report["rejections"]] == [("bbbb2222", True)]
    assert [each["package_id"] for each in report["skipped"]] == ["cccc3333"]
    text = inference_exp.explain(report)
    assert text == str(report) and PACKAGE in text and "bbbb2222" in text and "requested_model" not in text
    assert PROVIDER.downloads() == [] and inference_exp.list_cache(cache) == []

    trusting = inference_exp.negotiate_model(ID, allow_untrusted_packages=True, **options)
    assert {package["package_id"] for package in trusting["ranked"]} == {PACKAGE, "bbbb2222"}


def test_nothing_that_fits_is_an_answer_of_the_negotiation_and_an_error_of_the_load(options, packages):
    packages[0]["trustedSource"] = False
    assert inference_exp.negotiate_model(ID, **options)["ranked"] == []
    with pytest.raises(errors.NoModelPackagesAvailableError, match="not from a trusted source"):
        load(options)
    assert load(options, allow_untrusted_packages=True).task == "object-detection"


def test_a_package_can_be_named(options):
    PROVIDER.add_model(ID, ALIAS, FOLDER, (PACKAGE, "bbbb2222"))
    load(options, model_package_id="bbbb2222")
    assert {path.split("/")[1] for path in PROVIDER.downloads()} == {"bbbb2222"}


def test_what_was_pulled_is_in_the_cache_and_loads_offline(options, cache, image):
    pulled = inference_exp.pull_model(ALIAS, **options)
    assert (pulled["model_id"], pulled["package_id"], pulled["bytes"]) == (ID, PACKAGE, SIZE)
    assert (pathlib.Path(pulled["folder"]) / "weights.onnx").read_bytes() == WEIGHTS
    [cached] = inference_exp.list_cache(cache)
    assert cached["folder"] == pulled["folder"] and cached["bytes"] >= SIZE and cached["complete"]

    PROVIDER.requests.clear()
    for model in (ID, ALIAS):
        assert len(load(options, model, offline=True)(image)[0]) > 0
    with pytest.raises(errors.ModelRetrievalError):
        load(options, "windows/1", offline=True)
    assert PROVIDER.requests == []


def test_offline_models_are_listed_and_verified(options, cache):
    inference_exp.pull_model(ALIAS, **options)
    [model] = inference_exp.list_offline_models(cache)
    assert model["model_id"] == ID and ALIAS in model["aliases"] and model["task"] == "object-detection"
    assert offline_status(ALIAS, cache, True) == ("ok", "ok")

    damage(blob_of_weights(cache))
    assert offline_status(ID, cache, False) == ("ok", "ok")
    assert offline_status(ID, cache, True) == ("incomplete", "hash-mismatch")
    blob_of_weights(cache).unlink()
    assert offline_status(ID, cache, False) == ("incomplete", "missing")
    with pytest.raises(errors.ModelRetrievalError):
        inference_exp.verify_offline_model("windows/1", cache_home=cache)


def offline_status(model, cache, check_hashes):
    """Of the one package, and of its weights."""
    [package] = inference_exp.verify_offline_model(model, check_hashes, cache)["packages"]
    return package["status"], next(file["status"] for file in package["files"] if file["handle"] == "weights.onnx")


def damage(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.chmod(0o600)
    file.write_bytes(content)


def test_the_cache_is_verified_by_hash(options, cache):
    load(options)
    [package] = inference_exp.verify_cache(cache_home=cache)
    assert package["model_id"] == ID and package["status"] == "ok"
    assert {file["status"] for file in package["files"]} == {"ok"}
    assert inference_exp.verify_cache("windows/1", cache) == []

    damage(blob_of_weights(cache))
    [package] = inference_exp.verify_cache(ID, cache)
    statuses = {file["handle"]: file["status"] for file in package["files"]}
    assert statuses["weights.onnx"] == "hash-mismatch" and statuses["class_names.txt"] == "ok"
    assert package["status"] != "ok" and "weights.onnx" in str(package)


def test_pruning_removes_what_is_named_and_a_dry_run_nothing(options, cache):
    load(options)
    assert inference_exp.prune_cache(cache_home=cache)["bytes"] == 0 and len(inference_exp.list_cache(cache)) == 1
    planned = inference_exp.prune_cache(ID, cache, dry_run=True)
    assert planned["bytes"] >= SIZE and len(inference_exp.list_cache(cache)) == 1
    done = inference_exp.prune_cache(ID, cache)
    assert done["bytes"] == planned["bytes"] and sorted(done["removed"]) == sorted(planned["removed"])
    assert inference_exp.list_cache(cache) == []
    assert not any(path.stat().st_size == len(WEIGHTS) for path in cache.rglob("*") if path.is_file())


@pytest.mark.parametrize("call", [load, lambda options, **more: inference_exp.pull_model(ID, **options, **more)])
def test_progress_is_told_with_growing_bytes(options, call):
    PROVIDER.pace = (64 * 1024, 0.05)
    seen = []
    call(options, progress=seen.append)  # append gives None, which does not cancel
    assert all(isinstance(step, inference_exp.DownloadProgress) for step in seen)
    weights = [step for step in seen if step.file == "weights.onnx"]
    assert {step.file_count for step in weights} == {3} and {step.file_index for step in weights} <= {0, 1, 2}
    under_way = [step.bytes_done for step in weights if step.phase == "download"]
    assert len(under_way) > 1 and under_way == sorted(set(under_way)) and under_way[-1] <= len(WEIGHTS)
    assert {step.bytes_total for step in weights if step.phase == "download"} == {len(WEIGHTS)}
    assert (weights[-1].phase, weights[-1].bytes_done) == ("done", len(WEIGHTS))
    assert {step.file for step in seen if step.phase == "done"} == {pathlib.Path(path).name for path in FILES}


def at_the_weights(action):
    """A progress function that does `action` in the middle of the large file."""

    def progress(step):
        if step.file == "weights.onnx" and step.phase == "download" and step.bytes_done > 0:
            return action()

    return progress


def test_progress_that_says_false_cancels_and_the_next_load_goes_on(options, cache, image):
    PROVIDER.pace = (64 * 1024, 0.05)
    with pytest.raises(errors.OperationCancelledError):
        load(options, progress=at_the_weights(lambda: False))
    assert PROVIDER.sent[WEIGHTS_PATH] < len(WEIGHTS)
    assert not any(cached["complete"] for cached in inference_exp.list_cache(cache))
    PROVIDER.requests.clear()
    PROVIDER.pace = None
    assert len(load(options)(image)[0]) > 0
    gets = [headers for method, path, headers in PROVIDER.requests if (method, path) == ("GET", WEIGHTS_PATH)]
    ranges = [headers.get("Range") for headers in gets]
    assert len(ranges) == 1 and re.fullmatch(r"bytes=[1-9]\d*-\d+", ranges[0] or "")


class Unhappy(Exception):
    pass


def test_an_exception_in_progress_comes_out(options, image):
    def fail():
        raise Unhappy("not today")

    PROVIDER.pace = (64 * 1024, 0.05)
    with pytest.raises(Unhappy, match="not today") as caught:
        load(options, progress=at_the_weights(fail))
    assert any(entry.name == "fail" for entry in caught.traceback)
    assert PROVIDER.sent[WEIGHTS_PATH] < len(WEIGHTS)
    PROVIDER.pace = None
    assert len(load(options)(image)[0]) > 0


INTERRUPTED = """
import signal, sys
import inference_exp
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background hands down that it is ignored
try:
    inference_exp.AutoModel.from_pretrained(sys.argv[1], cache_home=sys.argv[2], api_key="none")
except KeyboardInterrupt:
    print("interrupted")
"""


def test_control_c_in_a_download_raises_keyboard_interrupt(cache):
    # The rest would take minutes: who waits for it runs into the limit.
    PROVIDER.pace = (1024, 0.2)
    command = [sys.executable, "-c", INTERRUPTED, ID, str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            assert PROVIDER.download_began.wait(120)
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=120)
        finally:
            child.kill()
    assert (out, err) == ("interrupted\n", "")
    assert PROVIDER.sent[WEIGHTS_PATH] < len(WEIGHTS)


@pytest.mark.parametrize(
    "status, error",
    [
        (401, errors.UnauthorizedModelAccessError),
        (402, errors.PaymentRequiredModelAccessError),
        (403, errors.ForbiddenModelAccessError),
        (404, errors.ModelNotFoundError),
        (423, errors.UsagePausedModelAccessError),
        (500, errors.ModelRetrievalError),
        (503, errors.RetryError),
    ],
)
@pytest.mark.parametrize("call", [load, lambda options: inference_exp.describe_model(ID, **options)])
def test_a_refusal_is_an_error_of_its_own_that_keeps_the_key(options, status, error, call):
    PROVIDER.refusal = (status, "the answer was no")
    with pytest.raises(error) as caught:
        call(options)
    assert type(caught.value) is error
    # The key was sent, so there was something to keep.
    assert PROVIDER.requests[0][2]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in f"{caught.value!s} {caught.value!r} {caught.value.message} {caught.value.hint}"


def test_a_model_that_the_provider_lacks_is_not_found(options):
    with pytest.raises(errors.ModelNotFoundError, match="windows/1"):
        load(options, "windows/1")


def test_an_answer_that_is_none_is_an_error(options):
    PROVIDER.refusal = (200, '{"error": "no such page"}')
    with pytest.raises(errors.ModelRetrievalError):
        load(options)


def test_a_file_that_is_not_the_announced_one_is_refused(options, cache, packages):
    packages[0]["packageFiles"][2]["md5Hash"] = "a" * 32
    with pytest.raises(errors.FileHashSumMissmatch, match="weights.onnx"):
        load(options)
    assert not (cache / "shared-blobs" / ("a" * 32)).exists()


def test_a_file_without_a_hash_needs_permission(options, packages):
    packages[0]["packageFiles"][0]["md5Hash"] = None
    with pytest.raises(errors.ModelPackageAlternativesExhaustedError, match="UntrustedFileError.*class_names.txt"):
        load(options)
    assert load(options, download_files_without_hash=True).class_names


def test_the_key_goes_to_the_provider_alone_and_into_no_file(options, cache):
    inference_exp.pull_model(ID, **options)
    load(options)
    for _, path, headers in PROVIDER.requests:
        assert ("Authorization" in headers) == (path not in FILES), path
    written = [path for path in cache.rglob("*") if path.is_file()]
    assert len(written) > 3
    assert not any(KEY.encode() in path.read_bytes() for path in written)
    report = inference_exp.describe_model(ID, **options)
    assert KEY not in str(report) and KEY not in repr(report)
