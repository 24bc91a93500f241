#!/usr/bin/env bash
# Installs what building needs, on Debian 12 or a system with the same packages. Does nothing when all is there.
#   scripts/install_dependencies.sh [--torch | --tests | --checks | --docs [--list]]
# --torch adds LibTorch for the Torch plug-in (about 600 MB), --tests what the tests need, LibTorch too, --checks what the
# sanitizers, fuzzers, linters and Debian packages need on top. --docs installs what the documentation site needs, and only that.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

packages=(
  g++ cmake ninja-build                                  # the build
  libhwy-dev nlohmann-json3-dev                          # the library
  libcurl4-openssl-dev libssl-dev libb2-dev              # its model ids: downloads and hashes
  zlib1g-dev libutf8proc-dev                             # its models that read text
  libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libopencv-videoio-dev # annotators and the program
  libcli11-dev libspdlog-dev                             # the program
  curl ca-certificates                                   # to fetch ONNX Runtime
)
if [[ "${1:-}" == --tests || "${1:-}" == --checks ]]; then
  packages+=(libgtest-dev libgmock-dev)
  packages+=(pybind11-dev python3-dev python3-numpy python3-opencv python3-pytest) # the Python module
  packages+=(python3-pip python3-setuptools python3-wheel python3-venv)           # its wheel
fi
if [[ "${1:-}" == --torch || "${1:-}" == --tests || "${1:-}" == --checks ]]; then
  packages+=(libtorch-dev libopenblas0-pthread) # with Debian's reference BLAS LibTorch is 10 to 60 times slower
fi
if [[ "${1:-}" == --checks ]]; then
  packages+=(git clang clang-format clang-tidy libclang-rt-14-dev)
  packages+=(debootstrap dpkg-dev fakeroot lintian) # packages, tried in a system of their own
fi
if [[ "${1:-}" == --docs ]]; then
  packages=(python3-sphinx python3-myst-parser furo python3-breathe doxygen)
fi
if [[ "${2:-}" == --list ]]; then # only says what they are
  printf '%s\n' "${packages[@]}"
  exit
fi
install_packages "${packages[@]}"
