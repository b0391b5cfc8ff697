#!/usr/bin/env bash
# tools/mutate.sh [CLAUSE…]: the table of tools/mutate.py, from a build of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ -f build-mutation/build.ninja ]] || meson setup build-mutation -Dmutation=true >/dev/null
exec python3 -B tools/mutate.py build-mutation "$@"
