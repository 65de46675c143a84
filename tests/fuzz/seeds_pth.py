"""Seeds of .pth files and of the pickles in them."""
import glob
import io
import os
import pickle
import struct
import zipfile

from seeds_base import TESTS, count_of, floats, put
from seeds_models import NETS, ODD, named_pairs, pairs_of


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
        for kind, pairs in (("", pairs_of(name, layers, shape)),
                            ("-named", named_pairs(tensors, layers, shape, name))):
            text = "".join("%s: %s\n" % (k, v.replace("\\", "\\\\").replace("\n", "\\n"))
                           for k, v in pairs.items())
            put("pth", name + kind, archive(code, tensors, text))
            put("pickle", name + kind + "-pairs", text)
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
