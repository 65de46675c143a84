#!/usr/bin/env python3
"""A state dict goes back into the class that it came from: whatever formats a file went through,
what comes out loads with torch.load(weights_only=True) and load_state_dict(strict=True) into a fresh
instance, every tensor bit for bit, num_batches_tracked too, keys in their order. Classes with
names of their own; wrappers; parametrized weights; layers without a bias; training on. With
python3-torch; with python3-onnx the .onnx files on the way pass its checker.

    test_names.py INKLING

The state dicts of $INKLING_TORCH (see test_torch.py) take the same ways where they are. Exit status
77 (skipped) without PyTorch."""
import collections
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import warnings

import system_python

try:
    import torch
    from torch import nn
except ImportError:
    system_python.otherwise()
    print("SKIPPED: python3-torch is not installed")
    sys.exit(77)
try:
    import onnx
except ImportError:
    onnx = None

PROGRAM = os.path.abspath(sys.argv[1])
DATA = os.environ.get("INKLING_DATA", "")
TORCH = os.environ.get("INKLING_TORCH") or os.path.join(DATA, "..", "torch")
WAYS = [["pth"], ["safetensors", "pth"], ["onnx", "pth"], ["safetensors", "onnx", "pth"],
        ["onnx", "safetensors", "pt", "onnx", "pth"]]


def run(*args, home="/nonexistent"):
    # No data: what the layers are is another test's; here any guess will do.
    environment = dict(os.environ, INKLING_DATA="/nonexistent", XDG_DATA_HOME=home,
                       XDG_CONFIG_HOME=home, OMP_NUM_THREADS="1")
    done = subprocess.run([PROGRAM, *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True, timeout=100,
                          env=environment, check=False)
    assert done.returncode == 0, (args, done.returncode, done.stderr)
    return done


# ---- classes, named as their authors pleased -----------------------------------------------------

class Nested(nn.Module):
    """Sequentials in attributes, batch norms, another order than that of a list of layers."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()),
            nn.MaxPool2d(2),
            nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU()),
            nn.MaxPool2d(2))
        self.head = nn.ModuleDict({"hidden": nn.Linear(294, 12), "Ausgang ü": nn.Linear(12, 10)})


class Grouped(nn.Module):
    """All weights first, then all norms: the order of the keys is not the one they run in."""

    def __init__(self):
        super().__init__()
        self.dense_a = nn.Linear(784, 16)
        self.dense_b = nn.Linear(16, 10)
        self.norm_a = nn.BatchNorm1d(16)


class Bare(nn.Module):
    """Layers without a bias, norms without scale and shift."""

    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 3, 5, padding=2, bias=False)
        self.n = nn.BatchNorm2d(3, affine=False)
        self.out = nn.Linear(3 * 14 * 14, 10, bias=False)


class Swapped(nn.Module):
    """Names that are ours, of other layers."""

    def __init__(self):
        super().__init__()
        self.fc2 = nn.Linear(784, 20)
        self.fc1 = nn.Linear(20, 10)


class Same(nn.Module):
    """Exactly our names: only the counter is its own."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 8)
        self.bn1 = nn.BatchNorm1d(8)
        self.fc2 = nn.Linear(8, 10)


def filled(make, seed):
    """An instance with numbers that no layer starts with."""
    torch.manual_seed(seed)
    model = make()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("num_batches_tracked"):
                tensor.fill_(18760 + (1 << 40))
            elif name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            else:
                tensor.uniform_(-0.1, 0.1)
    return model


def assert_same(make, path, wanted):
    found = torch.load(path, map_location="cpu", weights_only=True)
    assert isinstance(found, collections.OrderedDict), (path, type(found))
    assert list(found) == list(wanted), (path, list(found), list(wanted))
    for name, tensor in wanted.items():
        got = found[name]
        assert got.dtype == tensor.dtype and got.shape == tensor.shape, (path, name, got.dtype)
        assert got.numpy().tobytes() == tensor.numpy().tobytes(), (path, name)
    if make:
        make().load_state_dict(found, strict=True)


def check_onnx(path, wanted):
    """Initializers have the names of the tensors that are there."""
    if not onnx:
        return
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    names = {t.name for t in model.graph.initializer}
    missing = [n for n in wanted if n not in names and not n.endswith("num_batches_tracked")]
    assert not missing, (path, missing, names)


def check_safetensors(path, wanted):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    del header["__metadata__"]
    assert list(header) == list(wanted), (path, list(header))
    for name, tensor in wanted.items():
        begin, end = header[name]["data_offsets"]
        kind = "I64" if tensor.dtype == torch.int64 else "F32"
        assert header[name]["dtype"] == kind and begin % tensor.element_size() == 0, (path, name)
        assert header[name]["shape"] == list(tensor.shape), (path, name)
        assert data[begin:end] == tensor.numpy().tobytes(), (path, name)


def check_ways(name, make, path, wanted, *options, ways=WAYS):
    """Sends the file at `path` round; `wanted` comes back."""
    stem = os.path.splitext(path)[0]
    for number, way in enumerate(ways):
        at = path
        for step, ending in enumerate(way):
            to = f"{stem}-{number}-{step}.{ending}"
            said = run("convert", at, to, *(options if step == 0 else [])).stderr
            assert step == 0 or "ecognised" not in said, (name, way, said)
            if ending == "onnx":
                check_onnx(to, wanted)
            elif ending == "safetensors":
                check_safetensors(to, wanted)
            else:
                assert_same(make, to, wanted)
            at = to
    print(f"{name}: {len(wanted)} tensors, {len(ways)} ways")


NESTED = "conv 4 k3 p1, batchnorm, relu, maxpool 2, conv 6 k3 p1, batchnorm, relu, maxpool 2, " \
         "dense 12, relu, dense 10"
BARE = "conv 3 k5 p2, batchnorm, relu, maxpool 2, dense 10"


def save_prefixed(state, path):
    wrapped = collections.OrderedDict(("module._orig_mod." + k, v) for k, v in state.items())
    torch.save({"epoch": 3, "state_dict": wrapped, "optimizer": {"lr": 0.1}}, path)


def check_classes(directory):
    rows = [("nested", Nested, NESTED), ("grouped", Grouped, "dense 16, batchnorm, relu, dense 10"),
            ("bare", Bare, BARE), ("swapped", Swapped, "dense 20, tanh, dense 10"),
            ("same", Same, "dense 8, batchnorm, relu, dense 10")]
    for seed, (name, make, layers) in enumerate(rows):
        state = filled(make, seed).state_dict()
        path = os.path.join(directory, name + ".pth")
        torch.save(state, path)
        check_ways(name, make, path, state, "--layers", layers)
        if name != "nested":
            continue
        # Prefixes of wrappers are off; the class itself has none.
        for kind, save in (("wrapped", save_prefixed),
                           ("legacy", lambda s, p: torch.save(
                               s, p, _use_new_zipfile_serialization=False)),
                           ("half", lambda s, p: torch.save(
                               {k: v.half() if v.is_floating_point() else v
                                for k, v in s.items()}, p))):
            path = os.path.join(directory, kind + ".pth")
            save(state, path)
            kept = state
            if kind == "half":
                kept = {k: v.half().float() if v.is_floating_point() else v
                        for k, v in state.items()}
            check_ways(kind, make, path, kept, "--layers", layers, ways=WAYS[:1])


def check_folded(directory):
    """Weights in parts come back whole, under the name that a plain class has."""
    model = nn.Sequential(nn.Flatten(), nn.utils.weight_norm(nn.Linear(784, 8)), nn.ReLU(),
                          nn.Linear(8, 10))
    path = os.path.join(directory, "folded.pth")
    torch.save(model.state_dict(), path)
    run("convert", path, path + ".pth", "--layers", "dense 8, relu, dense 10")
    found = torch.load(path + ".pth", weights_only=True)
    assert sorted(found) == ["1.bias", "1.weight", "3.bias", "3.weight"], list(found)
    plain = nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.ReLU(), nn.Linear(8, 10))
    plain.load_state_dict(found, strict=True)
    x = torch.rand(5, 1, 28, 28)
    assert torch.allclose(plain(x), model(x), atol=1e-5)
    print("folded: a plain class takes it")


class Bordered(nn.Module):
    """Trained on 28x28 in a border to 32x32, as LeNet-5 was."""

    def __init__(self, bias=True):
        super().__init__()
        self.c1 = nn.Conv2d(1, 4, 5, bias=bias)
        self.f1 = nn.Linear(4 * 14 * 14, 10)

    def forward(self, x):
        return self.f1(torch.relu(torch.nn.functional.avg_pool2d(self.c1(x), 2)).flatten(1))


class Exported(nn.Module):
    """With its own names in torch.onnx.export's file, once its batch norm is not folded."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.out = nn.Linear(784, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.norm(self.stem(x))), 2)
        return self.out(x.flatten(1))


def check_exported(directory):
    """What PyTorch exports as ONNX goes back into its class, with the counters at 0."""
    model = filled(Exported, 7).eval()
    path = os.path.join(directory, "exported")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(model, torch.zeros(1, 1, 28, 28), path + ".onnx",
                              training=torch.onnx.TrainingMode.PRESERVE,
                              do_constant_folding=False)
    except Exception as error:  # whatever it lacks is not ours
        print("not tried: torch.onnx.export:", error)
        return
    run("convert", path + ".onnx", path + "-ours.onnx")
    for at in (path, path + "-ours"):
        run("convert", at + ".onnx", at + ".pth")
        back = Exported()
        back.load_state_dict(torch.load(at + ".pth", weights_only=True), strict=True)
        for name, tensor in model.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                assert torch.equal(back.state_dict()[name], tensor), (at, name)
    print("exported: its class takes it")


def answers(path, directory):
    images = os.path.join(directory, "t10k-images-idx3-ubyte")
    return [json.loads(line)["logits"] for line in
            run("predict", path, images, "--json").stdout.splitlines()]


def check_border(directory):
    """The mean that goes into the first bias here is out of it again in the file, bit for bit; and
    what comes back answers as the class does."""
    count, mean, std = 40, 0.1307, 0.3081
    layers = "conv 4 k5 p2, avgpool 2, relu, dense 10"
    write_digits(directory, count)
    with open(os.path.join(directory, "t10k-images-idx3-ubyte"), "rb") as file:
        pixels = torch.frombuffer(bytearray(file.read()[16:]), dtype=torch.uint8)
    x = nn.functional.pad(pixels.reshape(-1, 1, 28, 28).float() / 255, (2, 2, 2, 2))
    for bias in (True, False):
        model = filled(lambda: Bordered(bias), 6)
        path = os.path.join(directory, f"border-{bias}.pth")
        torch.save(model.state_dict(), path)
        decided = ["--layers", layers, "--border", "--mean", mean, "--std", std]
        check_ways(f"border, bias {bias}", lambda: Bordered(bias), path, model.state_dict(),
                   *decided)
        wanted = model((x - mean) / std)
        for way in (path, path[:-4] + "-0-0.pth", path[:-4] + "-3-1.onnx"):
            found = torch.tensor(answers(way, directory) if way != path else [
                json.loads(line)["logits"] for line in run(
                    "predict", path, os.path.join(directory, "t10k-images-idx3-ubyte"), "--json",
                    *decided).stdout.splitlines()])
            assert (found - wanted).abs().max() < 1e-4, (way, (found - wanted).abs().max())
    # With our names and a counter at 0 it needs a table for the border alone.
    plain = nn.Sequential(collections.OrderedDict(
        conv1=nn.Conv2d(1, 4, 5), bn1=nn.BatchNorm2d(4), fc1=nn.Linear(4 * 28 * 28, 10)))
    path = os.path.join(directory, "border-plain.pth")
    torch.save(plain.state_dict(), path)
    check_ways("border, our names", None, path, plain.state_dict(), "--layers",
               "conv 4 k5 p2, batchnorm, relu, dense 10", *decided[2:])
    # Trained on, it is written as its class has it.
    saved = os.path.join(directory, "border-trained")
    run("train", "--data", directory, "--init", os.path.join(directory, "border-True-0-0.pth"),
        "--epochs", 1, "--forget", "--save", saved + ".pth", "--threads", 1)
    run("convert", saved + ".pth", saved + ".onnx")
    trained = Bordered()
    trained.load_state_dict(torch.load(saved + ".pth", weights_only=True), strict=True)
    wanted = trained((x - mean) / std)
    assert not torch.equal(trained.c1.weight, filled(Bordered, 6).c1.weight)
    for way in (saved + ".pth", saved + ".onnx"):
        found = torch.tensor(answers(way, directory))
        assert (found - wanted).abs().max() < 1e-4, (way, (found - wanted).abs().max())
    print("border: its class takes it, and answers the same")


def write_digits(directory, count):
    """Grey noise with labels, as IDX."""
    for name in ("train", "t10k"):
        with open(os.path.join(directory, name + "-images-idx3-ubyte"), "wb") as file:
            file.write(struct.pack(">IIII", 0x803, count, 28, 28))
            file.write(bytes(i * i % 251 for i in range(count * 784)))
        with open(os.path.join(directory, name + "-labels-idx1-ubyte"), "wb") as file:
            file.write(struct.pack(">II", 0x801, count) + bytes(i % 10 for i in range(count)))


def assert_trained(make, path, before, batches):
    """The keys of before, in order; counters have gone on; weights are others."""
    found = torch.load(path, weights_only=True)
    assert list(found) == list(before), (path, list(found))
    make().load_state_dict(found, strict=True)
    for name, tensor in before.items():
        if name.endswith("num_batches_tracked"):
            assert found[name].item() == tensor.item() + batches, (path, name, found[name])
        else:
            assert not torch.equal(found[name], tensor), (path, name)


def check_training(directory):
    """What is trained on from a file keeps its names, and its batch norms go on counting; in what
    is saved, in what is gone on with, and in the history."""
    count, batch, epochs = 96, 32, 2
    batches = epochs * count // batch
    home = os.path.join(directory, "home")
    os.mkdir(home)
    write_digits(directory, count)
    state = filled(Nested, 4).state_dict()
    start, named, saved, again, kept, more = (
        os.path.join(directory, n) for n in ("start.pth", "named.onnx", "saved.pth",
                                             "again.pth", "kept.pth", "more.pth"))
    torch.save(state, start)
    run("convert", start, named, "--layers", NESTED)
    train = ["train", "--data", directory, "--init", named, "--batch-size", batch, "--epochs",
             epochs, "--threads", "1"]
    run(*train, "--save", saved, home=home)
    assert_trained(Nested, saved, state, batches)
    state_file = os.path.join(directory, "state")
    run(*train, "--resume", state_file, "--forget")
    run(*train, "--resume", state_file, "--save", again, "--forget")
    assert_trained(Nested, again, state, batches)
    runs = [json.loads(line) for line in run("runs", "list", "--json",
                                             home=home).stdout.splitlines()]
    run("runs", "export", runs[0]["id"], kept, "--weights", "last", home=home)
    assert_trained(Nested, kept, state, batches)
    train[train.index(named)] = saved
    run(*train, "--save", more, "--forget")
    assert_trained(Nested, more, state, 2 * batches)
    # A bias that the file did not have is written once it has been learnt.
    state = filled(Bare, 5).state_dict()
    torch.save(state, start)
    run("convert", start, named, "--layers", BARE)
    train[train.index(saved)] = named
    run(*train, "--save", saved, "--forget")
    found = torch.load(saved, weights_only=True)
    extra = ["c.bias", "n.weight", "n.bias", "out.bias"]
    assert list(found) == list(state) + extra, list(found)
    run("convert", saved, named)
    run("convert", named, again)
    assert_same(None, again, found)
    print("training: names stay, batches are counted on")


def check_shared(directory):
    if not os.path.exists(os.path.join(TORCH, "expected.json")):
        print("not tried: no files in $INKLING_TORCH")
        return
    for name in ("mnist_model", "lenet_mnist", "mnist_cnn"):
        from_path = os.path.join(TORCH, name + ".pth")
        state = torch.load(from_path, map_location="cpu")
        path = os.path.join(directory, name + ".pth")
        shutil.copy(from_path, path)
        check_ways(name, None, path, state, ways=WAYS[3:4])


def check_plain(directory):
    """What is made here has our names, as ever, and counters that say 0."""
    one, two = (os.path.join(directory, "own." + e) for e in ("pth", "safetensors"))
    state = filled(Same, 9).state_dict()
    state["bn1.num_batches_tracked"].fill_(0)
    torch.save(state, one)
    run("convert", one, two, "--layers", "dense 8, batchnorm, relu, dense 10")
    with open(two, "rb") as file:
        head = file.read(4000)
    assert b"inkling.tensors" not in head and b"num_batches" not in head, head
    run("convert", two, one)
    assert_same(Same, one, state)
    print("plain: nothing is said of names that are ours")


def main():
    with tempfile.TemporaryDirectory() as directory:
        check_classes(directory)
        check_folded(directory)
        check_plain(directory)
        check_exported(directory)
        check_border(directory)
        check_training(directory)
        check_shared(directory)
    return 0


sys.exit(main())
