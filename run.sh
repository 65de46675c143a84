#!/usr/bin/env bash
# Installs what is missing, builds the program and starts it with the arguments given:
#   ./run.sh                  the window
#   ./run.sh train --help     the command line
set -euo pipefail
started_in=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"
. scripts/setup.sh

# shellcheck disable=SC2086  # words on purpose
need_packages build $PACKAGES_BUILD
configure build --buildtype=release -Dcuda=auto
stamp_packages
compile build program

program=$PWD/build/inkling
cd "$started_in"
exec "$program" "$@"
