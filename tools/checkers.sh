#!/usr/bin/env bash
# Second opinions that take long: ThreadSanitizer over the unit tests and over a served city under load, Valgrind over the
# unit tests of what parses and counts. checkers.sh [tsan|valgrind]…; part of `make test-long`.
set -uo pipefail
cd "$(dirname "$0")/.."
export DUKOU_SOURCE=$PWD CMOCKA_MESSAGE_OUTPUT=TAP
case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=x64 ;; esac
library=$PWD/node_modules/@duckdb/node-bindings-linux-$architecture/libduckdb.so
failed=0

# Reports of ThreadSanitizer end the program with 66.
tsan() {
    export TSAN_OPTIONS=halt_on_error=1:exitcode=66:second_deadlock_stack=1
    tools/build.sh build-tsan -Db_sanitize=thread -Db_lundef=false -Dwerror=false || return 1
    ninja --quiet -C build benchmarks || return 1
    meson test -C build-tsan --no-rebuild --no-suite plain --no-suite fuzz --timeout-multiplier 20 || return 1
    local home=$PWD/build-tsan/load
    rm -rf "$home"
    mkdir "$home"
    for city in x1 x2; do
        build/bench/city_make "$home/$city" "$library" 1000 1000 10000 2>>"$home/log" || return 1
    done
    # Reads, durable steps and metered calls at once; then more than it can do.
    build/bench/growth_bench build-tsan/dukou "$library" "$home/x1" "$home/x2" >>"$home/log" 2>&1 &&
        build/bench/overload_bench "$home/x1" build-tsan/dukou "$library" >>"$home/log" 2>&1
    if grep -q 'ThreadSanitizer' "$home/log"; then
        grep -A40 -m1 'ThreadSanitizer' "$home/log"
        return 1
    fi
}

# The unit tests that fork, jail or measure time stay out: Valgrind is neither a jail's nor a clock's friend.
valgrind_tests() {
    tools/build.sh build || return 1
    local status=0
    for test in base store workflow vault engine audit; do
        valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --child-silent-after-fork=yes \
            "build/src/$test/${test}_test" >"build/valgrind-$test.log" 2>&1 || {
            tail -40 "build/valgrind-$test.log"
            status=1
        }
    done
    return $status
}

for what in "${@:-tsan valgrind}"; do
    for one in $what; do
        case $one in tsan) tsan ;; valgrind) valgrind_tests ;; esac && echo "ok - $one clean" || {
            echo "not ok - $one"
            failed=1
        }
    done
done
exit $failed
