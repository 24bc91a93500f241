"""What the tests share: the embedded models and pictures, and data that is not part of the project."""

import os
import pathlib

import pytest
from provider import Provider

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("INFERENCE_EXP_SHARED_DIR", ROOT.parent / "shared"))
MODELS = ROOT / "assets" / "models"

# The library reads its environment once: it is set before a test imports it, and asks nobody but this.
PROVIDER = Provider()
os.environ.update(ROBOFLOW_API_HOST=PROVIDER.url, API_CALLS_MAX_TRIES="1", NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
for variable in ("ROBOFLOW_API_KEY", "SECURE_GATEWAY", "LICENSE_SERVER", "OFFLINE_MODE", "OFFLINE_MODE_WARM_UP"):
    os.environ.pop(variable, None)


def shared(relative):
    """A file of the shared test data, or skips the test."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"SKIPPED: shared test data is absent: {path}")
    return path


class Tensor:
    """What PyTorch's tensors offer, without PyTorch. It counts how often its memory was asked for."""

    def __init__(self, array, device=(1, 0)):
        self.array, self.device = array, device

    def __dlpack__(self, stream=None):
        return self.array.__dlpack__()

    def __dlpack_device__(self):
        return self.device


@pytest.fixture(scope="session")
def image():
    import cv2

    return cv2.imread(str(ROOT / "assets" / "images" / "shapes.png"))


@pytest.fixture(scope="session")
def detector():
    from inference_exp import AutoModel

    return AutoModel.from_pretrained(MODELS / "shapes-detector")


@pytest.fixture(scope="session")
def segmenter():
    from inference_exp import AutoModel

    return AutoModel.from_pretrained(MODELS / "shapes-segmenter")
