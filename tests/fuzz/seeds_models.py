"""Networks for the seeds of model files: those that are as one expects, and those that say less of
themselves; and the .safetensors of them, good and with one fault each."""
import json
import struct

from seeds_base import count_of, floats, put

# Name, notation of ours, shape of the input, tensors as others name them.
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
    # What is put together from parts, left aside, or made one of three channels.
    ("weight-norm", [("a.weight_g", [3, 1]), ("a.weight_v", [3, 784]), ("a.bias", [3])] +
     dense_of("b", 10, 3)),
    ("weight-norm-new", [("a.parametrizations.weight.original0", [3, 1]),
                         ("a.parametrizations.weight.original1", [3, 784]), ("a.bias", [3])] +
     dense_of("b", 10, 3)),
    ("spectral-norm", [("a.weight_orig", [3, 784]), ("a.weight_u", [3]), ("a.weight_v", [784]),
                       ("a.bias", [3])] + dense_of("b", 10, 3)),
    ("spectral-norm-new", [("a.parametrizations.weight.original", [3, 784]),
                           ("a.parametrizations.weight.0._u", [3]),
                           ("a.parametrizations.weight.0._v", [784]), ("a.bias", [3])] +
     dense_of("b", 10, 3)),
    ("pruned", [("a.weight_orig", [3, 784]), ("a.weight_mask", [3, 784]), ("a.bias_orig", [3]),
                ("a.bias_mask", [3])] + dense_of("b", 10, 3)),
    ("pruned-half", [("a.weight_orig", [3, 784]), ("a.weight_mask", [2, 784]), ("a.bias", [3])] +
     dense_of("b", 10, 3)),
    ("aside", CONV + dense_of("fc", 10, 1352 // 4) + [("loss_fn.weight", [10]), ("steps", []),
                                                      ("ema.conv.weight", [2, 1, 3, 3]),
                                                      ("class_weights", [10])]),
    ("three", [("conv.weight", [2, 3, 3, 3]), ("conv.bias", [2])] + dense_of("fc", 10, 338)),
    ("three-own", [("mean", [1, 3, 1, 1]), ("std", [1, 3, 1, 1]), ("conv.weight", [2, 3, 3, 3]),
                   ("conv.bias", [2])] + dense_of("fc", 10, 338)),
    ("one-own", [("mean", [1]), ("std", [1])] + CONV + dense_of("fc", 10, 338)),
    ("norms", CONV + norm_of("n", 2) + dense_of("fc", 10, 338)),
    ("norms-dense", dense_of("a", 8, 784) + norm_of("n", 8) + dense_of("b", 10, 8)),
    ("counted", dense_of("a", 3, 784) + [("steps", [])] + dense_of("b", 10, 3)),
]


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


def named_pairs(tensors, layers, shape, name):
    """With a table of the names that are not ours; our names by kind and number."""
    kinds, lines = {"conv": 0, "bn": 0, "fc": 0}, []
    stems = []
    for full, _ in tensors:
        if full.rsplit(".", 1)[0] not in stems:
            stems.append(full.rsplit(".", 1)[0])
    for stem in stems:
        parts = {full.rsplit(".", 1)[1]: dims for full, dims in tensors
                 if full.rsplit(".", 1)[0] == stem}
        kind = "bn" if "running_var" in parts else "conv" if len(parts["weight"]) == 4 else "fc"
        kinds[kind] += 1
        own = "%s%d" % (kind, kinds[kind])
        lines += ["%s.%s %s.%s" % (own, part, stem, part) for part in parts]
        if kind == "bn":
            lines.append("%s.num_batches_tracked 18760 %s.num_batches_tracked" % (own, stem))
    return dict(pairs_of(name, layers, shape), **{"inkling.tensors": "\n".join(lines)})


# One fault each in the table of names of a network with fc1 and fc2, called 0 and 2.
NAME_FAULTS = [
    "", "\n", "fc1.weight", "fc1.weight ", "fc9.weight 0.weight", "0.weight fc1.weight",
    "fc1.weight 0.weight\nfc1.weight 2.weight", "fc1.weight 0.weight\nfc2.weight 0.weight",
    "fc1.weight 0.weight\n\nfc2.weight 2.weight", "fc1.weight " + "x" * 300,
    "fc1.weight nothing", "fc1.num_batches_tracked 3 0.bias", "fc1.weight __metadata__",
    "fc1.weight 0.weight\nfc1.bias 0.bias\nfc2.weight 2.weight\nfc2.bias a\tb",
    "fc2.bias 2.bias\nfc1.weight 0.weight\nfc2.weight 2.weight",
    "x" * 255000, "fc1.weight 0.weight\n" * 9000,
]


def make_safetensors():
    for name, layers, shape, tensors in NETS:
        put("safetensors", name, safetensors(tensors))
        put("safetensors", name + "-pairs", safetensors(tensors, pairs_of(name, layers, shape)))
        put("safetensors", name + "-ours",
            safetensors(our_names(tensors), pairs_of(name, layers, shape)))
        put("safetensors", name + "-named",
            safetensors(tensors, named_pairs(tensors, layers, shape, name)))
    for name, tensors in ODD:
        put("safetensors", name, safetensors(tensors))
    # The mean of a border, in a convolution that has one, and where there is none.
    border = [("conv1.weight", [2, 1, 5, 5]), ("conv1.bias", [2]), ("fc1.weight", [10, 1568]),
              ("fc1.bias", [10])]
    pairs = pairs_of("border", "conv 2 k5 p2, relu, dense 10", "1x28x28")
    for i, (mean, value) in enumerate([("0.1307", "2"), ("0", "2"), ("3e38", "2"), ("-1e-40", "2"),
                                       ("0.5", "3"), ("0.5", "")]):
        put("safetensors", "border-%d" % i, safetensors(border, dict(
            pairs, **{"inkling.mean": mean, "inkling.border": value})))
    name, layers, shape, tensors = NETS[0]
    for i, fault in enumerate(NAME_FAULTS):
        put("safetensors", "names-%02d" % i, safetensors(
            tensors, dict(pairs_of(name, layers, shape), **{"inkling.tensors": fault})))
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
        {"w": good, "__metadata__": {"inkling.name": "x" * 270000}},
        {"w": good, "__metadata__": {"inkling.%d" % i: "" for i in range(70)}}, [good], {},
        {str(i): dict(good, shape=[0], data_offsets=[4, 4]) for i in range(1100)},
    ]
    texts = [json.dumps(fault).encode() for fault in faults]
    texts += [b'{"w":1,"w":2}', b'{"\xff":1}', b"{} {}", b"{", b'{"__metadata__":{"a":"","a":""}}']
    for i, text in enumerate(texts):
        put("safetensors", "fault-%02d" % i, struct.pack("<Q", len(text)) + text + bytes(4))
