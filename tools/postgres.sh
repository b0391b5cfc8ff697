#!/usr/bin/env bash
# Runs a command with a private PostgreSQL server beside it: tools/postgres.sh COMMAND [ARGUMENT…]
#
# The server lives in a folder of its own under /tmp, listens on a unix socket only, and is gone with its folder when the
# command ends. The command finds it in DUKOU_TEST_STORE, the address of the database "postgres", where it may create
# databases. Under a server that is there already (DUKOU_TEST_STORE is set) it only runs the command.
set -euo pipefail

if [[ -n ${DUKOU_TEST_STORE-} ]]; then
    exec "$@"
fi

programs=${DUKOU_POSTGRES-}
[[ -n $programs ]] || programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[[ -x $programs/initdb ]] || {
    echo "postgres.sh: no initdb in '$programs'; install postgresql-15 or name its folder in DUKOU_POSTGRES" >&2
    exit 1
}

folder=$(mktemp -d /tmp/dukou-postgres-XXXXXX)
as=()
if ((EUID == 0)); then # the server refuses to run as root
    owner=nobody
    id -u postgres >/dev/null 2>&1 && owner=postgres
    chown "$owner" "$folder"
    as=(setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups)
fi

finish() {
    local status=$?
    (cd / && "${as[@]}" "$programs/pg_ctl" stop --silent --mode immediate --pgdata "$folder/data" >/dev/null 2>&1) || true
    rm -rf "$folder"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

complain() {
    cat "$folder"/*.log >&2
    exit 1
}

# fsync stays on, as the store demands it; what a crash would lose is kept small by few checkpoints.
(
    cd /
    "${as[@]}" "$programs/initdb" --pgdata "$folder/data" --username dukou --auth-local trust --auth-host reject --encoding UTF8 \
        --locale C --no-sync >"$folder/initdb.log" 2>&1
) || complain
cat >>"$folder/data/postgresql.conf" <<EOT
listen_addresses = ''
unix_socket_directories = '$folder'
unix_socket_permissions = 0777
max_connections = 300
shared_buffers = 64MB
max_wal_size = 4GB
checkpoint_timeout = 1h
autovacuum = off
log_min_messages = warning
${DUKOU_POSTGRES_SETTINGS-}
EOT
chmod 755 "$folder"
(
    cd /
    "${as[@]}" "$programs/pg_ctl" start --silent --wait --timeout 60 --pgdata "$folder/data" --log "$folder/server.log" >/dev/null 2>&1
) || complain

DUKOU_TEST_STORE="postgresql:///postgres?host=$folder&user=dukou" DUKOU_TEST_SERVER=$folder "$@"
