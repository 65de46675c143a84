"""Seeds of pictures, checkpoints and the history's database."""
import struct
import zlib

from seeds_base import RNG, put


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


def make_history():
    put("history", "same", b"")
    for i in range(0, 128, 4):  # the head of the file, then heads of pages
        for at in (i, 4096 + i, 8192 + i):
            put("history", "%05d" % at, struct.pack("<I", at)[:3] + b"\xff")
