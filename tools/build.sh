#!/usr/bin/env bash
# tools/build.sh FOLDER [MESON OPTION…]: sets the build folder up when it is new, and builds what has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
shift
[[ -f $folder/build.ninja ]] || meson setup "$folder" "$@" >"$folder.log" 2>&1 || {
    cat "$folder.log"
    exit 1
}
rm -f "$folder.log"
ninja --quiet -C "$folder" | sed '/no work to do/d'
