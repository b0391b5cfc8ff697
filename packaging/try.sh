#!/usr/bin/env bash
# packaging/try.sh: the package in a clean Debian 12 that holds nothing else: install, found a city, serve, answer, back up,
# upgrade over itself, remove, purge. Needs root and mmdebstrap. Ends with "the package works".
set -euo pipefail
cd "$(dirname "$0")/.."
command -v mmdebstrap >/dev/null || { echo "try-deb: install mmdebstrap first" && exit 1; }
deb=$(readlink -f build/dukou_*_"$(dpkg --print-architecture)".deb)
root=$(mktemp -d /var/tmp/dukou-root.XXXXXX)
serving=
clean() {
    [[ -n $serving ]] && kill "$serving" 2>/dev/null
    umount -l "$root/proc" "$root/dev/shm" 2>/dev/null || true
    rm -rf "$root"
}
trap clean EXIT
step() { echo "== $*"; }

step "a clean Debian 12"
mmdebstrap --quiet --variant=minbase --skip=cleanup/apt/lists,cleanup/apt/cache --include=curl bookworm "$root"
cp "$deb" "$root/dukou.deb"
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev/shm"
in_root() { DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" "$@"; }

step install
in_root apt-get install -y -qq --no-install-recommends /dukou.deb >"$root/install.log" 2>&1 || { cat "$root/install.log"; exit 1; }
in_root dpkg --audit
[[ $(in_root stat -c '%U %a' /var/lib/dukou) == "dukou 700" ]]
in_root dukou help | grep -q serve
in_root dukou-admin init 测试市数据局 11420100MA0000001A | grep -q '^bureau-clerk'

serve() {
    LC_ALL=C chroot "$root" dukou-admin serve >"$root/serve.log" 2>&1 &
    serving=$!
    for _ in $(seq 100); do
        curl -fsS http://127.0.0.1:$port/health 2>/dev/null | grep -q '"ok"' && return
        sleep 0.1
    done
    cat "$root/serve.log"
    exit 1
}
stop() {
    kill "$serving"
    wait "$serving" || true
    serving=
}

step "serve and answer"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -i "s/^DUKOU_PORT=.*/DUKOU_PORT=$port/" "$root/etc/dukou/dukou.conf"
serve
curl -fsS http://127.0.0.1:$port/api/openapi.json | grep -q openapi
curl -fsS http://127.0.0.1:$port/api/catalogue | grep -q items
in_root dukou-admin backup /var/lib/dukou/one | grep -q one
stop
in_root dukou-admin audit verify | grep -q verified
# A chroot forbids user namespaces, and with them those layers that need one; the others must be there.
in_root dukou-admin keys show >"$root/keys.log"
for layer in no_new_privs 'no capabilities' 'seccomp allow-list' 'resource limits'; do
    grep -q "\"$layer\"" "$root/keys.log" || { cat "$root/keys.log"; exit 1; }
done

step "upgrade over itself: settings and city stay"
echo 'DUKOU_THREADS=3' >>"$root/etc/dukou/dukou.conf"
in_root apt-get install -y -qq --reinstall /dukou.deb >"$root/upgrade.log" 2>&1 || { cat "$root/upgrade.log"; exit 1; }
grep -q DUKOU_THREADS=3 "$root/etc/dukou/dukou.conf"
serve
stop
in_root dukou-admin audit verify | grep -q verified

step "remove and purge: the city stays, everything else goes"
in_root apt-get remove -y -qq dukou >/dev/null 2>&1
[[ -f $root/etc/dukou/dukou.conf && ! -e $root/usr/bin/dukou ]]
in_root dpkg --purge dukou 2>"$root/purge.log"
grep -q 'left where it is' "$root/purge.log"
[[ ! -e $root/etc/dukou && ! -e $root/usr/lib/dukou && -f $root/var/lib/dukou/dukou.db ]]
echo "the package works"
