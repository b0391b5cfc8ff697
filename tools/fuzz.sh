#!/usr/bin/env bash
# Drives every fuzz target (tests/fuzz/) for DUKOU_FUZZ_SECONDS each, under ASan and UBSan: fuzz.sh [TARGET…]
set -euo pipefail
cd "$(dirname "$0")/.."
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
CC=clang-14 tools/build.sh build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=false
names=()
for target in "$@"; do names+=("fuzz $target"); done
exec meson test -C build-fuzz --no-rebuild --suite fuzz --print-errorlogs "${names[@]}"
