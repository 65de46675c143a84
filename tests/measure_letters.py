#!/usr/bin/env python3
"""Measures how a model answers letters that nobody here drew; not a test.

    measure_letters.py INKLING MODEL

The letters are those of the Hershey fonts (Debian: hershey-fonts-data), which are made of strokes.
Prints for each font how many of the capitals that do not look like a digit are "unsure", and how
many of its digits are read.
"""
import json
import os
import subprocess
import sys

FONTS = "/usr/share/hershey-fonts"
NAMES = ["futural", "futuram", "rowmans", "rowmand", "scripts", "scriptc", "cursive", "timesr",
         "timesi", "gothiceng"]
LIKE_A_DIGIT = set("BDGIJLOQSZ")


def glyphs(path):
    """Each glyph of a .jhf file: 5 characters number, 3 characters count, then `count` pairs."""
    with open(path, errors="replace") as file:
        lines = iter(file.read().split("\n"))
    for line in lines:
        if not line[5:8].strip().isdigit():
            continue
        count, pairs = int(line[5:8]), line[8:]
        while len(pairs) < 2 * count:
            pairs += next(lines)
        yield pairs[:2 * count]


def strokes(pairs):
    """The first pair is the glyph's sides; " R" lifts the pen; 'R' is 0."""
    out = [[]]
    for at in range(2, len(pairs), 2):
        if pairs[at:at + 2] == " R":
            out.append([])
        else:
            out[-1].append([ord(pairs[at]) - ord("R"), ord(pairs[at + 1]) - ord("R")])
    return [stroke for stroke in out if stroke]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if not os.path.isdir(FONTS):
        sys.exit(f"{FONTS} is not there: install hershey-fonts-data.")
    asked = []
    for name in NAMES:
        # A font's glyphs stand in the order of ASCII, from the space on.
        for code, pairs in enumerate(glyphs(f"{FONTS}/{name}.jhf"), start=32):
            letter = chr(code)
            if letter.isdigit() or letter.isupper() and letter not in LIKE_A_DIGIT:
                asked.append((name, letter, strokes(pairs)))
    lines = "".join(json.dumps({"strokes": drawn}) + "\n" for _, _, drawn in asked)
    done = subprocess.run([sys.argv[1], "predict", sys.argv[2], "-", "--json"], input=lines,
                          stdout=subprocess.PIPE, check=True, universal_newlines=True)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(said) == len(asked)
    right = {name: [0, 0, 0, 0] for name in NAMES}
    for (name, letter, _), answer in zip(asked, said):
        counts = right[name]
        if letter.isdigit():
            counts[0] += 1
            counts[1] += not answer["unsure"] and answer["digit"] == int(letter)
        else:
            counts[2] += 1
            counts[3] += answer["unsure"]
    right["all"] = [sum(column) for column in zip(*right.values())]
    for name, (digits, read, letters, unsure) in right.items():
        print(f"{name:10} {unsure} of {letters} letters unsure, {read} of {digits} digits read")


if __name__ == "__main__":
    main()
