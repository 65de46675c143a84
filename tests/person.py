#!/usr/bin/env python3
"""A person at speed: drives the real window on a display of its own through strokes, clicks, keys,
wheels, resizes, tabs, runs, races, slow motion, lessons, history, dialogs with good and bad files,
dropped files, the clipboard, language, theme and big text, as a seed says, for so many minutes. Then
it looks at what the program did meanwhile:

    the end       it lives to the end, quits with status 0, and no sanitizer said anything, leaks
                  at the end included (third parties' are named in tests/lsan.supp, with reasons)
    answers       it answers a ping of the window manager within PATIENCE seconds, always
    frames        percentiles of the time they took, and which took more than 100 ms, with what the
                  person was doing. A frame's time here is the larger one of the processor time that
                  the window's thread spent and of what it took to see what happened and to build
                  the frame, less the time in which no processor was free for it. What the display
                  server takes to show it is not the program's. An error in a build without
                  sanitizers, on a machine that is not crowded, in runs of a minute and more
    memory        resident, at each minute, each time on a clean desk: no dialog, no runs. The last
                  quarter may not lie above the second by more than GROWTH (see there)

    person.py PROGRAM [MINUTES [SEED]]

MINUTES: 0.3 unless said. Needs Xvfb and python3-xlib; exit status 77 (skipped) without them.
INKLING_PERSON_KEEP=DIRECTORY: the log, the frames and the files stay there.
INKLING_PERSON_DISK=LIBRARY: the disk is slow (tests/slow_disk.c), and it is an error if the window's
thread has anything to do with a file between the first action and the last. Not for programs with a
sanitizer, which do without."""
import collections
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

import system_python
from test_window import Display, skip

try:
    import Xlib.display
    import Xlib.X as X
    import Xlib.XK as XK
    import Xlib.Xatom as Xatom
    import Xlib.error
    from Xlib.ext import xtest
    from Xlib.protocol import event as xevent
except ImportError:
    system_python.otherwise()
    skip("python3-xlib is not installed")

TESTS = os.path.dirname(os.path.abspath(__file__))
ASSETS = os.path.join(TESTS, os.pardir, "assets")
PATIENCE = 60
BLOCKED_SECONDS, STACKS_MAX = 0.3, 12
FRAME_MS = 100
CROWDED = 0.05  # share of frames' time without a processor from which frames are not judged
WIDTH, HEIGHT = 1440, 900
SIDE = 28
# The heap's own waste: what was freed in between and cannot be given back because something small
# lies behind it. And what the program keeps in memory of each run in the history while that is
# listed: a KeptRun, rounded up.
GROWTH_SHARE = 0.10
GROWTH_RUN_KB = 16


# ---- files to open -------------------------------------------------------------------------------

def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def write_set(directory, images):
    """Noise with a bright row that tells the class."""
    rng = random.Random(images)
    os.makedirs(directory)
    for name, n in (("train", images), ("t10k", 200)):
        pixels = bytearray(rng.getrandbits(6) for _ in range(n * SIDE * SIDE))
        for i in range(n):
            at = (i * SIDE + 2 * (i % 10) + 4) * SIDE
            pixels[at:at + SIDE] = b"\xff" * SIDE
        write(os.path.join(directory, name + "-images-idx3-ubyte"),
              struct.pack(">IIII", 0x803, n, SIDE, SIDE) + pixels)
        write(os.path.join(directory, name + "-labels-idx1-ubyte"),
              struct.pack(">II", 0x801, n) + bytes(i % 10 for i in range(n)))
    return directory


def png(width, height, pixel):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    rows = b"".join(b"\0" + bytes(pixel(x, y) for x in range(width)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


STROKES = "".join('{"strokes":[[%s]],"label":"%d"}\n' % (",".join(
    "[%.3f,%.3f]" % (0.3 + 0.01 * i, 0.2 + 0.02 * (i * k % 30)) for i in range(30)), k)
    for k in range(10)).encode()
LESSON = b"""title: A lesson
title[zh_CN]: \xe8\xaf\xbe
page
caption: Draw.
hide: everything
page
caption: It learns.
show: charts progress
set: preset=mlp-bn epochs=2 limit=300
start: lr=0.01
start: lr=0.1
page
caption: The end.
draw: 20 30, 25 40; 50 50, 60 60
tab: feature-maps
"""


def damage(rng, data):
    """Cut off, or with bytes that are not as they were."""
    data = bytearray(data[:rng.randrange(len(data))] if rng.random() < 0.5 else data)
    for _ in range(rng.randrange(8)):
        if data:
            data[rng.randrange(min(len(data), 4096))] = rng.randrange(256)
    return bytes(data)


class Files:
    """Good ones, bad ones, and places to write to."""

    def __init__(self, directory, program, rng):
        self.directory = directory
        at = lambda name: os.path.join(directory, name)
        self.sets = [write_set(at("set a"), 1500), write_set(at("set b"), 1200)]
        # Copies: where something was opened is where Save goes next.
        shipped, other = (shutil.copy(os.path.join(ASSETS, name), directory)
                          for name in ("lenet5.safetensors", "inkling.safetensors"))
        self.good = [shipped, other,
                     write(at("seven.png"), png(60, 90, lambda x, y: 0 if y < 12 or x > 45 else 255)),
                     write(at("grey.png"), png(300, 200, lambda x, y: (x * y) % 256)),
                     write(at("strokes.jsonl"), STROKES), write(at("mine.lesson"), LESSON)]
        for name in ("lenet.pth", "lenet.onnx"):
            done = subprocess.run([program, "convert", shipped, at(name)], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=300)
            if done.returncode == 0:  # a build may lack the format
                self.good.append(at(name))
        self.bad = ["", "/", "/dev/null", "/dev/zero", "/proc/self/mem", "~", "~/none", directory,
                    at("nowhere/at/all.pth"), "/" + "x" * 3000, "a\tb", "."]
        os.mkdir(at("empty"))
        os.mkfifo(at("pipe.png"))
        os.symlink(at("round.pth"), at("round.pth"))
        self.bad += [at("empty"), at("pipe.png"), at("round.pth"),
                     write(at("empty.safetensors"), b""), write(at("noise.onnx"), rng.randbytes(5000)),
                     write(at("text.pth"), b"hello\n" * 40)]
        for path in list(self.good):
            with open(path, "rb") as file:
                data = file.read()
            for i in range(6):
                self.bad.append(write(at("bad%d-%s" % (i, os.path.basename(path))),
                                      damage(rng, data)))
        self.broken_set = write_set(at("set broken"), 50)
        os.truncate(os.path.join(self.broken_set, "train-images-idx3-ubyte"), 1000)
        self.bad.append(self.broken_set)
        self.targets = [at("saved." + ending) for ending in
                        ("safetensors", "pth", "onnx", "csv", "json", "png", "svg", "idx", "jsonl", "")]
        self.targets += ["/dev/full", "/proc/nothing.pth", at("empty"), at("none/saved.pth"), ""]


SETTINGS = [
    "preset=mlp-bn epochs=3", "preset=lenet5 optimizer=adam epochs=2 limit=600", "optimizer=sgd lr=1e10",
    "preset=mlp-bn batch-size=1 limit=50", "layers=\"dense 10\" epochs=4", "lr=nan", "preset=",
    "layers=\"conv 4 k3, relu, maxpool 2, dense 10\" limit=400 held-out=100 patience=1 epochs=3",
    "optimizer=lion schedule=one-cycle ema=0.9 augment=strong limit=500 epochs=2", "hello", "",
    "layers=\"dense 1e9\"", "seed=5 init=he clip-norm=1 limit=300", "\xe8\xaf\xbe=1", "x" * 9000,
]


# ---- the display ---------------------------------------------------------------------------------

class Desk:
    """What a person's hands do, as events of the X server; and the other side of the clipboard and
    of files that are dropped."""

    def __init__(self, name):
        self.x = Xlib.display.Display(name)
        self.x.set_error_handler(lambda *_: None)  # windows come and go
        self.root = self.x.screen().root
        self.root.change_attributes(event_mask=X.SubstructureNotifyMask)
        self.own = self.root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        self.window = None
        self.offers = {}
        self.pongs = 0
        self.keys = {}
        self.down = set()

    def atom(self, name):
        return self.x.intern_atom(name)

    def find(self):
        for window in self.root.query_tree().children:
            try:
                name = window.get_wm_name()
            except Xlib.error.XError:  # gone meanwhile
                continue
            if name and str(name).startswith("Inkling"):
                self.window = window
                return True
        return False

    def size(self):
        at = self.window.get_geometry()
        return at.width, at.height

    # -- what others ask for --

    def offer(self, selection, target, data):
        """Data that whoever asks for it may have."""
        self.offers[self.atom(selection)] = (self.atom(target), data)
        self.own.set_selection_owner(self.atom(selection), X.CurrentTime)
        self.x.flush()

    def hand_over(self, ask):
        target, data = self.offers.get(ask.selection, (None, b""))
        prop = ask.property or ask.target
        if ask.target == self.atom("TARGETS"):
            ask.requestor.change_property(prop, Xatom.ATOM, 32, [target] if target else [])
        elif ask.target == target:
            ask.requestor.change_property(prop, target, 8, data[:60000])
        else:
            prop = X.NONE
        ask.requestor.send_event(xevent.SelectionNotify(
            time=ask.time, requestor=ask.requestor, selection=ask.selection, target=ask.target,
            property=prop))

    def pump(self, seconds=0.0):
        until = time.monotonic() + seconds
        while True:
            self.x.sync()
            while self.x.pending_events():
                event = self.x.next_event()
                if event.type == X.SelectionRequest:
                    self.hand_over(event)
                elif event.type == X.ClientMessage and \
                        event.client_type == self.atom("WM_PROTOCOLS"):
                    self.pongs += 1
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.01))

    def message(self, kind, data):
        self.window.send_event(xevent.ClientMessage(
            window=self.window, client_type=self.atom(kind), data=(32, (data + [0] * 5)[:5])))
        self.x.flush()

    def ping(self):
        """As a window manager asks: does it still answer?"""
        before = self.pongs
        self.message("WM_PROTOCOLS", [self.atom("_NET_WM_PING"), X.CurrentTime, self.window.id])
        return lambda: self.pongs > before

    def drop(self, paths):
        uris = "".join("file://%s\r\n" % "".join(
            chr(c) if c < 128 and (chr(c).isalnum() or chr(c) in "/._-") else "%%%02X" % c
            for c in os.fsencode(path)) for path in paths).encode()
        self.offer("XdndSelection", "text/uri-list", uris)
        self.message("XdndEnter", [self.own.id, 5 << 24, self.atom("text/uri-list")])
        self.message("XdndPosition", [self.own.id, 0, 300 << 16 | 300, X.CurrentTime,
                                      self.atom("XdndActionCopy")])
        self.pump(0.05)
        self.message("XdndDrop", [self.own.id, 0, X.CurrentTime])

    # -- hands --

    def focus(self):
        self.window.set_input_focus(X.RevertToParent, X.CurrentTime)

    def move(self, x, y):
        xtest.fake_input(self.x, X.MotionNotify, x=int(x), y=int(y))
        self.x.flush()

    def press(self, button):
        self.down.add(button)
        xtest.fake_input(self.x, X.ButtonPress, button)
        self.x.flush()

    def release(self, button):
        self.down.discard(button)
        xtest.fake_input(self.x, X.ButtonRelease, button)
        self.x.flush()

    def code(self, name):
        """The key that makes this sign, and whether Shift is held with it."""
        if name not in self.keys:
            sign = XK.string_to_keysym(name) or ord(name[0])
            found = [(code, shift) for code, shift in self.x.keysym_to_keycodes(sign) if shift < 2]
            self.keys[name] = found[0] if found else (0, 0)
        return self.keys[name]

    def key(self, name, *held):
        code, shift = self.code(name)
        if code == 0:
            return
        held = [self.code(word)[0] for word in held]
        if shift:
            held.append(self.code("Shift_L")[0])
        for which in held + [code]:
            xtest.fake_input(self.x, X.KeyPress, which)
        for which in reversed(held + [code]):
            xtest.fake_input(self.x, X.KeyRelease, which)
        self.x.flush()

    def type(self, text):
        for i, sign in enumerate(text):
            self.key(sign)
            if i % 16 == 15:
                self.pump(0.01)


# ---- the program ---------------------------------------------------------------------------------

class Trouble(Exception):
    pass


class Program:
    def __init__(self, path, display, home, arguments):
        self.path, self.home = path, home
        self.frames = os.path.join(home, "frames")
        self.disk = os.path.join(home, "disk")
        with open(path, "rb") as file:
            code = file.read()
        self.sanitized = b"__asan_init" in code
        self.log = open(os.path.join(home, "log"), "w+")
        suppressions = os.path.join(TESTS, "lsan.supp")
        env = dict(os.environ, DISPLAY=display, HOME=home, LC_ALL="C.UTF-8", SDL_VIDEODRIVER="x11",
                   ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1:quarantine_size_mb=16",
                   UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
                   LSAN_OPTIONS="suppressions=%s:print_suppressions=0" % suppressions)
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "INKLING_DATA"):
            env.pop(name, None)
        slow = os.environ.get("INKLING_PERSON_DISK")
        if slow and not self.sanitized and b"__tsan_init" not in code:
            places = [os.path.join(home, name) for name in ("files", ".local", ".config")]
            env.update(LD_PRELOAD=slow, INKLING_SLOW_DISK=":".join(places),
                       INKLING_SLOW_DISK_LOG=self.disk)
        self.process = subprocess.Popen(
            [path, *arguments, "--frame-log", self.frames], env=env, cwd=home, stdout=self.log,
            stderr=self.log, stdin=subprocess.DEVNULL)

    def said(self):
        self.log.flush()
        with open(self.log.name, errors="replace") as log:
            return log.read()

    def check(self):
        if self.process.poll() is not None:
            raise Trouble("the program ended with status %d" % self.process.returncode)

    def resident_kb(self):
        with open("/proc/%d/status" % self.process.pid) as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

    def is_blocked(self):
        """The window's thread sleeps, and not for events: it waits for another thread."""
        try:
            with open("/proc/%d/task/%d/wchan" % (self.process.pid, self.process.pid)) as file:
                return "futex" in file.read()
        except OSError:  # other systems, or it is gone
            return False

    def stack(self):
        """Where the window's thread is; "" without gdb."""
        if not shutil.which("gdb"):
            return ""
        try:
            said = subprocess.run(["gdb", "-p", str(self.process.pid), "-batch", "-ex", "bt 14"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30,
                                  stdin=subprocess.DEVNULL, universal_newlines=True).stdout
        except subprocess.TimeoutExpired:
            return ""
        return "\n".join(line[:150] for line in said.splitlines() if line.startswith("#"))

    def frame_rows(self):
        """(moment, ms of the frame, ms as the clock on the wall has it, ms without a processor)"""
        rows = []
        with open(self.frames) as file:
            for line in file:
                words = re.match(r"([\d.]+) events_ms=([\d.]+) build_ms=([\d.]+) "
                                 r"render_ms=([\d.]+) cpu_ms=([\d.]+) waited_ms=([\d.]+)", line)
                if words:
                    moment, events, build, render, cpu, waited = map(float, words.groups())
                    rows.append((moment, max(cpu, events + build - waited),
                                 events + build + render, waited))
        return rows


# ---- the person ----------------------------------------------------------------------------------

KEYS = ["space", "s", "z", "y", "c", "g", "b", "plus", "minus", "Escape", "Tab", "Tab", "Return",
        "Left", "Right", "Up", "Down", "Home", "End", "Prior", "Next", "BackSpace", "Delete", "F1",
        "question", "r", "h", "l"] + list("123456789")
CTRL_KEYS = list("ocvesazy0") + ["plus", "minus"]  # without q: see Person.leave


class Person:
    def __init__(self, desk, program, files, rng):
        self.desk, self.program, self.files, self.rng = desk, program, files, rng
        self.done = collections.Counter()
        self.diary = []  # (moment, action)
        self.slowest_answer = 0.0

    # -- small things --

    def place(self, left=0.0, top=0.0, right=1.0, bottom=1.0):
        width, height = self.desk.size()
        return (width * self.rng.uniform(left, right), height * self.rng.uniform(top, bottom))

    def keys(self, *names):
        for name in names:
            self.desk.key(name)
            self.desk.pump(0.01)

    def ctrl(self, name):
        self.desk.key(name, "Control_L")
        self.desk.pump(0.05)

    def click(self, at, button=1, times=1):
        self.desk.move(*at)
        for _ in range(times):
            self.desk.press(button)
            self.desk.release(button)
        self.desk.pump(0.01)

    def drag(self, points, button=1, pause=0.002):
        self.desk.move(*points[0])
        self.desk.press(button)
        for at in points[1:]:
            self.desk.move(*at)
            if self.rng.random() < 0.3:
                self.desk.pump(pause)
        self.desk.release(button)

    def out_of_dialogs(self):
        for button in list(self.desk.down):
            self.desk.release(button)
        for _ in range(4):
            self.keys("Escape")

    def note(self, detail):
        """Beside the action that is under way."""
        moment, what = self.diary[-1]
        self.diary[-1] = (moment, "%s %s" % (what, detail[:80]))

    def enter_path(self, path):
        self.note(os.path.basename(path) or path)
        self.ctrl("a")
        self.desk.type(path[:300])
        self.desk.pump(0.05)
        self.keys("Return")
        self.desk.pump(0.05)

    # -- what it does, each by a weight --

    def do_draw(self):
        for _ in range(self.rng.randrange(1, 4)):
            x, y = self.place(0.03, 0.14, 0.22, 0.42)
            points = [(x, y)]
            for _ in range(self.rng.randrange(2, 60)):
                x, y = x + self.rng.gauss(0, 14), y + self.rng.gauss(0, 14)
                points.append((x, y))
            self.drag(points, self.rng.choice((1, 1, 1, 3)))

    def do_click(self):
        for _ in range(self.rng.randrange(1, 6)):
            self.click(self.place(), self.rng.choice((1, 1, 1, 1, 2, 3)), self.rng.choice((1, 1, 2)))

    def do_drag(self):
        self.drag([self.place(), self.place(), self.place()], self.rng.choice((1, 1, 3)))

    def do_wheel(self):
        self.desk.move(*self.place())
        for _ in range(self.rng.randrange(1, 20)):
            button = self.rng.choice((4, 5))
            self.desk.press(button)
            self.desk.release(button)

    def do_hover(self):
        for _ in range(20):
            self.desk.move(*self.place())
            self.desk.pump(0.005)
        self.desk.pump(self.rng.choice((0, 0.6)))  # a tooltip

    def do_keys(self):
        for _ in range(self.rng.randrange(1, 30)):
            name = self.rng.choice(KEYS)
            held = self.rng.choices(((), ("Shift_L",), ("Alt_L",)), (8, 2, 1))[0]
            self.desk.key(name, *held)
            if self.rng.random() < 0.5:
                self.desk.pump(0.01)

    def do_ctrl_keys(self):
        self.ctrl(self.rng.choice(CTRL_KEYS))

    def do_resize(self):
        for _ in range(self.rng.choice((1, 1, 8))):
            small = self.rng.random() < 0.15
            self.desk.window.configure(width=self.rng.randrange(120 if small else 700, 1480),
                                       height=self.rng.randrange(80 if small else 450, 940))
            self.desk.pump(0.02)
        if self.rng.random() < 0.5:
            self.desk.pump(0.1)
            self.desk.window.configure(width=WIDTH, height=HEIGHT)

    def do_hide(self):
        self.desk.window.unmap()
        self.desk.pump(self.rng.uniform(0, 0.3))
        self.desk.window.map()
        self.desk.pump(0.1)

    def do_tabs(self):
        for _ in range(self.rng.randrange(1, 9)):
            self.keys(self.rng.choice("123456789"))
            self.desk.move(*self.place(0.3, 0.6))
            self.desk.pump(self.rng.choice((0.01, 0.1)))

    def do_train(self):
        self.out_of_dialogs()
        self.keys("space")
        self.desk.pump(self.rng.uniform(0, 0.8))
        self.keys(*self.rng.choices(["space", "s", "s", "space"], k=self.rng.randrange(4)))

    def do_race(self):
        self.out_of_dialogs()
        self.keys("r")
        self.desk.pump(0.1)
        for _ in range(self.rng.randrange(4)):
            self.click(self.place(0.25, 0.2, 0.75, 0.8))
            self.keys(*self.rng.choices(["Tab", "space", "Down", "Return"], k=2))
        self.keys("Return")
        self.desk.pump(self.rng.uniform(0.1, 1))

    def do_slow_motion(self):
        self.out_of_dialogs()
        self.desk.key("s", "Shift_L")
        for _ in range(self.rng.randrange(1, 25)):
            self.keys("space")
            self.desk.pump(0.03)
            self.desk.move(*self.place(0.3, 0.5))
        if self.rng.random() < 0.7:
            self.keys("Escape")

    def do_open(self):
        good = self.rng.random() < 0.5
        self.out_of_dialogs()
        self.ctrl("o")
        self.enter_path(self.rng.choice(self.files.good if good else self.files.bad))

    def do_save(self):
        self.out_of_dialogs()
        self.ctrl(self.rng.choice("se"))
        self.enter_path(self.rng.choice(self.files.targets))
        if self.rng.random() < 0.7:
            self.keys("Return")  # yes, replace it

    def do_drop(self):
        paths = self.rng.choices(self.files.good + self.files.bad[1:],
                                 k=self.rng.choice((1, 1, 2, 9)))
        self.note(" ".join(map(os.path.basename, paths)))
        self.desk.drop(paths)
        self.desk.pump(0.1)

    def do_paste(self):
        self.desk.offer("CLIPBOARD", "UTF8_STRING",
                        self.rng.choice(SETTINGS).encode("latin-1", "replace"))
        self.desk.pump(0.02)
        self.ctrl("v")
        self.desk.pump(0.1)

    def do_settings(self):
        """A settings line as it should be, then training by it."""
        self.out_of_dialogs()
        self.desk.offer("CLIPBOARD", "UTF8_STRING",
                        self.rng.choice([line for line in SETTINGS if "epochs=" in line]).encode())
        self.ctrl("v")
        self.desk.pump(0.1)
        self.keys("space")
        self.desk.pump(self.rng.uniform(0.2, 1.5))

    def do_looks(self):
        self.out_of_dialogs()
        self.ctrl("0")
        width, height = self.desk.size()
        scale = min(1, width / 1024, height / 640)
        theme, language, big = 71, 131, 198
        for _ in range(self.rng.randrange(1, 4)):
            self.click((width - scale * self.rng.choice((theme, language, big)), 24 * scale))
            self.desk.pump(0.05)

    def do_lesson(self):
        self.out_of_dialogs()
        self.keys("l")
        self.desk.pump(0.1)
        self.keys(*self.rng.choices(["Tab", "Return"], k=3))
        for _ in range(self.rng.randrange(8)):
            self.keys(self.rng.choice(("Next", "Next", "Prior")))
            self.desk.pump(0.1)

    def do_history(self):
        self.out_of_dialogs()
        self.keys("h")
        self.desk.pump(0.15)
        if self.rng.random() < 0.5:
            self.desk.type(self.rng.choice(("adam", "lenet", "se", "7", "\\", "zz")))
        for _ in range(self.rng.randrange(6)):
            self.click(self.place(0.1, 0.15, 0.9, 0.85))
            self.keys(self.rng.choice(("Tab", "Return", "Down", "Delete", "space")))
        self.desk.pump(0.1)

    def do_teach(self):
        self.out_of_dialogs()
        self.keys("c")
        self.do_draw()
        self.desk.key(self.rng.choice("0123456789"), "Alt_L")
        self.keys("6")
        self.desk.pump(0.05)

    def do_nothing(self):
        self.desk.pump(self.rng.uniform(0, 1))

    WEIGHTS = {"draw": 14, "click": 10, "drag": 6, "wheel": 5, "hover": 6, "keys": 8, "ctrl_keys": 3,
               "resize": 4, "hide": 1, "tabs": 8, "train": 8, "race": 3, "slow_motion": 3, "open": 6,
               "save": 5, "drop": 4, "paste": 2, "settings": 5, "looks": 4, "lesson": 3,
               "history": 4, "teach": 5, "nothing": 2}

    # -- and how --

    def wait_for_answer(self):
        begun = time.monotonic()
        answered = self.desk.ping()
        while not answered():
            self.program.check()
            if time.monotonic() - begun > PATIENCE:
                raise Trouble("no answer for %d s after: %s" % (PATIENCE, self.diary[-1][1]))
            self.desk.pump(0.005)
        self.slowest_answer = max(self.slowest_answer, time.monotonic() - begun)

    def act(self, what):
        self.diary.append((time.monotonic(), what))
        self.done[what] += 1
        self.desk.focus()
        getattr(self, "do_" + what)()
        self.wait_for_answer()
        self.program.check()

    def act_at_random(self):
        self.act(self.rng.choices(list(self.WEIGHTS), list(self.WEIGHTS.values()))[0])

    def do_clean_desk(self):
        """No dialog, no runs, the other data set; and the memory then."""
        self.desk.window.configure(width=WIDTH, height=HEIGHT)
        self.out_of_dialogs()
        self.files.sets.reverse()
        self.ctrl("o")
        self.enter_path(self.files.sets[0])
        self.wait_for_answer()
        self.keys("Tab", "Return")  # change it, the runs may go
        self.desk.pump(1.5)
        self.out_of_dialogs()
        self.keys("1")
        self.wait_for_answer()
        self.desk.pump(0.5)

    def leave(self):
        """Ctrl+Q, and if it asks: yes."""
        self.diary.append((time.monotonic(), "leave"))
        until = time.monotonic() + 2 * PATIENCE  # the search for leaks is within that time
        while self.program.process.poll() is None and time.monotonic() < until:
            self.out_of_dialogs()
            self.ctrl("q")
            self.desk.pump(0.3)
            self.keys("Tab", "Return")
            try:
                self.program.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                pass
        if self.program.process.poll() is None:
            raise Trouble("it does not quit")
        if self.program.process.returncode != 0:
            raise Trouble("it quits with status %d" % self.program.process.returncode)


class Watch(threading.Thread):
    """Sees where the window's thread waits for another thread."""

    def __init__(self, person):
        super().__init__(daemon=True)
        self.person, self.stacks = person, []
        self.start()

    def run(self):
        program = self.person.program
        since = time.monotonic()
        while program.process.poll() is None and len(self.stacks) < STACKS_MAX:
            if not program.is_blocked():
                since = time.monotonic()
            elif self.person.diary and self.person.diary[-1][1] == "leave":
                return  # closing waits for all threads
            elif time.monotonic() - since > BLOCKED_SECONDS and self.person.diary:
                self.stacks.append((self.person.diary[-1][1], program.stack()))
                since = time.monotonic()
            time.sleep(0.02)


# ---- what there is to say afterwards -------------------------------------------------------------

def share(values, part):
    return values[min(len(values) - 1, int(len(values) * part))] if values else 0.0


def report_frames(program, person, minutes):
    """How many frames were too long, where that can be judged."""
    # The frames before it has hands on the window are those of opening it (docs/SPEED.md).
    rows = [row for row in program.frame_rows() if row[0] >= person.diary[0][0]]
    times = sorted(row[1] for row in rows)
    wall = sorted(row[2] for row in rows)
    for name, values in (("its own time", times), ("on the wall's clock", wall)):
        print("frames: %d, %s: 50 %% %.1f ms, 95 %% %.1f ms, 99.9 %% %.1f ms, longest %.1f ms" %
              (len(values), name, share(values, 0.5), share(values, 0.95), share(values, 0.999),
               values[-1] if values else 0))
    long = [row for row in rows if row[1] > FRAME_MS]
    for moment, own, clock, _ in sorted(long, key=lambda row: -row[1])[:12]:
        before = [what for at, what in person.diary if at <= moment]
        print("  %.0f ms (%.0f on the clock) at %.1f s, after: %s" %
              (own, clock, moment - person.diary[0][0], ", ".join(before[-3:])))
    if not rows:
        raise Trouble("there were no frames")
    # Who waits for processors waits for other threads and the display server too, which wait for
    # processors themselves: then a long frame says nothing of the program.
    crowded = sum(row[3] for row in rows) / max(1e-9, sum(wall))
    judged = not program.sanitized and crowded < CROWDED and minutes >= 1
    print("frames over %d ms: %d; %.0f %% of the time of all frames was spent waiting for a "
          "processor%s" % (FRAME_MS, len(long), 100 * crowded,
                           "" if judged else ": told, not judged" if long else ""))
    return len(long) if judged else 0


def report_disk(program, person):
    """What the window's thread did with files while it had frames to show."""
    if not os.path.exists(program.disk):
        return
    with open(program.disk) as file:
        rows = [line.split(" ", 1) for line in file]
    rows = [what.strip() for moment, what in rows
            if person.diary[0][0] <= float(moment) < person.diary[-1][0]]
    if rows:
        raise Trouble("the window's thread waits for the disk: %d times, such as %s" %
                      (len(rows), ", ".join(sorted(set(rows))[:6])))
    print("the window's thread had nothing to do with files on a slow disk")


def report_memory(levels, runs):
    print("memory on a clean desk, MB: " + " ".join("%.0f" % (kb / 1024) for kb in levels))
    if len(levels) < 8:
        return  # too short to say
    quarter = len(levels) // 4
    # The lower one of two in the middle: a machine that has no time may be late with giving back.
    before = sorted(levels[quarter:2 * quarter])[(quarter - 1) // 2]
    after = sorted(levels[-quarter:])[(quarter - 1) // 2]
    most = before * (1 + GROWTH_SHARE) + runs * GROWTH_RUN_KB
    print("memory: %.0f MB in the second quarter, %.0f MB in the last, at most %.0f MB would do" %
          (before / 1024, after / 1024, most / 1024))
    if after > most:
        raise Trouble("its memory grows")


def kept_runs(home):
    directory = os.path.join(home, ".local", "share", "inkling", "history", "weights")
    return len({name.split("-")[0] for name in os.listdir(directory)}) \
        if os.path.isdir(directory) else 0


def live(person, minutes):
    levels = []
    begun = time.monotonic()
    for minute in range(max(1, round(minutes))):
        until = begun + (minutes if minutes < 1 else minute + 1) * 60
        while time.monotonic() < until:
            person.act_at_random()
        person.act("clean_desk")
        levels.append(person.program.resident_kb())
        if minutes >= 1:
            print("minute %d: %d MB, %d actions" % (minute + 1, levels[-1] / 1024,
                                                    sum(person.done.values())), flush=True)
    return levels


def look_for_complaints(program):
    said = program.said()
    for sign in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:",
                 "WARNING: ThreadSanitizer", "assertion", "ASSERT", "REQUIRE"):
        if sign in said:
            raise Trouble("it says \"%s\"" % sign)


def attend(program, desk, files, minutes, seed):
    until = time.monotonic() + PATIENCE
    while not desk.find():
        program.check()
        if time.monotonic() > until:
            raise Trouble("there is no window")
        time.sleep(0.1)
    desk.window.configure(x=10, y=10, width=WIDTH, height=HEIGHT)
    desk.pump(1)
    person = Person(desk, program, files, random.Random(seed))
    watch = Watch(person)
    try:
        levels = live(person, minutes)
        person.leave()
    finally:
        print("%d actions: %s" % (sum(person.done.values()), ", ".join(
            "%s %d" % pair for pair in person.done.most_common())))
        print("last: " + ", ".join(what for _, what in person.diary[-6:]))
        print("slowest answer to a ping: %.2f s" % person.slowest_answer)
        for what, stack in watch.stacks:
            print("the window waited for another thread after %s:\n%s" % (what, stack))
    look_for_complaints(program)
    report_disk(program, person)
    long = report_frames(program, person, minutes)
    report_memory(levels, kept_runs(program.home))
    if long:
        raise Trouble("%d frames over %d ms" % (long, FRAME_MS))


def main():
    path = os.path.abspath(sys.argv[1])
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 0.3
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
    if not shutil.which("Xvfb"):
        skip("Xvfb is not installed")
    print("seed %d" % seed, flush=True)
    keep = os.environ.get("INKLING_PERSON_KEEP")
    home = tempfile.mkdtemp(prefix="inkling-person-")
    display = Display()
    program = None
    status = 0
    try:
        os.mkdir(os.path.join(home, "files"))
        files = Files(os.path.join(home, "files"), path, random.Random(seed))
        program = Program(path, display.name, home, ["--data", files.sets[0], "--size",
                                                     "%dx%d" % (WIDTH, HEIGHT), "--scale", "1"])
        attend(program, Desk(display.name), files, minutes, seed)
        print("the person (seed %d) found nothing" % seed)
    except Trouble as trouble:
        print("FAILED (seed %d): %s" % (seed, trouble))
        status = 1
    finally:
        if program and program.process.poll() is None:
            program.process.send_signal(signal.SIGABRT)
            program.process.wait()
        if program and status:
            print(program.said()[-6000:])
        display.close()
        if keep:
            shutil.copytree(home, keep, symlinks=True, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("pipe*"))
        shutil.rmtree(home, ignore_errors=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
