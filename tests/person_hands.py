"""What the person of tests/person.py does at the desk, and how often."""
import collections
import os
import subprocess
import time

from person_files import SETTINGS
from person_program import Trouble

PATIENCE = 60
NOTE_MAX = 240
WIDTH, HEIGHT = 1440, 900

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
        self.diary[-1] = (moment, ("%s %s" % (what, detail))[:NOTE_MAX])

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
            at = self.place()
            button, times = self.rng.choice((1, 1, 1, 1, 2, 3)), self.rng.choice((1, 1, 2))
            self.note("%.0f,%.0f" % at + (" button %d" % button if button > 1 else ""))
            self.click(at, button, times)

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
            self.note("+".join(held + (name,)))
            self.desk.key(name, *held)
            if self.rng.random() < 0.5:
                self.desk.pump(0.01)

    def do_ctrl_keys(self):
        name = self.rng.choice(CTRL_KEYS)
        self.note(name)
        self.ctrl(name)

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
            tab = self.rng.choice("123456789")
            self.note(tab)
            self.keys(tab)
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
