#!/usr/bin/env bash
# packaging/postgres-try.sh: the replication of docs/production.md on one machine: a primary, a synchronous standby made by
# pg_basebackup, WAL archived; writes, the primary killed, the standby promoted, and every acknowledged row counted; then a
# restore of the base backup with the archive, to the end. Needs PostgreSQL 15 and, as root, the user postgres. Ends with
# "replication and restore work".
set -euo pipefail
bin=${PG_BIN:-/usr/lib/postgresql/15/bin}
base=$(mktemp -d /var/tmp/dukou-pg.XXXXXX)
as_postgres() { if ((EUID == 0)); then setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else "$@"; fi; }
((EUID == 0)) && chown postgres "$base"
chmod 700 "$base"
clean() {
    for node in primary standby restored; do
        [[ -f $base/$node/postmaster.pid ]] && as_postgres "$bin/pg_ctl" -D "$base/$node" -m immediate stop >/dev/null 2>&1
    done
    rm -rf "$base"
}
trap clean EXIT
cd "$base"
sql() { local port=$1; shift; as_postgres "$bin/psql" -X -q -At -h "$base" -p "$port" -d postgres -c "$@"; }
start() { as_postgres "$bin/pg_ctl" -D "$base/$1" -l "$base/$1.log" -w start >/dev/null || { cat "$base/$1.log"; exit 1; }; }

echo "== primary"
as_postgres "$bin/initdb" -D "$base/primary" --data-checksums --auth-local=peer --auth-host=scram-sha-256 -U postgres >/dev/null
as_postgres mkdir "$base/archive"
as_postgres tee -a "$base/primary/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$base'
port = 7601
wal_level = replica
max_wal_senders = 5
wal_keep_size = '256MB'
archive_mode = on
archive_command = 'test ! -f $base/archive/%f && cp %p $base/archive/%f.part && sync $base/archive/%f.part && mv $base/archive/%f.part $base/archive/%f'
synchronous_commit = on
CONF
start primary
sql 7601 "CREATE TABLE tried (id bigint PRIMARY KEY, text text)"

echo "== standby"
as_postgres "$bin/pg_basebackup" -h "$base" -p 7601 -D "$base/standby" -R -C -S standby_1 -X stream -c fast
as_postgres "$bin/pg_verifybackup" -q "$base/standby"
as_postgres tee -a "$base/standby/postgresql.conf" >/dev/null <<CONF
port = 7602
archive_mode = off
CONF
as_postgres sed -i "s/host=/application_name=standby_1 host=/; s/'user=/'application_name=standby_1 user=/" "$base/standby/postgresql.auto.conf"
start standby
sql 7601 "ALTER SYSTEM SET synchronous_standby_names = 'standby_1'" && sql 7601 "SELECT pg_reload_conf()" >/dev/null
for _ in $(seq 50); do
    [[ $(sql 7601 "SELECT sync_state FROM pg_stat_replication") == sync ]] && break
    sleep 0.1
done
[[ $(sql 7601 "SELECT sync_state FROM pg_stat_replication") == sync ]]

echo "== base backup, with the archive from here on"
as_postgres "$bin/pg_basebackup" -h "$base" -p 7601 -D "$base/backup" -X none -c fast
sql 7601 "INSERT INTO tried SELECT g, 'row ' || g FROM generate_series(1, 10000) g"
sql 7601 "SELECT pg_switch_wal()" >/dev/null

echo "== the primary dies under load, the standby is promoted"
(for i in $(seq 10001 11000); do sql 7601 "INSERT INTO tried VALUES ($i, 'x')" >/dev/null 2>&1 || exit 0; echo "$i" >>"$base/acknowledged"; done) &
writer=$!
until [[ -f $base/acknowledged ]] && (($(wc -l <"$base/acknowledged") > 20)); do sleep 0.05; done
as_postgres "$bin/pg_ctl" -D "$base/primary" -m immediate stop >/dev/null
wait $writer || true
as_postgres "$bin/pg_ctl" -D "$base/standby" -w promote >/dev/null
last=$(tail -1 "$base/acknowledged")
found=$(sql 7602 "SELECT count(*) FROM tried WHERE id <= $last")
echo "acknowledged up to $last; on the promoted standby: $found"
[[ $found == "$last" ]]
sql 7602 "INSERT INTO tried VALUES (0, 'after')"

echo "== the base backup and the archive give what was archived"
as_postgres cp -a "$base/backup" "$base/restored"
as_postgres tee -a "$base/restored/postgresql.conf" >/dev/null <<CONF
port = 7603
archive_mode = off
synchronous_standby_names = ''
restore_command = 'cp $base/archive/%f %p'
CONF
as_postgres sed -i '/synchronous_standby_names/d' "$base/restored/postgresql.auto.conf"
as_postgres touch "$base/restored/recovery.signal"
start restored
for _ in $(seq 100); do
    [[ $(sql 7603 "SELECT pg_is_in_recovery()") == f ]] && break
    sleep 0.1
done
[[ $(sql 7603 "SELECT count(*) FROM tried WHERE id BETWEEN 1 AND 10000") == 10000 ]]
echo "replication and restore work"
