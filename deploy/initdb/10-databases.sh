#!/bin/bash
# Run once by the postgres image on an empty volume: the two databases, each of a role of its own that sees no other.
set -euo pipefail

make_database() {
    psql --username "${POSTGRES_USER:-postgres}" --dbname postgres --no-psqlrc --quiet \
        --set ON_ERROR_STOP=1 --set name="$1" --set password="$2" <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name" encoding 'UTF8';
revoke all on database :"name" from public;
SQL
}

make_database kzmonitor "${KZMONITOR_DB_PASSWORD:?}"
make_database airflow "${AIRFLOW_DB_PASSWORD:?}"
