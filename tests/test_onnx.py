#!/usr/bin/env python3
"""What others make of our .onnx files, and what we make of theirs, with python3-onnx:

- files that `inkling convert` writes pass onnx.checker, give the same numbers as `inkling predict`
  in another runtime (a few lines of numpy, below), and come back with the same bits,
- graphs that others may write (residual, grouped, dilated, channels last, made for a fixed batch
  ...) give the same numbers in `inkling predict` as in numpy.

Usage: test_onnx.py PROGRAM. Exit status 77 (skipped) without python3-onnx."""

import json
import os
import struct
import subprocess
import sys
import tempfile

import system_python

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    system_python.otherwise()
    print("skipped: python3-onnx is not installed")
    sys.exit(77)

PROGRAM = os.path.abspath(sys.argv[1])
N, MEAN, STD = 5, 0.25, 0.5


# ---- a runtime of numpy ------------------------------------------------------------------------

def attributes_of(node):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def windows(x, kernel, stride, dilation, pads, fill):
    """x [n][c][h][w] -> [n][c][oh][ow][kh][kw]"""
    x = np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])), constant_values=fill)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    v = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(2, 3))
    return v[:, :, ::stride[0], ::stride[1], ::dilation[0], ::dilation[1]]


def geometry(a, kernel):
    return (kernel, a.get("strides", [1, 1]), a.get("dilations", [1, 1]), a.get("pads", [0] * 4))


def conv(a, x, w, b=None):
    groups = a.get("group", 1)
    outs = []
    for g in range(groups):
        cx, cw = x.shape[1] // groups, w.shape[0] // groups
        v = windows(x[:, g * cx:(g + 1) * cx], *geometry(a, w.shape[2:]), 0)
        outs.append(np.einsum("ncijkl,ockl->noij", v, w[g * cw:(g + 1) * cw], optimize=True))
    y = np.concatenate(outs, axis=1)
    return y if b is None else y + b.reshape(1, -1, 1, 1)


def average_pool(a, x):
    v = windows(x, *geometry(a, a["kernel_shape"]), 0)
    if a.get("count_include_pad", 0):
        return v.mean(axis=(4, 5))
    ones = windows(np.ones_like(x), *geometry(a, a["kernel_shape"]), 0)
    return v.sum(axis=(4, 5)) / ones.sum(axis=(4, 5))


def gemm(a, x, w, b=0):
    x = x.T if a.get("transA") else x
    w = w.T if a.get("transB") else w
    return a.get("alpha", 1.0) * (x @ w) + a.get("beta", 1.0) * b


def batch_norm(a, x, scale, bias, mean, var):
    shape = [1, -1] + [1] * (x.ndim - 2)
    scale, bias, mean, var = (t.reshape(shape) for t in (scale, bias, mean, var))
    return (x - mean) / np.sqrt(var + a.get("epsilon", 1e-5)) * scale + bias


def pad(a, x, pads, value=0):
    half = len(pads) // 2
    return np.pad(x, list(zip(pads[:half], pads[half:])), constant_values=float(value))


def reshape(a, x, shape):
    return x.reshape([x.shape[i] if s == 0 else s for i, s in enumerate(shape)])


def elu(alpha, x):
    return np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x)


RUN = {
    "Add": lambda a, x, y: x + y,
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Clip": lambda a, x, low, high: np.clip(x, low, high),
    "Concat": lambda a, *x: np.concatenate(x, axis=a["axis"]),
    "Conv": conv,
    "Div": lambda a, x, y: x / y,
    "Elu": lambda a, x: elu(a.get("alpha", 1.0), x),
    "Flatten": lambda a, x: x.reshape(x.shape[0], -1),
    "Gemm": gemm,
    "GlobalAveragePool": lambda a, x: x.mean(axis=(2, 3), keepdims=True),
    "HardSigmoid": lambda a, x: np.clip(a.get("alpha", 0.2) * x + a.get("beta", 0.5), 0, 1),
    "LeakyRelu": lambda a, x: np.where(x < 0, a.get("alpha", 0.01) * x, x),
    "MatMul": lambda a, x, y: x @ y,
    "MaxPool": lambda a, x: windows(x, *geometry(a, a["kernel_shape"]), -np.inf).max(axis=(4, 5)),
    "Mul": lambda a, x, y: x * y,
    "PRelu": lambda a, x, slope: np.where(x < 0, slope * x, x),
    "Pad": pad,
    "ReduceMean": lambda a, x: x.mean(axis=tuple(a["axes"]), keepdims=bool(a.get("keepdims", 1))),
    "Relu": lambda a, x: np.maximum(x, 0),
    "Reshape": reshape,
    "Selu": lambda a, x: 1.05070098 * elu(1.67326324, x),
    "Sigmoid": lambda a, x: 1 / (1 + np.exp(-x)),
    "Sub": lambda a, x, y: x - y,
    "Tanh": lambda a, x: np.tanh(x),
    "Transpose": lambda a, x: x.transpose(a["perm"]),
}


def evaluate(model, x):
    values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    values = {k: v.astype(np.float64) if v.dtype == np.float32 else v for k, v in values.items()}
    values[model.graph.input[0].name] = x.astype(np.float64)
    for node in model.graph.node:
        values[node.output[0]] = RUN[node.op_type](attributes_of(node),
                                                   *(values[i] for i in node.input))
    return values[model.graph.output[0].name]


# ---- the program -------------------------------------------------------------------------------

def run(*args):
    done = subprocess.run([PROGRAM] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True)
    assert done.returncode == 0, "%s: %s" % (" ".join(args), done.stderr)
    return done.stdout


def predict(model, images):
    lines = run("predict", model, images, "--json").splitlines()
    return np.array([json.loads(line)["logits"] for line in lines])


def write_images(path):
    pixels = np.random.RandomState(3).randint(0, 256, (N, 28, 28)).astype(np.uint8)
    with open(path, "wb") as file:
        file.write(struct.pack(">IIII", 0x803, N, 28, 28) + pixels.tobytes())
    return (pixels.reshape(N, 1, 28, 28).astype(np.float64) / 255 - MEAN) / STD


def assert_close(name, got, want):
    assert got.shape == want.shape, "%s: %s, not %s" % (name, got.shape, want.shape)
    worst = np.abs(got - want).max()
    # Sums of at most a few thousand products in float32 against float64.
    assert worst <= 1e-4 * (1 + np.abs(want).max()), "%s: off by %g" % (name, worst)


# ---- ours --------------------------------------------------------------------------------------

OURS = [
    "dense 30, relu, dense 10",
    "conv 6 k5 p2, relu, avgpool 2, conv 16 k5, tanh, maxpool 3 s2 p1, dense 20, sigmoid, dense 10",
    "conv 4 k3 s2 p1, batchnorm, leakyrelu 0.2, avgpool 3 s2 p1, dropout 0.3, dense 12, batchnorm, "
    "relu, dropout, dense 10",
]


def tensors_of(layers):
    """What nn/spec.h says that layers have: names and shapes."""
    tensors, counts, c, side = [], {}, 1, 28
    flat = False
    for layer in layers.split(","):
        word, *args = layer.split()
        letters = {a[0]: int(a[1:]) for a in args if a[0] in "ksp"}
        prefix = {"conv": "conv", "dense": "fc", "batchnorm": "bn"}.get(word)
        counts[prefix] = counts.get(prefix, 0) + 1
        name = "%s%d." % (prefix, counts[prefix])
        if word == "dense" and not flat:
            c, side, flat = c * side * side, 1, True
        if word in ("conv", "maxpool", "avgpool"):
            k = letters["k"] if word == "conv" else int(args[0])
            s = letters.get("s", 1 if word == "conv" else k)
            side = (side + 2 * letters.get("p", 0) - k) // s + 1
        if word in ("conv", "dense"):
            units = int(args[0])
            shape = (units, c) + ((letters["k"],) * 2 if word == "conv" else ())
            tensors += [(name + "weight", shape), (name + "bias", (units,))]
            c = units
        if word == "batchnorm":
            tensors += [(name + t, (c,)) for t in ("weight", "bias", "running_mean", "running_var")]
    return tensors


def write_safetensors(path, layers, rng):
    header = {"__metadata__": {"inkling.layers": layers, "inkling.mean": repr(MEAN),
                               "inkling.std": repr(STD), "inkling.name": "made here"}}
    data = b""
    for name, shape in tensors_of(layers):
        values = rng.standard_normal(shape).astype(np.float32) / np.sqrt(shape[-1] + 1)
        if name.endswith("running_var"):
            values = np.abs(values) + np.float32(0.5)
        values = values.astype(np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(shape),
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    return data


def numbers_of_safetensors(path):
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    del header["__metadata__"]
    return {k: data[v["data_offsets"][0]:v["data_offsets"][1]] for k, v in header.items()}


def test_ours(directory, images, x):
    rng = np.random.default_rng(1)
    for i, layers in enumerate(OURS):
        first, second, back = (os.path.join(directory, name) for name in
                               ("a%d.safetensors" % i, "a%d.onnx" % i, "b%d.safetensors" % i))
        write_safetensors(first, layers, rng)
        run("convert", first, second)
        model = onnx.load(second)
        onnx.checker.check_model(model, full_check=True)
        want = evaluate(model, x)
        assert_close(layers, predict(second, images), want)
        assert_close(layers, predict(first, images), want)
        run("convert", second, back)
        assert numbers_of_safetensors(first) == numbers_of_safetensors(back), layers
        # Somebody else's program forgets who wrote it: the graph alone says the same.
        kept = [p for p in model.metadata_props if p.key in ("inkling.mean", "inkling.std")]
        del model.metadata_props[:]
        model.metadata_props.extend(kept)
        onnx.save(model, second)
        assert_close("without metadata: " + layers, predict(second, images), want)
        assert "graph of" not in run("info", second), layers


# ---- theirs ------------------------------------------------------------------------------------

class Maker:
    """A graph written down node by node."""

    def __init__(self, shape):
        self.rng = np.random.default_rng(2)
        self.nodes, self.tensors, self.last = [], [], "x"
        self.input = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)

    def tensor(self, value):
        name = "t%d" % len(self.tensors)
        self.tensors.append(numpy_helper.from_array(value, name))
        return name

    def random(self, *shape):
        fan = max(1, int(np.prod(shape[1:])))
        return self.tensor((self.rng.standard_normal(shape) / np.sqrt(fan)).astype(np.float32))

    def add(self, op, *more, inputs=None, **attributes):
        out = "v%d" % len(self.nodes)
        inputs = [self.last] if inputs is None else inputs
        self.nodes.append(helper.make_node(op, list(inputs) + list(more), [out], **attributes))
        self.last = out
        return out

    def model(self, batch, opset=13, more=()):
        dims = [batch, 10, *more]
        out = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, dims)
        graph = helper.make_graph(self.nodes, "theirs", [self.input], [out], self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        model.ir_version = 7
        helper.set_model_props(model, {"inkling.mean": repr(MEAN), "inkling.std": repr(STD)})
        return model


def residual():
    m = Maker(["batch", 1, 28, 28])
    m.add("Conv", m.random(8, 1, 3, 3), m.random(8), pads=[1] * 4, strides=[2, 2])
    for _ in range(2):
        before = m.last
        m.add("BatchNormalization", m.random(8), m.random(8), m.random(8),
              m.tensor(np.linspace(0.5, 2, 8, dtype=np.float32)))
        m.add("Relu")
        m.add("Conv", m.random(8, 8, 3, 3), pads=[1] * 4)
        m.add("Add", before)
    m.add("GlobalAveragePool")
    m.add("Flatten")
    m.add("Gemm", m.random(10, 8), m.random(10), transB=1)
    return m.model("batch"), True


def mixed():
    m = Maker(["batch", 1, 28, 28])
    m.add("Conv", m.random(6, 1, 5, 5), m.random(6), pads=[0, 1, 2, 3], dilations=[2, 1])
    a = m.add("PRelu", m.random(6, 1, 1))
    m.add("Conv", m.random(12, 2, 3, 3), m.random(12), group=3, pads=[1] * 4)
    b = m.add("Elu", alpha=0.7)
    m.add("Selu", inputs=[a])
    c = m.add("HardSigmoid")
    m.add("Concat", inputs=[a, b, c], axis=1)
    m.add("Pad", m.tensor(np.array([0, 0, 1, 0, 0, 0, 0, 1], dtype=np.int64)),
          m.tensor(np.float32(0.25)))
    m.add("MaxPool", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0])
    m.add("Clip", m.tensor(np.float32(-0.5)), m.tensor(np.float32(0.75)))
    m.add("AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 0])
    m.add("ReduceMean", axes=[2], keepdims=0)
    m.add("Transpose", perm=[0, 2, 1])
    shape = evaluate(m.model(1), np.zeros((1, 1, 28, 28))).shape
    m.add("Reshape", m.tensor(np.array([0, -1], dtype=np.int64)))
    m.add("MatMul", m.random(shape[1] * shape[2], 10))
    m.add("Mul", m.tensor(np.float32(0.5)))
    return m.model("batch"), True


def batch_of_one():
    m = Maker([1, 1, 28, 28])
    m.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    m.add("Reshape", m.tensor(np.array([1, 196], dtype=np.int64)))
    m.add("Gemm", m.random(196, 10), m.random(10))
    m.add("Mul", inputs=[m.last, m.last])
    return m.model(1), True


def batch_of_four():
    m = Maker([4, 784])
    m.add("Reshape", m.tensor(np.array([4, 1, 28, 28], dtype=np.int64)))
    m.add("Conv", m.random(3, 1, 5, 5), m.random(3), strides=[3, 3])
    m.add("Tanh")
    m.add("Reshape", m.tensor(np.array([4, 192], dtype=np.int64)))
    m.add("Gemm", m.random(10, 192), m.random(10), transB=1)
    m.add("Add", m.random(4, 1))
    return m.model(4), True


def channels_last():
    """What converters from other programs write: a turned picture, a bias of its own."""
    m = Maker(["batch", 28, 28, 1])
    m.add("Transpose", perm=[0, 3, 1, 2])
    m.add("Conv", m.random(5, 1, 3, 3), strides=[2, 2])
    m.add("Add", m.random(1, 5, 1, 1))
    m.add("Sigmoid")
    m.add("Flatten")
    m.add("MatMul", m.random(5 * 13 * 13, 10))
    m.add("Add", m.random(10))
    return m.model("batch"), False


def pictures_out():
    """Ten pictures of one pixel each come out, of pictures of four."""
    m = Maker(["batch", 1, 28, 28])
    a = m.add("Conv", m.random(8, 1, 3, 3), m.random(8), strides=[3, 3])
    m.add("Tanh")
    m.add("Add", a)
    m.add("Conv", m.random(8, 4, 3, 3), strides=[4, 4], group=2)
    m.add("Conv", m.random(10, 8, 1, 1), m.random(10))
    m.add("GlobalAveragePool")
    return m.model("batch", more=(1, 1)), True


def test_theirs(directory, images, x):
    for make in (residual, mixed, batch_of_one, batch_of_four, channels_last,
                 pictures_out):
        model, is_graph = make()
        path = os.path.join(directory, make.__name__ + ".onnx")
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)
        shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
        step = shape[0] or len(x)
        filled = np.concatenate([x, np.full((-len(x) % step,) + x.shape[1:], -MEAN / STD)])
        want = np.concatenate([evaluate(model, filled[i:i + step].reshape([-1] + shape[1:]))
                               .reshape(-1, 10)
                               for i in range(0, len(filled), step)])
        # A row that is added to each picture of a batch depends on its place there.
        assert_close(make.__name__, predict(path, images), want[:len(x)])
        assert ("graph of" in run("info", path)) == is_graph, make.__name__
        if is_graph:
            again = os.path.join(directory, "again.onnx")
            run("convert", path, again)
            onnx.checker.check_model(onnx.load(again), full_check=True)
            assert_close("again " + make.__name__, predict(again, images), want[:len(x)])


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        images = os.path.join(directory, "t10k-images-idx3-ubyte")
        x = write_images(images)
        for test in (test_ours, test_theirs):
            try:
                test(directory, images, x)
                print("[       OK ] " + test.__name__)
            except AssertionError as error:
                failed += 1
                print("[  FAILED  ] %s: %s" % (test.__name__, error))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
