#!/usr/bin/env python3
"""Programs that are killed (SIGKILL) at random moments lose nothing but what they were doing.

    training   with checkpoints, resumed each time: ends with the same weights, bit for bit, as one
               that was left alone
    saving     a model over another one, again and again: the file is always a whole one, and no
               other file lies beside it
    teaching   digits are added, relabelled, taken away, brought back: every digit that was said to
               be kept is there, and every line can be read
    races      of three runs, kept in the history: the database is whole, every run is there up to
               the last second, all weights can be read, those of a run that ended before are its
               last ones

    test_kill.py INKLING TEACH_TOOL RACE_KILL_TOOL [KILLS [SEED]]

KILLS: of each kind; 6 unless said, 70 for a long look (four kinds: 280 moments).
"""
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

try:
    import sqlite3
except ImportError:  # then only the program itself looks at the database
    sqlite3 = None

PROGRAM, TEACH, RACE = (os.path.abspath(path) for path in sys.argv[1:4])
KILLS = int(sys.argv[4]) if len(sys.argv) > 4 else 6
SEED = int(sys.argv[5]) if len(sys.argv) > 5 else random.randrange(1 << 30)
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


# ---- races ----------------------------------------------------------------------------------------

LOST_SECONDS = 1.0  # what may be lost (src/history/history.h)
STEP_BYTES = 24


class Race:
    """Races with the moments at which their lines came: {(race, run): [(moment, steps)]}."""

    def __init__(self, directory, name):
        self.told, self.moments = {}, []
        self.process = subprocess.Popen([RACE, directory, name], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, universal_newlines=True)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            race, run, steps = map(int, line.split())
            self.moments.append(time.monotonic())
            self.told.setdefault((race, run), []).append((self.moments[-1], steps))

    def kill(self):
        at = time.monotonic()
        if self.process.poll() is not None:
            fail("racing ended: " + self.process.stderr.read())
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return at

    def must_be_kept(self, at):
        """Steps of each run that were trained so long ago that they may not be lost. While the
        machine stood still nobody could write."""
        moments = self.moments + [at]
        still = max([after - before for before, after in zip(moments, moments[1:])] or [0])
        for which, told in self.told.items():
            yield which, max([steps for moment, steps in told
                              if moment <= at - LOST_SECONDS - still] or [0])


def history(home, *words):
    done = subprocess.run([PROGRAM, "runs", *words, "--json"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True,
                          env=dict(os.environ, HOME=home, XDG_DATA_HOME=""))
    if done.returncode != 0:
        fail("runs %s: %s" % (" ".join(words), done.stderr))
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_database(path):
    """Nothing in it contradicts anything else."""
    if sqlite3 is None:
        return
    db = sqlite3.connect(path)
    if db.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
        fail("the database is damaged")
    if not db.execute("SELECT name FROM sqlite_master").fetchall():
        return  # killed before it was set up: whether that was too early is for who calls
    for number, steps in db.execute("SELECT id, steps FROM runs").fetchall():
        place = 0
        for first, size in db.execute("SELECT first, length(records) FROM steps WHERE run = ? "
                                      "ORDER BY first", (number,)):
            if first != place or size % STEP_BYTES:
                fail("run %d has a gap at %d" % (number, place))
            place += size // STEP_BYTES
        if place != steps:
            fail("run %d says %d steps and has %d" % (number, steps, place))
    db.close()


def check_weights(directory, run):
    """Of this run: they open, and those of a finished one are its last ones."""
    for which in ("last", "best"):
        path = os.path.join(directory, "weights", "%d-%s.safetensors" % (run["id"], which))
        if not os.path.exists(path):
            continue
        info = subprocess.run([PROGRAM, "info", path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, universal_newlines=True)
        if info.returncode != 0:
            fail("%s: %s" % (path, info.stderr))
        if which == "last" and run["state"] == "finished" and \
                " epoch=%d " % run["epochs"] not in info.stdout:
            fail("%s finished %d epochs, and its weights are older: %s" %
                 (run["name"], run["epochs"], info.stdout))


def races():
    with tempfile.TemporaryDirectory() as home:
        directory = os.path.join(home, ".local", "share", "inkling", "history")
        known = {}
        for kill in range(KILLS):
            race = Race(directory, "kill %d" % kill)
            while not race.moments and race.process.poll() is None:
                time.sleep(0.01)
            # Some soon after the first batch, most where runs end and others begin.
            time.sleep(RNG.choice((RNG.uniform(0, 0.3), RNG.uniform(0.3, 3))))
            at = race.kill()
            check_database(os.path.join(directory, "runs.db"))
            kept = {run["name"]: run for run in history(home, "list")}
            for (number, which), steps in race.must_be_kept(at):
                name = "kill %d %d %d" % (kill, number, which)
                if steps > kept.get(name, {"steps": 0})["steps"]:
                    fail("%s: %d steps were trained a second before, %d are kept" %
                         (name, steps, kept.get(name, {"steps": 0})["steps"]))
            for name, run in kept.items():
                if run["state"] not in ("finished", "interrupted"):
                    fail("%s is %s" % (name, run["state"]))
                if name in known and known[name] != (run["state"], run["steps"]):
                    fail("%s was %s, and is %s" % (name, known[name], run))
                if name not in known:
                    check_weights(directory, run)
                known[name] = (run["state"], run["steps"])
        names = sorted(os.listdir(os.path.join(directory, "weights")))
        numbers = {str(run["id"]) for run in kept.values()}
        extra = [name for name in names if name.split("-")[0] not in numbers or
                 not name.endswith((".safetensors", ".saving"))]
        if extra:
            fail("left behind: " + ", ".join(extra))
        print("races: nothing but the last second lost of %d runs after %d kills" %
              (len(known), KILLS))


training()
saving()
teaching()
races()
