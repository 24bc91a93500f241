"""AutoModel and the arguments of loading, in the spellings of both generations of the original."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from typing import Any, Callable

from . import _core
from .errors import InvalidParameterError, InvalidRequestedBatchSizeError


class BackendType(str, Enum):
    """Backends by the names that packages use."""

    ONNX = "onnx"
    TRT = "trt"
    TORCH = "torch"
    TORCH_SCRIPT = "torch-script"
    HF = "hugging-face"
    ULTRALYTICS = "ultralytics"
    MEDIAPIPE = "mediapipe"
    CUSTOM = "custom"


class Quantization(str, Enum):
    """Quantizations by the names that packages use."""

    UNKNOWN = "unknown"
    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"
    INT8 = "int8"


@dataclass(frozen=True)
class PreProcessingOverrides:
    """Steps of pre-processing to leave out in one call."""

    disable_contrast_enhancement: bool = False
    disable_grayscale: bool = False
    disable_static_crop: bool = False


# Other spellings of one argument; the name on the right is the one that is used.
_SPELLINGS = {
    "backends": "backend",
    "model_storage_manager": "model_access_manager",
    "model_download_file_lock_acquire_timeout": "file_lock_timeout",
    "labels": "class_names",
    "task": "task_type",
}

# Arguments of the original that have no meaning here. Permissions may be given or not: there is nothing to use them for.
# Whatever else is not empty would be ignored, and is refused.
_PERMISSIONS = ("default_onnx_trt_options", "allow_local_code_packages", "allow_loading_dependency_models")
_WITHOUT_MEANING = (
    "verbose",
    "auto_resolution_cache",
    "model_access_manager",
    "dependency_models_params",
    "point_model_directory",
    "forwarded_kwargs",
)

# Options that are set as they come.
_PLAIN = (
    "allow_direct_local_storage_loading",
    "allow_spinning",
    "allow_untrusted_packages",
    "api_key",
    "architecture",
    "backend_paths",
    "cache_home",
    "download_files_without_hash",
    "file_lock_timeout",
    "inter_op_threads",
    "intra_op_threads",
    "max_batch_size",
    "max_package_loading_attempts",
    "model_package_id",
    "model_type",
    "offline",
    "precision",
    "resolution",
    "task_type",
    "text_embedding_cache",
    "trt_engine_host_code_allowed",
    "use_auto_resolution_cache",
    "verify_hash_while_download",
    "weights_provider",
)


def _word(value: Any) -> str:
    return str(value.value) if isinstance(value, Enum) else str(value)


def _words(value: Any) -> list[str]:
    return [_word(each) for each in value] if isinstance(value, (list, tuple, set)) else [_word(value)]


def _set_backend(options: _core.LoadOptions, value: Any) -> None:
    options.backends = [word.lower() for word in _words(value)]


def _set_batch_size(options: _core.LoadOptions, value: Any) -> None:
    pair = tuple(value) if isinstance(value, (list, tuple)) else (value, value)
    if len(pair) != 2 or any(isinstance(side, bool) or not isinstance(side, int) for side in pair):
        raise InvalidRequestedBatchSizeError(
            f"The batch size {value!r} is not a size or a range.", "Give a number such as 4, or a pair such as (1, 8)."
        )
    options.set_batch_size(*pair)


def _set_providers(options: _core.LoadOptions, value: Any) -> None:
    pairs = [(each, {}) if isinstance(each, str) else each for each in value]
    options.set_execution_providers([(name, {key: str(to) for key, to in given.items()}) for name, given in pairs])


def _set_nms_fusion(options: _core.LoadOptions, value: Any) -> None:
    if value is True:
        options.set_usual_nms_fusion()
    if isinstance(value, bool):
        return
    names = ("max_detections", "confidence_threshold", "iou_threshold", "class_agnostic")
    for name in value:
        if name not in names:
            raise InvalidParameterError(f"nms_fusion_preferences has no {name!r}.", f"It has {', '.join(names)}.")
    ranges = [value.get(name) for name in names[:3]]
    ranges = [(each, each) if isinstance(each, (int, float)) else each for each in ranges]
    options.set_nms_fusion(*ranges, value.get("class_agnostic"))


def _set_headers(options: _core.LoadOptions, value: Any) -> None:
    options.weights_provider_extra_headers = list(value.items() if isinstance(value, dict) else value)


_SETTERS: dict[str, Callable[[_core.LoadOptions, Any], None]] = {
    "backend": _set_backend,
    "batch_size": _set_batch_size,
    "class_names": lambda options, value: setattr(options, "class_names", list(value)),
    "device": lambda options, value: setattr(options, "device", str(value)),
    "nms_fusion_preferences": _set_nms_fusion,
    "onnx_execution_providers": _set_providers,
    "quantization": lambda options, value: options.set_quantization(_words(value)),
    "weights_provider_extra_headers": _set_headers,
    "weights_provider_extra_query_params": lambda options, value: setattr(
        options, "weights_provider_extra_query_params", [tuple(pair) for pair in value]
    ),
}


def _raise_unknown(name: str) -> None:
    import difflib

    known = [*_PLAIN, *_SETTERS, *_SPELLINGS, *_PERMISSIONS, *_WITHOUT_MEANING, "progress"]
    closest = difflib.get_close_matches(name, known, 1, 0.0)[0]
    raise TypeError(f'There is no argument "{name}". Did you mean "{closest}"?')


def load_options(**arguments: Any) -> _core.LoadOptions:
    """The arguments of `AutoModel.from_pretrained` as the library takes them.

    Raises TypeError for an unknown name or both spellings of one, InvalidParameterError for a value that asks for
    something this library does not do.
    """
    for other, name in _SPELLINGS.items():
        if other in arguments:
            if name in arguments:
                raise TypeError(f'"{other}" and "{name}" are two spellings of one argument: give one.')
            arguments[name] = arguments.pop(other)
    options = _core.LoadOptions()
    for name, value in arguments.items():
        if name in _WITHOUT_MEANING:
            if value:
                raise InvalidParameterError(
                    f'The argument "{name}" has no meaning here and can\'t be {value!r}.', "Leave it out."
                )
        elif name not in _SETTERS and name not in _PLAIN and name not in _PERMISSIONS:
            _raise_unknown(name)
        elif value is not None and name not in _PERMISSIONS:
            try:
                if name in _SETTERS:
                    _SETTERS[name](options, value)
                else:
                    setattr(options, name, value)
            except TypeError:
                raise TypeError(f'The argument "{name}" does not take {value!r}.') from None
    return options


class AutoModel:
    """The front door: from a model id, or a package on disk, to a model that predicts."""

    def __init__(self) -> None:
        raise TypeError("AutoModel is not made: call AutoModel.from_pretrained(...).")

    @classmethod
    def from_pretrained(
        cls,
        model_id_or_path: str | os.PathLike[str] | None = None,
        weights_provider: str | None = None,
        api_key: str | None = None,
        model_package_id: str | None = None,
        backend: Any = None,
        batch_size: int | tuple[int, int] | None = None,
        quantization: Any = None,
        onnx_execution_providers: list[Any] | None = None,
        device: Any = None,
        *,
        model_name_or_path: str | os.PathLike[str] | None = None,
        progress: Callable[[_core.DownloadProgress], Any] | None = None,
        **arguments: Any,
    ) -> Any:
        """Opens a package folder, a bare model file, or a model id.

        Takes the parameters of the original in both spellings (`model_name_or_path`, `backends`,
        `model_download_file_lock_acquire_timeout`, ...), and this library's own: `max_batch_size`, `architecture`,
        `task_type`, `class_names`, `model_type`, `resolution`, `intra_op_threads`, `inter_op_threads`,
        `allow_spinning`, `precision`, `backend_paths`, `cache_home`, `offline`, `text_embedding_cache`.

        `progress` is called with a DownloadProgress now and then; when it returns False the load ends with
        OperationCancelledError. Ctrl-C ends a download with KeyboardInterrupt.

        Returns an ObjectDetectionModel, InstanceSegmentationModel, KeyPointDetectionModel or EmbeddingModel. Raises an
        error of `inference_exp.errors`, or TypeError for an argument that does not exist.
        """
        if (model_id_or_path is None) == (model_name_or_path is None):
            raise TypeError('Give the model once: as "model_id_or_path" or as "model_name_or_path".')
        named = {
            "weights_provider": weights_provider,
            "api_key": api_key,
            "model_package_id": model_package_id,
            "backend": backend,
            "batch_size": batch_size,
            "quantization": quantization,
            "onnx_execution_providers": onnx_execution_providers,
            "device": device,
        }
        arguments.update({name: value for name, value in named.items() if value is not None})
        model = os.fsencode(model_id_or_path if model_id_or_path is not None else model_name_or_path)
        return _core.load(model, load_options(**arguments), progress)
