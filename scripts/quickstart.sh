#!/usr/bin/env bash
# From a fresh checkout to a picture with detections: installs packages, builds, and runs the model that comes along.
# Takes a few minutes the first time; run again, it only does what is left to do.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "Step 1 of 4: packages"
"$root/scripts/install_dependencies.sh"

step "Step 2 of 4: configure (fetches ONNX Runtime once)"
# Tests need GoogleTest, which this script doesn't install.
configure release -DINFERENCE_EXP_TESTS=OFF -DINFERENCE_EXP_EXAMPLES=OFF

step "Step 3 of 4: build"
cmake --build "$root/build/release"

step "Step 4 of 4: detect shapes"
cd "$root"
build/release/bin/inference-exp infer assets/models/shapes-detector assets/images/shapes.png --save build/quickstart

echo
echo "The annotated picture is $root/build/quickstart/shapes.png"
echo "Next: build/release/bin/inference-exp infer assets/models/shapes-segmenter assets/images/shapes.png --save build/quickstart"
