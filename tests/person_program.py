"""The program that tests/person.py sits at: started with its frames written down, asked how it is."""
import os
import re
import shutil
import subprocess

TESTS = os.path.dirname(os.path.abspath(__file__))


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
        """(moment, ms of the frame, ms as the clock on the wall has it, ms without a processor, of
        which parts the clock's ms are)"""
        rows = []
        with open(self.frames) as file:
            for line in file:
                words = re.match(r"([\d.]+) events_ms=([\d.]+) build_ms=([\d.]+) "
                                 r"render_ms=([\d.]+) cpu_ms=([\d.]+) waited_ms=([\d.]+)", line)
                if words:
                    moment, events, build, render, cpu, waited = map(float, words.groups())
                    rows.append((moment, max(cpu, events + build - waited),
                                 events + build + render, waited,
                                 "events %.0f, building %.0f, showing %.0f, processor %.0f" %
                                 (events, build, render, cpu)))
        return rows
