#!/usr/bin/env python3
"""The command line from end to end: every subcommand on a small data set made here, what is said
about wrong usage and broken files, exit statuses, and that a run which is stopped goes on as if
nothing had happened.

Usage: test_cli.py PROGRAM pictures|no-pictures"""

import csv
import gzip
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

PROGRAM = os.path.abspath(sys.argv[1])
PICTURES = sys.argv[2] == "pictures"
FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
SIDE, TRAIN_N, TEST_N = 28, 640, 100
EPOCH_KEYS = ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "lr",
              "seconds", "images_per_second"]


# ---- the data set ------------------------------------------------------------------------------

def make_image(label, rng):
    """A bright bar whose place and direction tell the class, on a noisy ground."""
    pixels = bytearray(rng.randrange(40) for _ in range(SIDE * SIDE))
    at = 3 + 5 * (label % 5) + rng.randrange(-1, 2)
    for i in range(4, 24):
        for j in range(at, at + 3):
            place = i * SIDE + j if label < 5 else j * SIDE + i
            pixels[place] = 200 + rng.randrange(56)
    return bytes(pixels)


def write_data(directory):
    rng = random.Random(7)
    os.makedirs(directory)
    for name, n in (("train", TRAIN_N), ("t10k", TEST_N)):
        labels = [i % 10 for i in range(n)]
        rng.shuffle(labels)
        images = b"".join(make_image(label, rng) for label in labels)
        with gzip.open(os.path.join(directory, name + "-images-idx3-ubyte.gz"), "wb") as file:
            file.write(struct.pack(">IIII", 0x803, n, SIDE, SIDE) + images)
        with open(os.path.join(directory, name + "-labels-idx1-ubyte"), "wb") as file:
            file.write(struct.pack(">II", 0x801, n) + bytes(labels))


def write_png(path, width, height, grey):
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    rows = b"".join(b"\0" + bytes(grey[y * width:(y + 1) * width]) for y in range(height))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" +
                   chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


# ---- running -----------------------------------------------------------------------------------

class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __repr__(self):
        return "exit %d\n--- out\n%s\n--- err\n%s" % (self.code, self.out[-1500:], self.err[-1500:])


def environment(**more):
    env = {key: value for key, value in os.environ.items()
           if key not in ("INKLING_DATA", "DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}
    env.update(HOME=os.getcwd(), XDG_DATA_HOME=os.path.join(os.getcwd(), "home"), **more)
    return env


def run(*args, stdin="", env=None, stdout=subprocess.PIPE):
    return Result(subprocess.run([PROGRAM] + list(args), input=stdin, stdout=stdout,
                                 stderr=subprocess.PIPE, universal_newlines=True, timeout=100,
                                 env=env or environment()))


def good(*args, **more):
    result = run(*args, **more)
    assert result.code == 0, "%s: %r" % (" ".join(args), result)
    return result


def bad(code, words, *args, **more):
    """Must fail with this exit status and a sentence that has these words, and nothing else."""
    result = run(*args, **more)
    assert result.code == code, "%s: exit status %d expected: %r" % (" ".join(args), code, result)
    assert words.lower() in result.err.lower(), "\"%s\" expected: %r" % (words, result)
    assert not result.out, "nothing expected on standard output: %r" % result
    return result


def train(*args, **more):
    return good("train", "--data", "data", "--preset", "mlp-dropout", *args, **more)


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def without_time(lines):
    return [{key: value for key, value in line.items()
             if key not in ("seconds", "images_per_second")} for line in lines]


# ---- the cases ---------------------------------------------------------------------------------

def test_help_and_version():
    overview = good("--help").out
    for name in ("train", "eval", "calibrate", "predict", "info", "convert", "bench", "data",
                 "runs"):
        assert "\n  %s " % name in overview
        result = good(name, "--help")
        assert result.out.startswith("Usage: inkling " + name) and not result.err, result
    assert "--batch-size N" in good("train", "--help").out
    assert good("--version").out.startswith("inkling ")


def test_wrong_usage():
    for words, args in [
            ("did you mean --epochs", ["train", "--epoch", "3"]),
            ("did you mean --batch-size", ["train", "--batchsize", "3"]),
            ("did you mean \"train\"", ["trian"]),
            ("--help", ["train", "--zzzzzzzzzz"]),
            ("needs a value", ["train", "--epochs"]),
            ("adam", ["train", "--optimizer", "adan"]),
            ("lenet5", ["train", "--preset", "lenet6"]),
            ("whole number", ["train", "--epochs", "1.5"]),
            ("lr must be a number", ["train", "--lr", "fast"]),
            ("takes no value", ["train", "--json=yes"]),
            ("layer 2", ["train", "--data", "data", "--layers", "conv 4 k5, conv 4 k50"]),
            ("missing", ["eval"]),
            ("too many", ["eval", "a", "b"]),
            ("must end in", ["train", "--save", "model.txt"]),
            ("list", ["data", "lost"]),
            ("mnist", ["data", "fetch", "everything"]),
            ("--size", ["--size", "big"]),
            ("preset", ["bench", "--preset", "none"])]:
        bad(2, words, *args)


def test_train_json():
    result = train("--epochs", "2", "--json", "--save", "model.safetensors")
    lines = json_lines(result.out)
    assert [list(line) for line in lines] == [EPOCH_KEYS] * 2, lines
    assert [line["epoch"] for line in lines] == [1, 2]
    assert lines[1]["test_accuracy"] > 0.8, lines
    assert lines[0]["lr"] == 0.001 and lines[0]["seconds"] > 0


def test_train_text():
    result = train("--epochs", "1")
    assert len(result.out.splitlines()) == 2 and "test %" in result.out, result


def test_train_log():
    told = json_lines(train("--epochs", "2", "--batch-size", "64", "--json", "--log", "log.csv").out)
    with open("log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    epochs = [row for row in rows if row["row"] == "epoch"]
    assert len(epochs) == 2 and len(rows) == 2 * (TRAIN_N // 64 + 1), rows
    for row, epoch in zip(epochs, told):
        assert int(row["images"]) == epoch["epoch"] * TRAIN_N, row
        for key in ("lr", "test_accuracy", "test_loss"):
            assert float(row[key]) == epoch[key], (row, epoch)
    bad(2, "log.doc", "train", "--data", "data", "--log", "log.doc")
    assert "nowhere" in run("train", "--data", "data", "--log", "nowhere/log.csv").err


def test_same_seed_same_numbers():
    first = without_time(json_lines(train("--epochs", "2", "--json").out))
    again = without_time(json_lines(train("--epochs", "2", "--json", "--threads", "1").out))
    other = without_time(json_lines(train("--epochs", "2", "--json", "--seed", "2").out))
    comma = without_time(json_lines(train("--epochs", "2", "--json",
                                          env=environment(LC_ALL="de_DE.UTF-8")).out))
    assert first == again, (first, again)
    assert first != other
    assert first == comma


def test_options_of_training():
    lines = json_lines(train("--epochs", "1", "--json", "--limit", "64", "--no-shuffle",
                             "--optimizer=sgd", "--lr", "0.5", "--schedule", "cosine").out)
    assert lines[0]["lr"] == 0.5
    lines = json_lines(good("train", "--data", "data", "--epochs", "1", "--json", "--layers",
                            "conv 2 k5 s2, relu, dense 10").out)
    assert len(lines) == 1


def test_saved_model():
    with open("model.safetensors", "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
    assert header["fc1.weight"]["shape"] == [128, 784], header
    info = json_lines(good("info", "model.safetensors", "--json").out)[0]
    assert info["parameters"] == 784 * 128 + 128 + 128 * 256 + 256 + 2560 + 10
    assert info["input"] == [1, 28, 28] and len(info["classes"]) == 10
    assert "preset=mlp-dropout" in info["settings"] and "test_accuracy" in info["record"]
    assert "fc1.weight" in good("info", "model.safetensors").out


def test_eval():
    lines = json_lines(good("eval", "model.safetensors", "--data", "data", "--json").out)
    assert list(lines[0]) == ["n", "loss", "accuracy"] and lines[0]["n"] == TEST_N
    assert lines[0]["accuracy"] > 0.8
    assert "%" in good("eval", "model.safetensors", "--data", "data").out
    found = good("eval", "model.safetensors", "--json", env=environment(INKLING_DATA="data"))
    assert json_lines(found.out) == lines


def test_predict_idx():
    images = "data/t10k-images-idx3-ubyte.gz"
    lines = json_lines(good("predict", "model.safetensors", images, "--json").out)
    assert len(lines) == TEST_N
    # Keys may be added behind these, never changed.
    assert list(lines[3])[:5] == ["input", "digit", "probability", "probabilities", "logits"]
    assert lines[3]["input"] == "3" and len(lines[3]["logits"]) == 10
    assert abs(sum(lines[3]["probabilities"]) - 1) < 1e-5
    with open("data/t10k-labels-idx1-ubyte", "rb") as file:
        labels = file.read()[8:]
    right = sum(line["digit"] == label for line, label in zip(lines, labels))
    accuracy = json_lines(good("eval", "model.safetensors", "--data", "data", "--json").out)
    assert right / TEST_N == accuracy[0]["accuracy"]


def test_predict_strokes():
    drawing = {"label": 1, "strokes": [[[0, 0], [0, 100]]]}
    text = json.dumps(drawing) + "\n" + json.dumps({"strokes": drawing["strokes"]}) + "\n"
    result = good("predict", "model.safetensors", "-", "--json", stdin=text)
    lines = json_lines(result.out)
    assert lines[0]["label"] == 1 and "label" not in lines[1], result
    assert lines[0]["logits"] == lines[1]["logits"]
    assert "1 with a label" in result.err
    result = run("predict", "model.safetensors", "-", "--json", stdin="nonsense\n" + text)
    assert result.code == 1 and len(json_lines(result.out)) == 2, result
    # Where and how large it is drawn makes no difference.
    moved = {"strokes": [[[1000, 7], [1000, 8]]]}
    third = json_lines(good("predict", "model.safetensors", "-", "--json",
                            stdin=json.dumps(moved)).out)
    assert third[0]["digit"] == lines[0]["digit"]


def test_predict_number():
    one = [[0, 0], [0, 100]]
    moved = [[60, 0], [60, 100]]
    text = json.dumps({"label": "11", "strokes": [one, moved]}) + "\n"
    lines = json_lines(good("predict", "model.safetensors", "-", "--json", "--split",
                            stdin=text).out)
    assert len(lines) == 1 and len(lines[0]["parts"]) == 2, lines
    first, second = lines[0]["parts"]
    assert len(lines[0]["digits"]) == 2 and lines[0]["unsure"] is False, lines
    assert first["box"][2] < second["box"][0] and len(first["probabilities"]) == 10
    assert lines[0]["digits"] == f"{first['digit']}{second['digit']}"
    assert "label" in lines[0]


def test_calibrate():
    # All of these images were trained on, as far as the model says.
    bad(2, "say with --from N", "calibrate", "model.safetensors", "--data", "data")
    lines = json_lines(good("calibrate", "model.safetensors", "--data", "data", "--from",
                            str(TRAIN_N - 100), "--save", "sure.safetensors", "--json").out)
    assert lines[0]["n"] == 100 and lines[0]["refused"] <= 0.01, lines
    assert lines[0]["calibrated_loss"] <= lines[0]["loss"], lines
    info = json_lines(good("info", "sure.safetensors", "--json").out)[0]
    assert info["threshold"] == lines[0]["threshold"] > 0
    assert info["temperature"] == lines[0]["temperature"]
    # Answers are the same; some of them are unsure now.
    text = json.dumps({"strokes": [[[0, 0], [0, 100]]]})
    before = json_lines(good("predict", "model.safetensors", "-", "--json", stdin=text).out)[0]
    after = json_lines(good("predict", "sure.safetensors", "-", "--json", stdin=text).out)[0]
    assert before["logits"] == after["logits"] and before["unsure"] is False
    dot = json.dumps({"strokes": [[[0, 0]]]})
    assert json_lines(good("predict", "sure.safetensors", "-", "--json", stdin=dot).out)[0]["unsure"]


def test_predict_pictures():
    grey = [255] * (60 * 80)
    for y in range(15, 65):
        for x in range(27, 33):
            grey[y * 60 + x] = 20
    write_png("one.png", 60, 80, grey)
    if not PICTURES:
        bad(1, "without pictures", "predict", "model.safetensors", "one.png")
        return
    lines = json_lines(good("predict", "model.safetensors", "one.png", "--json").out)
    assert lines[0]["input"] == "one.png"
    write_png("dark.png", 60, 80, [255 - g for g in grey])
    both = good("predict", "model.safetensors", "one.png", "dark.png").out.splitlines()
    assert both[0].split(":")[1] == both[1].split(":")[1], both
    write_png("huge.png", 20000, 1, [0] * 20000)
    bad(1, "huge.png is 20000 x 1", "predict", "model.safetensors", "huge.png")
    with open("one.png", "rb") as file, open("cut.png", "wb") as cut:
        cut.write(file.read()[:-13])
    bad(1, "cut.png begins like a PNG picture", "predict", "model.safetensors", "cut.png")
    with open("drawing.jpg", "wb") as file:  # a size as JPEG has it, and otherwise another format
        file.write(b"\xff\xd8\xff\xff\xc0\x0b\x0b\x08\1\1\1\1" +
                   b'<svg width="20" height="20"><rect x="9" y="2" width="3" height="16"/></svg>')
    bad(1, "drawing.jpg cannot be read as a picture", "predict", "model.safetensors", "drawing.jpg")
    # One file that cannot be read does not keep the others from being answered.
    result = run("predict", "model.safetensors", "nowhere.png", "one.png")
    assert result.code == 1 and "nowhere.png" in result.err and "one.png: " in result.out, result


def test_init():
    lines = json_lines(good("train", "--data", "data", "--init", "model.safetensors", "--epochs",
                            "1", "--json").out)
    fresh = json_lines(train("--epochs", "1", "--json").out)
    assert lines[0]["train_loss"] < fresh[0]["train_loss"], (lines, fresh)
    bad(2, "another network", "train", "--data", "data", "--init", "model.safetensors",
        "--preset", "lenet5", "--epochs", "1")
    train("--init", "he", "--epochs", "1", "--limit", "64")


def test_resume():
    whole = without_time(json_lines(train("--epochs", "6", "--json").out))
    args = ["train", "--data", "data", "--preset", "mlp-dropout", "--epochs", "6", "--json",
            "--resume", "run.state"]
    lines = []
    # Stopped after its first line, wherever it is then.
    process = subprocess.Popen([PROGRAM] + args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               universal_newlines=True, env=environment())
    lines.append(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=100)
    assert process.returncode in (0, 130), err
    lines += rest.splitlines()
    if process.returncode == 130:
        assert "stopped" in err, err
        lines += good(*args).out.splitlines()
    assert without_time([json.loads(line) for line in lines]) == whole, (lines, whole)
    assert good(*args).out == ""
    bad(1, "other", *(args + ["--seed", "9"]))
    with open("run.state", "r+b") as file:
        file.truncate(5000)
    bad(1, "run.state", *args)


def test_output_that_fails():
    model = "full.safetensors"
    with open("/dev/full", "w") as full:
        for args in (["info", "model.safetensors"], ["--help"],
                     ["predict", "model.safetensors", "data/t10k-images-idx3-ubyte.gz", "--json"],
                     ["train", "--data", "data", "--preset", "mlp-dropout", "--json", "--epochs",
                      "2", "--save", model]):
            result = run(*args, stdout=full)
            assert result.code == 1 and "standard output" in result.err, (args, result)
    assert os.path.exists(model), "what was trained must be saved all the same"
    shell = subprocess.run("'%s' info model.safetensors >&-" % PROGRAM, shell=True,
                           stderr=subprocess.PIPE, universal_newlines=True, env=environment())
    assert shell.returncode == 1 and "standard output" in shell.stderr, shell
    # A limit on the size of files is told like a full disk, and what was there stays.
    for args, files in (("convert model.safetensors limited.safetensors", ["limited.safetensors"]),
                        ("train --data data --preset mlp-dropout --epochs 1 --forget --save "
                         "limited.safetensors --resume limited.state",
                         ["limited.state", "limited.safetensors"])):
        limited = subprocess.run("ulimit -f 8; exec '%s' %s" % (PROGRAM, args), shell=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 universal_newlines=True, env=environment())
        assert limited.returncode == 1, limited
        for file in files:
            assert "cannot write " + file in limited.stderr, limited
            assert not os.path.exists(file)
    reader, writer = os.pipe()
    os.close(reader)
    result = run("info", "model.safetensors", stdout=writer)
    os.close(writer)
    assert result.code == 1, result


def test_broken_files():
    with open("text.safetensors", "w") as file:
        file.write("this is no model\n" * 100)
    bad(1, "text.safetensors", "info", "text.safetensors")
    bad(1, "nowhere", "eval", "nowhere.safetensors", "--data", "data")
    with open("model.safetensors", "rb") as file:
        whole = file.read()
    with open("cut.safetensors", "wb") as file:
        file.write(whole[:-1000])
    bad(1, "cut.safetensors", "info", "cut.safetensors")
    bad(1, "nowhere", "train", "--data", "nowhere")
    os.makedirs("broken")
    for name in os.listdir("data"):
        with open(os.path.join("data", name), "rb") as file:
            data = file.read()
        with open(os.path.join("broken", name), "wb") as file:
            file.write(data[:len(data) - 20] if name.startswith("train-labels") else data)
    bad(1, "train-labels", "train", "--data", "broken", "--epochs", "1")
    begun = time.time()
    bad(1, "no/such", "train", "--data", "data", "--save", "no/such/model.safetensors",
        "--epochs", "100000")
    assert time.time() - begun < 20, "must be found out before training"
    bad(2, "directory", "train", "--data", "data", "--resume", "data")


def test_model_is_rescued():
    os.makedirs("gone")
    process = subprocess.Popen(
        [PROGRAM, "train", "--data", "data", "--preset", "mlp-dropout", "--epochs", "20", "--json",
         "--save", "gone/model.safetensors"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, env=environment())
    process.stdout.readline()
    os.rmdir("gone")
    _, err = process.communicate(timeout=100)
    assert process.returncode == 1 and "it is in " in err, err
    rescued = err.split("it is in ")[1].splitlines()[0]
    assert "fc1.weight" in good("info", rescued).out


def test_convert():
    good("convert", "model.safetensors", "copy.safetensors")
    images = "data/t10k-images-idx3-ubyte.gz"
    assert good("predict", "model.safetensors", images, "--json").out == good(
        "predict", "copy.safetensors", images, "--json").out
    bad(2, "must end in", "convert", "model.safetensors", "copy.doc")


def test_layers_given():
    """What a person says about a file that does not say it, in place of a guess."""
    plain = os.path.join(FIXTURES, "pth", "plain.pth")
    layers = "conv 3 k3 p1, %s, maxpool 4, conv 4 k3 p1, %s, maxpool 2 p1, dense 10"
    if run("info", plain).code:
        return  # built without libzip
    scale = ["--mean", "0.25", "--std", "0.5"]
    images = "data/t10k-images-idx3-ubyte.gz"
    answers = []
    for word in ("tanh", "gelu"):
        given = ["--layers", layers % (word, word)] + scale
        info = json_lines(good("info", plain, "--json", *given).out)[0]
        assert (info["mean"], info["std"]) == (0.25, 0.5) and info["sure"] == "untried", info
        answers.append(good("predict", plain, images, "--json", *given).out)
        good("eval", plain, "--data", "data", *given)
        good("convert", plain, "given.safetensors" if word == "tanh" else "given.onnx", *given)
        copy = "given.safetensors" if word == "tanh" else "given.onnx"
        assert good("predict", copy, images, "--json").out == answers[-1]
    assert answers[0] != answers[1]
    # What is left open is guessed and tried.
    info = good("info", plain, "--data", "data", "--layers", layers % ("relu", "relu")).out
    assert "training images" in info and "relu" in info, info
    bad(2, "go together", "info", plain, "--mean", "1")
    bad(2, "--border goes with --layers", "eval", plain, "--border", "--data", "data")
    bad(2, "do not fit", "info", plain, "--layers", "dense 10")
    bad(2, "no layer called", "convert", plain, "x.safetensors", "--layers", "conv 3 k3, gleu")
    bad(2, "says its layers itself", "info", "model.safetensors", "--layers", "dense 10")
    bad(2, "says its normalization itself", "info", "model.safetensors", *scale)


def test_data():
    line = json_lines(good("data", "list", "--data", "data", "--json").out)[0]
    assert line["train"] == [TRAIN_N, 1, SIDE, SIDE] and line["test"][0] == TEST_N
    assert "looked in" in good("data", "list", "--data", "data").out


def test_bench():
    lines = json_lines(good("bench", "--preset", "mlp-dropout", "--seconds", "0.05", "--data",
                            "data", "--json").out)
    assert lines[0]["product_gflops"] > 0 and lines[1]["preset"] == "mlp-dropout"
    assert lines[1]["seconds_per_epoch"] > 0 and lines[1]["peak_memory_mb"] > 1
    line = json_lines(good("bench", "--preset", "mlp-dropout", "--epochs", "3", "--data", "data",
                           "--json").out)[1]
    assert line["batches_timed"] == 3 * line["batches_in_epoch"] and not line["extrapolated"]
    assert 0 < line["fastest_epoch"] <= line["seconds_per_epoch"] <= line["slowest_epoch"]


def test_no_window():
    result = run()
    assert result.code == 1 and result.err.startswith("inkling") and not result.out, result
    if PICTURES:  # one of it can be taken without a display
        for path, words in (("/dev/full", "it is not a regular file"),
                            ("none/a.png", "there is no directory none/")):
            result = run("--forget", "--data", "data", "--screenshot", path)
            assert result.code == 1 and words in result.err, result
        good("--forget", "--data", "data", "--screenshot", "a.png")
        with open("a.png", "rb") as file:
            assert file.read(4) == b"\x89PNG"


def main():
    cases = [(name, case) for name, case in globals().items() if name.startswith("test_")]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="inkling-cli-") as directory:
        os.chdir(directory)
        write_data("data")
        for name, case in cases:
            try:
                case()
                print("[       OK ] " + name, flush=True)
            except Exception:
                failed += 1
                traceback.print_exc()
                print("[  FAILED  ] " + name, flush=True)
        os.chdir("/")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
