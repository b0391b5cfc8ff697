#!/usr/bin/env bash
# Measures the figures that docs/bench.md explains; prints them as a table and writes build/bench.json.
# Tables and the city that the HTTP figures are measured on stay in build/bench-data; remove it to have them made anew.
set -uo pipefail
cd "$(dirname "$0")/.."
ninja --quiet -C build benchmarks || exit 1
programs=build/bench data=build/bench-data work=build/bench-work
case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=x64 ;; esac
library=$PWD/node_modules/@duckdb/node-bindings-linux-$architecture/libduckdb.so
rm -rf $work
mkdir -p $data $work/{steps,audit,keeper,demo}

# Some other tables or fixtures, another city.
stamp=$(cat src/store/migrations/*.sql src/affairs/fixture.c src/affairs/product/product_fixture.c bench/city_make.c \
    bench/city_fill.c bench/log_fill.c bench/words.h | sha256sum)
if [[ $(cat $data/city.stamp 2>/dev/null) != "$stamp" ]]; then
    rm -rf $data/city
    eatmydata $programs/city_make $data/city "$library" 1000000 1000 0 && echo "$stamp" >$data/city.stamp
fi
export DUKOU_HOME=$PWD/$work/demo/var
build/dukou city >$work/demo/log 2>&1 || tail -5 $work/demo/log >&2

broken=0
measure() {
    "$programs/$1" "${@:2}" || {
        echo "$1 broke off" >&2
        broken=1
    }
}
before=$(cut -d' ' -f1-3 /proc/loadavg)
{
    measure http_bench $data/city build/dukou "$library" $programs/floor_http $programs/floor_search
    measure overload_bench $data/city build/dukou "$library" 2>$work/overload.log
    measure steps_bench $work/steps $programs/floor_sqlite
    mkdir -p $work/stores && tools/postgres.sh $programs/steps_bench $work/stores stores || broken=1
    measure audit_bench $work/audit $programs/floor_log "$library"
    measure data_bench $data $work/keeper "$library" $programs/floor_duckdb
    measure idle_bench "$DUKOU_HOME" build/dukou
} >build/bench.tsv

echo
echo "$(date -u +%FT%TZ)  $(nproc) processors, load average before $before, after $(cut -d' ' -f1-3 /proc/loadavg)"
$programs/report build/bench.json <build/bench.tsv && ((broken == 0))
status=$?
rm -rf $work
exit $status
