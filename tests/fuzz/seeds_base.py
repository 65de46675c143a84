"""Where the seeds of seeds.py go, and the numbers that several kinds of files have in common."""
import os
import random
import struct
import sys

OUT = sys.argv[1]
TESTS = sys.argv[2]
RNG = random.Random(1)


def put(target, name, data):
    directory = os.path.join(OUT, target)
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def floats(count):
    return struct.pack("<%df" % count, *(RNG.uniform(-1, 1) for _ in range(count)))


def count_of(dims):
    n = 1
    for d in dims:
        n *= d
    return n
