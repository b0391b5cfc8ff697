#!/usr/bin/env bash
# Serves the city under ${DUKOU_HOME:-./var}; sets up the demo city there when nothing is there yet.
set -euo pipefail
cd "$(dirname "$0")/.."
export DUKOU_HOME=${DUKOU_HOME:-$PWD/var}
build/dukou city
exec build/dukou serve
