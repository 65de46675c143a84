#!/usr/bin/env python3
"""What PyTorch itself reaches with a recipe of docs/RECIPES.md: test accuracy after the last epoch.

    torch_figures.py PRESET --data FOLDER [--seeds 1 2 3] [--epochs N] [--threads 1]

The network, Adam 0.001, batch 64, all 60,000 images in an order drawn anew each epoch (as DataLoader
draws it, the last batch of 32 included), PyTorch's own initialisation. Prints each seed's accuracy on
the 10,000 test images after every epoch, then the mean of the last ones with its standard deviation.
mlp-bn is not here: its recipe needs a schedule. Run it with a Python that has torch and numpy.
"""
import argparse
import statistics
import time

import torch
from torch import nn

from bench_torch import BATCH, RECIPES, images, labels

EPOCHS = {"mlp-dropout": 25, "lenet5": 10, "cnn-20": 20, "cnn-64": 10}
NORMALIZATION = {"mlp-dropout": (0, 1)}  # the others: MNIST's mean and deviation


def tensors(folder, preset, part):
    mean, deviation = NORMALIZATION.get(preset, (0.1307, 0.3081))
    x = torch.from_numpy(images(folder, part).copy()).float() / 255
    return (x - mean) / deviation, torch.from_numpy(labels(folder, part).copy()).long()


def right(model, x, y):
    model.eval()
    with torch.no_grad():
        count = sum(int((model(a).argmax(1) == b).sum())
                    for a, b in zip(x.split(1000), y.split(1000)))
    model.train()
    return 100 * count / len(y)


def train(preset, seed, epochs, train_set, test_set):
    torch.manual_seed(seed)
    build, rule = RECIPES[preset]
    model = build()
    optimizer = rule(model)
    x, y = train_set
    accuracy = 0
    for epoch in range(1, epochs + 1):
        begun = time.perf_counter()
        for batch in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
        accuracy = right(model, *test_set)
        print("seed %d epoch %d: %.2f %% (%.0f s)" %
              (seed, epoch, accuracy, time.perf_counter() - begun), flush=True)
    return accuracy


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", choices=EPOCHS)
    parser.add_argument("--data", required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    sets = [tensors(args.data, args.preset, part) for part in ("train", "t10k")]
    last = [train(args.preset, seed, args.epochs or EPOCHS[args.preset], *sets)
            for seed in args.seeds]
    print("%s, PyTorch %s: %s; mean %.2f, sd %.2f" % (
        args.preset, torch.__version__, ", ".join("%.2f" % a for a in last),
        statistics.mean(last), statistics.stdev(last) if len(last) > 1 else 0))


if __name__ == "__main__":
    main()
