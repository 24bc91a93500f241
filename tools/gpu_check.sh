#!/usr/bin/env bash
# The whole check on a machine with an NVIDIA GPU: the CUDA kernels, ONNX Runtime and TensorRT on the device, and the
# Torch plug-in against plain PyTorch. Builds what this machine can build. docs/gpu_check.md says more.
#   tools/gpu_check.sh [--cpu] [--golden FOLDER] [--build FOLDER] [--jobs N]
# Exits with 0 when all ran and passed, 1 when something failed or could not run, 2 when there is no GPU.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${PYTHON:-python3}
device=cuda
precision=float16
shared=${INFERENCE_EXP_SHARED_DIR:-$root/../shared}
golden=$shared/golden
build=$root/build/gpu_check
jobs=$(nproc)
while [[ $# -gt 0 ]]; do
  case $1 in
    --cpu) device=cpu precision=float32; shift ;;
    --golden) golden=${2:?}; shift 2 ;;
    --build) build=${2:?}; shift 2 ;;
    --jobs) jobs=${2:?}; shift 2 ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 1 ;;
  esac
done

mkdir -p "$build"
build=$(cd "$build" && pwd)
cuda_build=$build/cuda
[[ -d $golden ]] && golden=$(cd "$golden" && pwd)
export INFERENCE_EXP_SHARED_DIR=$shared

summary=()
bad=0
row() { summary+=("$(printf '%-42s %-9s %s' "$1" "$2" "$3")"); }
note() { row "$1" "" "$2"; }
passed() { row "$1" passed "$2"; }
failed() { row "$1" FAILED "$2"; bad=1; }
not_run() { row "$1" "not run" "$2"; bad=1; }
finish() {
  printf '\n== Summary\n'
  printf '%s\n' "${summary[@]}"
  exit "$bad"
}

has() { command -v "$1" >/dev/null; }

find_tool() {
  local folder
  has "$1" && { command -v "$1"; return; }
  for folder in "${CUDA_HOME:-/usr/local/cuda}/bin" /usr/local/cuda/bin /usr/local/cuda/compute-sanitizer; do
    [[ -x $folder/$1 ]] && { echo "$folder/$1"; return; }
  done
  return 1
}

generator=()
has ninja && generator=(-G Ninja)

# configure_and_build FOLDER TITLE CMAKE_ARGUMENT...
configure_and_build() {
  local folder=$1 title=$2
  shift 2
  echo "== Build $title in $folder"
  if ! cmake -S "$root/tools/gpu_check" -B "$folder" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release "$@"; then
    failed "build $title" "CMake failed; the headers of nlohmann-json and highway (libhwy) have to be installed"
    return 1
  fi
  if ! cmake --build "$folder" --parallel "$jobs"; then
    failed "build $title" "the compiler's messages are above"
    return 1
  fi
  passed "build $title" "$folder"
}

# run_tests FOLDER SUITE WHAT_A_SKIPPED_TEST_LACKS ARGUMENT...
run_tests() {
  local program=$1/bin/${2}_tests log=$1/${2}.log lacks=$3 title="tests $2" code count skipped
  shift 3
  if [[ ! -x $program ]]; then
    not_run "$title" "GoogleTest is not installed (libgtest-dev, libgmock-dev)"
    return
  fi
  echo "== $title $*"
  "$program" "$@" >"$log" 2>&1
  code=$?
  count=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log")
  skipped=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' "$log")
  if [[ $code != 0 ]]; then
    tail -n 40 "$log"
    failed "$title" "exit status $code, see $log"
  elif [[ -n $skipped ]]; then
    not_run "$title" "$count passed, $skipped skipped: $lacks"
  elif [[ ${count:-0} == 0 ]]; then
    not_run "$title" "no test was found: see $log"
  else
    passed "$title" "$count tests"
  fi
}

sanitize() {
  local program=$cuda_build/bin/vision_cuda_tests tool log=$cuda_build/$1.log
  if ! tool=$(find_tool compute-sanitizer); then
    not_run "$1 of vision_cuda" "compute-sanitizer is not installed (a part of the CUDA toolkit)"
  elif [[ ! -x $program ]]; then
    not_run "$1 of vision_cuda" "the tests were not built"
  else
    echo "== compute-sanitizer --tool $1"
    if INFERENCE_EXP_TEST_GPU=1 "$tool" --tool "$1" --error-exitcode 9 "$program" >"$log" 2>&1; then
      passed "$1 of vision_cuda" "$(sed -n 's/^=* *\([A-Z]* SUMMARY\)/\1/p' "$log" | tail -n 1)"
    else
      tail -n 40 "$log"
      failed "$1 of vision_cuda" "see $log"
    fi
  fi
}

bench_kernels() {
  local program=$cuda_build/bin/bench_cuda_preprocess log=$cuda_build/bench_cuda_preprocess.log code
  echo "== Benchmark of the kernels"
  "$program" 2>&1 | tee "$log"
  code=${PIPESTATUS[0]}
  case $code in
    0) passed "benchmark of the kernels" "see $log" ;;
    77) not_run "benchmark of the kernels" "$(tail -n 1 "$log")" ;;
    *) failed "benchmark of the kernels" "exit status $code, see $log" ;;
  esac
}

# Opens a plug-in and asks whether its runtime can be used here, by the table of include/inference_exp/backend.h.
probe_plugin() {
  "$python" - "$1" <<'PYTHON'
import ctypes, sys
class Error(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("code", ctypes.c_int32),
                ("message", ctypes.c_char * 1024), ("hint", ctypes.c_char * 512)]
Sink = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p)
Probe = ctypes.CFUNCTYPE(ctypes.c_int32, Sink, ctypes.c_void_p, ctypes.POINTER(Error))
class Table(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("abi", ctypes.c_uint32), ("name", ctypes.c_char_p), ("probe", Probe)]
entry = ctypes.CDLL(sys.argv[1]).inference_exp_backend_v1
entry.restype = ctypes.POINTER(Table)
facts = []
error = Error(size=ctypes.sizeof(Error))
sink = Sink(lambda _, key, value: facts.append(key.decode() + " " + value.decode()))
if entry(1).contents.probe(sink, None, ctypes.byref(error)) != 0:
    print(error.message.decode(), error.hint.decode())
    sys.exit(1)
print(", ".join(facts))
PYTHON
}

check_onnx() {
  local plugin=$cuda_build/lib/inference_exp/libinference_exp_backend_onnx.so facts
  if [[ ! -e $plugin ]]; then
    not_run "ONNX Runtime with CUDA" \
      "its headers are not named: ONNXRUNTIME_ROOT, a folder with include/ and lib/ (INFERENCE_EXP_ONNXRUNTIME: the library)"
  elif ! facts=$(probe_plugin "$plugin"); then
    not_run "ONNX Runtime with CUDA" "$facts"
  elif [[ $facts != *CUDAExecutionProvider* ]]; then
    not_run "ONNX Runtime with CUDA" "this ONNX Runtime has no usable CUDA provider: $facts"
  else
    note "ONNX Runtime" "$facts"
    run_tests "$cuda_build" onnx_backend "INFERENCE_EXP_TEST_GPU did not reach them" '--gtest_filter=OnnxOnAGpu.*'
  fi
}

check_tensorrt() {
  local plugin=$cuda_build/lib/inference_exp/libinference_exp_backend_trt.so facts
  if [[ ! -e $plugin ]]; then
    not_run "TensorRT plug-in" "TensorRT's headers are not here (libnvinfer-headers-dev, or TensorRT_ROOT)"
  elif facts=$(probe_plugin "$plugin"); then
    passed "TensorRT plug-in finds its runtime" "$facts"
  else
    not_run "TensorRT plug-in" "built, but: $facts"
  fi
}

check_cuda() {
  local onnx=OFF
  [[ -n ${ONNXRUNTIME_ROOT:-} ]] && onnx=ON
  if ! find_tool nvcc >/dev/null; then
    not_run "CUDA kernels" "nvcc is not installed, which compiles them"
  fi
  configure_and_build "$cuda_build" "of the CUDA part" -DINFERENCE_EXP_GPU_CHECK=cuda \
    -DINFERENCE_EXP_BACKEND_ONNX=$onnx -DINFERENCE_EXP_FETCH_ONNXRUNTIME=OFF || return
  export INFERENCE_EXP_TEST_GPU=1
  if find_tool nvcc >/dev/null; then
    run_tests "$cuda_build" vision_cuda "their reasons are in $cuda_build/vision_cuda.log"
    sanitize memcheck
    sanitize racecheck
    bench_kernels
  fi
  check_onnx
  check_tensorrt
}

# The wheel's own TorchConfig asks for the whole CUDA toolkit; the plug-in needs headers and libraries alone. The linker
# would drop the CUDA half, which nothing names and which registers itself.
write_torch_config() {
  local libraries=$torch_folder/lib
  local kept=-Wl,--no-as-needed,$libraries/libtorch.so
  [[ -e $libraries/libtorch_cuda.so ]] && kept+=,$libraries/libtorch_cuda.so
  mkdir -p "$build/torch"
  cat >"$build/torch/TorchConfig.cmake" <<CMAKE
set(TORCH_INCLUDE_DIRS "$torch_folder/include" "$torch_folder/include/torch/csrc/api/include")
set(TORCH_LIBRARIES "$kept,--as-needed" "$libraries/libtorch.so" "$libraries/libtorch_cpu.so" "$libraries/libc10.so")
CMAKE
}

compare() {
  local script=$1 batch=$2 name log
  name=$(basename "$script" .py)
  log=$build/$name.batch$batch.log
  local title="$name batch $batch"
  local call=("$python" -B "$script" "$golden" "$build/bin/bench_torch_session"
    --device "$device" --precision "$precision" --batch "$batch")
  echo "== $title on $device in $precision"
  if ! "${call[@]}" 2>&1 | tee "$log"; then
    failed "$title" "see $log"
    return
  fi
  # Its words on speed and parity are the summary.
  while IFS= read -r line; do passed "$title" "${line#"${line%%[![:space:]]*}"}"; done \
    < <(grep -E -i 'x its speed|ratio|parity|differ|error' "$log")
}

check_torch() {
  local arguments=(-DINFERENCE_EXP_GPU_CHECK=torch) suite script batch
  if [[ -z $torch_folder ]]; then
    not_run "Torch plug-in" "there is no PyTorch: $python cannot import torch (PYTHON names another)"
    return
  fi
  if [[ $device == cuda && $torch_gpu == none ]]; then
    not_run "Torch plug-in" "PyTorch $torch_version sees no CUDA device"
    return
  fi
  if [[ -e $torch_folder/lib/libtorch.so && -d $torch_folder/include/ATen ]]; then
    write_torch_config
    arguments+=("-DTorch_DIR=$build/torch")
    note "LibTorch" "$torch_folder/lib"
  elif [[ -e $torch_prefix/Torch/TorchConfig.cmake ]]; then
    arguments+=("-DTorch_DIR=$torch_prefix/Torch")
    note "LibTorch" "$torch_prefix"
  else
    note "LibTorch" "the system's Torch package: this PyTorch brings none"
  fi
  [[ $torch_abi == 0 ]] && arguments+=(-DCMAKE_CXX_FLAGS=-D_GLIBCXX_USE_CXX11_ABI=0)
  configure_and_build "$build" "of the Torch part" "${arguments[@]}" || return
  [[ $device == cuda ]] && export INFERENCE_EXP_TEST_GPU=1
  local all=()
  [[ $device == cpu ]] && all=('--gtest_filter=-*OnAGpu.*')
  for suite in torch_networks torch_backend torchscript; do
    run_tests "$build" "$suite" "golden data is not at $shared/golden" "${all[@]}"
  done
  if [[ ! -d $golden ]]; then
    not_run "comparisons" "there is no golden data at $golden (--golden FOLDER)"
    return
  fi
  for script in "$root"/benchmarks/torch/compare_*.py; do
    for batch in 1 16; do compare "$script" "$batch"; done
  done
}

# One question to PyTorch: what it is, where, and with which C++ ABI and GPU. Empty where there is none.
torch_version='' torch_folder='' torch_prefix='' torch_abi='' torch_gpu=none
if facts=$("$python" - 2>/dev/null <<'PYTHON'
import os, torch
cuda = torch.cuda.is_available()
print(torch.__version__)
print(os.path.dirname(torch.__file__))
print(torch.utils.cmake_prefix_path)
print(int(torch.compiled_with_cxx11_abi()))
print(torch.cuda.get_device_name(0) if cuda else "none")
PYTHON
); then
  { read -r torch_version; read -r torch_folder; read -r torch_prefix; read -r torch_abi; read -r torch_gpu; } <<<"$facts"
  note "PyTorch" "$torch_version"
fi

# Jetsons before JetPack 6 have no nvidia-smi.
gpu=$torch_gpu
if [[ $gpu == none ]]; then
  gpu=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -n 1)
  [[ -z $gpu && -e /dev/nvhost-gpu ]] && gpu="a Jetson's"
fi
note "GPU" "${gpu:-none}"
if [[ $device == cuda ]]; then
  if [[ -z $gpu ]]; then
    echo "There is no NVIDIA GPU here, so there is nothing to check. With --cpu the Torch part runs on the processor." >&2
    exit 2
  fi
  check_cuda
else
  note "CUDA kernels, ONNX Runtime, TensorRT" "left out with --cpu"
fi
check_torch
finish
