#!/usr/bin/env bash
# Everything about the CUDA back end that needs a GPU, in one call, for a machine that has little
# else:
#
#   tests/cuda_device.sh build             here or there: build-cuda/ (nvcc, a C compiler, Meson)
#   tests/cuda_device.sh DIRECTORY [STEP ...]
#
# runs the steps named (default: all, in this order: what matters most first, in case time runs out),
# each with its own log in DIRECTORY and STEP_SECONDS [150] at most, goes on after one that fails, and
# puts one line for each into DIRECTORY/summary.txt:
#   check      each operation against the plain C oracle; which one is wrong stands in its FAILED line
#   plain      the same without graphs and overlap, if that failed: are those to blame?
#   epoch      an epoch of lenet5, here and on the CPU: the same accuracy; twice: the same bits
#   bench      epochs of each preset by the device's own clock: medians, shares of its limits
#   cold       99 % from a cold process, timed
#   training   gradient checks, 20 steps of every optimizer, steps handed over in advance
#   torch      PyTorch on the same GPU, eager and as a captured graph, if it is installed
#   kernels    each operation alone, timed
#   sanitizer  compute-sanitizer on a part of `check`, if it is installed
# Exit status 77 where there is no GPU. What was built on another machine, with the same C library, can
# be carried over: build-cuda/inkling, build-cuda/lib (the libraries it needs), build-cuda/tests/check_*
# and build-cuda/kernels/cuda/inkling-cuda.so; cuBLAS and the driver must be there. GPU_ARCH in the
# environment: what nvcc compiles for (`build`: all-major; when it has to be built first: native);
# INKLING_DATA: MNIST.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build-cuda

build() {
  if [ ! -f $build/build.ninja ]; then
    meson setup $build --buildtype=release -Dgui=disabled -Dblas=disabled -Donnx=disabled \
      -Dcuda=enabled -Dgpu_arch="${GPU_ARCH:-all-major}" || return 1
  fi
  ninja -C $build inkling tests/check_kernels tests/check_training kernels/cuda/inkling-cuda.so &&
    mkdir -p $build/lib && ldd $build/inkling |
    awk '$3 ~ "^/" && $1 !~ /^(libc|libm|libdl|libpthread|librt)\.so/ { print $3 }' |
    xargs -r cp -L -t $build/lib
}

[ $# -ge 1 ] || { sed -n '2,28s/^# \{0,1\}//p' "$0"; exit 2; }
if [ "$1" = build ]; then
  build
  exit
fi

out=$1
shift
mkdir -p "$out"
out=$(cd "$out" && pwd)
summary=$out/summary.txt
[ $# -gt 0 ] || set -- check plain epoch bench cold training torch kernels sanitizer

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

say() { printf '%s\n' "$*" | tee -a "$summary"; }

[ ! -d $build/lib ] || export LD_LIBRARY_PATH=$PWD/$build/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

check() {
  for seed in 1 2 3; do
    $build/tests/check_kernels --backend=cuda --seed $seed || return
  done
}

plain() {
  ! grep -q '^check *passed' "$summary" || { echo "SKIPPED: nothing to look for"; return 77; }
  INKLING_CUDA_PLAIN=1 check
}

training() {
  $build/tests/check_training --backend=cuda --seed 1 && $build/tests/check_training --backend=cuda
}

# Gives the test accuracy of an epoch of lenet5 on device $1; the weights go to $2.
lenet5() {
  $build/inkling train --preset lenet5 --epochs 1 --device "$1" --save "$2" --json "${data[@]}" |
    sed -n 's/.*"test_accuracy": *\([0-9.e-]*\).*/\1/p' | tail -1
}

epoch() {
  local cpu gpu
  gpu=$(lenet5 cuda "$out/first.safetensors")
  cpu=$(lenet5 cpu "$out/cpu.safetensors")
  lenet5 cuda "$out/second.safetensors" >/dev/null
  echo "test accuracy after one epoch: cuda $gpu, cpu $cpu"
  # Test accuracies of one epoch from different roundings differ by a few images in 10,000; three
  # standard deviations of the difference of two such counts near 98.5 % are 0.5 %.
  awk -v a="$gpu" -v b="$cpu" 'BEGIN { d = a - b; if (d < 0) d = -d;
    exit !(a > 0.5 && b > 0.5 && d < 0.005) }' || { echo "FAILED: not the same"; return 1; }
  # The record in the file has the seconds in it; the weights lie behind that.
  python3 - "$out/first.safetensors" "$out/second.safetensors" <<'PY'
import struct, sys
def tensors(path):
    raw = open(path, "rb").read()
    return raw[8 + struct.unpack("<Q", raw[:8])[0]:]
if tensors(sys.argv[1]) != tensors(sys.argv[2]):
    sys.exit("FAILED: two runs with the same settings give other weights")
print("two runs with the same settings give the same weights")
PY
}

bench() {
  $build/inkling bench --device cuda --json "${data[@]}" >"$out/bench.json" &&
    $build/inkling bench --device cuda "${data[@]}"
}

kernels() {
  $build/tests/check_kernels --backend=cuda --bench
}

sanitizer() {
  local tool
  tool=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
  [ -n "$tool" ] || { echo "SKIPPED: no compute-sanitizer"; return 77; }
  for kind in memcheck racecheck initcheck synccheck; do
    echo "== $kind"
    "$tool" --tool $kind --error-exitcode 9 \
      $build/tests/check_kernels --backend=cuda --part 12 --seed 1 || return
  done
}

torch() {
  python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null ||
    { echo "SKIPPED: no PyTorch that sees the GPU"; return 77; }
  [ -n "${INKLING_DATA:-}" ] || { echo "SKIPPED: no MNIST"; return 77; }
  python3 tests/bench_torch.py $build/inkling --data "$INKLING_DATA" --device cuda --rounds 3 \
    --seconds 2
}

cold() {
  local begun ended
  begun=$(date +%s.%N)
  $build/inkling train --preset fast --device cuda --until 0.99 "${data[@]}" || return
  ended=$(date +%s.%N)
  echo "$begun $ended" | awk '{ printf "%.2f s for the whole process\n", $2 - $1 }'
}

# With a limit: as a call of this script by itself.
if [ -n "${CUDA_DEVICE_STEP:-}" ]; then
  "$CUDA_DEVICE_STEP"
  exit
fi

: >"$summary"

# What was measured on what.
{
  date -u
  git rev-parse HEAD 2>/dev/null
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit --format=csv
  /usr/local/cuda/bin/nvcc --version || nvcc --version
  lscpu | sed -n 's/^Model name: *//p'
} >"$out/machine.txt" 2>&1
if ! $build/tests/check_kernels --backend=ref --part 50 >"$out/build.log" 2>&1; then
  GPU_ARCH=${GPU_ARCH:-native} build >"$out/build.log" 2>&1 ||
    { say "build      FAILED: see build.log"; exit 1; }
fi
$build/tests/check_kernels --backend=cuda --part 1000 >"$out/device.log" 2>&1
if [ $? -eq 77 ]; then
  say "$(cat "$out/device.log")"
  exit 77
fi

failed=0
for step in "$@"; do
  begun=$SECONDS
  CUDA_DEVICE_STEP=$step timeout -k 5 "${STEP_SECONDS:-150}" \
    "$PWD/tests/cuda_device.sh" "$out" >"$out/$step.log" 2>&1
  case $? in
    0) word=passed ;;
    77) word=SKIPPED ;;
    124 | 137)
      word=FAILED failed=1
      echo "FAILED: took more than ${STEP_SECONDS:-150} s" >>"$out/$step.log"
      ;;
    *) word=FAILED failed=1 ;;
  esac
  say "$(printf '%-10s %-8s %4d s  %s' "$step" $word $((SECONDS - begun)) "$(tail -1 "$out/$step.log")")"
done
grep -h '^FAILED' "$out"/*.log 2>/dev/null | head -40
exit $failed
