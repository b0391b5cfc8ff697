#!/usr/bin/env bash
# Measures the figures that docs/bench.md explains; prints them as a table and writes build/bench.json.
# Tables and the city that the HTTP figures are measured on stay in build/bench-data; remove it to have them made anew.
set -euo pipefail
cd "$(dirname "$0")/.."
ninja --quiet -C build benchmarks
programs=build/bench data=build/bench-data work=build/bench-work
case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=x64 ;; esac
library=$PWD/node_modules/@duckdb/node-bindings-linux-$architecture/libduckdb.so
# The city is made for these tables and this program; with others it is made anew.
stamp=$(cat src/store/migrations/*.sql src/affairs/fixture.c src/affairs/product/product_fixture.c bench/city_make.c bench/words.h | sha256sum)
[[ $(cat $data/city.stamp 2>/dev/null) == "$stamp" ]] || rm -rf $data/city $data/city.stamp
rm -rf $work
mkdir -p $data $work/{steps,audit,keeper,demo}

{
    if [[ ! -d $data/city ]]; then
        $programs/city_make $data/city "$library"
        echo "$stamp" >$data/city.stamp
    fi
    $programs/http_bench $data/city build/dukou "$library" $programs/floor_http $programs/floor_search
    $programs/steps_bench $work/steps $programs/floor_sqlite
    $programs/audit_bench $work/audit $programs/floor_log
    $programs/data_bench $data $work/keeper "$library" $programs/floor_duckdb
    DUKOU_HOME=$PWD/$work/demo/var build/dukou city >&2
    $programs/idle_bench $work/demo/var build/dukou
} >build/bench.tsv || echo "a measurement broke off; those that were made stand below" >&2

echo
echo "$(date -u +%FT%TZ)  $(nproc) processors, load average $(cut -d' ' -f1-3 /proc/loadavg)"
$programs/report build/bench.json <build/bench.tsv
