#!/usr/bin/env python3
"""The real window, by mouse and keys, on a display of its own: draw a 3 and read the answer in the
window's title, train an epoch, save it through the dialog, open it again, draw again.

Usage: test_window.py PROGRAM. Exit status 77 (skipped) where Xvfb or xdotool is missing, or the
program has no window. The data set is $INKLING_DATA if that is set, else the synthetic digits."""
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
WIDTH, HEIGHT = 1440, 900
CANVAS = (30, 100, 344)  # inside the canvas of a window of that size: x, y, side


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


class Display:
    """A display of our own, on a number that was free."""

    def __init__(self):
        read, write = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{WIDTH + 60}x{HEIGHT + 60}x24",
             "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        number = b""
        while not number.endswith(b"\n"):
            piece = os.read(read, 16)
            if not piece:
                skip("Xvfb does not start")
            number += piece
        os.close(read)
        self.name = ":" + number.decode().strip()

    def close(self):
        self.server.terminate()
        self.server.wait()


class Window:
    def __init__(self, program, display, home, arguments):
        self.env = dict(os.environ, DISPLAY=display.name, HOME=home, LC_ALL="C.UTF-8",
                        SDL_VIDEODRIVER="x11")
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            self.env.pop(name, None)
        self.log = open(os.path.join(home, "log"), "w+")
        self.process = subprocess.Popen(
            [program, *arguments, "--size", f"{WIDTH}x{HEIGHT}", "--scale", "1", "--forget"],
            env=self.env, stdout=self.log, stderr=self.log)
        self.id = self.wait("a window", self.find)
        self.xdotool("windowmove", "--sync", self.id, "10", "10")
        self.xdotool("windowfocus", "--sync", self.id)
        time.sleep(0.5)

    def said(self):
        self.log.flush()
        with open(self.log.name) as log:
            return log.read()

    def wait(self, what, found, seconds=90):
        """The first result of found() that is not empty."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"the program ended before {what}: {self.said()}")
            result = found()
            if result:
                return result
            time.sleep(0.1)
        raise AssertionError(f"{what} did not happen; title \"{self.title()}\"; said: {self.said()}")

    def xdotool(self, *words):
        return subprocess.run(["xdotool", *words], env=self.env, capture_output=True, text=True,
                              timeout=60).stdout.strip()

    def find(self):
        return self.xdotool("search", "--pid", str(self.process.pid), "--name", "Inkling").split(
            "\n")[0]

    def title(self):
        return self.xdotool("getwindowname", self.id) if hasattr(self, "id") else ""

    def key(self, *keys):
        self.xdotool("key", "--delay", "60", *keys)
        time.sleep(0.3)

    def stroke(self, points):
        """One stroke through points in shares of the canvas."""
        x0, y0, side = CANVAS
        words = []
        for i, (x, y) in enumerate(points):
            words += ["mousemove", str(10 + x0 + round(x * side)), str(10 + y0 + round(y * side))]
            words += ["mousedown", "1"] if i == 0 else []
            words += ["sleep", "0.015"]
        self.xdotool(*words, "mouseup", "1")
        time.sleep(0.3)

    def draw_three(self):
        """Two bows, one on the other, a little off the middle."""
        upper = [(0.45 + 0.16 * math.sin(a), 0.34 - 0.14 * math.cos(a))
                 for a in [i * math.pi / 12 for i in range(-5, 13)]]
        lower = [(0.45 + 0.19 * math.sin(a), 0.65 - 0.17 * math.cos(a))
                 for a in [i * math.pi / 12 for i in range(0, 18)]]
        self.stroke(upper + lower)

    def read_answer(self):
        title = self.wait("an answer in the title", lambda: re.match(r"Inkling: (.*)", self.title()))
        time.sleep(0.5)
        return re.match(r"Inkling: (.*)", self.title()).group(1) if title else ""

    def quit(self):
        self.key("ctrl+q")
        status = self.process.wait(timeout=30)
        self.log.close()
        return status


def check(condition, message):
    if not condition:
        raise AssertionError(message)
    print("ok:", message)


def train_and_save(program, display, home, saved):
    arguments = ["--settings", "preset=lenet5 epochs=1"]
    if not os.environ.get("INKLING_DATA"):
        arguments += ["--data", "synthetic"]
    window = Window(program, display, home, arguments)
    window.wait("the data set", lambda: "training and" in window.said() or "Data:" in window.said())
    window.draw_three()
    time.sleep(0.5)
    if window.title() != "Inkling":  # a model ships with this build
        answer = window.read_answer()
        check(answer.startswith("3 "), f"the shipped model reads a drawn 3: {answer}")
    window.key("space")
    window.wait("the end of the epoch", lambda: "finished after epoch 1" in window.said(), 240)
    right = float(re.search(r"epoch 1, ([0-9.]+) %", window.said()).group(1))
    check(right > 90, f"an epoch trained in the window: {right} % right")
    answer = window.read_answer()
    check(answer.startswith("3 "), f"the network just trained reads the same 3: {answer}")
    window.key("ctrl+s")
    window.key("ctrl+a")
    window.xdotool("type", "--delay", "30", saved)
    window.key("Return")
    window.wait("the file", lambda: "saved as" in window.said() and os.path.exists(saved))
    check(os.path.getsize(saved) > 100000, "saved through the dialog")
    for ending, begins in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("csv", b"run,row,epoch")):
        curves = saved.replace("mine.safetensors", "curves." + ending)
        window.key("ctrl+e")
        window.key("ctrl+a")
        window.xdotool("type", "--delay", "30", curves)
        window.key("Return")
        window.wait("the export", lambda: os.path.exists(curves))
        with open(curves, "rb") as file:
            check(file.read().startswith(begins), f"the curves as .{ending}")
    check(window.quit() == 0, "quits with status 0, without a question, since all is saved")


def reopen(program, display, home, saved):
    window = Window(program, display, home, [saved])
    window.wait("the file's answer", lambda: "answers now" in window.said())
    check(window.title() == "Inkling", "a blank canvas has no answer")
    window.draw_three()
    answer = window.read_answer()
    check(answer.startswith("3 "), f"the reopened file reads a drawn 3: {answer}")
    window.key("c")
    window.wait("an empty title", lambda: window.title() == "Inkling")
    check(window.quit() == 0, "quits with status 0")


def main():
    program = os.path.abspath(sys.argv[1])
    for tool in ("Xvfb", "xdotool"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    display = Display()
    home = tempfile.mkdtemp(prefix="inkling-window-")
    saved = os.path.join(home, "mine.safetensors")
    try:
        probe = subprocess.run([program, "--forget", "--screenshot", os.path.join(home, "a.png")],
                               env=dict(os.environ, DISPLAY=display.name, HOME=home),
                               capture_output=True, text=True, timeout=120)
        if "without its window" in probe.stderr:
            skip("this build has no window")
        check(probe.returncode == 0 and os.path.getsize(os.path.join(home, "a.png")) > 10000,
              "a picture of the window")
        train_and_save(program, display, home, saved)
        reopen(program, display, home, saved)
    finally:
        display.close()
        shutil.rmtree(home, ignore_errors=True)
    print("the window does what it says")


if __name__ == "__main__":
    main()
