#!/usr/bin/env bash
# Builds every fuzz target (clang, libFuzzer, address and undefined-behaviour sanitizers) and runs each for a while on top
# of its corpus. Fails at the first crash, and leaves the input that caused it in build/fuzz/crashes/.
# Usage: scripts/fuzz.sh [SECONDS-PER-TARGET] [TARGET...]      (default: 10, all)
# CC and CXX name another clang; FUZZ_BUILD another build folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-10}
shift || true
build=${FUZZ_BUILD:-build/fuzz}

cmake -S . -B "$build" -G Ninja \
  -DCMAKE_C_COMPILER="${CC:-clang}" -DCMAKE_CXX_COMPILER="${CXX:-clang++}" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_UNITY_BUILD=ON \
  -DINFERENCE_EXP_FUZZERS=ON -DINFERENCE_EXP_SANITIZE=address,undefined -DINFERENCE_EXP_BACKEND_ONNX=OFF \
  -DINFERENCE_EXP_ANNOTATORS=OFF -DINFERENCE_EXP_CLI=OFF -DINFERENCE_EXP_TESTS=OFF -DINFERENCE_EXP_EXAMPLES=OFF \
  -DINFERENCE_EXP_HUB=OFF -DINFERENCE_EXP_TEXT=OFF -DINFERENCE_EXP_BACKEND_TRT=OFF -DINFERENCE_EXP_CUDA_KERNELS=OFF \
  -DINFERENCE_EXP_INSTALL=OFF

targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for folder in tests/fuzz/corpus/*/; do targets+=("$(basename "$folder")"); done
fi
cmake --build "$build" --parallel "${FUZZ_JOBS:-2}" --target "${targets[@]/#/fuzz_}"

mkdir -p "$build/crashes"
for target in "${targets[@]}"; do
  echo "=== fuzz_$target, $seconds s"
  found="$build/found/$target"  # what this and earlier runs found; the corpus itself stays as it is
  log="$build/crashes/$target.log"
  mkdir -p "$found"
  if ! UBSAN_OPTIONS=print_stacktrace=1 "$build/bin/fuzz_$target" -max_total_time="$seconds" -max_len=100000 \
    -rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=5 -print_final_stats=1 \
    -artifact_prefix="$build/crashes/$target-" "$found" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    tail -n 60 "$log"
    echo "FAILED: fuzz_$target; its log is $log" >&2
    exit 1
  fi
  grep -E 'INITED|DONE|^stat::(average|slowest|peak)' "$log"
done
