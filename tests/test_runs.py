#!/usr/bin/env python3
"""The history of runs from the command line: what `inkling train` trains is kept, listed, shown,
exported and deleted; and training that is killed (SIGKILL) at random moments loses at most its last
second and leaves a whole database.

    test_runs.py INKLING [SEED]

Exit status 77 (skipped) when the program was built without SQLite."""
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

PROGRAM = os.path.abspath(sys.argv[1])
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
KILLS = 3
LOST_SECONDS = 1.0  # what may be lost (src/history/history.h)
STEP_BYTES = 24
TRAIN_N, TEST_N, SIDE = 2000, 100, 28
SMALL = ["--layers", "dense 16, relu, dense 10", "--batch-size", "50", "--threads", "1", "--data"]


def environment(home):
    env = dict(os.environ, HOME=home, LC_ALL="C.UTF-8")
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        env.pop(name, None)
    return env


def run(home, *args, code=0):
    done = subprocess.run([PROGRAM, *args], env=environment(home), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True, timeout=100)
    assert done.returncode == code, (args, done.returncode, done.stdout, done.stderr)
    return done


def write_data(directory):
    """Noise with a bright row that tells the class."""
    rng = random.Random(3)
    for name, n in (("train", TRAIN_N), ("t10k", TEST_N)):
        with open(os.path.join(directory, name + "-images-idx3-ubyte"), "wb") as file:
            file.write(struct.pack(">IIII", 0x803, n, SIDE, SIDE))
            for i in range(n):
                pixels = bytearray(rng.randbytes(SIDE * SIDE))
                pixels[2 * (i % 10) * SIDE:(2 * (i % 10) + 1) * SIDE] = b"\xff" * SIDE
                file.write(pixels)
        with open(os.path.join(directory, name + "-labels-idx1-ubyte"), "wb") as file:
            file.write(struct.pack(">II", 0x801, n) + bytes(i % 10 for i in range(n)))


def runs(home, *words):
    return [json.loads(line) for line in run(home, "runs", "list", "--json", *words).stdout.splitlines()]


def shown(home, number):
    return json.loads(run(home, "runs", "show", str(number), "--json").stdout)


def history(home):
    return os.path.join(home, ".local", "share", "inkling", "history")


def check_database(home):
    """Nothing in it contradicts anything else."""
    if sqlite3 is None:
        return
    db = sqlite3.connect(os.path.join(history(home), "runs.db"))
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for number, steps in db.execute("SELECT id, steps FROM runs").fetchall():
        rows = db.execute("SELECT first, length(records) FROM steps WHERE run = ? ORDER BY first",
                          (number,)).fetchall()
        place = 0
        for first, size in rows:
            assert first == place and size % STEP_BYTES == 0, (number, first, place)
            place += size // STEP_BYTES
        assert place == steps, (number, place, steps)
    db.close()


# ---- the cases ---------------------------------------------------------------------------------

def test_a_run_is_kept_shown_exported_and_deleted(home):
    printed = [json.loads(line) for line in
               run(home, "train", *SMALL, DATA, "--epochs", "2", "--seed", "7", "--json", "--save",
                   os.path.join(home, "model.safetensors")).stdout.splitlines()]
    run(home, "train", *SMALL, DATA, "--epochs", "1", "--optimizer", "sgd")
    run(home, "train", *SMALL, DATA, "--epochs", "1", "--forget")
    first, second = sorted(runs(home), key=lambda run: run["id"])
    assert first["state"] == second["state"] == "finished"
    assert first["epochs"] == 2 and first["steps"] == 80, first
    assert "seed=7" in first["settings"] and first["color"] != second["color"]
    whole = shown(home, first["id"])
    assert whole["epoch_list"] == printed, (whole["epoch_list"], printed)
    assert whole["best_accuracy"] == max(epoch["test_accuracy"] for epoch in printed)
    assert [run["id"] for run in runs(home, "SGD")] == [second["id"]]
    assert runs(home, "seed=7", "sgd") == []
    # The last weights are those that were saved; both can be taken out in every format.
    saved = os.path.join(home, "last.pth")
    run(home, "runs", "export", str(first["id"]), saved, "--weights", "last")
    evals = [run(home, "eval", path, "--data", DATA, "--json").stdout
             for path in (saved, os.path.join(home, "model.safetensors"))]
    assert evals[0] == evals[1], evals
    table = os.path.join(home, "run.csv")
    run(home, "runs", "export", str(first["id"]), table)
    with open(table) as file:
        assert len(file.readlines()) == 1 + 80 + 2
    run(home, "runs", "rename", str(first["id"]), "two words")
    assert runs(home, "two", "words")[0]["id"] == first["id"]
    run(home, "runs", "delete", str(first["id"]))
    assert [run["id"] for run in runs(home)] == [second["id"]]
    run(home, "runs", "show", str(first["id"]), code=1)
    run(home, "runs", "show", "many", code=2)
    run(home, "runs", "forget", code=2)
    check_database(home)


def test_a_history_that_cannot_be_used_does_not_stop_training(home):
    os.makedirs(history(home))
    with open(os.path.join(history(home), "runs.db"), "w") as file:
        file.write("this is no database at all, but somebody may need it")
    done = run(home, "train", *SMALL, DATA, "--epochs", "1")
    assert "not kept" in done.stderr and "runs.db" in done.stderr, done.stderr
    assert done.stderr.count("runs.db") == 1, done.stderr
    run(home, "runs", "list", code=1)


class Watched:
    """Training with the moments at which its lines came."""

    def __init__(self, home):
        self.lines = []
        self.process = subprocess.Popen(
            [PROGRAM, "train", *SMALL, DATA, "--epochs", "100000", "--json"], env=environment(home),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), json.loads(line)["epoch"]))

    def kill(self):
        at = time.monotonic()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.thread.join()
        return at


def test_killed_at_random_moments(home):
    rng = random.Random(SEED)
    for kill in range(KILLS):
        training = Watched(home)
        while not training.lines and training.process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.1, 2.2))
        at = training.kill()
        check_database(home)
        # While the machine stood still nobody could write.
        moments = [moment for moment, _ in training.lines] + [at]
        still = max(after - before for before, after in zip(moments, moments[1:]))
        old = [epoch for moment, epoch in training.lines if moment <= at - LOST_SECONDS - still]
        kept = runs(home)
        if not kept or kept[0]["id"] != kill + 1:
            assert not old, "killed %.2f s after its first line, and nothing is kept" % (
                at - moments[0])
            return
        newest = shown(home, kill + 1)
        assert newest["state"] == "interrupted", newest
        epochs = [epoch["epoch"] for epoch in newest["epoch_list"]]
        assert epochs == list(range(1, len(epochs) + 1))
        assert len(epochs) >= (old or [0])[-1], (len(epochs), old[-1])
        for which in newest["weights"]:
            path = os.path.join(home, which + ".safetensors")
            run(home, "runs", "export", str(kill + 1), path, "--weights", which)
            model = run(home, "info", path).stdout
            epoch = int(model.split(" epoch=")[1].split()[0])
            assert which == "best" or epoch >= (old or [0])[-1], (model, old[-1])
        assert not old or newest["weights"] == ["last", "best"], newest
    leftovers = [name for name in os.listdir(os.path.join(history(home), "weights"))
                 if not name.endswith(".safetensors")]
    assert not leftovers, leftovers


def test_a_run_that_is_resumed_goes_on_in_its_entry(home):
    state, epochs = os.path.join(home, "state"), 200
    train = ["train", *SMALL, DATA, "--epochs", str(epochs), "--seed", str(SEED % 1000)]
    resumed = [PROGRAM, *train, "--resume", state, "--checkpoint", "0.05"]
    for _ in range(2):
        process = subprocess.Popen(resumed, env=environment(home), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        before = os.path.getmtime(state) if os.path.exists(state) else 0
        while process.poll() is None and not (os.path.exists(state) and
                                              os.path.getmtime(state) > before):
            time.sleep(0.01)
        time.sleep(0.3)  # further than the checkpoint
        process.send_signal(signal.SIGKILL)
        process.wait()
    run(home, *resumed[1:])
    check_database(home)
    kept = runs(home)
    assert len(kept) == 1, [(entry["id"], entry["steps"]) for entry in kept]
    assert kept[0]["state"] == "finished" and kept[0]["steps"] == epochs * TRAIN_N // 50, kept
    straight = [json.loads(line) for line in
                run(home, *train, "--forget", "--json").stdout.splitlines()]
    figures = ("epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy")
    whole = shown(home, kept[0]["id"])
    assert ([[epoch[name] for name in figures] for epoch in whole["epoch_list"]] ==
            [[epoch[name] for name in figures] for epoch in straight])
    # Another run of the same settings is another entry.
    run(home, *train)
    assert len(runs(home)) == 2


def main():
    global DATA
    failed = 0
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run([PROGRAM, "runs", "list"], env=environment(home),
                              stderr=subprocess.PIPE, universal_newlines=True)
        if "without SQLite" in done.stderr:
            print("skipped: " + done.stderr)
            return 77
    with tempfile.TemporaryDirectory(prefix="inkling-runs-") as DATA:
        write_data(DATA)
        for name, case in [(n, c) for n, c in globals().items() if n.startswith("test_")]:
            with tempfile.TemporaryDirectory(prefix="inkling-runs-") as home:
                try:
                    case(home)
                    print("[       OK ] " + name, flush=True)
                except AssertionError as error:
                    failed += 1
                    print("[  FAILED  ] %s (seed %d): %s" % (name, SEED, error), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
