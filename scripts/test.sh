#!/usr/bin/env bash
# Installs packages, builds everything and runs all tests.
#   scripts/test.sh [arguments for ctest, such as -R cli]
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "Step 1 of 4: packages"
"$root/scripts/install_dependencies.sh" --tests

step "Step 2 of 4: configure (fetches ONNX Runtime once)"
configure release -DINFERENCE_EXP_TESTS=ON -DINFERENCE_EXP_EXAMPLES=ON -DINFERENCE_EXP_BACKEND_TORCH=ON \
  -DINFERENCE_EXP_PYTHON=ON -DPython_EXECUTABLE=/usr/bin/python3

step "Step 3 of 4: build"
cmake --build "$root/build/release"

step "Step 4 of 4: test"
cd "$root"
ctest --preset release --output-on-failure "$@"
