#!/usr/bin/env python3
"""Programs that are killed (SIGKILL) at random moments lose nothing but what they were doing.

    training   with checkpoints, resumed each time: ends with the same weights, bit for bit, as one
               that was left alone
    saving     a model over another one, again and again: the file is always a whole one, and no
               other file lies beside it
    teaching   digits are added, relabelled, taken away, brought back: every digit that was said to
               be kept is there, and every line can be read

    test_kill.py INKLING TEACH_TOOL [KILLS [SEED]]

KILLS: of each kind; 6 unless said, 70 for a long look (three kinds: 210 moments).
"""
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

PROGRAM, TEACH = (os.path.abspath(path) for path in sys.argv[1:3])
KILLS = int(sys.argv[3]) if len(sys.argv) > 3 else 6
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 30)
RNG = random.Random(SEED)
SETTINGS = [
    "--layers", "conv 6 k3, batchnorm, relu, maxpool 2, dropout 0.2, dense 24, relu, dense 10",
    "--data", "synthetic:5", "--limit", "6000", "--held-out", "800", "--patience", "3",
    "--optimizer", "nadam", "--schedule", "one-cycle", "--lr", "0.004", "--ema", "0.98",
    "--augment", "strong", "--clip-norm", "2", "--batch-size", "32", "--epochs", "3",
    "--threads", "2",
]


def fail(text):
    sys.exit("%s (seed %d)" % (text, SEED))


def kill_after(process, seconds):
    """True when it was killed, False when it had ended before."""
    try:
        process.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        return True


def check_names(directory, expected):
    """A file that a killed program was writing has no name yet, but for the moment in which it got
    one: NAME.saving, which the next save takes away."""
    expected = set(expected) | {name + ".saving" for name in expected}
    extra = sorted(set(os.listdir(directory)) - expected)
    if extra:
        fail("left behind: " + ", ".join(extra))


# ---- training -------------------------------------------------------------------------------------

def start(directory, *more):
    return subprocess.Popen([PROGRAM, "train", *SETTINGS, "--forget", "--save",
                             os.path.join(directory, "model.safetensors"), *more],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process):
    _, errors = process.communicate()
    if process.returncode != 0:
        fail("exit status %d: %s" % (process.returncode, errors.decode()))


def weights(directory):
    """The tensors alone: the header has a record with seconds in it."""
    with open(os.path.join(directory, "model.safetensors"), "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        file.read(size)
        return file.read()


def training():
    with tempfile.TemporaryDirectory() as alone, tempfile.TemporaryDirectory() as killed:
        begun = time.time()
        finish(start(alone))
        took = time.time() - begun
        state = os.path.join(killed, "state")
        kills = 0
        while kills < KILLS:
            process = start(killed, "--resume", state, "--checkpoint", "0.02")
            # The longer the look, the shorter the steps: all of it is to be seen.
            kills += kill_after(process, RNG.uniform(0.05, max(0.2, 0.6 * took * 6 / KILLS)))
            process.communicate()
            if process.returncode == 0:
                if KILLS <= 6:
                    break
                os.unlink(state)
        finish(start(killed, "--resume", state, "--checkpoint", "0.02"))
        if weights(alone) != weights(killed):
            fail("after %d kills the weights differ" % kills)
        check_names(killed, ["model.safetensors", "state"])
        print("training: the same weights after %d kills" % kills)


# ---- saving ---------------------------------------------------------------------------------------

def saving():
    with tempfile.TemporaryDirectory() as directory:
        source = os.path.join(directory, "from.safetensors")
        subprocess.run([PROGRAM, "train", "--preset", "mlp-bn", "--data", "synthetic:1", "--limit",
                        "64", "--epochs", "1", "--save", source], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        endings = [".safetensors", ".pth"]
        for ending in endings:
            target = os.path.join(directory, "to" + ending)
            command = [PROGRAM, "convert", source, target]
            begun = time.time()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            took = time.time() - begun
            for _ in range(max(1, KILLS // len(endings))):
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
                kill_after(process, RNG.uniform(0, took))
                process.communicate()
                info = subprocess.run([PROGRAM, "info", target], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE)
                if info.returncode != 0:
                    fail("%s: %s" % (target, info.stderr.decode()))
        check_names(directory, ["from.safetensors"] + ["to" + ending for ending in endings])
        print("saving: whole files after %d kills" % KILLS)


# ---- teaching -------------------------------------------------------------------------------------

def write_three(path):
    """Three pictures to import."""
    with open(path + ".three-images-idx3-ubyte", "wb") as file:
        file.write(struct.pack(">IIII", 0x803, 3, 28, 28) + bytes(3 * 28 * 28))
    with open(path + ".three-labels-idx1-ubyte", "wb") as file:
        file.write(struct.pack(">II", 0x801, 3) + bytes([1, 2, 3]))


def teaching():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "digits.jsonl")
        write_three(path)
        said = 0
        for _ in range(KILLS):
            process = subprocess.Popen([TEACH, path], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
            killed = kill_after(process, RNG.uniform(0.02, 0.4))
            output, errors = process.communicate()
            if not killed:
                fail("teaching ended: " + errors.decode())
            counts = output.decode().split()
            said = int(counts[-1]) if counts else said
            look = subprocess.run([TEACH, path, "look"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
            if look.returncode != 0:
                fail("after teaching: " + look.stderr.decode())
            if int(look.stdout) < said:
                fail("%d digits were kept, %d are there" % (said, int(look.stdout)))
            said = int(look.stdout)
        names = os.listdir(directory)
        check_names(directory, ["digits.jsonl", "digits-images-idx3-ubyte",
                                "digits-labels-idx1-ubyte", "digits-labels-idx1-ubyte.next"] +
                    [name for name in names if name.startswith("digits.jsonl.three")])
        for name in names:
            mode = os.stat(os.path.join(directory, name)).st_mode & 0o777
            if not name.startswith("digits.jsonl.three") and mode != 0o600:
                fail("%s has mode %o: what a person draws is nobody else's" % (name, mode))
        print("teaching: nothing lost after %d kills" % KILLS)


training()
saving()
teaching()
