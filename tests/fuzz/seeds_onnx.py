"""Seeds of .onnx files: protobuf by hand, and ONNX's own test data where they are installed."""
import glob
import os
import shutil
import struct

from seeds_base import OUT, count_of, floats, put
from seeds_models import pairs_of


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
    mlp = (node("Flatten", ["x"], ["f"], axis=1) +
           node("Gemm", ["f", "w1", "b1"], ["h"], transB=1) + node("Relu", ["h"], ["r"]) +
           node("Gemm", ["r", "w2", "b2"], ["y"], transB=1, alpha=1.0) +
           tensor("w1", [3, 4]) + tensor("b1", [3]) + tensor("w2", [2, 3]) + tensor("b2", [2]) +
           value(11, "x", [-1, 1, 2, 2]) + value(12, "y", [-1, 2]))
    pairs = pairs_of("mlp", "dense 3, relu, dense 2", "1x2x2")
    put("onnx", "mlp", onnx(mlp, pairs=pairs))
    put("onnx", "mlp-named", onnx(mlp, pairs=dict(pairs, **{
        "inkling.tensors": "fc1.weight w1\nfc2.weight w2\nfc1.bias b1\nfc2.bias b2"})))
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
