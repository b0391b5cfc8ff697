#!/usr/bin/env bash
# Runs every test and closes with one line: N passed, N failed, N skipped.
#
# Unit tests run under AddressSanitizer and UBSan from build-asan; those of the Meson suite "plain" (jail, engine,
# crash: they set memory limits or trace system calls, which the sanitizers do not survive) run from build.
# Everything that touches a store runs a second time in PostgreSQL (suite "postgresql", tools/postgres.sh).
# Then each check that a clause rests on is taken out, to see a test of the clause fail (tools/mutate.py), and the
# black-box tests under tests/ are run. DUKOU_TEST_LONG=1 lets tests take their time.
set -uo pipefail
cd "$(dirname "$0")/.."
export DUKOU_SOURCE=$PWD CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

give_up() {
    echo "$1"
    echo "0 passed, 1 failed"
    exit 1
}

# The plain build judges warnings; GCC's sanitizers make it warn of things that cannot happen.
tools/build.sh build || give_up "the build failed"
tools/build.sh build-asan -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=false ||
    give_up "the build with sanitizers failed"

[[ -f build-mutation/build.ninja ]] || meson setup build-mutation -Dmutation=true >/dev/null ||
    give_up "the build with checks to take out failed"

export DUKOU_ATTACKS=$PWD/build/attacks
rm -rf "$DUKOU_ATTACKS"
mkdir -p "$DUKOU_ATTACKS"

rm -f build-mutation/meson-logs/testlog.json build/meson-logs/testlog.json build-asan/meson-logs/testlog.json build{,-asan}/black-box.log build{,-asan}/black-box.status
patience=()
[[ -n ${DUKOU_TEST_LONG-} ]] && patience=(--timeout-multiplier 20)
meson test -C build-asan --no-rebuild --no-suite plain "${patience[@]}"
meson test -C build --no-rebuild --suite plain "${patience[@]}"
meson test -C build-mutation --no-rebuild mutation "${patience[@]}"

if [[ -f tests/package.json ]]; then
    npm --prefix tests test </dev/null 2>&1 | tee build/black-box.log
    echo "${PIPESTATUS[0]}" >build/black-box.status
fi
# What a city does over HTTP and what a kill, a restore and a forger can do to it, in PostgreSQL. With SQLite alone stay:
# api/upgrade (undoes migrations in the file), crash/inject and crash/limits (fail calls on the file, fill its disk), api/package (installs
# the default), attack/load, requests and smuggling (end before the store). api/twins_postgres and crash/postgres_faults start servers
# of their own.
if [[ -f tests/package.json ]]; then
    env -u DUKOU_ATTACKS tools/postgres.sh npm --prefix tests run test:postgresql </dev/null 2>&1 | tee build-asan/black-box.log
    echo "${PIPESTATUS[0]}" >build-asan/black-box.status
fi
# The page of attacks names just those that this run tried and saw stopped.
python3 -B tools/report_attacks.py "$DUKOU_ATTACKS" --check || echo 1 >build/black-box.status
folders=(build-asan build build-mutation)
if [[ -n ${DUKOU_TEST_LONG-} ]]; then
    rm -f build-fuzz/meson-logs/testlog.json
    DUKOU_FUZZ_SECONDS=${DUKOU_FUZZ_SECONDS-600} tools/fuzz.sh
    folders+=(build-fuzz)
    tools/checkers.sh || echo 1 >build/black-box.status
fi
exec python3 -B tools/count_tests.py "${folders[@]}"
