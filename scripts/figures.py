#!/usr/bin/env python3
"""Trains every recipe with several seeds and writes the table of docs/RECIPES.md.

    scripts/figures.py build/inkling                        all recipes, seeds 1 2 3, table to stdout
    scripts/figures.py build/inkling --write docs/RECIPES.md
    scripts/figures.py build/inkling --only lenet5,mlp-bn --seeds 7,8

Each run is one `inkling train --json`; what it printed is kept in --log (one line per run), and a
run that is there already is not done again: the command can be stopped and given again. The figure
of a run is the test accuracy after its last epoch, not the best one on the way.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

# name, options, published, PyTorch's own (same recipe, Debian's python3-torch; a figure for each seed,
# the first of seed 0, those behind it made by tests/torch_figures.py)
RECIPES = [
    ("mlp-bn", ["--preset", "mlp-bn"], "98.37", [98.34]),
    ("mlp-dropout", ["--preset", "mlp-dropout"], "97", [97.68]),
    ("mlp-dropout SGD 0.001",
     ["--preset", "mlp-dropout", "--optimizer", "sgd", "--lr", "0.001"], "87", [87.9]),
    ("cnn-64", ["--preset", "cnn-64"], "99+", [98.90]),
    ("lenet5", ["--preset", "lenet5"], "99.02", [98.81]),
    ("cnn-20", ["--preset", "cnn-20"], "", [99.13, 98.82, 98.94, 98.88]),
    ("fast", ["--preset", "fast", "--until", "0.99"], "", []),
    ("best", ["--preset", "best"], "", []),
]
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def read_log(path):
    runs = {}
    if os.path.exists(path):
        with open(path) as file:
            for line in file:
                run = json.loads(line)
                runs[run["recipe"], run["seed"]] = run
    return runs


def wait_until_quiet(load):
    """Timings mean little on a busy machine; 0 does not wait."""
    while load and os.getloadavg()[0] >= load:
        time.sleep(5)


def train(program, name, options, seed, extra):
    command = [program, "train", "--forget", *options, "--seed", str(seed), "--json", *extra]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("exit status %d: %s" % (done.returncode, " ".join(command)))
    epochs = [json.loads(line) for line in done.stdout.splitlines()]
    return {"recipe": name, "seed": seed, "epochs": len(epochs),
            "accuracy": epochs[-1]["test_accuracy"], "loss": epochs[-1]["test_loss"],
            "best": max(e["test_accuracy"] for e in epochs),
            "seconds": round(sum(e["seconds"] for e in epochs), 2)}


def row(name, published, torch, runs):
    percent = [100 * r["accuracy"] for r in runs]
    mean = statistics.mean(percent)
    spread = "%.2f" % statistics.stdev(percent) if len(runs) > 1 else "–"
    verdict = theirs = "–"
    if torch:
        mark = statistics.mean(torch) - 0.1
        verdict = "yes" if mean >= mark else "no, by %.2f" % (mark - mean)
        theirs = ", ".join("%.2f" % t for t in torch)
    return "| %s | %s | %s | %.2f | %s | %s | %.2f | %s | %.1f | %s |" % (
        name, published or "–", theirs, mean, spread,
        ", ".join("%.2f" % p for p in percent), statistics.mean(100 * r["best"] for r in runs),
        "/".join(sorted({str(r["epochs"]) for r in runs})),
        statistics.mean(r["seconds"] for r in runs), verdict)


def table(runs, seeds):
    lines = ["| Recipe | Published | PyTorch, each seed | Mean | Spread (sd) | Each seed | "
             "Best epoch on the way | Epochs | Seconds of training | PyTorch less 0.1 reached |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for name, _, published, torch in RECIPES:
        mine = [runs[name, seed] for seed in seeds if (name, seed) in runs]
        if mine:
            lines.append(row(name, published, torch, mine))
    return "\n".join(lines)


def put(path, text):
    with open(path) as file:
        before, rest = file.read().split(BEGIN)
        after = rest.split(END)[1]
    with open(path, "w") as file:
        file.write(before + BEGIN + "\n" + text + "\n" + END + after)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--only", help="names, separated by commas")
    parser.add_argument("--log", default="figures.log")
    parser.add_argument("--write", metavar="FILE", help="put the table between FILE's marks")
    parser.add_argument("--quiet-below", type=float, default=0, metavar="LOAD",
                        help="before each run, wait until the load average is below this")
    parser.add_argument("--table", action="store_true", help="train nothing, only the table")
    args, extra = parser.parse_known_args()
    seeds = [int(s) for s in args.seeds.split(",")]
    runs = read_log(args.log)
    for seed in [] if args.table else seeds:
        for name, options, _, _ in RECIPES:
            if (name, seed) in runs or (args.only and name not in args.only.split(",")):
                continue
            wait_until_quiet(args.quiet_below)
            runs[name, seed] = run = train(args.program, name, options, seed, extra)
            with open(args.log, "a") as log:
                log.write(json.dumps(run) + "\n")
    text = table(runs, seeds)
    if args.write:
        put(args.write, text)
    print(text)


main()
