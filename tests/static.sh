#!/usr/bin/env bash
# Looks at the source without running it: gcc and clang with the build's own warnings (-Wall -Wextra
# -Wconversion -Wshadow ...), clang-tidy (.clang-tidy says what for) and cppcheck
# (tests/cppcheck.txt says what not), each where it is installed. Prints what they find; the exit status is 1
# then. Generated code (onnx.pb-c.c) is not looked at.
#
#   tests/static.sh [-t TOOL] [FILE...]    TOOL: gcc, clang, clang-tidy or cppcheck; files of src/
#                                          and kernels/: all of them without one
#
# The flags are those of a debug build (build-static, which is configured but not compiled): there
# ASSERT tells the checkers what holds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools="gcc clang clang-tidy cppcheck"
if [ "${1:-}" = -t ]; then
  tools=$2
  shift 2
fi
directory=build-static
[ -f $directory/build.ninja ] ||
  meson setup $directory --buildtype=debug -Db_pch=false -Dcuda=disabled >/dev/null
made=$(ninja -C $directory -t targets all | sed -n 's/^\(.*pb-c\.h\): .*/\1/p' | head -n 1)
ninja -C $directory build.ninja $made >/dev/null
jobs=$(nproc)
report=$(mktemp)
trap 'rm -f "$report"' EXIT

# One line for each file (three for a kernel, by instruction set): compiler's arguments, quoted.
arguments() {
  python3 - $directory/compile_commands.json "$@" <<'PY'
import json, os, shlex, sys
wanted = [os.path.realpath(name) for name in sys.argv[2:]]
root = os.path.realpath('.')
for entry in json.load(open(sys.argv[1])):
    file = os.path.realpath(os.path.join(entry['directory'], entry['file']))
    if not file.startswith((root + '/src/', root + '/kernels/')) or wanted and file not in wanted:
        continue
    if '/tests/' in entry['output'] or entry['output'].startswith('tests/'):
        continue
    words = shlex.split(entry['command'])
    first = next(i for i, word in enumerate(words) if word.startswith('-'))
    kept, skip = [], False  # without what names outputs, and what gcc alone knows
    for word in words[first:]:
        if skip or word in ('-MD', '-c', '-fdiagnostics-color=always') or '-tree-' in word:
            skip = False
        elif word in ('-o', '-MF', '-MQ'):
            skip = True
        elif word.startswith('-I') and not word.startswith('-I/'):
            kept.append('-I' + os.path.relpath(os.path.join(entry['directory'], word[2:])))
        elif not word.endswith('.c'):
            kept.append(word)
    print(os.path.relpath(file), ' '.join(shlex.quote(word) for word in kept))
PY
}

# each TEMPLATE: runs it for every file with FILE, ARGUMENTS and KNOWN put in; says what the tools
# print.
each() {
  arguments "${files[@]}" | while read -r file arguments; do
    known='-include tests/static.h'
    [ "$file" != src/base/status.c ] || known=
    line=${1//FILE/$file}
    line=${line//KNOWN/$known}
    printf '%s\0' "${line//ARGUMENTS/$arguments}"
  done | xargs -0 -P "$jobs" -n 1 bash -c 2>&1 || true
}

files=("$@")
filters=("${files[@]/#/--file-filter=}")
[ $# -gt 0 ] || filters=('--file-filter=src/*' '--file-filter=kernels/*')
found=0
for tool in $tools; do
  begun=$SECONDS
  if ! command -v "$tool" >/dev/null; then
    echo "$tool: not installed, left out"
    continue
  fi
  case $tool in
  gcc | clang) each "$tool -fsyntax-only ARGUMENTS FILE" ;;
  clang-tidy) each "clang-tidy --quiet FILE -- ARGUMENTS KNOWN" ;;
  cppcheck)
    cppcheck -j "$jobs" --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
      --suppressions-list=tests/cppcheck.txt --project=$directory/compile_commands.json \
      "${filters[@]}" 2>&1 || true
    ;;
  esac | grep -E -A 3 ': (warning|error|style|portability|performance)' >"$report" || true
  count=$(grep -cE ': (warning|error|style|portability|performance)' "$report" || true)
  cat "$report"
  echo "$tool: $count found, $((SECONDS - begun)) s"
  [ "$count" -eq 0 ] || found=1
done
exit $found
