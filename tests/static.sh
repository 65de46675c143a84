#!/usr/bin/env bash
# Looks at the source without running it: gcc's and clang's stricter warnings, cppcheck and clang-tidy
# (.clang-tidy), each where it is installed. Prints what is found; the exit status is 1 then.
#
#   tests/static.sh [ROOM...]      rooms of src/; without one: all but compute, whose loops are full
#                                  of plain int (docs/RELIABILITY.md)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rooms=("$@")
[ $# -gt 0 ] || rooms=(base nn graph dataset ink formats train history ui panels app)
made=$(find build -type d -name 'libformats.a.p' 2>/dev/null | head -1)
flags=(-std=c11 -D_POSIX_C_SOURCE=200809L -Isrc -I. "-I${made:-.}" -Ibuild/src/formats
  -DINKLING_HAVE_ZIP -DINKLING_HAVE_ONNX '-DINKLING_PREFIX="/usr"' '-DINKLING_VERSION="0"')
# shellcheck disable=SC2207  # words on purpose
flags+=($(pkg-config --cflags sdl2 SDL2_ttf SDL2_image fontconfig libcjson 2>/dev/null))
warnings=(-fsyntax-only -Wall -Wextra -Wshadow -Wconversion -Wno-missing-field-initializers)
found=0

look() { # NAME COMMAND...: its lines with "warning:" or "error:" are what it has found
  local name=$1 lines
  shift
  lines=$("$@" 2>&1 | grep -E '(warning|error|style|portability|performance): ')
  [ -z "$lines" ] || { printf '%s: %s\n' "$name" "$lines"; found=1; }
}

for room in "${rooms[@]}"; do
  for file in src/"$room"/*.c; do
    for compiler in gcc clang; do
      command -v $compiler >/dev/null && look $compiler $compiler "${flags[@]}" "${warnings[@]}" "$file"
    done
    command -v clang-tidy >/dev/null && look clang-tidy clang-tidy --quiet "$file" -- "${flags[@]}"
  done
  command -v cppcheck >/dev/null &&
    look cppcheck cppcheck --quiet --std=c11 --enable=warning,performance,portability \
      --suppressions-list=tests/cppcheck.txt --inline-suppr -Isrc -I. -DINKLING_HAVE_ZIP "src/$room"
done
[ $found -eq 0 ] && echo "nothing found in: ${rooms[*]}"
exit $found
