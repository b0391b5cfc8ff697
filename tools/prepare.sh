#!/usr/bin/env bash
# Installs what is missing, and only that: Debian packages of packages.txt, npm packages of this folder's lock file and of the
# folders named: prepare.sh [FOLDER…].
# A package counts as there when dpkg knows it or when a command of its name is on the path.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
installed=" $(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" {print $1}' | tr '\n' ' ')"
while read -r name; do
    [[ $installed == *" $name "* ]] || command -v "$name" >/dev/null || missing+=("$name")
done < <(grep -v '^#' packages.txt)

if ((${#missing[@]} > 0)); then
    echo "installing: ${missing[*]}"
    as_root=()
    ((EUID == 0)) || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
fi

# npm ci, but only when the lock file is another than the one last installed.
for folder in . "$@"; do
    lock=$folder/package-lock.json
    [[ -f $lock ]] || continue
    cmp -s "$lock" "$folder/node_modules/.dukou-lock.json" && continue
    echo "installing the npm packages of $lock"
    npm --prefix "$folder" ci --no-audit --no-fund --loglevel=error </dev/null
    cp "$lock" "$folder/node_modules/.dukou-lock.json"
done
