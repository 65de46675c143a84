"""Seeds of IDX files and of gzip around them."""
import gzip
import io
import struct

from seeds_base import put


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
