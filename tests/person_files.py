"""The files of tests/person.py: good ones and bad ones to open, places to write to, settings to paste."""
import os
import random
import shutil
import struct
import subprocess
import zlib

TESTS = os.path.dirname(os.path.abspath(__file__))
ASSETS = os.path.join(TESTS, os.pardir, "assets")
SIDE = 28


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def write_set(directory, images):
    """Noise with a bright row that tells the class."""
    rng = random.Random(images)
    os.makedirs(directory)
    for name, n in (("train", images), ("t10k", 200)):
        pixels = bytearray(rng.getrandbits(6) for _ in range(n * SIDE * SIDE))
        for i in range(n):
            at = (i * SIDE + 2 * (i % 10) + 4) * SIDE
            pixels[at:at + SIDE] = b"\xff" * SIDE
        write(os.path.join(directory, name + "-images-idx3-ubyte"),
              struct.pack(">IIII", 0x803, n, SIDE, SIDE) + pixels)
        write(os.path.join(directory, name + "-labels-idx1-ubyte"),
              struct.pack(">II", 0x801, n) + bytes(i % 10 for i in range(n)))
    return directory


def png(width, height, pixel):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    rows = b"".join(b"\0" + bytes(pixel(x, y) for x in range(width)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


STROKES = "".join('{"strokes":[[%s]],"label":"%d"}\n' % (",".join(
    "[%.3f,%.3f]" % (0.3 + 0.01 * i, 0.2 + 0.02 * (i * k % 30)) for i in range(30)), k)
    for k in range(10)).encode()
LESSON = b"""title: A lesson
title[zh_CN]: \xe8\xaf\xbe
page
caption: Draw.
hide: everything
page
caption: It learns.
show: charts progress
set: preset=mlp-bn epochs=2 limit=300
start: lr=0.01
start: lr=0.1
page
caption: The end.
draw: 20 30, 25 40; 50 50, 60 60
tab: feature-maps
"""


def damage(rng, data):
    """Cut off, or with bytes that are not as they were."""
    data = bytearray(data[:rng.randrange(len(data))] if rng.random() < 0.5 else data)
    for _ in range(rng.randrange(8)):
        if data:
            data[rng.randrange(min(len(data), 4096))] = rng.randrange(256)
    return bytes(data)


class Files:
    """Good ones, bad ones, and places to write to."""

    def __init__(self, directory, program, rng):
        self.directory = directory
        at = lambda name: os.path.join(directory, name)
        self.sets = [write_set(at("set a"), 1500), write_set(at("set b"), 1200)]
        # Copies: where something was opened is where Save goes next.
        shipped, other = (shutil.copy(os.path.join(ASSETS, name), directory)
                          for name in ("lenet5.safetensors", "inkling.safetensors"))
        self.good = [shipped, other,
                     write(at("seven.png"), png(60, 90, lambda x, y: 0 if y < 12 or x > 45 else 255)),
                     write(at("grey.png"), png(300, 200, lambda x, y: (x * y) % 256)),
                     write(at("strokes.jsonl"), STROKES), write(at("mine.lesson"), LESSON)]
        for name in ("lenet.pth", "lenet.onnx"):
            done = subprocess.run([program, "convert", shipped, at(name)], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=300)
            if done.returncode == 0:  # a build may lack the format
                self.good.append(at(name))
        self.bad = ["", "/", "/dev/null", "/dev/zero", "/proc/self/mem", "~", "~/none", directory,
                    at("nowhere/at/all.pth"), "/" + "x" * 3000, "a\tb", "."]
        os.mkdir(at("empty"))
        os.mkfifo(at("pipe.png"))
        os.symlink(at("round.pth"), at("round.pth"))
        self.bad += [at("empty"), at("pipe.png"), at("round.pth"),
                     write(at("empty.safetensors"), b""), write(at("noise.onnx"), rng.randbytes(5000)),
                     write(at("text.pth"), b"hello\n" * 40)]
        for path in list(self.good):
            with open(path, "rb") as file:
                data = file.read()
            for i in range(6):
                self.bad.append(write(at("bad%d-%s" % (i, os.path.basename(path))),
                                      damage(rng, data)))
        self.broken_set = write_set(at("set broken"), 50)
        os.truncate(os.path.join(self.broken_set, "train-images-idx3-ubyte"), 1000)
        self.bad.append(self.broken_set)
        self.targets = [at("saved." + ending) for ending in
                        ("safetensors", "pth", "onnx", "csv", "json", "png", "svg", "idx", "jsonl", "")]
        self.targets += ["/dev/full", "/proc/nothing.pth", at("empty"), at("none/saved.pth"), ""]


SETTINGS = [
    "preset=mlp-bn epochs=3", "preset=lenet5 optimizer=adam epochs=2 limit=600", "optimizer=sgd lr=1e10",
    "preset=mlp-bn batch-size=1 limit=50", "layers=\"dense 10\" epochs=4", "lr=nan", "preset=",
    "layers=\"conv 4 k3, relu, maxpool 2, dense 10\" limit=400 held-out=100 patience=1 epochs=3",
    "optimizer=lion schedule=one-cycle ema=0.9 augment=strong limit=500 epochs=2", "hello", "",
    "layers=\"dense 1e9\"", "seed=5 init=he clip-norm=1 limit=300", "\xe8\xaf\xbe=1", "x" * 9000,
]
