#!/usr/bin/env python3
"""Is the program built with what makes a mistake in it harder to use? Read from the file itself.

    test_hardening.py READELF INKLING [fortified]
"""
import subprocess
import sys


def read(*options):
    return subprocess.run([sys.argv[1], "-W", *options, sys.argv[2]], check=True,
                          stdout=subprocess.PIPE, universal_newlines=True).stdout


HEADER, SEGMENTS, DYNAMIC, SYMBOLS = read("-h"), read("-l"), read("-d"), read("--dyn-syms")
# (what, is it so): each as the linker and the compiler leave it.
CHECKS = [
    ("position independent (PIE)", "DYN" in HEADER and "INTERP" in SEGMENTS),
    ("relocations read-only (RELRO)", "GNU_RELRO" in SEGMENTS),
    ("symbols bound at the start (BIND_NOW)", "BIND_NOW" in DYNAMIC or " NOW" in DYNAMIC),
    ("stack not executable", any("GNU_STACK" in line and "RW " in line and "RWE" not in line
                                 for line in SEGMENTS.splitlines())),
    ("no segment writable and executable", not any(" RWE " in line for line in SEGMENTS.splitlines())),
    ("no text relocations", "TEXTREL" not in DYNAMIC),
    ("stack protector", "__stack_chk_fail" in SYMBOLS),
]
if "fortified" in sys.argv:
    CHECKS.append(("_FORTIFY_SOURCE", "_chk@" in SYMBOLS.replace("__stack_chk_fail@", "")))

failed = [what for what, holds in CHECKS if not holds]
for what, holds in CHECKS:
    print("%-45s %s" % (what, "yes" if holds else "NO"))
sys.exit("missing: " + ", ".join(failed) if failed else 0)
