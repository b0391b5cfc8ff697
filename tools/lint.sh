#!/usr/bin/env bash
# Every check that needs no running program. Prints what it finds; says at the end which checks failed.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=()

check() {
    local name=$1 begin=$SECONDS
    shift
    "$@" || failed+=("$name")
    echo "lint: $name, $((SECONDS - begin)) s"
}

formatted() {
    git ls-files 'src/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]' | xargs -r clang-format-14 --dry-run -Werror
}

check format formatted
check text python3 -B tools/check_text.py
check includes python3 -B tools/check_includes.py
check limits python3 -B tools/print_limits.py --check
check analysers python3 -B tools/analyse.py build

if ((${#failed[@]} > 0)); then
    echo "lint: failed: ${failed[*]}"
    exit 1
fi
echo "lint: clean"
