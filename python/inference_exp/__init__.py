"""Computer-vision inference: a model and an image in, predictions out.

    from inference_exp import AutoModel
    model = AutoModel.from_pretrained("rfdetr-base")
    predictions = model(image)          # numpy (H, W, 3) uint8, BGR
    predictions[0].to_supervision()     # for drawing

numpy is imported with the first prediction, supervision with the first `to_supervision()`; nothing else is needed.
"""

import os

# ONNX Runtime as published makes files for telemetry in the user's cache as soon as it is loaded. Who sets the variable
# decides.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from . import errors  # noqa: E402
from ._auto_model import AutoModel, BackendType, PreProcessingOverrides, Quantization, load_options
from ._core import (
    DownloadProgress,
    EmbeddingModel,
    InstanceSegmentationModel,
    KeyPointDetectionModel,
    LoadOptions,
    Model,
    ObjectDetectionModel,
    PreprocessingMetadata,
    Rect,
    Size,
    compare_embeddings,
)
from ._reports import (
    Report,
    describe_compute_environment,
    describe_model,
    describe_model_package,
    explain,
    list_available_models,
    list_cache,
    list_offline_models,
    negotiate_model,
    prune_cache,
    pull_model,
    verify_cache,
    verify_offline_model,
)
from ._results import Detections, InstanceDetections, InstancesRLEMasks, KeyPoints

# The original's names of the same things.
AnyModel = Model
KeyPointsDetectionModel = KeyPointDetectionModel
TextImageEmbeddingModel = EmbeddingModel

__all__ = [
    "AnyModel",
    "AutoModel",
    "BackendType",
    "Detections",
    "DownloadProgress",
    "EmbeddingModel",
    "InstanceDetections",
    "InstanceSegmentationModel",
    "InstancesRLEMasks",
    "KeyPointDetectionModel",
    "KeyPoints",
    "KeyPointsDetectionModel",
    "LoadOptions",
    "Model",
    "ObjectDetectionModel",
    "PreProcessingOverrides",
    "PreprocessingMetadata",
    "Quantization",
    "Rect",
    "Report",
    "Size",
    "TextImageEmbeddingModel",
    "compare_embeddings",
    "describe_compute_environment",
    "describe_model",
    "describe_model_package",
    "errors",
    "explain",
    "list_available_models",
    "list_cache",
    "list_offline_models",
    "load_options",
    "negotiate_model",
    "prune_cache",
    "pull_model",
    "verify_cache",
    "verify_offline_model",
]
