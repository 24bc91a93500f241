#!/usr/bin/env bash
# Installs the Debian packages into a fresh Debian 12 of its own, uses them there, and removes them again.
#   scripts/test_packages.sh [--with-cmake] [FOLDER]
# FOLDER holds the .deb files (build/packages by default). --with-cmake also builds a project with find_package, which
# takes about a minute more. Needs root, debootstrap and Debian's mirror; ends with 77, "skipped", where one is missing.
# The bare system and downloaded packages are kept in INFERENCE_EXP_CHROOT_CACHE; delete that folder to start afresh.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

skip() {
  echo "SKIPPED: the packages were not tested: $*" >&2
  exit 77
}

with_cmake=OFF
debs=$root/build/packages
for argument in "$@"; do
  case $argument in
    --with-cmake) with_cmake=ON ;;
    -*) fail "Unknown option $argument. See the head of scripts/test_packages.sh." ;;
    *) debs=$(cd "$argument" && pwd) ;;
  esac
done
compgen -G "$debs/*.deb" >/dev/null || fail "There are no packages in $debs. Make them with scripts/package.sh."
[[ $(id -u) -eq 0 ]] || skip "this needs root."
for tool in debootstrap dpkg-scanpackages unshare; do
  command -v "$tool" >/dev/null || skip "$tool is not installed (apt-get install debootstrap dpkg-dev util-linux)."
done

# What is mounted for the test disappears with the process, however it ends.
if [[ -z "${INFERENCE_EXP_OWN_MOUNTS:-}" ]]; then
  unshare --mount --propagation private true 2>/dev/null || skip "mounts of its own are not allowed here."
  INFERENCE_EXP_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0" "$@"
fi

suite=bookworm
architecture=$(dpkg --print-architecture)
cache=${INFERENCE_EXP_CHROOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/inference-exp/chroot}
base=$cache/$suite-$architecture.tar
# The mirror that this machine uses.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $suite" | head -n 1)
[[ -n "$mirror" ]] || skip "apt knows of no mirror of $suite."

work=$(mktemp -d)
target=$work/root
trap 'umount "$target/proc" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir -p "$cache/archives" "$target"

if [[ ! -f "$base" ]]; then
  step "Bare $suite from $mirror, once"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$work/base" "$mirror" >"$work/log" 2>&1 || {
    tail -n 5 "$work/log" >&2
    skip "debootstrap got nothing from $mirror."
  }
  rm -f "$work/base"/var/cache/apt/archives/*.deb
  tar -C "$work/base" -cf "$work/base.tar" .
  mv "$work/base.tar" "$base"
fi

step "A fresh $suite"
tar -C "$target" -xf "$base"
mount -t proc proc "$target/proc"
cp /etc/resolv.conf "$target/etc/resolv.conf"
mkdir "$target/packages"
cp "$debs"/*.deb "$target/packages/"
(cd "$target/packages" && dpkg-scanpackages --multiversion . >Packages 2>/dev/null)
echo "deb [trusted=yes] file:/packages ./" >"$target/etc/apt/sources.list.d/packages.list"
echo force-unsafe-io >"$target/etc/dpkg/dpkg.cfg.d/unsafe-io" # nobody needs this system after a crash
printf '#!/bin/sh\nexit 101\n' >"$target/usr/sbin/policy-rc.d" # no daemons
chmod +x "$target/usr/sbin/policy-rc.d"
mkdir -p "$target/picture"
cp "$root/assets/images/shapes.png" "$target/picture/"
cp "$root/tests/install/consumer/main.cpp" "$root/tests/install/consumer/CMakeLists.txt" "$target/picture/"
cp "$cache/archives"/*.deb "$target/var/cache/apt/archives/" 2>/dev/null || true

inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$target" "$@"; }
apt_install() {
  inside apt-get install -y -qq --no-install-recommends -o APT::Keep-Downloaded-Packages=true "$@" >"$work/apt.log" 2>&1 || {
    tail -n 20 "$work/apt.log" >&2
    fail "apt-get install $* failed."
  }
  echo "installed: $*"
}
inside apt-get update -qq >"$work/apt.log" 2>&1 || skip "apt-get update failed in the fresh system: $(tail -n 1 "$work/apt.log")"

failures=0
checks=0
# check SENTENCE COMMAND...: the command must succeed; what it says is shown where it doesn't.
check() {
  local sentence=$1
  shift
  checks=$((checks + 1))
  if "$@" >"$work/check.log" 2>&1; then
    echo "ok: $sentence"
  else
    failures=$((failures + 1))
    echo "FAILED: $sentence"
    sed 's/^/    /' "$work/check.log"
  fi
}
# says TEXT COMMAND...: the command ends with an error whose message has the text.
says() {
  local text=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "succeeded: $output"
    return 1
  fi
  echo "$output"
  grep -qF -- "$text" <<<"$output"
}
# finds TEXT COMMAND...: the command succeeds and its output has the text.
finds() {
  local text=$1 output
  shift
  output=$("$@" 2>&1) || {
    echo "$output"
    return 1
  }
  echo "$output"
  grep -qF -- "$text" <<<"$output"
}
has_package() { compgen -G "$debs/$1_*.deb" >/dev/null; }
available_backends() { inside inference-exp environment --json | grep -o '"available":true' | wc -l; }

models=/usr/share/inference_exp/models
infer=(inside inference-exp infer "$models/shapes-detector" /picture/shapes.png --json -)

step "Library and program"
apt_install inference-exp
check "the program runs" finds "inference-exp 0." inside inference-exp --version
check "without a backend the error names its package" says inference-exp-backend-onnx "${infer[@]}"
check "no backend is available yet" test "$(available_backends)" -eq 0

step "ONNX backend"
apt_install inference-exp-backend-onnx
if has_package inference-exp-onnxruntime; then
  check "without ONNX Runtime the error names its package" says inference-exp-onnxruntime "${infer[@]}"
  apt_install inference-exp-onnxruntime
fi
check "one backend has appeared" test "$(available_backends)" -eq 1
check "the embedded detector finds shapes" finds '"class":"star"' "${infer[@]}"
check "the embedded segmenter finds shapes" finds '"class":"ring"' \
  inside inference-exp infer "$models/shapes-segmenter" /picture/shapes.png --json -
check "a picture with boxes is written" inside sh -c \
  "inference-exp infer -q $models/shapes-detector /picture/shapes.png --save /picture/out && test -s /picture/out/shapes.png"

if has_package inference-exp-backend-torch; then
  step "Torch backend"
  apt_install inference-exp-backend-torch
  check "one more backend has appeared" test "$(available_backends)" -eq 2
fi

step "Development files"
apt_install libinference-exp-dev g++ pkg-config
build="g++ -std=c++20 -Wall -Wextra /picture/main.cpp -o /picture/consumer"
check "a program builds with what pkg-config says" \
  inside sh -c "$build \$(pkg-config --cflags --libs inference_exp)"
check "the program runs and has no complaints" inside /picture/consumer
if [[ $with_cmake == ON ]]; then
  apt_install cmake make libinference-exp-annotators-dev
  check "a project builds with find_package" inside sh -c \
    "cmake -S /picture -B /picture/build -DCONSUMER_COMPONENTS=annotators,backend-onnx,cli && cmake --build /picture/build && /picture/build/consumer"
fi

if has_package python3-inference-exp; then
  step "Python module"
  apt_install python3-inference-exp
  script="
import numpy, inference_exp
model = inference_exp.AutoModel.from_pretrained('$models/shapes-detector')
picture = numpy.full((480, 640, 3), 128, dtype=numpy.uint8)
predictions = model(picture)
assert len(predictions) == 1 and predictions[0].xyxy.shape[1] == 4, predictions"
  check "the module predicts" inside python3 -c "$script"
fi

step "Remove"
mapfile -t ours < <(for file in "$debs"/*.deb; do dpkg-deb --field "$file" Package; done)
mapfile -t there < <(for package in "${ours[@]}"; do
  inside dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$package" 2>/dev/null | sed -n 's/^ii *//p'
done)
files=$(inside dpkg -L "${there[@]}" | sort -u)
rm -rf "$target/picture"
cp -n "$target"/var/cache/apt/archives/*.deb "$cache/archives/" 2>/dev/null || true
rm -f "$cache/archives"/*inference-exp*.deb
check "apt-get purge succeeds" inside apt-get purge -y -qq "${there[@]}"
left_files() {
  local file left=0
  while read -r file; do
    if [[ -f "$target$file" || -L "$target$file" ]] || [[ "$file" == *inference* && -e "$target$file" ]]; then
      echo "left: $file"
      left=1
    fi
  done <<<"$files"
  # What ONNX Runtime keeps in a user's own cache is no package's file.
  find "$target" -xdev -path "$target/root/.cache/Microsoft" -prune -o \( -iname '*inference*exp*' -o -name '*onnxruntime*' \) -not -path "$target/packages/*" \
    -not -path "$target/var/cache/apt/*" -not -path "$target/var/lib/apt/lists/*" -print | sed "s|^$target|left: |" | grep . && left=1
  inside dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' '*inference-exp*' 2>/dev/null | grep -v ' un ' && left=1
  return "$left"
}
check "no file and no trace of the packages is left" left_files

echo
echo "$((checks - failures)) of $checks checks of the packages passed (${#there[@]} packages, $SECONDS s)"
[[ $failures -eq 0 ]]
