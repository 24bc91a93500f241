#!/usr/bin/env bash
# Builds the wheel, installs it into a fresh environment and predicts with it, away from the source tree.
#   tests/python/test_wheel.sh [python]
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
python="${1:-python3}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

cd "$root"
"$python" -m pip wheel --quiet --no-build-isolation --no-deps --wheel-dir "$work" .
"$python" -m venv --system-site-packages "$work/venv"
"$work/venv/bin/pip" install --quiet --no-index --no-deps "$work"/*.whl
cd "$work"
env -u PYTHONPATH -u INFERENCE_EXP_PLUGIN_PATH "$work/venv/bin/python" - <<'PYTHON'
import pathlib

import numpy

import inference_exp

home = pathlib.Path(inference_exp.__file__).parent
backends = {backend["name"]: backend for backend in inference_exp.describe_compute_environment()["backends"]}
onnx = backends["onnx"]
assert onnx["available"], onnx["reason"]
for path in (onnx["plugin_path"], onnx["runtime_path"]):
    assert home in pathlib.Path(path).resolve().parents, path
model = inference_exp.AutoModel.from_pretrained(home / "share" / "inference_exp" / "models" / "shapes-detector")
assert len(model(numpy.zeros((64, 64, 3), numpy.uint8))) == 1
print("The wheel works:", home)
PYTHON
ls -l "$work"/*.whl
