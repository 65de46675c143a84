"""What tests/person.py has to say afterwards: frames, disk, memory, complaints."""
import os

from person_program import Trouble

FRAME_MS = 100
CROWDED = 0.05  # share of frames' time without a processor from which frames are not judged
# The heap's own waste: what was freed in between and cannot be given back because something small
# lies behind it. And what the program keeps in memory of each run in the history while that is
# listed: a KeptRun, rounded up.
GROWTH_SHARE = 0.10
GROWTH_RUN_KB = 16


def share(values, part):
    return values[min(len(values) - 1, int(len(values) * part))] if values else 0.0


def report_frames(program, person, minutes):
    """How many frames were too long, where that can be judged; each of them is told."""
    # The frames before it has hands on the window are those of opening it (docs/SPEED.md).
    rows = [row for row in program.frame_rows() if row[0] >= person.diary[0][0]]
    times = sorted(row[1] for row in rows)
    wall = sorted(row[2] for row in rows)
    for name, values in (("its own time", times), ("on the wall's clock", wall)):
        print("frames: %d, %s: 50 %% %.1f ms, 95 %% %.1f ms, 99.9 %% %.1f ms, longest %.1f ms" %
              (len(values), name, share(values, 0.5), share(values, 0.95), share(values, 0.999),
               values[-1] if values else 0))
    long = [row for row in rows if row[1] > FRAME_MS]
    for moment, own, clock, _, parts in long:
        before = [(moment - at, what) for at, what in person.diary if at <= moment][-3:]
        print("  %.0f ms (%.0f on the clock: %s) at %.1f s, after: %s" %
              (own, clock, parts, moment - person.diary[0][0],
               ", ".join("%s %.2f s before" % (what, ago) for ago, what in before)))
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


def look_for_complaints(program):
    said = program.said()
    for sign in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:",
                 "WARNING: ThreadSanitizer", "assertion", "ASSERT", "REQUIRE"):
        if sign in said:
            raise Trouble("it says \"%s\"" % sign)
