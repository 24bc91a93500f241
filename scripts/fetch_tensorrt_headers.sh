#!/bin/sh
# Fetches the public headers that the TensorRT plug-in is compiled with: TensorRT's own and its ONNX parser's, into
# <folder>/include, and both licences, into <folder>/licenses. Both projects are under the Apache licence 2.0.
#
#   scripts/fetch_tensorrt_headers.sh <folder>
#   cmake -DTensorRT_ROOT=<folder> ...
#
# Commits are named by their ids, which fix every byte. The plug-in that is compiled with these headers runs with every
# release of TensorRT 10; the libraries come from NVIDIA's packages. Safe to run again and to interrupt: the folder
# appears whole or not at all, and a finished one is left alone without touching the network.
#
# INFERENCE_EXP_TENSORRT_SOURCES in the environment replaces https://github.com, where clones of both repositories lie as
# NVIDIA/TensorRT and onnx/onnx-tensorrt.
set -eu

version=10.3.0
tensorrt_commit=c5b9de37f7ef9034e2efc621c664145c7c12436e
# The newest published under a branch of 10.x; the plug-in needs what it has had since 10.0.
parser_commit=96e781103cfc4adf4a6bb557e94bac8e693f6f4c

say() { printf '%s\n' "fetch_tensorrt_headers: $*" >&2; }
fail() { say "$*"; exit 1; }

[ $# -eq 1 ] || fail "usage: fetch_tensorrt_headers.sh <folder>"
command -v git > /dev/null 2>&1 || fail "git is not installed"
sources=${INFERENCE_EXP_TENSORRT_SOURCES:-https://github.com}

mkdir -p "$(dirname -- "$1")"
parent=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)
folder=$parent/$(basename -- "$1")
[ -f "$folder/include/NvInfer.h" ] && [ -f "$folder/include/NvOnnxParser.h" ] && exit 0
[ ! -e "$folder" ] || fail "$folder is there already and has no headers in it; name another folder, or remove it"

work=$parent/.tensorrt-headers-$$
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
result=$work/result
mkdir -p "$result/include" "$result/licenses"

# One commit of one repository, without its history, into $work/<name>.
fetch_commit() {
  name=$1 repository=$2 commit=$3
  say "fetching $repository at $commit"
  git init --quiet "$work/$name"
  git -C "$work/$name" remote add origin "$sources/$repository"
  # Without contents, where the server can leave them out: only the headers' are asked for below.
  git -C "$work/$name" fetch --quiet --depth 1 --filter=blob:none origin "$commit" ||
    fail "$sources/$repository could not be fetched"
  fetched=$(git -C "$work/$name" rev-parse FETCH_HEAD)
  [ "$fetched" = "$commit" ] || fail "$repository gave $fetched instead of $commit; discarded"
}
# Paths of what was fetched, and no others.
take() {
  name=$1
  shift
  git -C "$work/$name" -c advice.detachedHead=false checkout --quiet FETCH_HEAD -- "$@" ||
    fail "the headers are not where they were expected"
}

fetch_commit tensorrt NVIDIA/TensorRT "$tensorrt_commit"
take tensorrt include LICENSE
fetch_commit parser onnx/onnx-tensorrt "$parser_commit"
take parser NvOnnxParser.h LICENSE

cp "$work"/tensorrt/include/*.h "$work/parser/NvOnnxParser.h" "$result/include/"
cp "$work/tensorrt/LICENSE" "$result/licenses/TensorRT.txt"
cp "$work/parser/LICENSE" "$result/licenses/onnx-tensorrt.txt"
[ -f "$result/include/NvInferVersion.h" ] || fail "the headers are not where they were expected"

mv -T "$result" "$folder" 2> /dev/null || [ -f "$folder/include/NvInfer.h" ] || fail "$folder cannot be written"
say "the headers of TensorRT $version are in $folder"
