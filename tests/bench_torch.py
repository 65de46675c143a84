#!/usr/bin/env python3
"""Seconds for an epoch of 60,000 MNIST images at batch 64: `inkling bench` and PyTorch by turns.

    bench_torch.py INKLING --data FOLDER [--threads 2] [--rounds 3] [--seconds 3] [--preset NAME ...]
                   [--device cuda]

PyTorch gets the images as one tensor, normalised, in memory; a step takes a slice of it (no loader,
no shuffling), so nothing but the network is timed. Each round times both, one after the other; what
is told is the median of the rounds, the ratio is the median of the rounds' own ratios, so that a
machine that others use as well tells on both. On a GPU (--device cuda) the images lie on the device,
and PyTorch is timed twice: eager, and with a whole step captured as a CUDA graph. Run it with a
Python that has torch and numpy.
"""
import argparse
import gzip
import json
import os
import statistics
import subprocess
import time

import numpy
import torch
from torch import nn

BATCH, IMAGES = 64, 60000


def images(folder, part="train"):
    for name in (part + "-images-idx3-ubyte", part + "-images-idx3-ubyte.gz"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            raw = (gzip.open if name.endswith(".gz") else open)(path, "rb").read()
            return numpy.frombuffer(raw, numpy.uint8, offset=16).reshape(-1, 1, 28, 28)
    raise SystemExit("no %s-images-idx3-ubyte[.gz] in %s" % (part, folder))


def labels(folder, part="train"):
    for name in (part + "-labels-idx1-ubyte", part + "-labels-idx1-ubyte.gz"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            raw = (gzip.open if name.endswith(".gz") else open)(path, "rb").read()
            return numpy.frombuffer(raw, numpy.uint8, offset=8).astype(numpy.int64)
    raise SystemExit("no train-labels-idx1-ubyte[.gz] in " + folder)


def adam(model):
    # A captured step keeps the count of steps on the device.
    on_gpu = next(model.parameters()).is_cuda
    return torch.optim.Adam(model.parameters(), lr=0.001, **({"capturable": True} if on_gpu else {}))


def momentum(model):
    return torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)


RECIPES = {
    "mlp-bn": (lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(784, 300), nn.BatchNorm1d(300), nn.ReLU(),
        nn.Linear(300, 100), nn.BatchNorm1d(100), nn.ReLU(), nn.Linear(100, 10)), momentum),
    "mlp-dropout": (lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10)), adam),
    "lenet5": (lambda: nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)), adam),
    "cnn-20": (lambda: nn.Sequential(
        nn.Conv2d(1, 10, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(10, 20, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(2000, 500), nn.ReLU(), nn.Linear(500, 10)), adam),
    "cnn-64": (lambda: nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10)), adam),
}


class Torch:
    def __init__(self, preset, x, y):
        build, rule = RECIPES[preset]
        self.model = build().to(x.device)
        self.rule = rule(self.model)
        self.x, self.y = x, y
        self.at = 0

    def step(self):
        if self.at + BATCH > len(self.x):
            self.at = 0
        part = slice(self.at, self.at + BATCH)
        self.at += BATCH
        self.rule.zero_grad()
        nn.functional.cross_entropy(self.model(self.x[part]), self.y[part]).backward()
        self.rule.step()

    def learn(self, x, y):
        self.rule.zero_grad(set_to_none=False)
        nn.functional.cross_entropy(self.model(x), y).backward()
        self.rule.step()

    def captured_step(self):
        """One step as a CUDA graph, on a batch that is copied to where it was captured with."""
        x, y = self.x[:BATCH].clone(), self.y[:BATCH].clone()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(5):
                self.learn(x, y)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.learn(x, y)

        def step():
            if self.at + BATCH > len(self.x):
                self.at = 0
            x.copy_(self.x[self.at:self.at + BATCH])
            y.copy_(self.y[self.at:self.at + BATCH])
            self.at += BATCH
            graph.replay()
        return step

    def wait(self):
        if self.x.is_cuda:
            torch.cuda.synchronize()

    def epoch_seconds(self, seconds, step=None):
        step = step or self.step
        for _ in range(5):
            step()
        self.wait()
        begun, steps = time.perf_counter(), 0
        while time.perf_counter() - begun < seconds:
            for _ in range(10):
                step()
            steps += 10
            self.wait()
        return (time.perf_counter() - begun) / steps * IMAGES / BATCH


def inkling(args, preset):
    answer = subprocess.run(
        [args.inkling, "bench", "--json", "--preset", preset, "--threads", str(args.threads),
         "--seconds", str(args.seconds), "--data", args.data, "--device", args.device],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if answer.returncode != 0:
        raise SystemExit("%s bench: %s" % (args.inkling, answer.stderr))
    row = json.loads(answer.stdout.splitlines()[1])
    return row["seconds_per_epoch"], row["share_of_product_rate"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inkling")
    parser.add_argument("--data", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--preset", nargs="+", default=list(RECIPES))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    # As ours are: exact float32, and the fastest of cuDNN's ways for these shapes.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    x = torch.from_numpy((images(args.data)[:16384] / 255.0 - 0.1307).astype(numpy.float32) / 0.3081)
    y = torch.from_numpy(labels(args.data)[:16384])
    x, y = x.to(args.device), y.to(args.device)
    captured = args.device.startswith("cuda")
    print("PyTorch %s, %d threads, %d rounds, load %.1f" %
          (torch.__version__, args.threads, args.rounds, os.getloadavg()[0]))
    print("%-12s %12s %12s %8s %8s" % ("preset", "inkling s", "PyTorch s", "ratio", "share") +
          ("%12s %8s" % ("captured s", "ratio") if captured else ""))
    for preset in args.preset:
        other = Torch(preset, x, y)
        ours, theirs, ratios, shares, graphs, graph_ratios = [], [], [], [], [], []
        # A network of its own: a graph goes on writing where its gradients were, and eager steps let
        # theirs go.
        alone = Torch(preset, x, y) if captured else None
        replay = alone.captured_step() if captured else None
        for _ in range(args.rounds):
            seconds, share = inkling(args, preset)
            ours.append(seconds)
            shares.append(share)
            theirs.append(other.epoch_seconds(args.seconds))
            ratios.append(theirs[-1] / ours[-1])
            if captured:
                graphs.append(alone.epoch_seconds(args.seconds, replay))
                graph_ratios.append(graphs[-1] / ours[-1])
        print("%-12s %12.3f %12.3f %8.1f %6.0f %%" % (
            preset, statistics.median(ours), statistics.median(theirs), statistics.median(ratios),
            100 * statistics.median(shares)) +
              ("%12.3f %8.1f" % (statistics.median(graphs), statistics.median(graph_ratios))
               if captured else ""), flush=True)
    print("load at the end %.1f" % os.getloadavg()[0])


if __name__ == "__main__":
    main()
