#!/usr/bin/env bash
# Installs what is missing, builds the program in four ways and runs the tests of each:
#   build          as it is used
#   build-minimal  without window, BLAS and CUDA
#   build-asan     with AddressSanitizer and UndefinedBehaviorSanitizer
#   build-tsan     with ThreadSanitizer: the tests with threads
# The last line is "N passed, N failed"; the exit status is 0 only when nothing failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. scripts/setup.sh

# shellcheck disable=SC2086  # words on purpose
need_packages build $PACKAGES_BUILD
# shellcheck disable=SC2086
need_packages test $PACKAGES_TEST

# Tests that need MNIST are skipped, and say so, where there is none.
if [ -z "${INKLING_DATA:-}" ]; then
  for place in data/mnist data ../shared/mnist; do
    if compgen -G "$place/train-images*" >/dev/null; then
      INKLING_DATA=$(cd "$place" && pwd)
      export INKLING_DATA
      break
    fi
  done
fi

# run_tests DIRECTORY ARGUMENTS OF MESON TEST...
run_tests() {
  local directory=$1
  shift
  say "Testing $directory"
  rm -f "$directory/meson-logs/testlog.json"
  meson test -C "$directory" --no-rebuild --print-errorlogs "$@" >&2 || true
}

configure build --buildtype=release
stamp_packages
compile build
run_tests build

plain="-Dgui=disabled -Dblas=disabled -Dcuda=disabled"
# shellcheck disable=SC2086
configure build-minimal --buildtype=release -Doptimization=1 $plain
compile build-minimal
run_tests build-minimal --no-suite slow

configure build-asan --buildtype=debug -Doptimization=1 -Db_sanitize=address,undefined \
  -Db_lundef=false -Dgui=disabled -Dcuda=disabled
compile build-asan
ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
  run_tests build-asan --no-suite slow --timeout-multiplier 4

# shellcheck disable=SC2086
configure build-tsan --buildtype=debug -Doptimization=1 -Db_sanitize=thread -Db_lundef=false $plain
compile build-tsan thread-tests
TSAN_OPTIONS=halt_on_error=1 run_tests build-tsan --suite threads --timeout-multiplier 4

python3 scripts/count_tests.py build build-minimal build-asan build-tsan
