#!/usr/bin/env bash
# From a checkout to Debian packages in build/packages, with a table of their sizes.
#   scripts/package.sh [--no-torch] [--no-python] [--lint]
# --no-torch and --no-python leave out what they name, --lint shows the packages to lintian and fails at its errors.
# PACKAGE_BUILD names another build folder, PACKAGE_JOBS the number of compilers at once.
# The packages' dates follow SOURCE_DATE_EPOCH where that is set.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

torch=ON
python=ON
lint=OFF
for argument in "$@"; do
  case $argument in
    --no-torch) torch=OFF ;;
    --no-python) python=OFF ;;
    --lint) lint=ON ;;
    *) fail "Unknown option $argument. See the head of scripts/package.sh." ;;
  esac
done
[[ -f "$root/python/CMakeLists.txt" ]] || python=OFF
build=${PACKAGE_BUILD:-$root/build/package}
output=$root/build/packages

step "Packages that packaging needs"
tools=(dpkg-dev fakeroot file gzip)
[[ $python == OFF ]] || tools+=(python3-dev python3-numpy pybind11-dev)
[[ $lint == OFF ]] || tools+=(lintian)
install_packages "${tools[@]}"

step "Configure"
# The libraries lie where the system's loader looks, so nothing needs a search path of its own.
configure release -B "$build" -DCMAKE_INSTALL_PREFIX=/usr \
  -DCMAKE_INSTALL_LIBDIR="lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH)" -DCMAKE_SKIP_INSTALL_RPATH=ON \
  -DINFERENCE_EXP_PACKAGES=ON -DINFERENCE_EXP_BACKEND_TORCH="$torch" -DINFERENCE_EXP_PYTHON="$python" \
  -DPython_EXECUTABLE=/usr/bin/python3 -DINFERENCE_EXP_PYTHON_INSTALL_DIR=lib/python3/dist-packages/inference_exp \
  -DINFERENCE_EXP_TESTS=OFF -DINFERENCE_EXP_EXAMPLES=OFF -DINFERENCE_EXP_BENCHMARKS=OFF

step "Build"
cmake --build "$build" --parallel "${PACKAGE_JOBS:-2}"

step "Package"
rm -rf "$output"
(cd "$build" && cpack -G DEB >cpack.log 2>&1) || {
  cat "$build/cpack.log" >&2
  fail "cpack failed; its log is above."
}
rm -rf "$output/_CPack_Packages"

# What a package itself holds, in bytes: apt's own estimate counts whole blocks.
content_size() { dpkg-deb --fsys-tarfile "$1" | tar -tv | awk '{sum += $3} END {printf "%d", sum}'; }
# Of ONNX Runtime itself nothing is counted here: an installed one serves as well.
abi=$(cut -d. -f1,2 "$root/VERSION")
base="libinference-exp$abi libinference-exp-annotators$abi inference-exp inference-exp-backend-onnx"
limit=15000000

base_packed=0
base_content=0
echo
printf '%-36s %12s %12s\n' "package" "packed MB" "content MB"
row() { awk -v name="$1" -v a="$2" -v b="$3" 'BEGIN {printf "%-36s %12.2f %12.2f\n", name, a / 1e6, b / 1e6}'; }
for file in "$output"/*.deb; do
  name=$(dpkg-deb --field "$file" Package)
  packed=$(stat --format=%s "$file")
  content=$(content_size "$file")
  row "$name" "$packed" "$content"
  if [[ " $base " == *" $name "* ]]; then
    base_packed=$((base_packed + packed))
    base_content=$((base_content + content))
  fi
done
row "base: library, program, ONNX plug-in" "$base_packed" "$base_content"
((base_content < limit)) || fail "The base install is larger than $((limit / 1000000)) MB."

if [[ $lint == ON ]]; then
  step "Lint"
  # No address is made up for the developers, no bug of Debian's is closed by a first version, and there are no manual
  # pages yet.
  lintian --fail-on error --allow-root \
    --suppress-tags malformed-contact,bogus-mail-host-in-debian-changelog,initial-upload-closes-no-bugs,no-manual-page \
    "$output"/*.deb
fi
echo
echo "The packages are in $output. Install with: apt install $output/NAME.deb"
