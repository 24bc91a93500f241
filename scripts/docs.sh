#!/usr/bin/env bash
# Builds the documentation site into build/docs/html. Warnings are errors, and every link is checked first, as the pages
# are also read in the repository.
#   scripts/docs.sh
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "Step 1 of 4: packages"
"$root/scripts/install_dependencies.sh" --docs

step "Step 2 of 4: links"
/usr/bin/python3 -B "$root/tests/docs/links.py" "$root"

step "Step 3 of 4: what the headers say (doxygen)"
build=$root/build/docs
mkdir -p "$build/doxygen"
doxygen - <<EOF
INPUT = $root/include/inference_exp $root/include/inference_exp.h
FILE_PATTERNS = *.hpp *.h
STRIP_FROM_PATH = $root/include
OUTPUT_DIRECTORY = $build/doxygen
GENERATE_XML = YES
GENERATE_HTML = NO
GENERATE_LATEX = NO
XML_PROGRAMLISTING = NO
EXCLUDE_SYMBOLS = inference_exp::detail inference_exp::detail::*
MACRO_EXPANSION = YES
EXPAND_ONLY_PREDEF = YES
PREDEFINED = INFERENCE_EXP_API= __cplusplus=202002L
TYPEDEF_HIDES_STRUCT = YES
QUIET = YES
WARNINGS = NO
WARN_IF_UNDOCUMENTED = NO
WARN_IF_DOC_ERROR = NO
EOF

step "Step 4 of 4: the site (Sphinx)"
module=$root/build/release/python
if compgen -G "$module/inference_exp/_core.*" >/dev/null; then
  export INFERENCE_EXP_PYTHON_MODULE=$module
else
  echo "The Python module is not built in build/release (scripts/test.sh does it): its classes are not listed."
fi
INFERENCE_EXP_DOXYGEN_XML=$build/doxygen/xml /usr/bin/python3 -m sphinx -q -W --keep-going -n -b html \
  -d "$build/doctrees" "$root/docs" "$build/html"

echo
echo "The site is $build/html/index.html"
