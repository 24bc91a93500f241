# shellcheck shell=bash
# Shared by the scripts of this folder; not run by itself.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

step() { printf '\n==> %s\n' "$*"; }
fail() {
  printf '\nerror: %s\n' "$*" >&2
  exit 1
}

# The command itself for root, through sudo for others.
as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "Installing packages needs root or sudo. Run as root: apt-get install --no-install-recommends ${*: -1}"
  fi
}

installed() { dpkg-query --show --showformat='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

# install_packages NAME...: those that are missing, and only those.
install_packages() {
  command -v apt-get >/dev/null || fail "This script installs packages with apt-get, which is not here. See README.md, \"Build\", for what is needed."
  local package missing=()
  for package in "$@"; do
    installed "$package" || missing+=("$package")
  done
  if [[ ${#missing[@]} -eq 0 ]]; then
    echo "All packages are installed."
    return
  fi
  echo "Installing: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# configure PRESET OPTION...: ONNX Runtime is fetched on the way. Where its release archive can't be reached the package registries
# are used, which takes npm.
configure() {
  local log
  log=$(mktemp)
  cd "$root" || return # where presets are looked for
  if cmake --preset "$@" 2>&1 | tee "$log"; then
    rm -f "$log"
    return
  fi
  if ! grep -q 'npm is not installed' "$log"; then
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
  step "Fetching ONNX Runtime from the package registries needs npm"
  install_packages npm
  cmake --preset "$@"
}
