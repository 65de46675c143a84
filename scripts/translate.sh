#!/usr/bin/env bash
# Brings the catalogs (po/*.po) up to date with the texts in the sources (src/base/tr.h):
#   scripts/translate.sh          new texts appear without a translation; texts that are gone go
#   scripts/translate.sh --list   only prints all texts, as a template (.pot), to standard output
# Then fill in what is empty in po/zh_CN.po. The test "translation" fails until nothing is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

list() {
  grep -lE '\b(tr|tr_n|TR)\(' -r src --include='*.c' | LC_ALL=C sort |
    xgettext --files-from=- --output=- --language=C --from-code=UTF-8 --no-location \
      --keyword --keyword=tr --keyword=TR --keyword=tr_n:1,2 --add-comments=Translators: \
      --package-name=inkling --sort-output | sed '/^"POT-Creation-Date/d'
}

if [ "${1:-}" = --list ]; then
  list
  exit
fi
template=$(mktemp)
trap 'rm -f "$template"' EXIT
list >"$template"
for catalog in po/*.po; do
  msgmerge --quiet --update --backup=none --no-fuzzy-matching --no-location "$catalog" "$template"
  msgattrib --no-obsolete --output-file="$catalog" "$catalog"
  printf '%s: ' "$catalog" >&2
  msgfmt --statistics --check-format --output-file=/dev/null "$catalog"
done
