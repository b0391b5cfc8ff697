#!/usr/bin/env bash
# What calls cost in a city of 10 and 100 times the rows (DUKOU_GROWTH="10 100"): 10,000 entries of the catalogue, 10,000 requests and
# 1,000,000 audit entries times that; restart after a crash, and verification, at the largest. The cities stay in build/bench-data/growth;
# the largest takes some 50 GB and, the first time, a quarter of an hour.
set -uo pipefail
cd "$(dirname "$0")/.."
ninja --quiet -C build benchmarks || exit 1
programs=build/bench data=$PWD/build/bench-data/growth
case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=x64 ;; esac
library=$PWD/node_modules/@duckdb/node-bindings-linux-$architecture/libduckdb.so
mkdir -p "$data"

homes=()
for times in 1 ${DUKOU_GROWTH-10 100}; do
    home=$data/x$times
    homes+=("$home")
    [[ -f $home/bench.json ]] && continue
    rm -rf "$home"
    # Making it is not what is measured: what is synced here is swallowed.
    eatmydata $programs/city_make "$home" "$library" $((10000 * times)) $((10000 * times)) $((1000000 * times)) || exit 1
done
$programs/growth_bench build/dukou "$library" "${homes[@]}" >build/growth.tsv
broken=$?
echo
echo "$(date -u +%FT%TZ)  $(nproc) processors, load average $(cut -d' ' -f1-3 /proc/loadavg)"
$programs/report build/growth.json <build/growth.tsv && ((broken == 0))
