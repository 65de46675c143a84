#!/usr/bin/env bash
# Everything about the CUDA back end that needs a GPU, in one call, for a machine that has little
# else:
#
#   tests/cuda_device.sh build             here or there: build-cuda/ (nvcc, a C compiler, Meson)
#   tests/cuda_device.sh DIRECTORY [STEP ...]
#
# runs the steps named (default: all, in this order: what matters most first, in case time runs out),
# STEP_SECONDS [150] each at most, goes on after one that fails, and leaves in DIRECTORY
# summary.txt, a line for each with its seconds, and log.txt, all that they said, the machine first:
#   first      does a kernel run at all? a few operations, in a minute at most. Where that fails, nothing
#              else is tried
#   check      each operation against the plain C oracle; which one is wrong stands in its FAILED line
#   epoch      an epoch of lenet5, here and on the CPU: the same accuracy; twice: the same bits
#   plain      if one of these failed, the same without graphs and overlap: are those to blame? If not,
#              `check` in compute-sanitizer, which says where in which kernel
#   bench      epochs of each preset by the device's own clock: medians, shares of its limits
#   kernels    each operation alone, timed: what to look at where an epoch is too slow
#   torch      PyTorch on the same GPU, eager and as a captured graph, if it is installed
#   cold       99 % from a cold process, timed, twice
#   training   gradient checks, 20 steps of every optimizer, steps handed over in advance
#   memcheck racecheck synccheck initcheck    compute-sanitizer on a part of `check`, if installed
# With TOTAL_SECONDS in the environment, steps for which that leaves no time are left out: where a
# command may take ten minutes, 570. Exit status 77 where there is no GPU.
#
# A machine that is lent for minutes should not compile. What was built on another one, with a C library
# that is not newer, is carried over: build-cuda/inkling, build-cuda/lib (the libraries it needs),
# build-cuda/tests/check_kernels, build-cuda/tests/check_training, build-cuda/kernels/cuda/inkling-cuda.so
# (GPU_ARCH=sm_90 keeps it small) and MNIST, as data/mnist: `build` says how large they are. The driver
# must be there; without cuBLAS the module's own products do. Where zlib and cJSON cannot be built with,
# `build` leaves the program out: epoch, bench, cold, training and torch are then SKIPPED. GPU_ARCH in
# the environment: what nvcc compiles for (`build`: all-major; when it has to be built first: native);
# INKLING_DATA: MNIST; TRAIN_MORE: options for `epoch` and `cold`, for trying this script out.
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

# What has to be there to run on another machine.
carried="$build/inkling $build/lib $build/tests/check_kernels $build/tests/check_training
  $build/kernels/cuda/inkling-cuda.so data/mnist"

[ $# -ge 1 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2; }
if [ "$1" = build ]; then
  build || exit
  echo "To carry over:"
  # shellcheck disable=SC2086 # a list
  du -shc $carried
  exit 0
fi

out=$1
shift
mkdir -p "$out" || exit
out=$(cd "$out" && pwd)
summary=$out/summary.txt
log=$out/log.txt
now=$out/now.txt
[ $# -gt 0 ] ||
  set -- first check epoch plain bench kernels torch cold training memcheck racecheck synccheck initcheck

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

# Without graphs and overlap: as little as possible that can go wrong.
first() {
  local at=$SECONDS
  command -v nvidia-smi >/dev/null && nvidia-smi -L
  INKLING_CUDA_PLAIN=1 timeout -k 5 60 $build/tests/check_kernels --backend=cuda --seed 1 --part 50 ||
    { echo "FAILED: no kernel gives what it should (status $?): see log.txt"; return 1; }
  echo "YES, kernels run on this device and are right, after $((SECONDS - at)) s"
}

check() {
  for seed in 1 2 3; do
    $build/tests/check_kernels --backend=cuda --seed $seed || return
  done
}

plain() {
  local what=check
  if grep -q '^check *passed' "$summary"; then
    grep -q '^epoch *FAILED' "$summary" || { skip "nothing to look for"; return; }
    what=epoch
  fi
  if INKLING_CUDA_PLAIN=1 $what; then
    echo "FAILED only with graphs and overlap: they are to blame"
    return 1
  fi
  INKLING_CUDA_PLAIN=1 sanitize memcheck 3
  echo "FAILED without graphs and overlap as well: an operation is to blame"
  return 1
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

sanitize() { # $1: the tool, $2: one case in so many
  local sanitizer
  sanitizer=$(PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer) ||
    { skip "no compute-sanitizer"; return; }
  "$sanitizer" --tool "$1" --error-exitcode 9 \
    $build/tests/check_kernels --backend=cuda --part "${2:-12}" --seed 1
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
  ls -d /usr/local/cuda/lib64/libcublas.so.* # without it: own products, also in what `bench` compares with
  lscpu | sed -n 's/^Model name: *//p'
  echo "data: ${INKLING_DATA:-none}"
} >"$log" 2>&1
if ! $build/tests/check_kernels --backend=ref --part 50 >>"$log" 2>&1; then
  say "NOTE: nothing that runs here lies in $build (log.txt says why): it is built first"
  GPU_ARCH=${GPU_ARCH:-native} build >>"$log" 2>&1 ||
    { say "build      FAILED: see log.txt"; exit 1; }
fi
[ -n "${INKLING_DATA:-}" ] ||
  say "NOTE: no MNIST in data/mnist or \$INKLING_DATA: epoch, bench, cold and torch do without or fail"
[ -x $build/inkling ] || say "NOTE: no $build/inkling: epoch, bench, cold, training and torch are SKIPPED"
timeout -k 5 60 $build/tests/check_kernels --backend=cuda --part 100000 >"$now" 2>&1
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
  { printf '\n==== %s: %s, %d s\n' "$step" $word $((SECONDS - begun)) && cat "$now"; } >>"$log"
  [ "$step $word" != "first FAILED" ] || break
done
rm "$now"
grep -a '^FAILED' "$log" | head -40
exit $failed
