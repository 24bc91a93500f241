#!/usr/bin/env bash
# The whole check of the Torch plug-in on a machine with an NVIDIA GPU and a PyTorch of its own: builds against that
# PyTorch, runs the plug-in's tests, and compares it with plain PyTorch on the GPU. docs/gpu_check.md says more.
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
[[ -d $golden ]] && golden=$(cd "$golden" && pwd)

summary=()
bad=0
note() { summary+=("$(printf '%-34s %s' "$1" "$2")"); }
fail() { note "$1" "$2"; bad=1; }
finish() {
  printf '\n== Summary\n'
  printf '%s\n' "${summary[@]}"
  exit "$bad"
}

# One question to PyTorch: what it is, where, and with which C++ ABI and GPU.
facts=$("$python" - <<'PYTHON'
import os, torch
cuda = torch.cuda.is_available()
print(torch.__version__)
print(os.path.dirname(torch.__file__))
print(torch.utils.cmake_prefix_path)
print(int(torch.compiled_with_cxx11_abi()))
print(torch.cuda.get_device_name(0) if cuda else "none")
PYTHON
) || { echo "There is no PyTorch: $python cannot import torch. Set PYTHON to the one that can." >&2; exit 1; }
{ read -r version; read -r folder; read -r prefix; read -r abi; read -r gpu; } <<<"$facts"
note "PyTorch" "$version"
note "GPU" "$gpu"
if [[ $device == cuda && $gpu == none ]]; then
  echo "PyTorch sees no CUDA device here, so there is nothing to check. With --cpu the same runs on the processor." >&2
  exit 2
fi

# The wheel's own TorchConfig asks for the whole CUDA toolkit; the plug-in needs headers and libraries alone. The linker
# would drop the CUDA half, which nothing names and which registers itself.
write_torch_config() {
  local libraries=$folder/lib
  local kept=-Wl,--no-as-needed,$libraries/libtorch.so
  [[ -e $libraries/libtorch_cuda.so ]] && kept+=,$libraries/libtorch_cuda.so
  mkdir -p "$build/torch"
  cat >"$build/torch/TorchConfig.cmake" <<CMAKE
set(TORCH_INCLUDE_DIRS "$folder/include" "$folder/include/torch/csrc/api/include")
set(TORCH_LIBRARIES "$kept,--as-needed" "$libraries/libtorch.so" "$libraries/libtorch_cpu.so" "$libraries/libc10.so")
CMAKE
}
arguments=(-DCMAKE_BUILD_TYPE=Release)
if [[ -e $folder/lib/libtorch.so && -d $folder/include/ATen ]]; then
  write_torch_config
  arguments+=("-DTorch_DIR=$build/torch")
  note "LibTorch" "$folder/lib"
elif [[ -e $prefix/Torch/TorchConfig.cmake ]]; then
  arguments+=("-DTorch_DIR=$prefix/Torch")
  note "LibTorch" "$prefix"
else
  note "LibTorch" "the system's Torch package: this PyTorch brings none"
fi
[[ $abi == 0 ]] && arguments+=(-DCMAKE_CXX_FLAGS=-D_GLIBCXX_USE_CXX11_ABI=0)
command -v ninja >/dev/null && arguments+=(-G Ninja)

echo "== Build in $build"
if ! cmake -S "$root/tools/gpu_check" -B "$build" "${arguments[@]}"; then
  fail "build" "CMake failed; the headers of nlohmann-json and highway (libhwy) have to be installed"
  finish
fi
if ! cmake --build "$build" --parallel "$jobs"; then
  fail "build" "failed"
  finish
fi
note "build" "done"

run_tests() {
  local program=$build/bin/${1}_tests log=$build/${1}.log
  if [[ ! -x $program ]]; then
    fail "tests $1" "not run: GoogleTest is not installed (libgtest-dev, libgmock-dev)"
    return
  fi
  echo "== Tests $1"
  "$program" >"$log" 2>&1
  local code=$? passed skipped
  passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log")
  skipped=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' "$log")
  if [[ $code != 0 ]]; then
    tail -n 40 "$log"
    fail "tests $1" "FAILED with exit status $code, see $log"
  elif [[ -n $skipped ]]; then
    fail "tests $1" "$passed passed, $skipped skipped: golden data is not at $shared/golden"
  else
    note "tests $1" "$passed passed"
  fi
}
export INFERENCE_EXP_SHARED_DIR=$shared
for suite in torch_networks torch_backend torchscript; do run_tests "$suite"; done

compare() {
  local script=$1 batch=$2 name log
  name=$(basename "$script" .py)
  log=$build/$name.batch$batch.log
  local title="$name batch $batch"
  local call=("$python" -B "$script" "$golden" "$build/bin/bench_torch_session"
    --device "$device" --precision "$precision" --batch "$batch")
  echo "== $title on $device in $precision"
  if ! "${call[@]}" 2>&1 | tee "$log"; then
    fail "$title" "FAILED, see $log"
    return
  fi
  # Its words on speed and parity are the summary.
  while IFS= read -r line; do note "$title" "${line#"${line%%[![:space:]]*}"}"; done \
    < <(grep -E -i 'x its speed|ratio|parity|differ|error' "$log")
}
if [[ ! -d $golden ]]; then
  fail "comparisons" "not run: there is no golden data at $golden (--golden FOLDER)"
else
  for script in "$root"/benchmarks/torch/compare_*.py; do
    for batch in 1 16; do compare "$script" "$batch"; done
  done
fi
finish
