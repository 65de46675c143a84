#!/usr/bin/env python3
"""Training that is killed (SIGKILL) at random moments and resumed each time ends with the same
weights, bit for bit, as one that was left alone.

    test_kill.py INKLING [SEED]
"""
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1])
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
KILLS = 6
SETTINGS = [
    "--layers", "conv 6 k3, batchnorm, relu, maxpool 2, dropout 0.2, dense 24, relu, dense 10",
    "--data", "synthetic:5", "--limit", "6000", "--held-out", "800", "--patience", "3",
    "--optimizer", "nadam", "--schedule", "one-cycle", "--lr", "0.004", "--ema", "0.98",
    "--augment", "strong", "--clip-norm", "2", "--batch-size", "32", "--epochs", "3",
    "--threads", "2",
]


def start(directory, *more):
    return subprocess.Popen([PROGRAM, "train", *SETTINGS, "--forget", "--save",
                             os.path.join(directory, "model.safetensors"), *more],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process):
    _, errors = process.communicate()
    if process.returncode != 0:
        sys.exit("exit status %d (seed %d): %s" % (process.returncode, SEED, errors.decode()))


def weights(directory):
    """The tensors alone: the header has a record with seconds in it."""
    with open(os.path.join(directory, "model.safetensors"), "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        file.read(size)
        return file.read()


def main():
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as alone, tempfile.TemporaryDirectory() as killed:
        begun = time.time()
        finish(start(alone))
        took = time.time() - begun
        state = os.path.join(killed, "state")
        kills = 0
        while kills < KILLS:
            process = start(killed, "--resume", state, "--checkpoint", "0.02")
            try:
                process.wait(timeout=rng.uniform(0.05, 0.6 * took))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                kills += 1
            process.communicate()
            if process.returncode == 0:
                break
        finish(start(killed, "--resume", state, "--checkpoint", "0.02"))
        if weights(alone) != weights(killed):
            sys.exit("after %d kills the weights differ (seed %d)" % (kills, SEED))
        print("the same weights after %d kills (seed %d)" % (kills, SEED))


main()
