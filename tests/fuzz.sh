#!/usr/bin/env bash
# Fuzzes every reader of bytes from outside (tests/fuzz/) with clang's libFuzzer, AddressSanitizer
# and UndefinedBehaviorSanitizer, one after the other on one core.
#
#   tests/fuzz.sh MINUTES [TARGET...]     minutes in all, divided among the targets
#   tests/fuzz.sh COUNTx [TARGET...]      so many executions of each, however long that takes
#   tests/fuzz.sh coverage                lines of the readers that the inputs found so far reach
#   tests/fuzz.sh total                   executions of all calls so far in this checkout
#
# What is found to be new stays in build-fuzz/corpus/TARGET and is where the next call begins. Prints
# executions and covered edges of each; the exit status is 1 when something was found: the input lies
# in build-fuzz/found, and belongs into tests/fuzz/regressions/TARGET when it has been mended.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
# Not what plays a lesson, changes the history or holds a drawing: their bytes have been read by then.
readers='src/(dataset/(idx|packed)|formats/(bag_|border|format|infer|meta|onnx_|onnx[.]c|pickle|pth|safe|tensor|zip)|graph/|ink/(strokes_file|picture)|nn/(spec|plan|layers)|train/(config|options|run_state)|app/(picture_io|prefs)|history/(store[.]|store_read|sql)|panels/lesson_)[a-z_0-9]*[.]?c'

build() { # DIRECTORY TARGET OPTIONS...
  local directory=$1 target=$2
  shift 2
  [ -f "$directory/build.ninja" ] ||
    CC=clang meson setup "$directory" -Doptimization=2 -Ddebug=true -Db_lundef=false \
      -Dcuda=disabled "$@" >&2
  ninja -C "$directory" "$target" >&2
}

coverage() {
  local at=build-cover name programs=()
  build $at fuzzers -Dc_args='-fprofile-instr-generate -fcoverage-mapping' \
    -Dc_link_args='-fprofile-instr-generate'
  for program in $at/tests/fuzz/fuzz_*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    name=${program##*/fuzz_}
    LLVM_PROFILE_FILE=$at/$name.profraw "$program" "$at/tests/fuzz/seeds/$name" \
      "build-fuzz/corpus/$name" "tests/fuzz/regressions/$name" >/dev/null ||
      echo "$name did not read all of its inputs" >&2 # a fuzzer may be at work on them
    programs+=(-object "$program")
  done
  llvm-profdata merge -o $at/all.profdata $at/*.profraw
  llvm-cov report "${programs[@]:1}" -instr-profile=$at/all.profdata | grep -E "$readers" |
    awk '{ all += $8; missed += $9; printf "%-40s %5d lines, %s\n", $1, $8, $10 }
         END { printf "all %d lines of the readers: %.1f %%\n", all, 100 * (all - missed) / all }'
}

total() {
  awk '{ runs[$1] += $2; all += $2 }
       END { for (name in runs) printf "%-14s %12d\n", name, runs[name] | "sort"
             close("sort"); printf "%-14s %12d\n", "all", all }' build-fuzz/executions.txt
}

case "${1:-}" in coverage | total) "$1"; exit ;; esac
much=${1:?"usage: tests/fuzz.sh MINUTES | COUNTx [TARGET...] | coverage | total"}
shift
build build-fuzz fuzzers -Dfuzz=true -Db_sanitize=address,undefined
targets=("$@")
if [ $# -eq 0 ]; then
  for seeds in build-fuzz/tests/fuzz/seeds/*/; do
    [ ! -x "build-fuzz/tests/fuzz/fuzz_$(basename "$seeds")" ] || targets+=("$(basename "$seeds")")
  done
fi
case "$much" in
  *x) limit=-runs=${much%x} ;;
  *) limit=-max_total_time=$((much * 60 / ${#targets[@]})) ;;
esac
mkdir -p build-fuzz/found build-fuzz/logs
found=0 all=0
printf '%-14s %12s %10s %8s %8s\n' target executions per-second edges inputs
for name in "${targets[@]}"; do
  log=build-fuzz/logs/$name.txt
  mkdir -p "build-fuzz/corpus/$name"
  places=("build-fuzz/corpus/$name" "build-fuzz/tests/fuzz/seeds/$name")
  [ ! -d "tests/fuzz/regressions/$name" ] || places+=("tests/fuzz/regressions/$name")
  if ! "build-fuzz/tests/fuzz/fuzz_$name" "$limit" -max_len=8192 -timeout=120 \
    -rss_limit_mb=3000 -malloc_limit_mb=3000 -print_final_stats=1 \
    -artifact_prefix="build-fuzz/found/$name-" "${places[@]}" >"$log" 2>&1; then
    echo "$name: something was found, see $log"
    found=$((found + 1))
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  all=$((all + ${runs:-0}))
  echo "$name ${runs:-0}" >>build-fuzz/executions.txt
  printf '%-14s %12s %10s %8s %8s\n' "$name" "${runs:-0}" \
    "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log" | tail -1)" \
    "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)" \
    "$(find "build-fuzz/corpus/$name" -type f | wc -l)"
done
echo "$all executions, $found targets with something found"
[ "$found" -eq 0 ]
