#!/usr/bin/env bash
# Everything about the CUDA back end that needs a GPU, in one call, for a machine that has little
# else:
#
#   tests/cuda_device.sh build             here or there: build-cuda/ (nvcc, a C compiler, Meson)
#   tests/cuda_device.sh DIRECTORY [STEP ...]
#
# runs the steps named (default: all, in this order: what matters most first, in case time runs out),
# STEP_SECONDS [150] each at most, goes on after one that fails, and leaves in DIRECTORY
# summary.txt, a line for each, and log.txt, all that they said, the machine first:
#   check      each operation against the plain C oracle; which one is wrong stands in its FAILED line
#   plain      the same without graphs and overlap, if that failed: are those to blame?
#   epoch      an epoch of lenet5, here and on the CPU: the same accuracy; twice: the same bits
#   bench      epochs of each preset by the device's own clock: medians, shares of its limits
#   cold       99 % from a cold process, timed, twice
#   training   gradient checks, 20 steps of every optimizer, steps handed over in advance
#   torch      PyTorch on the same GPU, eager and as a captured graph, if it is installed
#   kernels    each operation alone, timed
#   memcheck racecheck synccheck initcheck    compute-sanitizer on a part of `check`, if installed
# With TOTAL_SECONDS in the environment, steps for which that leaves no time are left out. Exit status
# 77 where there is no GPU. What was built on another machine, with a C library that is not newer, can
# be carried over: build-cuda/inkling, build-cuda/lib (the libraries it needs), build-cuda/tests/check_*
# and build-cuda/kernels/cuda/inkling-cuda.so; cuBLAS and the driver must be there. Where zlib and cJSON
# cannot be built with, `build` leaves the program out: check, plain, kernels and the sanitizer's steps
# do without. GPU_ARCH in the environment: what nvcc compiles for (`build`: all-major; when it has to be
# built first: native); INKLING_DATA: MNIST; TRAIN_MORE: options for `epoch` and `cold`, for trying this
# script out.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
build="build-cuda"

configure() { # "$@": more options
  rm -rf $build
  meson setup $build --buildtype=release -Dblas=disabled -Dcuda=enabled \
    -Dgpu_arch="${GPU_ARCH:-all-major}" "$@"
}

# The libraries are found beside the program by its own path: with LD_LIBRARY_PATH others, such as
# PyTorch's Python, would get them too.
build() {
  if [ ! -f $build/build.ninja ]; then
    # shellcheck disable=SC2016 # $ORIGIN is for the loader
    configure -Dgui=disabled -Donnx=disabled -Dhistory=disabled \
      -Dc_link_args='-Wl,--disable-new-dtags,-rpath,$ORIGIN/lib:$ORIGIN/../lib' ||
      configure -Dbare=true || return
  fi
  ninja -C $build tests/check_kernels kernels/cuda/inkling-cuda.so || return
  ninja -C $build -t query inkling >/dev/null 2>&1 || return 0
  ninja -C $build inkling tests/check_training && mkdir -p $build/lib && ldd $build/inkling |
    awk '$3 ~ "^/" && $1 !~ /^(libc|libm|libdl|libpthread|librt)\.so/ { print $3 }' |
    xargs -r cp -L -t $build/lib
}

[ $# -ge 1 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2; }
if [ "$1" = build ]; then
  build
  exit
fi

out=$1
shift
mkdir -p "$out" || exit
out=$(cd "$out" && pwd)
summary=$out/summary.txt
log=$out/log.txt
now=$out/now.txt
[ $# -gt 0 ] ||
  set -- check plain epoch bench cold training torch kernels memcheck racecheck synccheck initcheck

if [ -z "${INKLING_DATA:-}" ]; then
  for place in shared/mnist data/mnist ../shared/mnist; do
    if compgen -G "$place/train-images*" >/dev/null; then
      INKLING_DATA=$(cd "$place" && pwd)
      break
    fi
  done
fi
data=()
if [ -n "${INKLING_DATA:-}" ]; then
  export INKLING_DATA
  data=(--data "$INKLING_DATA")
fi
read -ra more <<<"${TRAIN_MORE:-}"

say() { printf '%s\n' "$*" | tee -a "$summary"; }
skip() {
  echo "SKIPPED: $*"
  return 77
}

# ---- the steps ----------------------------------------------------------------------------------

check() {
  for seed in 1 2 3; do
    $build/tests/check_kernels --backend=cuda --seed $seed || return
  done
}

plain() {
  ! grep -q '^check *passed' "$summary" || { skip "nothing to look for"; return; }
  INKLING_CUDA_PLAIN=1 check
}

have_program() {
  [ -x $build/inkling ] || skip "$build/inkling is not there"
}

training() {
  have_program || return
  $build/tests/check_training --backend=cuda --seed 1 && $build/tests/check_training --backend=cuda
}

# Gives the test accuracy of an epoch of lenet5 on device $1; the weights go to $2.
lenet5() {
  $build/inkling train --preset lenet5 --epochs 1 --device "$1" --save "$2" --forget --json \
    "${data[@]}" "${more[@]}" | sed -n 's/.*"test_accuracy": *\([0-9.e-]*\).*/\1/p' | tail -1
}

# The record at the head of a file has the seconds in it; the weights lie behind that.
weights() {
  tail -c "+$((9 + $(od -An -tu8 -N8 "$1")))" "$1"
}

epoch() {
  local cpu gpu files
  have_program || return
  files=$(mktemp -d) || return
  gpu=$(lenet5 cuda "$files/first.safetensors") || return
  cpu=$(lenet5 cpu "$files/cpu.safetensors") || return
  lenet5 cuda "$files/second.safetensors" >/dev/null || return
  # Test accuracies of one epoch from different roundings differ by a few images in 10,000; three
  # standard deviations of the difference of two such counts near 98.5 % are 0.5 %.
  awk -v a="$gpu" -v b="$cpu" 'BEGIN { d = a - b; if (d < 0) d = -d;
    exit !(a > 0.5 && b > 0.5 && d < 0.005) }' ||
    { echo "FAILED: test accuracy after one epoch: cuda $gpu, cpu $cpu"; return 1; }
  cmp <(weights "$files/first.safetensors") <(weights "$files/second.safetensors") ||
    { echo "FAILED: two runs with the same settings give other weights"; return 1; }
  rm -r "$files"
  echo "test accuracy after one epoch: cuda $gpu, cpu $cpu; two runs give the same bits"
}

bench() {
  have_program || return
  $build/inkling bench --device cuda "${data[@]}"
}

cold() {
  local begun ended run
  have_program || return
  for run in first second; do
    begun=$(date +%s.%N)
    $build/inkling train --preset fast --device cuda --until 0.99 "${data[@]}" "${more[@]}" || return
    ended=$(date +%s.%N)
    echo "$begun $ended $run" | awk '{ printf "%.2f s for the whole %s process\n", $2 - $1, $3 }'
  done
}

torch() {
  have_program || return
  python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null ||
    { skip "no PyTorch that sees the GPU"; return; }
  [ -n "${INKLING_DATA:-}" ] || { skip "no MNIST"; return; }
  python3 tests/bench_torch.py $build/inkling --data "$INKLING_DATA" --device cuda --rounds 3 \
    --seconds 1
}

kernels() {
  $build/tests/check_kernels --backend=cuda --bench
}

sanitize() { # $1: the tool
  local sanitizer
  sanitizer=$(PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer) ||
    { skip "no compute-sanitizer"; return; }
  "$sanitizer" --tool "$1" --error-exitcode 9 \
    $build/tests/check_kernels --backend=cuda --part 12 --seed 1
}
memcheck() { sanitize memcheck; }
racecheck() { sanitize racecheck; }
synccheck() { sanitize synccheck; }
initcheck() { sanitize initcheck; }

# With a limit: as a call of this script by itself.
if [ -n "${CUDA_DEVICE_STEP:-}" ]; then
  "$CUDA_DEVICE_STEP"
  exit
fi

# ---- all of them --------------------------------------------------------------------------------

: >"$summary"
# What is measured on what.
{
  date -u
  git rev-parse HEAD
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit --format=csv
  PATH=$PATH:/usr/local/cuda/bin nvcc --version
  lscpu | sed -n 's/^Model name: *//p'
  echo "data: ${INKLING_DATA:-none}"
} >"$log" 2>&1
if ! $build/tests/check_kernels --backend=ref --part 50 >>"$log" 2>&1; then
  GPU_ARCH=${GPU_ARCH:-native} build >>"$log" 2>&1 ||
    { say "build      FAILED: see log.txt"; exit 1; }
fi
$build/tests/check_kernels --backend=cuda --part 1000 >"$now" 2>&1
if [ $? -eq 77 ]; then
  say "$(cat "$now")"
  rm "$now"
  exit 77
fi

failed=0
for step in "$@"; do
  begun=$SECONDS
  limit=${STEP_SECONDS:-150}
  left=$((${TOTAL_SECONDS:-1000000} - SECONDS))
  [ $limit -le $left ] || limit=$left
  if [ $limit -lt 5 ]; then
    say "$step: no time is left for it"
    continue
  fi
  CUDA_DEVICE_STEP=$step timeout -k 5 "$limit" bash tests/cuda_device.sh "$out" >"$now" 2>&1
  case $? in
    0) word=passed ;;
    77) word=SKIPPED ;;
    124 | 137)
      word=FAILED failed=1
      echo "FAILED: took more than $limit s" >>"$now"
      ;;
    *) word=FAILED failed=1 ;;
  esac
  say "$(printf '%-10s %-8s %4d s  %s' "$step" $word $((SECONDS - begun)) "$(tail -1 "$now")")"
  { printf '\n==== %s: %s\n' "$step" $word && cat "$now"; } >>"$log"
done
rm "$now"
grep -a '^FAILED' "$log" | head -40
exit $failed
