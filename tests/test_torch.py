#!/usr/bin/env python3
"""State dicts that PyTorch trained on MNIST and has evaluated: without knowing more than their
tensors, `inkling eval` finds the network, its accuracy is PyTorch's exactly, and its logits are.

    test_torch.py INKLING

The files and expected.json (a list of objects with "file", "test_accuracy" and
"logits_of_first_16_test_images") lie in $INKLING_TORCH, or beside the directory of MNIST, in
"torch". Exit status 77 (skipped) when there are none, or no MNIST."""
import gzip
import json
import os
import struct
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(sys.argv[1])
DATA = os.environ.get("INKLING_DATA", "")
TORCH = os.environ.get("INKLING_TORCH") or os.path.join(DATA, "..", "torch")
ACCURACY = 0.5 / 10000  # of one image: the file says four digits of 10,000 images
LOGITS = 1e-4  # two orders of float32 sums, and four digits in the file
KEY = "logits_of_first_16_test_images"


def run(*args):
    done = subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, timeout=100, check=False)
    assert done.returncode == 0, (args, done.returncode, done.stderr)
    return done


def write_images(path, count):
    """The first images of the test set."""
    for end, how in ((".gz", gzip.open), ("", open)):
        name = os.path.join(DATA, "t10k-images-idx3-ubyte" + end)
        if os.path.exists(name):
            with how(name, "rb") as file:
                _, _, height, width = struct.unpack(">IIII", file.read(16))
                pixels = file.read(count * height * width)
            with open(path, "wb") as file:
                file.write(struct.pack(">IIII", 0x803, count, height, width) + pixels)
            return
    raise AssertionError("no test images in " + DATA)


def main():
    expected = os.path.join(TORCH, "expected.json")
    if not DATA or not os.path.exists(expected):
        print("SKIPPED: no MNIST in $INKLING_DATA, or no expected.json in $INKLING_TORCH")
        return 77
    with open(expected, encoding="utf-8") as file:
        rows = json.load(file)
    with tempfile.TemporaryDirectory() as directory:
        images = os.path.join(directory, "first-images-idx3-ubyte")
        found = os.path.join(directory, "found.onnx")
        write_images(images, len(rows[0][KEY]))
        for row in rows:
            path = os.path.join(TORCH, row["file"])
            # What was found once is good for both.
            told = run("convert", path, found).stderr
            accuracy = json.loads(run("eval", found, "--json").stdout)["accuracy"]
            answers = [json.loads(line) for line in
                       run("predict", found, images, "--json").stdout.splitlines()]
            assert "Not recognised" not in told, told
            assert abs(accuracy - row["test_accuracy"]) < ACCURACY, (row["file"], accuracy, told)
            assert len(answers) == len(row[KEY])
            worst = max(abs(a - b) for answer, logits in zip(answers, row[KEY])
                        for a, b in zip(answer["logits"], logits))
            assert worst <= LOGITS, (row["file"], worst, told)
            print(f"{row['file']}: accuracy {accuracy:.4f}, logits within {worst:.1e}")
    return 0


sys.exit(main())
