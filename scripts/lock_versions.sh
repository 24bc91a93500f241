#!/usr/bin/env bash
# Writes packaging/versions.lock: the versions of what this machine builds and checks with.
#   scripts/lock_versions.sh [--check]
# --check writes nothing; it shows what differs from the file and fails if anything does.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lock=$root/packaging/versions.lock

# Those asked for by name. A library and its -dev package have one version, so the library is not named again.
packages() {
  "$root/scripts/install_dependencies.sh" --checks --list
  printf '%s\n' dpkg-dev g++-12 clang-14 python3
}

versions() {
  cat <<HEAD
# What continuous integration last passed with: <kind> <name> <version>, sorted. Written by scripts/lock_versions.sh.
HEAD
  {
    echo "system debian $(cat /etc/debian_version)"
    echo "fetched onnxruntime $(sed -n 's/^VERSION=//p' "$root/cmake/onnxruntime.pins")"
    packages | sort -u | while read -r package; do
      version=$(dpkg-query --show --showformat='${Version}' "$package" 2>/dev/null || true)
      echo "package $package ${version:-not-installed}"
    done
  } | LC_ALL=C sort
}

if [[ "${1:-}" == --check ]]; then
  diff --unified=0 "$lock" <(versions) || fail "Versions differ from packaging/versions.lock; scripts/lock_versions.sh writes it anew."
else
  versions >"$lock"
  echo "Wrote $lock."
fi
