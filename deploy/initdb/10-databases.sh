#!/bin/bash
# Run once by the postgres image on an empty volume: the two databases, each of an owner that sees no other, and the
# logins of the parts of kzmonitor, whose rights `kzmonitor db roles --apply` settles (kzmonitor/store/roles.py).
set -euo pipefail

run() {
    psql --username "${POSTGRES_USER:-postgres}" --dbname postgres --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@"
}

make_database() {
    run --set name="$1" --set password="$2" <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name" encoding 'UTF8';
revoke all on database :"name" from public;
SQL
}

make_login() {
    run --set name="$1" --set password="$2" <<'SQL'
create role :"name" login password :'password';
SQL
    for role in "${@:3}"; do
        run --set name="$1" --set role="$role" <<'SQL'
grant :"role" to :"name";
SQL
    done
}

make_database kzmonitor "${KZMONITOR_DB_PASSWORD:?}"
make_database airflow "${AIRFLOW_DB_PASSWORD:?}"

for role in collect understand web erase read; do
    run --set name="kzmonitor_$role" <<'SQL'
create role :"name" nologin;
SQL
done
# Tasks of every kind (the scheduler, and workers that understand and send); fetching alone; the desk.
make_login kzmonitor_tasks "${KZMONITOR_TASKS_DB_PASSWORD:?}" kzmonitor_collect kzmonitor_understand
make_login kzmonitor_fetch "${KZMONITOR_FETCH_DB_PASSWORD:?}" kzmonitor_collect
make_login kzmonitor_desk "${KZMONITOR_DESK_DB_PASSWORD:?}" kzmonitor_web kzmonitor_erase
