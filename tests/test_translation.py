#!/usr/bin/env python3
"""Every text that the sources give to tr() has a translation in every catalog, with the same
conversions for numbers and words, the same line ends, and what stands behind "##" unchanged.

Usage: test_translation.py SOURCE_DIR. Exit status 77 (skipped) where gettext's tools are missing.
First it proves on made-up catalogs that it would notice."""

import ast
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=1; plural=0;\\n"\n\n'


def run(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True)


def read_entries(path):
    """The texts of a catalog: (msgid, msgid_plural or None, [translations], fuzzy)."""
    text = run("msgattrib", "--no-obsolete", "--no-wrap", path).stdout
    entries = []
    for block in text.split("\n\n"):
        fields, current = {}, None
        for line in block.split("\n"):
            match = re.match(r'(msg\w+(?:\[\d+\])?) (".*")$', line)
            if match:
                current = match.group(1)
                fields[current] = ast.literal_eval(match.group(2))
            elif line.startswith('"') and current:
                fields[current] += ast.literal_eval(line)
        if fields.get("msgid"):
            entries.append((fields["msgid"], fields.get("msgid_plural"),
                            [v for k, v in fields.items() if k.startswith("msgstr")],
                            "fuzzy" in block.split("msgid", 1)[0]))
    return entries


def catalog_errors(template, catalog):
    """What is wrong with the catalog, for the texts in the template."""
    errors = []
    with tempfile.TemporaryDirectory(prefix="inkling-translation-") as directory:
        merged = os.path.join(directory, "merged.po")
        result = run("msgmerge", "--quiet", "--no-fuzzy-matching", "-o", merged, catalog, template)
        if result.returncode != 0:
            return ["msgmerge: " + result.stderr.strip()]
        result = run("msgfmt", "--check-format", "-o", os.devnull, merged)
        if result.returncode != 0:
            errors.append(result.stderr.strip().replace(directory, ""))
        for text, plural, translations, fuzzy in read_entries(merged):
            if fuzzy or not all(translations):
                errors.append('"%s" has no translation: run scripts/translate.sh, and fill it in'
                              % text)
                continue
            # What stands behind "##" names a control and is not shown.
            name = text.partition("##")[2]
            for translation in translations:
                if translation.partition("##")[2] != name:
                    errors.append('"%s" must end in "##%s"' % (translation, name))
    return errors


def check_self():
    with tempfile.TemporaryDirectory(prefix="inkling-translation-") as directory:
        def write(name, text):
            path = os.path.join(directory, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(HEADER + text)
            return path
        template = write("t.pot", '#, c-format\nmsgid "%d runs"\nmsgstr ""\n\n'
                                  'msgid "Train##train"\nmsgstr ""\n')
        number, word = '#, c-format\nmsgid "%d runs"\nmsgstr "', 'msgid "Train##train"\nmsgstr "'
        good = number + '%d L"\n\n' + word + 'T##train"\n'
        assert catalog_errors(template, write("good.po", good)) == []
        for bad in (number + '%s L"\n\n' + word + 'T##train"\n', number + '%d L"\n\n' + word + 'T"\n',
                    number + '%d L"\n', number + '"\n\n' + word + 'T##train"\n'):
            assert len(catalog_errors(template, write("bad.po", bad))) == 1, bad


def main():
    source = sys.argv[1]
    for tool in ("xgettext", "msgmerge", "msgattrib", "msgfmt"):
        if not shutil.which(tool):
            print("skipped: %s is not installed" % tool)
            return SKIPPED
    check_self()
    print("[       OK ] what is wrong is noticed")
    failed = False
    with tempfile.TemporaryDirectory(prefix="inkling-translation-") as directory:
        template = os.path.join(directory, "inkling.pot")
        with open(template, "w", encoding="utf-8") as file:
            subprocess.run([os.path.join(source, "scripts", "translate.sh"), "--list"], check=True,
                           stdout=file)
        assert len(read_entries(template)) > 100
        for catalog in sorted(glob.glob(os.path.join(source, "po", "*.po"))):
            errors = catalog_errors(template, catalog)
            for error in errors:
                print("  " + error)
            print("[%s] %s" % ("  FAILED  " if errors else "       OK ", os.path.basename(catalog)))
            failed |= bool(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
