#!/usr/bin/env python3
"""Measures a model on pen strokes; not a test.

    measure_ink.py BUILD MODEL STROKES.jsonl

BUILD is the build directory (build its ink_tool and split_tool first: ninja -C BUILD tests/ink_tool
tests/split_tool). Prints the accuracy of five ways to draw the same strokes (as written, in a
corner, at a third of the size, with the thinnest and the thickest brush), the share of digits that
the model refuses, the most frequent mistakes, and how many four-digit numbers made of the strokes
are read whole.
"""
import collections
import json
import os
import struct
import subprocess
import sys
import tempfile

# Name and ink_tool's scale, dx, dy, radius. A drawing is 0.7 of the canvas; a corner leaves room for
# the brush.
VARIANTS = [
    ("as written", "1", "0", "0", "0.04"),
    ("corner", "0.6", "0.25", "-0.25", "0.04"),
    ("third of the size", "0.333", "0", "0", "0.04"),
    ("thinnest brush", "1", "0", "0", "0.005"),
    ("thickest brush", "1", "0", "0", "0.1"),
]
PIXELS = 28 * 28


def lines(command):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def main():
    build, model, strokes = sys.argv[1:]
    program = os.path.join(build, "inkling")
    with tempfile.TemporaryDirectory() as directory:
        for name, *place in VARIANTS:
            raw = subprocess.run([os.path.join(build, "tests", "ink_tool"), strokes, *place],
                                 check=True, capture_output=True).stdout
            n = len(raw) // (1 + PIXELS)
            labels = [raw[i * (1 + PIXELS)] for i in range(n)]
            path = os.path.join(directory, "images-idx3-ubyte")
            with open(path, "wb") as file:
                file.write(struct.pack(">IIII", 0x803, n, 28, 28))
                for i in range(n):
                    file.write(raw[i * (1 + PIXELS) + 1:(i + 1) * (1 + PIXELS)])
            answers = lines([program, "predict", model, path, "--json", "--threads", "1"])
            wrong = [(label, a["digit"]) for label, a in zip(labels, answers)
                     if label != a["digit"]]
            unsure = sum(a["unsure"] for a in answers)
            print(f"{name}: {100 * (n - len(wrong)) / n:.2f} % of {n}, {100 * unsure / n:.2f} % "
                  "refused")
            if name == "as written":
                common = collections.Counter(wrong).most_common(6)
                print("  " + ", ".join(f"{k} x {a} read as {b}" for (a, b), k in common))
        for gap in ("0.08", "0.15", "0.25"):
            path = os.path.join(directory, "numbers.jsonl")
            subprocess.run([os.path.join(build, "tests", "split_tool"), strokes, gap, path],
                           check=True, capture_output=True)
            answers = lines([program, "predict", model, path, "--json", "--split", "--threads",
                             "1"])
            right = sum(a["digits"] == str(a["label"]) for a in answers)
            print(f"four-digit numbers, gap {gap}: {100 * right / len(answers):.1f} % of "
                  f"{len(answers)} read whole")


if __name__ == "__main__":
    main()
