#!/bin/sh
# Runs once, when the database container starts with an empty volume.
set -eu
make_database() {
    psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -v name="$1" -v password="$2" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
SQL
}
make_database intake "$INTAKE_DATABASE_PASSWORD"
make_database routing "$ROUTING_DATABASE_PASSWORD"
make_database registry_sync "$REGISTRY_SYNC_DATABASE_PASSWORD"
make_database notifier "$NOTIFIER_DATABASE_PASSWORD"
