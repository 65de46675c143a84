#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets: small files of every kind, good ones and some broken ones.

    seeds.py OUT TESTS

OUT/TARGET/NAME for every target. TESTS: this project's tests, whose .pth fixtures are seeds too, as
are the lessons that it comes with. Where
ONNX's own test data are installed (Debian: libonnx-testdata) their models are seeds of onnx and
graph. Needs nothing but Python; the same files each time.
"""
import glob
import gzip
import io
import json
import os
import pickle
import random
import shutil
import struct
import sys
import zipfile
import zlib

OUT = sys.argv[1]
TESTS = sys.argv[2]
RNG = random.Random(1)


def put(target, name, data):
    directory = os.path.join(OUT, target)
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def floats(count):
    return struct.pack("<%df" % count, *(RNG.uniform(-1, 1) for _ in range(count)))


# ---- IDX -------------------------------------------------------------------------------------------

def idx(dims, data=None, kind=8):
    count = 1
    for n in dims:
        count *= n
    head = bytes([0, 0, kind, len(dims)]) + b"".join(struct.pack(">I", n) for n in dims)
    return head + (bytes(i * 37 % 256 for i in range(count)) if data is None else data)


def make_idx():
    files = {
        "images": idx([2, 5, 4]), "labels": idx([5], bytes([0, 1, 9, 61, 3])),
        "colours": idx([1, 3, 4, 4]), "one": idx([1, 1, 1]), "rank1": idx([7]),
        "short": idx([2, 5, 4])[:-3], "long": idx([2, 5, 4]) + b"more", "empty": idx([0, 28, 28]),
        "float": idx([2, 2], b"\0" * 16, 13), "rank5": idx([1, 1, 1, 1, 1]),
        "huge": idx([1 << 31, 1 << 31], b"\0" * 4), "wide": idx([1, 1, 1025], b"\0" * 1025),
        "label62": idx([2], b"\1\x3e"), "cut": b"\0\0\x08\3\0\0", "nothing": b"",
    }
    for name, data in files.items():
        put("idx", name, data)
        for how in (0, 2, 4, 6, 8):
            put("gzip", "%s-%d" % (name, how), bytes([how, 200]) + data)
        packed = gzip.compress(data, mtime=0)
        put("gzip", name + "-raw", b"\xff\0" + packed)
        put("idx", name + ".gz", packed)
    named = io.BytesIO()
    with gzip.GzipFile("name", "wb", fileobj=named, mtime=0) as file:
        file.write(files["images"])
    put("gzip", "named-raw", b"\xff\0" + named.getvalue())


# ---- networks: name, notation of ours, tensors as others name them ---------------------------------

NETS = [
    ("mlp", "dense 3, relu, dense 2", "1x2x2",
     [("0.weight", [3, 4]), ("0.bias", [3]), ("2.weight", [2, 3]), ("2.bias", [2])]),
    ("fc", "dense 4, tanh, dense 10", "1x28x28",
     [("fc1.weight", [4, 784]), ("fc1.bias", [4]), ("fc2.weight", [10, 4]), ("fc2.bias", [10])]),
    ("conv", "conv 2 k3, relu, maxpool 2, dense 10", "1x28x28",
     [("conv1.weight", [2, 1, 3, 3]), ("conv1.bias", [2]), ("fc.weight", [10, 338]),
      ("fc.bias", [10])]),
    ("norm", "conv 1 k5, batchnorm, relu, avgpool 4, flatten, dense 2", "1x28x28",
     [("0.weight", [1, 1, 5, 5]), ("1.weight", [1]), ("1.bias", [1]), ("1.running_mean", [1]),
      ("1.running_var", [1]), ("4.weight", [2, 36]), ("4.bias", [2])]),
]


def norm_of(name, n):
    return [("%s.%s" % (name, part), [n])
            for part in ("weight", "bias", "running_mean", "running_var")]


def dense_of(name, out, n):
    return [(name + ".weight", [out, n]), (name + ".bias", [out])]


# Those that say less of themselves: layers in another order than they run in, two chains, batch norms
# in front of everything, of the dense part, of nothing and too many, slopes that fit nowhere.
CONV = [("conv.weight", [2, 1, 3, 3]), ("conv.bias", [2])]
ODD = [
    ("order", dense_of("a", 10, 3) + dense_of("b", 3, 784)),
    ("order-three", dense_of("a", 10, 5) + dense_of("b", 7, 784) + norm_of("bn", 7) +
     dense_of("c", 5, 7)),
    ("chains", dense_of("a", 3, 784) + dense_of("b", 10, 4)),
    ("norm-first", norm_of("0", 784) + dense_of("1", 10, 784)),
    ("norm-flat", CONV + norm_of("n", 338) + dense_of("fc", 10, 338)),
    ("norm-nowhere", dense_of("a", 3, 784) + norm_of("n", 5) + dense_of("b", 10, 3)),
    ("norm-many", dense_of("a", 10, 784) + sum((norm_of("n%d" % i, 10) for i in range(70)), [])),
    ("slopes", dense_of("a", 3, 784) + [("act.weight", [3])] + dense_of("b", 10, 3)),
    ("slope", dense_of("a", 3, 784) + [("act.weight", [1])] + dense_of("b", 10, 3)),
    ("slopes-nowhere", dense_of("a", 3, 784) + [("act.weight", [6])] + dense_of("b", 10, 3)),
    ("two-norms", CONV + norm_of("m", 2) + norm_of("n", 2) + dense_of("fc", 10, 338)),
    ("deep", dense_of("l0", 2, 784) + sum((dense_of("l%d" % i, 2, 2) for i in range(1, 70)), [])),
    ("counted", dense_of("a", 3, 784) + [("steps", [])] + dense_of("b", 10, 3)),
]


def count_of(dims):
    n = 1
    for d in dims:
        n *= d
    return n


# ---- safetensors -----------------------------------------------------------------------------------

TYPES = {"F32": 4, "F64": 8, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1,
         "BOOL": 1}


def safetensors(tensors, pairs=None, kind="F32", tail=b"", size=None, order=None):
    header, data, at = {}, b"", 0
    if pairs:
        header["__metadata__"] = pairs
    for name, dims in tensors:
        count = count_of(dims)
        header[name] = {"dtype": kind, "shape": dims,
                        "data_offsets": [at, at + count * TYPES[kind]]}
        data += floats(count) if kind == "F32" else bytes(count * TYPES[kind])
        at += count * TYPES[kind]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text) if size is None else size) + text + data + tail


def pairs_of(name, layers, shape):
    return {"inkling.layers": layers, "inkling.name": name, "inkling.input": shape,
            "inkling.mean": "0.1307", "inkling.std": "0.3081", "inkling.temperature": "1.5",
            "inkling.threshold": "0.5", "inkling.settings": "preset=lenet5 seed=1",
            "inkling.record": "test_accuracy=0.9 epochs=1", "inkling.classes": "zero\none"}


def our_names(tensors):
    """As this program names them: by kind and number."""
    kinds = {"0.weight": "conv1.weight"}
    return [(kinds.get(name, name), dims) for name, dims in tensors]


def make_safetensors():
    for name, layers, shape, tensors in NETS:
        put("safetensors", name, safetensors(tensors))
        put("safetensors", name + "-pairs", safetensors(tensors, pairs_of(name, layers, shape)))
        put("safetensors", name + "-ours",
            safetensors(our_names(tensors), pairs_of(name, layers, shape)))
    for name, tensors in ODD:
        put("safetensors", name, safetensors(tensors))
    small = NETS[0][3]
    for kind in TYPES:
        put("safetensors", "type-" + kind, safetensors(small, kind=kind))
    put("safetensors", "tail", safetensors(small, tail=b"tail"))
    put("safetensors", "size", safetensors(small, size=1 << 62))
    put("safetensors", "empty", struct.pack("<Q", 2) + b"{}")
    put("safetensors", "deep", struct.pack("<Q", 400) + b"[" * 400)
    put("safetensors", "escape", safetensors([("w\n\\\"\u00e9", [2, 2])]))
    put("safetensors", "wrapped", safetensors([("module." + n, d) for n, d in small]))
    # One fault in the header each: every sentence about it is said for some of them.
    good = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    faults = [
        {"w": {}}, {"w": dict(good, dtype=3)}, {"w": dict(good, dtype="F33" + "x" * 80)},
        {"w": dict(good, dtype="F8_E4M3")}, {"w": dict(good, shape=3)},
        {"w": dict(good, shape=[1] * 12)}, {"w": dict(good, shape=[1.5])},
        {"w": dict(good, shape=[1 << 40, 1 << 40])}, {"w": dict(good, data_offsets=[0])},
        {"w": dict(good, data_offsets=[4, 0])}, {"w": dict(good, data_offsets=[0, 400])},
        {"w": dict(good, shape=[2])}, {"w": good, "v": good}, {"w" * 90: {}}, {"": good},
        {"w": dict(good, data_offsets=[4, 8]), "v": dict(good, data_offsets=[8, 12])},
        {"w": good, "__metadata__": 3}, {"w": good, "__metadata__": {"a": 3}},
        {"w": good, "__metadata__": {"inkling.name": "x" * 70000}},
        {"w": good, "__metadata__": {"inkling.%d" % i: "" for i in range(70)}}, [good], {},
        {str(i): dict(good, shape=[0], data_offsets=[4, 4]) for i in range(1100)},
    ]
    texts = [json.dumps(fault).encode() for fault in faults]
    texts += [b'{"w":1,"w":2}', b'{"\xff":1}', b"{} {}", b"{", b'{"__metadata__":{"a":"","a":""}}']
    for i, text in enumerate(texts):
        put("safetensors", "fault-%02d" % i, struct.pack("<Q", len(text)) + text + bytes(4))


# ---- .pth ------------------------------------------------------------------------------------------

class Raw:
    """A pickle by hand: protocol 2, as torch.save writes."""

    def __init__(self):
        self.out = bytearray(b"\x80\x02")

    def text(self, s):
        self.out += b"X" + struct.pack("<I", len(s)) + s.encode()

    def number(self, n):
        self.out += b"K" + bytes([n]) if 0 <= n < 256 else b"J" + struct.pack("<i", n)

    def tuple(self, numbers):
        self.out += b"("
        for n in numbers:
            self.number(n)
        self.out += b"t"

    def tensor(self, key, dims, kind="FloatStorage"):
        strides, n = [], 1
        for d in reversed(dims):
            strides.insert(0, n)
            n *= d
        self.out += b"ctorch._utils\n_rebuild_tensor_v2\n(("
        self.text("storage")
        self.out += b"ctorch\n" + kind.encode() + b"\n"
        self.text(key)
        self.text("cpu")
        self.number(n)
        self.out += b"tQ"
        self.number(0)
        self.tuple(dims)
        self.tuple(strides)
        self.out += b"\x89ccollections\nOrderedDict\n)RtR"


def state_dict(tensors, kind="FloatStorage", wrapped=None):
    raw = Raw()
    if wrapped:
        raw.out += b"}("
        raw.text("epoch")
        raw.number(3)
        raw.text(wrapped)
    raw.out += b"ccollections\nOrderedDict\n)R("
    for i, (name, dims) in enumerate(tensors):
        raw.text(name)
        raw.tensor(str(i), dims, kind)
    raw.out += b"u"
    if wrapped:
        raw.out += b"u"
    return bytes(raw.out + b".")


def archive(code, tensors, text=None):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        def entry(name, data):
            file.writestr(zipfile.ZipInfo("archive/" + name), data)
        entry("data.pkl", code)
        entry("version", "3\n")
        for i, (_, dims) in enumerate(tensors):
            entry("data/%d" % i, floats(count_of(dims)))
        if text:
            entry("inkling.txt", text)
    return out.getvalue()


def make_pth():
    for name, layers, shape, tensors in NETS:
        code = state_dict(tensors)
        put("pickle", name, code)
        text = "".join("%s: %s\n" % (k, v.replace("\\", "\\\\").replace("\n", "\\n"))
                       for k, v in pairs_of(name, layers, shape).items())
        put("pth", name, archive(code, tensors, text))
        put("pickle", name + "-pairs", text)
    for name, tensors in ODD:
        put("pth", name, archive(state_dict(tensors), tensors))
    put("pickle", "wrapped", state_dict(NETS[0][3], wrapped="state_dict"))
    for kind in ("DoubleStorage", "HalfStorage", "LongStorage", "BFloat16Storage", "BoolStorage",
                 "IntStorage", "ShortStorage", "CharStorage", "ByteStorage", "QInt8Storage"):
        put("pickle", "type-" + kind, state_dict(NETS[0][3], kind))
    values = [None, True, 1, -1, 1 << 40, 1 << 80, 1.5, "text", b"bytes", (), (1,), (1, 2), (1, 2, 3),
              (1, 2, 3, 4), [1, [2]], {"a": {"b": 1}}, {1, 2}, frozenset((1, 2)), bytearray(b"x"),
              "x" * 300, "\u00e9\U0001f600", {i: str(i) for i in range(5)}]
    loop = []
    loop.append(loop)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for i, value in enumerate(values + [values, loop]):
            put("pickle", "value-%d-%02d" % (protocol, i), pickle.dumps(value, protocol))
    put("pickle", "hostile", b"cos\nsystem\n(S'exit 3'\ntR.")
    for path in sorted(glob.glob(os.path.join(TESTS, "fixtures", "pth", "*.pth"))):
        name = os.path.basename(path)
        with open(path, "rb") as file:
            data = file.read()
        put("pth", name, data)
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as file:
                for inside in file.namelist():
                    if inside.endswith("data.pkl"):
                        put("pickle", name, file.read(inside))
        else:
            put("pickle", name, data)


# ---- .onnx: protobuf by hand -----------------------------------------------------------------------

def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while True:
        out += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if not n:
            return out


def integer(field, n):
    return varint(field << 3) + varint(n)


def part(field, data):
    data = data if isinstance(data, bytes) else data.encode()
    return varint(field << 3 | 2) + varint(len(data)) + data


def attribute(name, value):
    body = part(1, name)
    if isinstance(value, int):
        body += integer(3, value) + integer(20, 2)
    elif isinstance(value, float):
        body += varint(2 << 3 | 5) + struct.pack("<f", value) + integer(20, 1)
    elif isinstance(value, str):
        body += part(4, value) + integer(20, 3)
    else:
        body += b"".join(integer(8, n) for n in value) + integer(20, 7)
    return body


def node(op, inputs, outputs, **attributes):
    body = b"".join(part(1, i) for i in inputs) + b"".join(part(2, o) for o in outputs)
    body += part(3, op.lower()) + part(4, op)
    return part(1, body + b"".join(part(5, attribute(k, v)) for k, v in attributes.items()))


def tensor(name, dims, kind=1, data=None):
    body = b"".join(integer(1, d) for d in dims) + integer(2, kind) + part(8, name)
    return part(5, body + part(9, floats(count_of(dims)) if data is None else data))


def value(field, name, dims):
    shape = b"".join(part(1, part(2, "n") if d < 0 else integer(1, d)) for d in dims)
    return part(field, part(1, name) + part(2, part(1, integer(1, 1) + part(2, shape))))


def onnx(body, opset=13, pairs=None):
    graph = part(2, "graph") + body
    meta = b"".join(part(14, part(1, k) + part(2, v)) for k, v in (pairs or {}).items())
    return integer(1, 8) + part(8, part(1, "") + integer(2, opset)) + part(7, graph) + meta


def make_onnx():
    put("onnx", "mlp", onnx(
        node("Flatten", ["x"], ["f"], axis=1) +
        node("Gemm", ["f", "w1", "b1"], ["h"], transB=1) + node("Relu", ["h"], ["r"]) +
        node("Gemm", ["r", "w2", "b2"], ["y"], transB=1, alpha=1.0) +
        tensor("w1", [3, 4]) + tensor("b1", [3]) + tensor("w2", [2, 3]) + tensor("b2", [2]) +
        value(11, "x", [-1, 1, 2, 2]) + value(12, "y", [-1, 2]),
        pairs=pairs_of("mlp", "dense 3, relu, dense 2", "1x2x2")))
    conv = (node("Conv", ["x", "k", "kb"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1],
                 strides=[2, 2]) +
            node("BatchNormalization", ["c", "g", "h", "m", "v"], ["n"], epsilon=1e-5) +
            node("LeakyRelu", ["n"], ["a"], alpha=0.01) +
            node("MaxPool", ["a"], ["p"], kernel_shape=[2, 2], strides=[2, 2]) +
            node("Reshape", ["p", "s"], ["f"]) + node("MatMul", ["f", "w"], ["d"]) +
            node("Add", ["d", "b"], ["e"]) + node("Softmax", ["e"], ["y"], axis=1) +
            tensor("k", [2, 1, 3, 3]) + tensor("kb", [2]) +
            "".encode() + b"".join(tensor(n, [2]) for n in "ghmv") +
            tensor("s", [2], 7, struct.pack("<qq", -1, 18)) + tensor("w", [18, 2]) +
            tensor("b", [2]) + value(11, "x", [1, 1, 12, 12]) + value(12, "y", [1, 2]))
    put("onnx", "conv", onnx(conv))
    put("onnx", "conv9", onnx(conv, 9))
    put("onnx", "pairs", onnx(conv, 13, pairs_of("conv", "conv 2 k3", "1x12x12")))
    put("onnx", "residual", onnx(
        node("Conv", ["x", "k"], ["c"], kernel_shape=[3, 3], auto_pad="SAME_UPPER") +
        node("Sum", ["c", "x"], ["s"]) + node("GlobalAveragePool", ["s"], ["g"]) +
        node("Flatten", ["g"], ["f"]) + node("Gemm", ["f", "w", "b"], ["y"]) +
        tensor("k", [1, 1, 3, 3]) + tensor("w", [1, 2]) + tensor("b", [2]) +
        value(11, "x", [1, 1, 8, 8]) + value(12, "y", [1, 2])))
    # Constants of every type, in bytes and number by number, and some that are none.
    wide = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}
    uses = node("Identity", ["t"], ["y"]) + value(12, "y", [2])
    for kind in list(wide) + [0, 8, 14, 15, 40, 1 << 20]:
        raw = tensor("t", [2], kind, bytes(range(2 * wide.get(kind, 4))))
        put("onnx", "raw-%d" % kind, onnx(uses + raw))
        field = {1: 4, 7: 7, 8: 6, 11: 10, 12: 11, 13: 11}.get(kind, 5)
        one = (struct.pack("<f", 1.5) if field == 4 else struct.pack("<d", 1.5) if field == 10
               else b"text" if field == 6 else varint(300))
        many = part(6, one) * 2 if field == 6 else part(field, one * 2)
        head = integer(1, 2) + integer(2, kind) + part(8, "t")
        put("onnx", "field-%d" % kind, onnx(uses + part(5, head + many)))
    head = integer(2, 1) + part(8, "t")
    for i, body in enumerate([
            integer(1, 2) + head, integer(1, -1) + head, integer(1, 1 << 40) * 2 + head,
            integer(1, 1) * 20 + head, integer(1, 2) + head + part(9, bytes(9)),
            integer(1, 2) + head + integer(14, 1), integer(1, 2) + head + part(3, integer(1, 0)),
            integer(1, 3) + head + part(4, struct.pack("<ff", 1, 2)),
            integer(1, 2) + integer(2, 8) + part(8, "t") + part(6, "x" * 300) * 2]):
        put("onnx", "tensor-%d" % i, onnx(uses + part(5, body)))
    for i, extra in enumerate([
            part(15, b""), part(1, part(4, "Relu") + part(1, "x") * 300),
            part(1, part(4, "Relu") + part(5, part(1, "a") + integer(20, 12))),
            part(1, part(4, "Relu") + part(5, part(1, "a") + part(7, struct.pack("<ff", 1, 2)))),
            part(1, part(4, "Relu") + part(5, part(1, "a") + integer(3, 2)))]):
        put("onnx", "node-%d" % i, onnx(uses + extra))
    for opset in (0, 1, 6, 99):
        put("onnx", "opset-%d" % opset, onnx(uses, opset))
    put("onnx", "nothing", integer(1, 8))
    models = sorted(glob.glob("/usr/share/libonnx-testdata/**/model.onnx", recursive=True))
    taken = 0
    for path in models:
        if os.path.getsize(path) > 1000:
            continue
        name = os.path.basename(os.path.dirname(path))
        taken += 1
        shutil.copyfile(path, os.path.join(OUT, "onnx", name))
    shutil.copytree(os.path.join(OUT, "onnx"), os.path.join(OUT, "graph"), dirs_exist_ok=True)


# ---- text ------------------------------------------------------------------------------------------

def make_strokes():
    lines = {
        "plain": '{"label":5,"strokes":[[[0,0],[1,1],[2,0]],[[1,0]]]}\n',
        "pressure": '{"label":"A","strokes":[[[0,0,0.2],[10,1,0.9]]]}\n\n{"strokes":[]}\n',
        "null": '{"label":null,"strokes":[[[0,0],[1e30,1]]],"writer":{"a":[1,"b"]}}\r\n',
        "broken": '{"label":5,"strokes":[[[0,0],[1,1\n{"label":6,"strokes":[[[0,0],[1,1]]]}',
        "kinds": '[]\n{}\n1\n"x"\n{"strokes":1}\n{"strokes":[1]}\n{"strokes":[[1]]}\n'
                 '{"strokes":[[["a","b"]]]}\n{"strokes":[[[1]]]}\n{"label":{},"strokes":[]}\n',
        "utf8": '{"label":"\u00e9\u00e9","strokes":[[[0,0],[1,1]]]}\n',
        "bad-utf8": b'{"label":"\xff\xfe","strokes":[[[0,0],[1,1]]]}\n',
        "long-label": '{"label":"%s","strokes":[[[0,0],[1,1]]]}\n' % ("x" * 40),
        "negative": '{"label":-3,"strokes":[[[-5,-5],[-6,-7]]]}\n{"label":1.5,"strokes":[[[0,0]]]}\n',
        "nul": b'{"label":5,\0"strokes":[[[0,0],[1,1]]]}\n', "bom": b'\xef\xbb\xbf{"strokes":[]}\n',
        "same": '{"strokes":[[[3,3],[3,3],[3,3]]]}\n', "huge": '{"strokes":[[[1e308,0],[-1e308,1]]]}\n',
        "many": '{"strokes":[%s]}\n' % ",".join("[[%d,%d],[%d,9]]" % (i, i % 7, i + 1)
                                               for i in range(60)),
    }
    for name, text in lines.items():
        put("strokes", name, text)


def make_text():
    settings = [
        "", "preset=lenet5", "optimizer=adam lr=0.001 batch-size=64 epochs=10 seed=1",
        'layers="conv 4 k3, relu, maxpool 2, dropout 0.2, dense 24, batchnorm, relu, dense 10"',
        "optimizer=sgd momentum=0.9 nesterov=1 weight-decay=1e-4 schedule=step step-size=2 gamma=0.5",
        "schedule=one-cycle warmup-epochs=1 label-smoothing=0.1 loss=cross-entropy clip-norm=1 ema=0.9",
        "augment=strong rotate=10 shift=2 scale=0.1 shear=5 elastic=1 thickness=1 erase=0.5",
        'data="synthetic:3" held-out=500 patience=3 monitor=accuracy restore-best=1 until=0.99',
        "preset=", "preset=none", "lr=nan", "lr=1e10", "lr=-1", "seed=99999999999999999999", 'layers="',
        "mean=0 std=0", "std=1e-300", "no-such=1", "=", "a=b=c", "init=he shuffle=0 limit=100",
        "epochs=1e3 batch-size=0x10", "seed=-9223372036854775808",
    ]
    for i, line in enumerate(settings):
        put("settings", "%02d" % i, line)
    layers = [
        "dense 10", "flatten, dense 120, relu, dense 10", "conv 6 k5 p2, relu, avgpool 2, dense 10",
        "conv 32 k3 s1 p1, batchnorm, leakyrelu 0.1, maxpool 2 s2, dropout 0.25, dense 10",
        "conv 8 k5, tanh, maxpool 3 s2, sigmoid, gelu, silu, elu, softmax, dense 62",
        "dense 0", "conv", "conv 1 k65", "dense 10, , dense 2", "dense 1e9, dense 10", "conv 6 q5",
        "dense 10 dense 10", "DENSE 10", "dense " + "9" * 40, ",".join(["relu"] * 130), "dense -1",
        "conv 1000 k1, conv 1000 k1, conv 1000 k1, dense 2", "dropout nan, dense 2", "dense 2.5",
    ]
    for i, line in enumerate(layers):
        for shape in range(3):
            put("layers", "%02d-%d" % (i, shape), bytes([shape]) + line.encode())
    prefs = [
        "", "width=1440\nheight=900\nx=10\ny=20\nplaced=1\nmaximised=0\nlight=1\nscale=1.25\n"
        "brush=0.04\ntab=2\nlog-loss=1\nraw-loss=0\nby-seconds=1\ndirectory=/tmp\n",
        "width=nan\nheight=1e9\nscale=inf\nbrush=-1\ntab=99\nplaced=2\n", "width", "=\n=\n",
        b"directory=\xff\xfe\n", b"width=300\0height=300\n", "directory=" + "d" * 3000,
    ]
    for i, text in enumerate(prefs):
        put("prefs", "%02d" % i, text)


# ---- pictures and checkpoints ----------------------------------------------------------------------

def png(width, height, rows, colour=0, depth=8, extra=b""):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def make_pictures():
    grey = b"".join(b"\0" + bytes(255 if 6 < x < 9 and 3 < y < 12 else 0 for x in range(16))
                    for y in range(16))
    put("picture_file", "grey", png(16, 16, grey))
    put("picture_file", "rgba", png(4, 4, (b"\0" + bytes(range(16))) * 4, 6))
    put("picture_file", "rgb16", png(2, 2, (b"\0" + bytes(12)) * 2, 2, 16))
    put("picture_file", "bits", png(8, 2, b"\0\xf0\0\x0f", 0, 1))
    put("picture_file", "huge", png(1 << 20, 1 << 20, grey))
    put("picture_file", "zero", png(0, 0, b""))
    put("picture_file", "cut", png(16, 16, grey)[:40])
    put("picture_file", "chunk-huge", png(16, 16, grey, 0, 8, b"\x7f\xff\xff\xfftEXt1234"))
    frame = b"\xff\xc0\0\x0b\x08\0\x08\0\x08\1\1\x11\0"
    put("picture_file", "jpeg-size", b"\xff\xd8\xff\xe0\0\x04ab" + frame + b"\xff\xd9" * 8)
    put("picture_file", "jpeg-huge", b"\xff\xd8\xff\xff\xff\xc2\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0")
    put("picture_file", "jpeg-loop", b"\xff\xd8" + b"\xff\xe1\0\0" * 20)
    put("picture_file", "gif", b"GIF89a" + bytes(20))
    for i, (w, h) in enumerate([(27, 27), (0, 0), (39, 39), (27, 20), (4, 39), (0, 39)]):
        ink = bytes(255 if w // 3 < x % (w + 1) < w // 2 else 10 + x % 5
                    for x in range((w + 1) * (h + 1)))
        noise = bytes(RNG.randrange(256) for _ in range(400))
        put("picture", "dark-%d" % i, bytes([w, h, 4 * i]) + ink)
        put("picture", "light-%d" % i, bytes([w, h, 20]) + bytes(255 - b for b in ink))
        put("picture", "flat-%d" % i, bytes([w, h, 20, 7]))
        put("picture", "noise-%d" % i, bytes([w, h, 21 << i % 4]) + noise)


def make_state():
    put("state", "same", b"")
    for i in range(24):  # the numbers of the header, behind 16 + 2 * 4096 bytes
        at = 16 + 8192 + 8 * i
        for name, value in (("one", 1), ("ff", -1), ("big", 1 << 40)):
            raw = struct.pack("<q", value)
            put("state", "%02d-%s" % (i, name),
                b"".join(struct.pack("<HB", at + k, b) for k, b in enumerate(raw)))


def make_lessons():
    for path in sorted(glob.glob(os.path.join(TESTS, "..", "assets", "lessons", "*.lesson"))):
        with open(path, "rb") as file:
            put("lesson", os.path.basename(path), file.read())
    broken = [
        "", "title:", "title: x\n", "page\n", "title: x\npage\n", "title: x\npage\ncaption: y\n",
        "title: x\npage\ncaption: y\n  z\nhide: everything\nshow: form\nset: lr=0.1\n"
        "draw: 20 30, 25 40; 50 50\ntab: mine\nanswer: shipped\ncharts: log smooth epochs\n"
        "start: seed=2\npause\nresume\nstep\nink: centre=off\n# end\n",
        "title: x\npage\ncaption: y\nset: lr=nan\n", "title: x\npage\ncaption: y\ndraw: 1e9 2\n",
        "title: x\ntitle: y\npage\n", "title[zh_CN]: x\npage\ncaption[xx]: y\n",
        "title: x\n" + "page\ncaption: y\n" * 70, "title: x\npage\ncaption: y\n" + "pause\n" * 300,
        b"title: \xff\npage\ncaption: y\n", b"title: x\0\npage\n", "title: x\r\npage\r\ncaption: y\r\n",
    ]
    for i, text in enumerate(broken):
        put("lesson", "%02d" % i, text)


def make_history():
    put("history", "same", b"")
    for i in range(0, 128, 4):  # the head of the file, then heads of pages
        for at in (i, 4096 + i, 8192 + i):
            put("history", "%05d" % at, struct.pack("<I", at)[:3] + b"\xff")


make_idx()
make_safetensors()
make_pth()
make_onnx()
make_strokes()
make_text()
make_pictures()
make_state()
make_lessons()
make_history()
print(sum(len(files) for _, _, files in os.walk(OUT)), "seeds")
