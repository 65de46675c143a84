#!/usr/bin/env bash
# Installs what is missing, builds the program in three ways and runs the tests of each:
#   build          as it is used, but for the CUDA module: nvcc takes minutes, and without a GPU
#                  there is nothing in it to test (tests/cuda_device.sh does that on one)
#   build-asan     without window, BLAS and CUDA, with AddressSanitizer and
#                  UndefinedBehaviorSanitizer
#   build-tsan     the same with ThreadSanitizer: the tests with threads
# The last line is "N passed, N failed"; the exit status is 0 only when nothing failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. scripts/setup.sh
trap '[ -n "${counted:-}" ] || { echo "0 passed, 1 failed"; exit 1; }' EXIT

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

# A variant that cannot be built leaves no log, which counts as a failure; the others still run.
#   variant DIRECTORY TARGETS OPTIONS_OF_MESON_TEST OPTIONS_OF_MESON...
directories=
variant() {
  local directory=$1 targets=$2 choice=$3 begun=$SECONDS
  shift 3
  directories="$directories $directory"
  rm -f "$directory/meson-logs/testlog.json"
  # shellcheck disable=SC2086  # words on purpose
  if (configure "$directory" "$@" && compile "$directory" $targets); then
    say "$directory: built in $((SECONDS - begun)) s"
    begun=$SECONDS
    # shellcheck disable=SC2086
    meson test -C "$directory" --no-rebuild --print-errorlogs $choice >&2 || true
    say "$directory: tested in $((SECONDS - begun)) s"
  fi
}

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1

variant build "" "--no-suite hostile" --buildtype=release -Dcuda=disabled
stamp_packages
bare="-Dgui=disabled -Dblas=disabled -Dcuda=disabled"
# Places in reports, without what a debugger would need beside: that compiles faster.
watched="$bare -Doptimization=1 -Ddebug=false -Dc_args=-g1 -Db_lundef=false"
# shellcheck disable=SC2086
variant build-asan "" "--no-suite once --timeout-multiplier 4" $watched \
  -Db_sanitize=address,undefined
# shellcheck disable=SC2086
variant build-tsan thread-tests "--suite threads --timeout-multiplier 4" $watched \
  -Db_sanitize=thread

counted=1
# shellcheck disable=SC2086
python3 scripts/count_tests.py $directories
