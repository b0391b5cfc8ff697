#!/usr/bin/env bash
# Serves the city under ${DUKOU_HOME:-./var}; sets up the demo city there when nothing is there yet.
set -euo pipefail
cd "$(dirname "$0")/.."
export DUKOU_HOME=${DUKOU_HOME:-$PWD/var}

# Cut short, half a city would be served ever after.
unfinished=$DUKOU_HOME/unfinished
if [[ -e $unfinished ]]; then
    echo "演示城市未建完，请删除后重来 the demo city was not finished; remove it and try again:" >&2
    echo "  rm -r '$DUKOU_HOME' '$DUKOU_HOME-sources'" >&2
    exit 1
fi
if [[ ! -e $DUKOU_HOME/dukou.db ]]; then
    echo "建立演示城市 setting up a demo city in $DUKOU_HOME: the nine steps, played once"
    install -d -m 700 "$DUKOU_HOME"
    touch "$unfinished"
    build/dukou city
    rm "$unfinished"
fi

# The demo city's data exchange is a process of its own, and ends with this one.
if [[ -d $DUKOU_HOME/exchange && -z ${DUKOU_EXCHANGE:-} ]]; then
    exec {exchange}< <(exec setpriv --pdeathsig TERM build/dukou exchange --state "$DUKOU_HOME/exchange" --port 0)
    read -r _ DUKOU_EXCHANGE <&"$exchange"
    export DUKOU_EXCHANGE DUKOU_EXCHANGE_TOKEN=$DUKOU_HOME/exchange/platform.token
fi

if [[ -r $DUKOU_HOME/accounts.tsv ]]; then
    echo "可以登录 who can log in, among others (all: $DUKOU_HOME/accounts.tsv):"
    awk -F '\t' '
        BEGIN { split("bureau-clerk hrss-clerk operator-reviewer developer-clerk customer-clerk", some, " ")
                for (i in some) wanted[some[i]] }
        $1 in wanted { printf "  %-18s %-24s  %s\n", $1, $2, $3 }' "$DUKOU_HOME/accounts.tsv"
    echo "  DUKOU_URL=http://127.0.0.1:${DUKOU_PORT:-8080} build/dukou api login bureau-clerk"
fi
exec build/dukou serve
