#!/usr/bin/env python3
"""How the time of an epoch grows: with threads, with images, with parameters.

    bench_scaling.py INKLING --data FOLDER [--rounds 3] [--seconds 1] [--only threads ...]

Threads: seconds per epoch of three networks with 1, 2, 4 and 8 threads, the fastest of the rounds,
and the efficiency of two threads, time_1 / (2 * time_2): of the fastest, which is what the program
can do, and the median over rounds, which other work on either processor brings down.
Images: seconds of one epoch of lenet5 on more and more images. Parameters: nanoseconds for each
parameter and image in an epoch of ever wider networks of dense layers. Cost is linear where the
last column stays the same. The load of the machine stands beside each table.
"""
import argparse
import json
import os
import statistics
import subprocess


def run(args, *words):
    done = subprocess.run([args.inkling, *words], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return [json.loads(line) for line in done.stdout.splitlines()]


def load():
    return "load %.1f on %d processors" % (os.getloadavg()[0], len(os.sched_getaffinity(0)))


def threads(args):
    counts = [1, 2, 4, 8]
    processors = len(os.sched_getaffinity(0))
    print("threads (%s)" % load())
    print("%-10s" % "preset" + "".join("%9d thr" % n for n in counts) + "   efficiency with 2: fastest, median")
    for preset in ("lenet5", "cnn-20", "cnn-64"):
        times = {n: [] for n in counts}
        for _ in range(args.rounds):
            for n in counts:
                times[n].append(run(args, "bench", "--json", "--preset", preset, "--threads", str(n),
                                    "--seconds", str(args.seconds), "--data", args.data)
                                [1]["seconds_per_epoch"])
        fastest = 50 * min(times[1]) / min(times[2])
        median = 50 * statistics.median(a / b for a, b in zip(times[1], times[2]))
        print("%-10s" % preset + "".join("%11.2f s" % min(times[n]) for n in counts) +
              ("   %23.0f %% %5.0f %%" % (fastest, median) if processors > 1 else "   one processor"),
              flush=True)


def epoch(args, images, *words):
    """The fastest of a few epochs: what it costs when nobody else is at work."""
    rows = run(args, "train", "--forget", "--json", "--epochs", str(args.rounds), "--data",
               "%s@%d" % (args.data, images), *words)
    return min(row["seconds"] for row in rows if "seconds" in row)


def images(args):
    print("images, lenet5 (%s)" % load())
    print("%10s %10s %16s" % ("images", "seconds", "us for an image"))
    for count in (7500, 15000, 30000, 60000):
        seconds = epoch(args, count, "--preset", "lenet5")
        print("%10d %10.3f %16.2f" % (count, seconds, 1e6 * seconds / count), flush=True)


def parameters(args):
    print("parameters, 784-N-N-10, SGD with momentum, batch 64 (%s)" % load())
    print("%10s %12s %10s %22s" % ("N", "parameters", "seconds", "ns, parameter, image"))
    for width in (100, 300, 700, 1500, 2800):
        count = 784 * width + width + width * width + width + 10 * width + 10
        images_used = 6400
        seconds = epoch(args, images_used, "--preset", "mlp-dropout", "--optimizer", "momentum",
                        "--lr", "0.001", "--layers",
                        "flatten, dense %d, relu, dense %d, relu, dense 10" % (width, width))
        print("%10d %12d %10.3f %22.4f" % (width, count, seconds,
                                           1e9 * seconds / count / images_used), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inkling")
    parser.add_argument("--data", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1)
    tables = {"parameters": parameters, "images": images, "threads": threads}
    parser.add_argument("--only", nargs="+", choices=tables, default=list(tables))
    args = parser.parse_args()
    for name in args.only:
        tables[name](args)
        print()


main()
