#!/usr/bin/env python3
"""The command line, given what nobody should give it: every setting at its ends and beyond, data sets
and model files that are none, places that cannot be read or written, surroundings that are missing.

    hostile.py PROGRAM [WORD...]

Each call must come to its end within PATIENCE seconds, with status 0, 1 or 2, with a sentence of its
own where that is not 0, and without a word from a sanitizer. WORDs: only calls that have one of them.
Takes some minutes, half an hour with a sanitizer. Exit status 1 when something was found."""
import gzip
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile

PROGRAM, WORDS = os.path.abspath(sys.argv[1]), sys.argv[2:]
TESTS = os.path.dirname(os.path.abspath(__file__))
MODEL = os.path.join(TESTS, os.pardir, "assets", "lenet5.safetensors")
PATIENCE = 60
GIGA = 1 << 30
called, found = 0, []


def surroundings(**changes):
    env = dict(os.environ, HOME=os.getcwd(), XDG_DATA_HOME=os.path.join(os.getcwd(), "data home"),
               INKLING_DATA=os.path.join(os.getcwd(), "ok"),
               ASAN_OPTIONS="allocator_may_return_null=1", UBSAN_OPTIONS="halt_on_error=1",
               LSAN_OPTIONS="suppressions=%s:print_suppressions=0" % os.path.join(TESTS, "lsan.supp"))
    env.update(changes)
    for name in ["DISPLAY", "WAYLAND_DISPLAY"] + [k for k, v in changes.items() if v is None]:
        env.pop(name, None)
    return env


def call(*args, stdin=b"", env=None, before=None):
    global called
    name = " ".join(arg if isinstance(arg, str) else repr(arg) for arg in args)
    if WORDS and not any(word in name for word in WORDS):
        return
    called += 1
    try:
        done = subprocess.run([PROGRAM, *args], input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=PATIENCE, preexec_fn=before,
                              env=env or surroundings())
        code, said = done.returncode, done.stderr.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        code, said = "none after %d s" % PATIENCE, ""
    fine = code in (0, 1, 2) and "Sanitizer" not in said and "runtime error" not in said
    if not fine or (code != 0 and "inkling:" not in said):
        found.append(name)
        print("FOUND: status %s: %s\n%s" % (code, name[:300], said[-2000:]), flush=True)


def train(*args, data="ok", **more):
    call("train", "--data", data, "--forget", "--epochs", "1", *args, **more)


# ---- files ---------------------------------------------------------------------------------------

def write_idx(path, dims, data=b""):
    with open(path, "wb") as file:
        file.write(bytes([0, 0, 8, len(dims)]) + struct.pack(">%dI" % len(dims), *dims) + data)


def write_set(directory, train_n, test_n, height=28, width=28, label=lambda i: i % 10):
    os.makedirs(directory)
    for name, n in (("train", train_n), ("t10k", test_n)):
        write_idx("%s/%s-images-idx3-ubyte" % (directory, name), [n, height, width],
                  bytes((i * 7919 >> 3) & 255 for i in range(n * height * width)))
        write_idx("%s/%s-labels-idx1-ubyte" % (directory, name), [n],
                  bytes(label(i) for i in range(n)))


def spoilt(name):
    """A copy of the good set, whose images of training are still to be spoilt."""
    shutil.copytree("ok", name)
    os.remove(name + "/train-images-idx3-ubyte")
    return name + "/train-images-idx3-ubyte"


def make_sets():
    write_set("ok", 300, 100)
    write_set("one-class", 200, 50, label=lambda i: 0)
    write_set("far", 200, 50, label=lambda i: 61 if i % 2 else 0)
    write_set("label255", 100, 50, label=lambda i: 255)
    for name, n, m, height, width in (("empty", 0, 0, 28, 28), ("no-test", 100, 0, 28, 28),
                                      ("no-train", 0, 100, 28, 28), ("single", 1, 1, 28, 28),
                                      ("1x1", 200, 50, 1, 1), ("1x28", 100, 20, 1, 28),
                                      ("large", 3, 2, 512, 512), ("wide", 20, 5, 2, 1000)):
        write_set(name, n, m, height, width)
    write_idx(spoilt("ones"), [0xffffffff] * 3)
    write_idx(spoilt("mixed"), [300, 1, 1], bytes(300))
    write_idx(spoilt("huge"), [1 << 31, 28, 28], bytes(1000))
    os.mkfifo(spoilt("pipe"))
    os.mkdir(spoilt("directory"))
    os.symlink("/dev/zero", spoilt("zeros"))
    with gzip.open(spoilt("bomb") + ".gz", "wb", 1) as file:
        file.write(bytes([0, 0, 8, 3]) + struct.pack(">III", 300, 28, 28) + bytes(400 << 20))


def sparse(path, size, head=b""):
    with open(path, "wb") as file:
        file.write(head)
    os.truncate(path, size)
    return path


def make_models():
    """Names of what may be given in place of a model; some are one."""
    os.mkdir("d.safetensors")
    os.mkfifo("f.pth")
    os.symlink("loop.pth", "loop.pth")
    names = ["d.safetensors", "f.pth", "loop.pth", "/dev/null", "/dev/zero", "/dev/full",
             "/dev/stdin", "/proc/self/mem", "/proc/cpuinfo", ".", "/", "", "~", "nowhere.pth",
             "x" * 300 + ".pth", "x/" * 3000 + "a.pth", "ok", "ok/t10k-images-idx3-ubyte"]
    good = ["n" * 243 + ".safetensors", "new\nline.safetensors", b"\xff\xfe.safetensors",
            "-dash.safetensors", " .safetensors", "UPPER.SAFETENSORS", "noending", "other.onnx"]
    for name in good:
        shutil.copy(MODEL, os.fsencode(name))
    header = b'{"a.weight":{"dtype":"F32","shape":[1073741824],"data_offsets":[0,4294967296]}}'
    names.append(sparse("tensor.safetensors", 4 * GIGA + 8 + len(header),
                        struct.pack("<Q", len(header)) + header))
    for ending in ("safetensors", "pth", "onnx", "xyz", "png"):
        names += [sparse("none." + ending, 0), sparse("four." + ending, 4 * GIGA),
                  sparse("ten." + ending, 10 * GIGA)]
    return names + good + ["./-dash.safetensors"]


# ---- what is tried -------------------------------------------------------------------------------

NUMBERS = ["1e10", "1e-30", "1e300", "1e-320", "inf", "nan", "0", "-1", "1", "1e39", "", "abc",
           "1,5", " 1", "0.999999999", "180", "2147483648", "99999999999999999999", "0x10", "1.5"]
OPTIONS = ["lr", "momentum", "label-smoothing", "weight-decay", "ema", "clip-norm", "beta1", "eps",
           "mean", "std", "held-out", "patience", "until", "batch-size", "limit", "seed", "threads",
           "warmup-steps", "warmup-epochs", "warmup-start", "rotate", "scale", "shift", "shear",
           "elastic", "thickness", "erase", "gamma", "init", "device", "schedule", "loss"]
LAYERS = ["dropout 1, dense 10", "dropout nan, dense 10", "batchnorm, dense 10", "dense 1", "dense 62",
          "dense 63", "dense 0", "conv 1 k29", "conv 1 k28, dense 10", "conv 1 k1 s28, dense 10",
          "maxpool 1, dense 10", "conv 1 k3 p1000, dense 10", "conv 2147483647 k1, dense 10",
          "dense 12500, dense 10", "dense 65536, dense 65536, dense 10", "leakyrelu nan, dense 10",
          "relu", "", ",", "dense", "dense 10 10", "dense 10,", "dense\x0110", "dens\xe9 10",
          "dense 10\n", ", ".join(["dense 4"] * 1000), ", ".join(["relu"] * 127 + ["dense 10"])]
SETS = ["one-class", "far", "label255", "empty", "no-test", "no-train", "single", "1x1", "1x28", "large",
        "wide", "ones", "mixed", "huge", "pipe", "directory", "zeros", "bomb", "nowhere", "/dev/zero",
        "/", "ok@0", "ok@1", "ok@301", "ok@-1", "ok@", "ok+", "+", "ok+1x1", "synthetic:-1", "x" * 5000]
ABSURD = [[], ["--nope"], ["-x"], ["--"], ["--json=1"], ["--data"], ["-h"], ["a", "b", "c", "d"], [""],
          ["\n"], [b"\xff"], ["x" * 100000], ["--" + "y" * 5000], ["--="], ["--threads", "-1"],
          ["--threads="], ["--no-no-json"], ["-"]]
WINDOW = [["--size", "0x0"], ["--size", "99999x99999"], ["--scale", "nan"], ["--tab", "99"],
          ["--theme", "blue"], ["--language", "xx"], ["--settings", "lr=nan"], ["--state", "\n"],
          ["--lesson", "/dev/zero"], ["--demo", "/dev/zero"], ["--frame-log", "/nowhere/x"],
          ["--settings", "x" * 100000], ["--train-seconds", "-1"]]
RUNS = [["list", "'"], ["list", "%"], ["list", "x" * 100000], ["show"], ["show", "0"], ["show", "1"],
        ["show", "9" * 20], ["rename", "1", "x" * 100000], ["rename", "1", "a\nb"],
        ["rename", "1", b"\xff"], ["export", "1", "x.xyz"], ["export", "1", "none/x.pth"],
        ["export", "1", "o.pth"], ["export", "1", "o.csv"], ["delete", "1", "1"], ["delete", "x"]]
STROKES = [b"", b"\n", b"{}", b"[" * 1000000, b"\xff\xfe", bytes(100000), b'{"strokes":[[[1e999,0]]]}',
           b'{"strokes":' + b"[" * 5000, b'{"strokes":[[[1e30,1e30],[-1e30,-1e30]]]}',
           b'{"strokes":[[' + b",".join(b"[%d,%d]" % (i % 97, i % 89) for i in range(200000)) + b"]]}"]


def try_settings():
    small = ["--layers", "dense 10"]
    for option in OPTIONS:
        for number in NUMBERS:
            train(*small, "--" + option, number)
    for rule in "sgd momentum nesterov adagrad rmsprop adam adamw adadelta radam nadam lion".split():
        for rate in ("1e10", "1e30", "1e-30"):
            train("--layers", "conv 4 k3, batchnorm, relu, maxpool 2, dense 10", "--optimizer", rule,
                  "--lr", rate, "--batch-size", "50")
    for layers in LAYERS:
        train("--layers", layers, "--limit", "64")
    for batch in ("1", "299", "301"):
        train("--layers", "conv 2 k3, batchnorm, relu, dense 8, batchnorm, dense 10", "--batch-size",
              batch)
    for data in SETS:
        train("--preset", "mlp-bn", data=data)
        train("--layers", "conv 2 k1, batchnorm, relu, dense 10", "--batch-size", "1", "--augment",
              "strong", data=data)


def try_files():
    images = "ok/t10k-images-idx3-ubyte"
    for name in make_models():
        for args in (["info", name], ["eval", name], ["predict", name, images],
                     ["predict", MODEL, name], ["convert", name, "out.pth"],
                     ["train", "--forget", "--epochs", "1", "--init", name]):
            call(*args)
    for name in ["/proc/x.pth", "none/x.pth", "d.safetensors", "f.pth", "", ".", "x", "x.", ".pth",
                 "a" * 251 + ".pth", "a" * 252 + ".pth", "a" * 5000 + ".pth", "b.pth/", "-o.pth"]:
        call("convert", MODEL, name)
        for option in ("--save", "--resume", "--log"):
            train("--layers", "dense 10", "--limit", "64", option, name)


def try_surroundings():
    open("file", "w").close()
    for changes in ({"HOME": None, "XDG_DATA_HOME": None}, {"HOME": "", "XDG_DATA_HOME": ""},
                    {"XDG_DATA_HOME": "relative"}, {"XDG_DATA_HOME": "/proc"},
                    {"XDG_DATA_HOME": os.path.abspath("file")}, {"XDG_DATA_HOME": "/dev/null"},
                    {"XDG_DATA_HOME": "/" + "x" * 300}, {"LANG": "xx_YY", "LC_ALL": "broken"},
                    {"PATH": None, "LANG": None}, {"INKLING_DATA": "x" * 100000},
                    {"TMPDIR": "/nowhere"}, {"OPENBLAS_NUM_THREADS": "-5"}):
        for args in (["train", "--data", "ok", "--epochs", "1", "--layers", "dense 10"],
                     ["runs", "list"], ["info", MODEL], ["data", "list"], ["eval", MODEL]):
            call(*args, env=surroundings(**changes))
    for kind, limits in ((resource.RLIMIT_FSIZE, (0, 1000, 100000)),
                         (resource.RLIMIT_NOFILE, (9, 16))):
        for limit in limits:
            train("--layers", "dense 10", "--save", "l.pth", "--resume", "l.state", "--log", "l.csv",
                  before=lambda: resource.setrlimit(kind, (limit, limit)))


def try_words():
    for args in RUNS:
        call("runs", *args)
    for line in STROKES:
        call("predict", MODEL, "-", "--json", stdin=line)
        call("predict", MODEL, "-", "--split", stdin=line)
    for command in "train eval predict calibrate info convert bench data runs nope help".split():
        for args in ABSURD:
            if command not in ("train", "bench") or args not in ([], ["--"]):  # those are none
                call(command, *args)
    for args in WINDOW:
        call(*args, "--screenshot", "s.png", "--forget")


def main():
    with tempfile.TemporaryDirectory(prefix="inkling-hostile-") as directory:
        os.chdir(directory)
        make_sets()
        for part in (try_settings, try_files, try_surroundings, try_words):
            part()
        os.chdir("/")
    print("%d calls, %d with something found" % (called, len(found)))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
