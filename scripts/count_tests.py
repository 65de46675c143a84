#!/usr/bin/env python3
"""Counts what `meson test` logged in the build directories given, and ends with the line
"N passed, N failed". A test program that names its cases (cmocka's output, and that of the scripts
in tests/) counts as many as it names; another counts as one. Exit status 1 when anything failed,
or when a directory has no log at all."""

import json
import os
import re
import sys

CASE = re.compile(r"^\[\s*(OK|FAILED|SKIPPED)\s*\]\s+(\S.*)$", re.MULTILINE)
SUMMARY = re.compile(r"^\d+ test\(s\)|^tests: |^\S+: \d+ test")


def cases(log):
    """The results of one test program: a list of (result, name)."""
    found = {}
    for result, name in CASE.findall(log.get("stdout", "") + "\n" + log.get("stderr", "")):
        name = re.sub(r": Test failed\.?$", "", name.strip())
        if SUMMARY.match(name):
            continue
        # cmocka names a failed case twice; failing once is failing.
        if found.get(name) != "FAILED":
            found[name] = result
    results = [(result, log["name"] + ": " + name) for name, result in found.items()]
    failed = any(result == "FAILED" for result, _ in results)
    if log["result"] in ("SKIP",) and not results:
        return [("SKIPPED", log["name"])]
    good = log["result"] in ("OK", "EXPECTEDFAIL", "SKIP")
    if not results:
        return [("OK" if good else "FAILED", log["name"])]
    if not good and not failed:  # crashed, or timed out, between two cases
        results.append(("FAILED", "%s: %s" % (log["name"], log["result"].lower())))
    return results


def main():
    count = {"OK": 0, "FAILED": 0, "SKIPPED": 0}
    for directory in sys.argv[1:]:
        path = os.path.join(directory, "meson-logs", "testlog.json")
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                logs = [json.loads(line) for line in file if line.strip()]
        except OSError:
            logs = []
        results = [case for log in logs for case in cases(log)]
        if not results:
            results = [("FAILED", "no test ran")]
        for result, name in results:
            count[result] += 1
            if result == "FAILED":
                print("FAILED  %s: %s" % (directory, name))
            elif result == "SKIPPED":
                print("skipped %s: %s" % (directory, name))
    skipped = ", %d skipped" % count["SKIPPED"] if count["SKIPPED"] else ""
    print("%d passed, %d failed%s" % (count["OK"], count["FAILED"], skipped))
    return 1 if count["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
