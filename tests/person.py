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
                  sanitizers, on a machine that is not crowded, in runs of a minute and more. Each is
                  told with its parts and the three actions before it
    memory        resident, at each minute, each time on a clean desk: no dialog, no runs. The last
                  quarter may not lie above the second by more than GROWTH (see there)

    person.py PROGRAM [MINUTES [SEED]]

MINUTES: 0.3 unless said. Needs Xvfb and python3-xlib; exit status 77 (skipped) without them.
INKLING_PERSON_KEEP=DIRECTORY: the log, the frames and the files stay there.
INKLING_PERSON_DISK=LIBRARY: the disk is slow (tests/slow_disk.c), and it is an error if the window's
thread has anything to do with a file between the first action and the last. Not for programs with a
sanitizer, which do without."""
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

from person_desk import Desk  # first: it looks whether there is what it needs
from person_files import Files
from person_hands import HEIGHT, PATIENCE, WIDTH, Person
from person_program import Program, Trouble
from person_report import (FRAME_MS, kept_runs, look_for_complaints, report_disk, report_frames,
                           report_memory)
from test_window import Display, skip

BLOCKED_SECONDS, STACKS_MAX = 0.3, 12


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
