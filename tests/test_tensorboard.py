#!/usr/bin/env python3
"""The event files of `inkling train --log DIRECTORY`, read as TensorBoard reads them and not by our
own code: protobuf's Python library with a description of TensorFlow's messages (core/util/event.proto
and core/framework/summary.proto), records as core/lib/io/record_writer.cc frames them, and CRC-32C
worked out here. What they say must be what the table of the same run says (--log FILE.csv).

Where TensorBoard itself is installed, it reads them too.

Usage: test_tensorboard.py PROGRAM. Exit status 77 (skipped) without python3-protobuf."""

import csv
import os
import random
import struct
import subprocess
import sys
import tempfile

import system_python

try:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
except ImportError:
    system_python.otherwise()
    print("skipped: python3-protobuf is not installed")
    sys.exit(77)

PROGRAM = os.path.abspath(sys.argv[1])
EPOCHS = 2
TRAINED, HELD, TESTED, SIDE, BATCH = 300, 40, 50, 28, 50
RUN = ["train", "--layers", "dense 8, relu, dense 10", "--epochs", str(EPOCHS), "--batch-size",
       str(BATCH), "--held-out", str(HELD), "--threads", "1", "--forget", "--data"]


# ---- TensorFlow's messages -----------------------------------------------------------------------

def event_class():
    """Event with the fields that are of use here, numbered and typed as TensorFlow's are."""
    types = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="event.proto", package="tensorflow",
                                              syntax="proto3")

    def message(parent, name, oneof, fields):
        made = parent.add(name=name)
        made.oneof_decl.add(name=oneof)
        for number, field, kind, of, one in fields:
            repeated = of == "repeated"
            added = made.field.add(name=field, number=number, type=kind)
            added.label = types.LABEL_REPEATED if repeated else types.LABEL_OPTIONAL
            if kind == types.TYPE_MESSAGE:
                added.type_name = ".tensorflow.Summary" + (".Value" if repeated else "")
            if one:
                added.oneof_index = 0
        return made
    summary = file.message_type.add(name="Summary")
    message(summary.nested_type, "Value", "value", [
        (7, "node_name", types.TYPE_STRING, "", False), (1, "tag", types.TYPE_STRING, "", False),
        (2, "simple_value", types.TYPE_FLOAT, "", True)])
    summary.field.add(name="value", number=1, type=types.TYPE_MESSAGE, label=types.LABEL_REPEATED,
                      type_name=".tensorflow.Summary.Value")
    message(file.message_type, "Event", "what", [
        (1, "wall_time", types.TYPE_DOUBLE, "", False), (2, "step", types.TYPE_INT64, "", False),
        (3, "file_version", types.TYPE_STRING, "", True),
        (4, "graph_def", types.TYPE_BYTES, "", True),
        (5, "summary", types.TYPE_MESSAGE, "", True)])
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName("tensorflow.Event")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(found)
    return message_factory.MessageFactory(pool).GetPrototype(found)


# ---- records -------------------------------------------------------------------------------------

def crc32c(data):
    """Castagnoli's, bit by bit, the polynomial reflected."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    """What the frames of a file hold; an assertion that fails on anything that does not fit."""
    at = 0
    while at < len(data):
        size, check = struct.unpack_from("<QI", data, at)
        assert check == masked(data[at:at + 8]), "the checksum of a length at byte %d" % at
        body = data[at + 12:at + 12 + size]
        assert len(body) == size, "cut short at byte %d" % at
        assert struct.unpack_from("<I", data, at + 12 + size)[0] == masked(body), \
            "the checksum of a record at byte %d" % at
        yield body
        at += 16 + size


def scalars(path, event_type):
    """{(tag, step): (value, wall time)} of a file."""
    with open(path, "rb") as file:
        data = file.read()
    found, first = {}, True
    for body in records(data):
        event = event_type.FromString(body)
        known = event_type.FromString(body)
        known.DiscardUnknownFields()
        assert known.ByteSize() == event.ByteSize() == len(body), "fields that Event has not"
        assert event.wall_time > 1.6e9, "seconds since 1970"
        if first:
            assert event.file_version == "brain.Event:2" and event.step == 0
            first = False
            continue
        assert event.WhichOneof("what") == "summary" and event.step > 0
        for value in event.summary.value:
            assert value.tag and value.WhichOneof("value") == "simple_value"
            assert (value.tag, event.step) not in found
            found[value.tag, event.step] = (value.simple_value, event.wall_time)
    assert not first, "an empty file"
    return found


# ---- what the run was ----------------------------------------------------------------------------

def write_data(directory):
    """Noise with a bright row that tells the class."""
    rng = random.Random(3)
    for name, n in (("train", TRAINED + HELD), ("t10k", TESTED)):
        with open(os.path.join(directory, name + "-images-idx3-ubyte"), "wb") as file:
            file.write(struct.pack(">IIII", 0x803, n, SIDE, SIDE))
            for i in range(n):
                pixels = bytearray(rng.getrandbits(8) for _ in range(SIDE * SIDE))
                pixels[2 * (i % 10) * SIDE:(2 * (i % 10) + 1) * SIDE] = b"\xff" * SIDE
                file.write(pixels)
        with open(os.path.join(directory, name + "-labels-idx1-ubyte"), "wb") as file:
            file.write(struct.pack(">II", 0x801, n) + bytes(i % 10 for i in range(n)))


def train(data, log):
    subprocess.run([PROGRAM] + RUN + [data, "--log", log], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=100)


def expected(path):
    """The same from the table: batches are counted through."""
    want, step = {}, 0
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            if row["row"] == "batch":
                step += 1
                names = {"loss": "loss", "accuracy": "accuracy", "lr": "lr"}
            else:
                names = {"held_loss": "held/loss", "held_accuracy": "held/accuracy",
                         "test_loss": "test/loss", "test_accuracy": "test/accuracy"}
            for column, tag in names.items():
                if row[column]:
                    want[tag, step] = float(row[column])
    return want


def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def by_tensorboard(directory):
    """{(tag, step): value}, or None where TensorBoard is not installed."""
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        return None
    board = EventAccumulator(directory, size_guidance={"scalars": 0})
    board.Reload()
    return {(tag, event.step): event.value
            for tag in board.Tags()["scalars"] for event in board.Scalars(tag)}


def main():
    # What is known: the check value of CRC-32C, and how every event file of TensorFlow begins.
    assert crc32c(b"123456789") == 0xE3069283
    assert masked(struct.pack("<Q", 24)) == struct.unpack("<I", b"\xa3\x7fK\"")[0]
    event_type = event_class()
    with tempfile.TemporaryDirectory(prefix="inkling-board-") as home:
        board, table = os.path.join(home, "board"), os.path.join(home, "figures.csv")
        write_data(home)
        train(home, board)
        train(home, table)  # the same settings are the same run
        files = [os.path.join(at, name) for at, _, names in os.walk(board) for name in names]
        assert len(files) == 1 and "tfevents" in os.path.basename(files[0]), files
        found, want = scalars(files[0], event_type), expected(table)
        assert len(want) == 3 * EPOCHS * (TRAINED // BATCH) + 4 * EPOCHS, len(want)
        assert found.keys() == want.keys(), found.keys() ^ want.keys()
        for key, value in want.items():
            assert found[key][0] == single(value), (key, found[key][0], value)
        for tag in {tag for tag, _ in found}:
            times = [found[key][1] for key in sorted(k for k in found if k[0] == tag)]
            assert times == sorted(times), tag
        print("[       OK ] %d scalars, as protobuf reads them" % len(found))
        theirs = by_tensorboard(os.path.dirname(files[0]))
        if theirs is not None:
            assert theirs == {key: value for key, (value, _) in found.items()}
            print("[       OK ] and as TensorBoard does")
        # It would notice: one bit anywhere.
        with open(files[0], "rb") as file:
            data = bytearray(file.read())
        for at in (3, 9, 20, len(data) - 2):
            data[at] ^= 4
            try:
                list(records(bytes(data)))
            except (AssertionError, struct.error):
                data[at] ^= 4
                continue
            raise AssertionError("a wrong bit in byte %d passes" % at)


if __name__ == "__main__":
    main()
