#!/usr/bin/env python3
"""Ctrl+C on the command line: ends with a sentence and status 130 wherever it comes, and nothing is
lost: what was answered has been written, a run that is resumed gives what it would have given.

Usage: test_cli_stop.py PROGRAM pictures|no-pictures"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from test_cli import PROGRAM, environment, good, json_lines, without_time, write_data

# Heavy enough that a signal meets batches, the test images and the held-out ones.
HEAVY = ["train", "--data", "data", "--layers", "conv 8 k5, relu, conv 16 k5, relu, dense 10",
         "--limit", "96", "--held-out", "32", "--patience", "2", "--batch-size", "32", "--epochs",
         "2", "--json"]


def start(*args):
    return subprocess.Popen([PROGRAM] + list(args), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, universal_newlines=True, env=environment())


def stop(process, *numbers):
    """Exit status, standard output, standard error."""
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.01)
    try:
        out, err = process.communicate(timeout=100)
    finally:
        process.kill()
    return process.returncode, out, err


def wait_for(process, sign):
    """What it said on standard error up to there."""
    said = ""
    while sign not in said:
        line = process.stderr.readline()
        assert line, "it ended before it said \"%s\": %s" % (sign, said)
        said += line
    return said


def newest():
    return max(run["id"] for run in json_lines(good("runs", "list", "--json").out))


def test_training_goes_on():
    whole = without_time(json_lines(good(*HEAVY).out))
    begun = time.monotonic()
    good(*HEAVY, "--save", "whole.safetensors")
    seconds = time.monotonic() - begun
    stopped = 0
    for i in range(5):
        state = "run%d.state" % i
        process = start(*HEAVY, "--resume", state, "--save", "stopped.safetensors")
        wait_for(process, "parameters")
        time.sleep(seconds * i / 6)
        code, out, err = stop(process, signal.SIGINT)
        assert code in (0, 130), (code, err)
        if code == 130:
            stopped += 1
            assert "inkling: stopped " in err and "saved stopped.safetensors" in err, err
            out += good(*HEAVY, "--resume", state).out
        assert without_time(json_lines(out)) == whole, (i, out, whole)
        kept = json_lines(good("runs", "show", str(newest()), "--json").out)[0]
        assert without_time(kept["epoch_list"]) == whole, (i, kept, whole)
        assert kept["state"] == "finished", kept
        good("info", "stopped.safetensors")
    assert stopped > 0


def test_twice_ends_at_once():
    process = start(*HEAVY, "--epochs", "100000")
    wait_for(process, "parameters")
    code, _, err = stop(process, signal.SIGINT, signal.SIGINT)
    assert code == 130 and "inkling: stopped" in err, (code, err)
    process = start(*HEAVY, "--epochs", "100000")
    wait_for(process, "parameters")
    code, _, err = stop(process, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM and "inkling: stopped" in err, (code, err)


def test_answers_are_kept():
    """What reads a pipe is stopped while it waits: the answers so far have gone out, in lines."""
    good("train", "--data", "data", "--layers", "dense 10", "--epochs", "1", "--forget", "--save",
         "model.safetensors")
    process = start("predict", "model.safetensors", "-", "--json")
    drawing = json.dumps({"strokes": [[[0, 0], [5, 9], [9, 20]]]}) + "\n"
    process.stdin.write(drawing * 3)
    process.stdin.flush()
    lines = [json.loads(process.stdout.readline()) for _ in range(3)]
    code, out, err = stop(process, signal.SIGINT)
    assert code == 130 and "inkling: stopped" in err and out == "", (code, out, err)
    assert all("probabilities" in line for line in lines), lines


def main():
    cases = [case for name, case in globals().items() if name.startswith("test_")]
    with tempfile.TemporaryDirectory(prefix="inkling-stop-") as directory:
        os.chdir(directory)
        write_data("data")
        for case in cases:
            case()
            print("[       OK ] " + case.__name__, flush=True)
        os.chdir("/")


if __name__ == "__main__":
    sys.exit(main())
