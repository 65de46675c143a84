#!/bin/sh
# Brings MNIST to where the program finds it. Everything is done by the program itself; this only
# finds it.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
for program in "${INKLING:-}" "$here/../build/inkling" inkling; do
    [ -n "$program" ] && command -v "$program" >/dev/null 2>&1 && exec "$program" data fetch mnist "$@"
done
echo "fetch.sh: the program is not built yet: run ./run.sh once, or set INKLING to its path" >&2
exit 1
