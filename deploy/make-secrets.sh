#!/bin/sh
# Makes the secrets that deploy/compose.yaml mounts, in deploy/secrets, once: what is there is never changed.
# Postgres or Redis elsewhere?  POSTGRES_AT=db.internal:5432 REDIS_AT=redis.internal:6379 deploy/make-secrets.sh
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets
cd secrets

random() { head -c 32 /dev/urandom | base64 | tr -d '/+=\n' | cut -c1-32; }
keep() { [ -e "$1" ] || printf '%s' "$2" > "$1"; }

for name in postgres_password closeloop_password prefect_password redis_password closeloop_secret; do
    keep "$name" "$(random)"
done
keep prefect_auth "supervisor:$(random)"
keep prefect_process_auth "closeloop:$(random)"
keep smtp_url ""

postgres=${POSTGRES_AT:-postgres:5432}
redis=${REDIS_AT:-redis:6379}
keep closeloop_database_url "postgresql://closeloop:$(cat closeloop_password)@$postgres/closeloop"
keep prefect_database_url "postgresql+asyncpg://prefect:$(cat prefect_password)@$postgres/prefect"
keep redis_url "redis://:$(cat redis_password)@$redis/0"
chmod 0444 ./* # the containers read them as another user; the folder itself is closed
