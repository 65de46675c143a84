#!/usr/bin/env python3
"""How long the window takes to appear: milliseconds from starting the process to the end of its first frame.

    bench_start.py INKLING [--starts 12] [ARGUMENTS OF INKLING ...]

Needs a display (xvfb-run is one). The frame log has the clock at the begin of each frame, which is
the same clock as this script's. Tells the fastest, the median and the slowest start, and what of
the median was spent before the first frame, laying it out and drawing it.
"""
import argparse
import os
import statistics
import subprocess
import tempfile
import time


def start(command, log):
    begun = time.monotonic()
    program = subprocess.Popen([*command, "--forget", "--frame-log", log],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        time.sleep(0.05)
        if os.path.exists(log) and open(log).read().count("\n") > 1:
            break
    program.terminate()
    program.wait()
    first = open(log).readline().split()
    os.remove(log)
    values = dict(word.split("=") for word in first[1:])
    return (1000 * (float(first[0]) - begun), float(values["build_ms"]), float(values["render_ms"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inkling")
    parser.add_argument("--starts", type=int, default=12)
    args, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "frames")
        starts = [start([args.inkling, *more], log) for _ in range(args.starts)]
    totals = [sum(parts) for parts in starts]
    print("%d starts, load %.1f: first frame after %.0f ms (median), %.0f to %.0f; "
          "%.0f before it, %.0f laying out, %.0f drawing" % (
              len(starts), os.getloadavg()[0], statistics.median(totals), min(totals), max(totals),
              *(statistics.median(column) for column in zip(*starts))))


main()
