#!/usr/bin/env bash
# packaging/deb.sh [FILE]: makes FILE, or build/dukou_VERSION_ARCH.deb, of build/dukou, libduckdb.so, calendar, units, settings and docs.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n "s/^ *version: '\(.*\)',$/\1/p" meson.build | head -1)
architecture=$(dpkg --print-architecture)
case $architecture in
    amd64) npm=x64 ;;
    arm64) npm=arm64 ;;
    *) echo "deb: no libduckdb.so for $architecture" && exit 1 ;;
esac
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y meson.build)
export SOURCE_DATE_EPOCH
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
tree=$root/dukou
umask 022

install -D -m 0755 build/dukou "$tree/usr/bin/dukou"
install -D -m 0755 packaging/deb/dukou-admin "$tree/usr/sbin/dukou-admin"
install -D -m 0644 "node_modules/@duckdb/node-bindings-linux-$npm/libduckdb.so" "$tree/usr/lib/dukou/libduckdb.so"
install -D -m 0644 node_modules/chinese-days/dist/chinese-days.json "$tree/usr/share/dukou/chinese-days.json"
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$tree/usr/bin/dukou"
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$tree/usr/lib/dukou/libduckdb.so"
install -D -m 0640 packaging/deb/dukou.conf "$tree/etc/dukou/dukou.conf"
for unit in dukou dukou-keeper; do
    install -D -m 0644 "packaging/systemd/$unit.service" "$tree/lib/systemd/system/$unit.service"
done
install -D -m 0644 packaging/prometheus/dukou.rules.yml "$tree/usr/share/dukou/prometheus/dukou.rules.yml"
doc=$tree/usr/share/doc/dukou
install -D -m 0644 packaging/deb/copyright "$doc/copyright"
install -D -m 0644 packaging/deb/lintian-overrides "$tree/usr/share/lintian/overrides/dukou"
install -m 0644 docs/*.md "$doc/"
install -d "$tree/usr/share/man/man1" "$tree/usr/share/man/man8"
build/dukou man >"$tree/usr/share/man/man1/dukou.1"
printf '.TH DUKOU-ADMIN 8\n.SH NAME\ndukou-admin \\- run dukou with the user and the settings of its service\n.SH SYNOPSIS\n.B dukou-admin\n.I COMMAND ...\n.SH DESCRIPTION\nReads /etc/dukou/dukou.conf and runs dukou(1) as the user dukou.\n.SH SEE ALSO\ndukou(1)\n' \
    >"$tree/usr/share/man/man8/dukou-admin.8"
printf 'dukou (%s) unstable; urgency=medium\n\n  * See the history of the repository.\n\n -- Dukou <dukou@localhost.localdomain>  %s\n' "$version" \
    "$(date -R -u -d "@$SOURCE_DATE_EPOCH")" >"$doc/changelog"
gzip -9n "$doc/changelog" "$tree"/usr/share/man/man?/*

mkdir -p "$root/debian" "$tree/DEBIAN"
printf 'Source: dukou\n\nPackage: dukou\nArchitecture: any\n' >"$root/debian/control"
depends=$(cd "$root" && dpkg-shlibdeps -O dukou/usr/bin/dukou dukou/usr/lib/dukou/libduckdb.so 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
cat >"$tree/DEBIAN/control" <<CONTROL
Package: dukou
Version: $version
Architecture: $architecture
Maintainer: Dukou <dukou@localhost.localdomain>
Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f1)
Depends: $depends, adduser
Section: net
Priority: optional
Description: authorised operation of a city's public data
 Dukou lets companies work on a city's public data without letting the data
 out: agreements, rooms with checked queries, review before anything leaves,
 metering, and an audit log that anybody can verify.
CONTROL
echo /etc/dukou/dukou.conf >"$tree/DEBIAN/conffiles"
install -m 0755 packaging/deb/postinst packaging/deb/prerm packaging/deb/postrm "$tree/DEBIAN/"
(cd "$tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
find "$tree" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
deb=${1:-build/dukou_${version}_$architecture.deb}
# Not compressed where only its contents are looked at.
compression=(-Zxz -z1)
[[ -n ${DUKOU_DEB_PLAIN-} ]] && compression=(-Znone)
dpkg-deb --root-owner-group "${compression[@]}" --build "$tree" "$deb" >/dev/null
echo "$deb"
