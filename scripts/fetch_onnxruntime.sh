#!/bin/sh
# Fetches the ONNX Runtime that cmake/onnxruntime.pins names: headers into <folder>/include, the library into <folder>/lib.
#
#   scripts/fetch_onnxruntime.sh <folder>
#
# First the project's own release archive, else the package registries (npm for the library, apt for the headers).
# Everything is checked against the pinned SHA-256 before use. Safe to run again, to interrupt, and to run twice at once:
# the folder appears whole or not at all, and a finished one is left alone without touching the network.
#
# INFERENCE_EXP_ONNXRUNTIME_SHA256 in the environment replaces the pinned hash of the release archive.
# INFERENCE_EXP_ONNXRUNTIME_ROUTES chooses the routes to try: "archive registries" by default.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
pins=$here/../cmake/onnxruntime.pins

say() { printf '%s\n' "fetch_onnxruntime: $*" >&2; }
fail() { say "$*"; exit 1; }

[ $# -eq 1 ] || fail "usage: fetch_onnxruntime.sh <folder>"
pin() { sed -n "s/^$1=//p" "$pins"; }
have() { command -v "$1" > /dev/null 2>&1; }
matches() { [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ]; }

version=$(pin VERSION)
case $(uname -m) in
  x86_64 | amd64) arch=x86_64 archive_arch=x64 ;;
  aarch64 | arm64) arch=aarch64 archive_arch=aarch64 ;;
  *) fail "no ONNX Runtime is published for $(uname -m); install one and pass -DINFERENCE_EXP_ONNXRUNTIME_ROOT=<folder>" ;;
esac

mkdir -p "$(dirname -- "$1")"
parent=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)
folder=$parent/$(basename -- "$1")
[ -f "$folder/lib/libonnxruntime.so.1" ] && [ -f "$folder/include/onnxruntime_cxx_api.h" ] && exit 0

work=$parent/.onnxruntime-$$
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
result=$work/result
fresh() { rm -rf "$work"; mkdir -p "$result/include" "$result/lib"; }

# The release archive. A broken download is continued by the next run.
from_archive() {
  name=onnxruntime-linux-$archive_arch-$version
  sha256=${INFERENCE_EXP_ONNXRUNTIME_SHA256:-$(pin "ARCHIVE_SHA256_$arch")}
  part=$parent/$name.tgz.part
  if ! { [ -f "$part" ] && matches "$part" "$sha256"; }; then
    have curl || { say "curl is not installed"; return 1; }
    curl --fail --silent --show-error --location --retry 2 --connect-timeout 15 --continue-at - \
      --output "$part" "$(pin ARCHIVE_URL)/v$version/$name.tgz" || return 1
  fi
  matches "$part" "$sha256" || { rm -f "$part"; say "$name.tgz does not have the pinned SHA-256; discarded"; return 1; }
  tar -xzf "$part" -C "$work" || return 1
  cp -R "$work/$name/include/." "$result/include/" || return 1
  cp "$work/$name/lib/libonnxruntime.so.$version" "$result/lib/libonnxruntime.so.1" || return 1
  rm -f "$part"
}

library_from_npm() {
  have npm || { say "npm is not installed"; return 1; }
  package=$(pin NPM_PACKAGE)
  member=$(pin "NPM_LIBRARY_$arch")
  (cd "$work" && npm pack --silent "$package@$version" > /dev/null) || { say "npm pack $package@$version failed"; return 1; }
  tar -xzf "$work/$package-$version.tgz" -C "$work" "$member" || return 1
  matches "$work/$member" "$(pin "NPM_LIBRARY_SHA256_$arch")" ||
    { say "the library in $package@$version does not have the pinned SHA-256; discarded"; return 1; }
  mv "$work/$member" "$result/lib/libonnxruntime.so.1"
}

# A private apt folder: the machine's own mirror and keys, another suite; nothing is installed.
headers_from_apt() {
  have apt-get && have dpkg-deb || { say "apt is not installed"; return 1; }
  sha256=$(pin "DEBIAN_SHA256_$arch")
  [ -n "$sha256" ] || { say "no header package is pinned for $arch"; return 1; }
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
  [ -n "$mirror" ] || { say "apt knows of no mirror"; return 1; }
  apt=$work/apt
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f "$keyring" ] && signed="[signed-by=$keyring] " || signed=""
  printf 'deb %s%s %s main\n' "$signed" "$mirror" "$(pin DEBIAN_SUITE)" > "$apt/sources.list"
  private_apt() {
    apt-get -qq -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
      -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache" -o Dir::State::status=/dev/null \
      -o APT::Sandbox::User=root "$@"
  }
  private_apt update || { say "apt-get update failed"; return 1; }
  (cd "$apt" && private_apt download "$(pin DEBIAN_PACKAGE)=$(pin DEBIAN_VERSION)" > /dev/null) ||
    { say "apt-get download $(pin DEBIAN_PACKAGE)=$(pin DEBIAN_VERSION) failed"; return 1; }
  set -- "$apt"/*.deb
  matches "$1" "$sha256" || { say "$(basename -- "$1") does not have the pinned SHA-256; discarded"; return 1; }
  dpkg-deb -x "$1" "$apt/unpacked" || return 1
  cp -R "$apt/unpacked/usr/include/onnxruntime/." "$result/include/"
}

from_registries() { library_from_npm && headers_from_apt; }

for route in ${INFERENCE_EXP_ONNXRUNTIME_ROUTES:-archive registries}; do
  fresh
  say "trying to get ONNX Runtime $version from the $route"
  if "from_$route"; then
    # Another run may have finished first; its folder is as good as ours.
    mv -T "$result" "$folder" 2> /dev/null || [ -f "$folder/lib/libonnxruntime.so.1" ] ||
      { rm -rf "$folder" && mv -T "$result" "$folder"; }
    say "ONNX Runtime $version is in $folder"
    exit 0
  fi
done
fail "ONNX Runtime $version could not be fetched. Install it yourself and pass -DINFERENCE_EXP_ONNXRUNTIME_ROOT=<folder
with include/ and lib/>, or build without it: -DINFERENCE_EXP_BACKEND_ONNX=OFF."
