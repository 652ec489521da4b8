#!/bin/sh
# Starts a command with its secrets in its environment: a file named like a variable holds its value.
# So no secret stands in a compose file, in a unit, in `docker inspect` or in a list of processes.
set -eu
for file in "${SECRETS_DIR:-/run/secrets}"/*; do
    [ -s "$file" ] || continue # an empty file is a secret that is not set
    name=$(basename "$file")
    value=$(cat "$file")
    export "$name=$value"
done
exec "$@"
