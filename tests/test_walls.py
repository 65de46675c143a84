#!/usr/bin/env python3
"""The walls between the rooms of src/ (README, "A tour of the folders"), read from what the compiler
made and from what the sources include:

- a static library may use symbols of rooms to its left only,
- a source file includes headers of its own room and of rooms to its left only,
- SDL, cblas, cJSON, zlib ... are each named only where they belong.

Usage: test_walls.py SOURCE_DIR BUILD_DIR NM. First it proves on a made-up house that it would notice
a broken wall."""

import os
import re
import subprocess
import sys

# Who stands to the left of whom: a room may use these, and itself.
LEFT = {
    "base": [],
    "compute": ["base"],
    "nn": ["base", "compute"],
    "dataset": ["base", "compute", "nn"],
    "ink": ["base", "compute", "nn"],
    "graph": ["base"],
    "formats": ["base", "compute", "nn", "graph"],
    "train": ["base", "compute", "nn", "graph", "dataset", "ink", "formats"],
    "ui": ["base"],
    "history": ["base", "compute", "nn", "graph", "dataset", "ink", "formats", "train"],
    "panels": ["base", "compute", "nn", "graph", "dataset", "ink", "formats", "train", "history",
               "ui"],
}
LEFT["app"] = sorted(LEFT)

# A header of the outside world: in which directories, and in how many files of each at most.
OUTSIDE = [
    (r"SDL\w*\.h|SDL2/.*", ["src/app"], None),
    (r"cblas\.h|.*/cblas\.h", ["src/compute", "kernels/cpu"], 1),
    (r"cuda\w*\.h|cublas\w*\.h", ["kernels/cuda"], None),
    (r"(cjson/)?cJSON\.h", ["src/app", "src/formats", "src/ink", "src/panels", "src/train"], 1),
    (r"zlib\.h", ["src/dataset", "src/formats"], 1),
    (r"zip\.h", ["src/formats"], 1),
    (r"onnx\.pb-c\.h|protobuf-c/.*", ["src/formats"], 3),  # onnx_proto_*
    (r"curl/curl\.h", ["src/dataset"], 1),
    (r"fontconfig/fontconfig\.h", ["src/app"], 1),
    (r"pthread\.h", ["src/base"], None),
    (r"sqlite3\.h", ["src/history"], 1),
    (r"dlfcn\.h", ["src/compute", "kernels/cuda"], 1),  # the CUDA module; cuBLAS
]

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.MULTILINE)


def broken_symbols(defined, used):
    """defined, used: room -> set of symbols. The list of uses that go through a wall."""
    home = {}
    for room, symbols in defined.items():
        for symbol in symbols:
            home.setdefault(symbol, room)
    errors = []
    for room, symbols in sorted(used.items()):
        for symbol in sorted(symbols - defined.get(room, set())):
            owner = home.get(symbol)
            if owner is not None and owner not in LEFT[room]:
                errors.append("src/%s uses %s of src/%s" % (room, symbol, owner))
    return errors


def broken_includes(files):
    """files: path below the top -> text. The list of includes that are not allowed there."""
    errors = []
    users = {}
    for path, text in sorted(files.items()):
        parts = path.split("/")
        room = parts[1] if parts[0] == "src" and len(parts) > 2 else None
        for name in INCLUDE.findall(text):
            first = name.split("/")[0]
            if room in LEFT and first in LEFT and first != room and first not in LEFT[room]:
                errors.append("%s includes %s, a room to its right" % (path, name))
            for index, (pattern, where, _) in enumerate(OUTSIDE):
                if not re.fullmatch(pattern, name):
                    continue
                place = next((w for w in where if path.startswith(w + "/")), None)
                if place is None:
                    errors.append("%s includes %s, which belongs in %s" %
                                  (path, name, " and ".join(where)))
                else:
                    users.setdefault((index, place), set()).add(path)
    for (index, place), paths in sorted(users.items()):
        most = OUTSIDE[index][2]
        if most is not None and len(paths) > most:
            errors.append("%s: %s is included by more than %d file: %s" %
                          (place, OUTSIDE[index][0], most, ", ".join(sorted(paths))))
    return errors


def check_self():
    """A house with broken walls: each must be found, and nothing else."""
    defined = {"base": {"status_ok"}, "nn": {"model_open"}, "ui": {"ui_open"},
               "train": {"run_open"}}
    good = {"nn": {"status_ok", "malloc", "model_open"}, "train": {"model_open"}}
    bad = {"nn": {"run_open"}, "ui": {"model_open"}, "base": {"ui_open"}}
    assert broken_symbols(defined, good) == []
    assert len(broken_symbols(defined, bad)) == 3
    assert broken_includes({"src/nn/a.c": '#include "base/status.h"\n#include <math.h>\n',
                            "src/app/b.c": "#include <SDL.h>\n",
                            "src/formats/c.c": "#include <cjson/cJSON.h>\n"}) == []
    for path, text in [("src/nn/a.c", '#include "train/run.h"\n'),
                       ("src/ui/a.c", '#include "nn/model.h"\n'),
                       ("src/ui/a.c", "#include <SDL.h>\n"),
                       ("src/train/a.c", "#include <cblas.h>\n"),
                       ("src/nn/a.c", "  #  include <zlib.h>\n")]:
        assert len(broken_includes({path: text})) == 1, (path, text)
    twice = {"src/ink/a.c": "#include <cjson/cJSON.h>\n", "src/ink/b.c": "#include <cjson/cJSON.h>\n"}
    assert len(broken_includes(twice)) == 1


def read_symbols(nm, library):
    defined, used = set(), set()
    text = subprocess.run([nm, "--print-file-name", library], check=True, stdout=subprocess.PIPE,
                          universal_newlines=True).stdout
    for line in text.splitlines():
        fields = line.split(":", 2)[-1].split()
        if len(fields) < 2:
            continue
        kind, symbol = fields[-2], fields[-1]
        if kind in "Uw":
            used.add(symbol)
        elif kind in "TDBRVWCGS":
            defined.add(symbol)
    return defined, used


def read_libraries(build, nm):
    defined, used = {}, {}
    for room in LEFT:
        library = os.path.join(build, "src", room, "lib%s.a" % room)
        if os.path.exists(library):
            defined[room], used[room] = read_symbols(nm, library)
    return defined, used


def read_files(source):
    files = {}
    for top in ("src", "kernels"):
        for directory, _, names in os.walk(os.path.join(source, top)):
            for name in names:
                if name.endswith((".c", ".h", ".cu", ".cuh")):
                    path = os.path.join(directory, name)
                    with open(path, encoding="utf-8") as file:
                        files[os.path.relpath(path, source)] = file.read()
    return files


def case(name, errors):
    for error in errors:
        print("  " + error)
    print("[  FAILED  ] %s" % name if errors else "[       OK ] %s" % name)
    return bool(errors)


def main():
    source, build, nm = sys.argv[1:4]
    check_self()
    print("[       OK ] a broken wall is noticed")
    defined, used = read_libraries(build, nm)
    files = read_files(source)
    missing = ["src/%s: there is no library to read, or it is empty" % room
               for room in ("base", "compute", "nn", "graph", "dataset", "ink", "formats", "train", "history")
               if not defined.get(room)]
    failed = case("every room has a library", missing)
    failed |= case("symbols", broken_symbols(defined, used))
    failed |= case("includes", broken_includes(files))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
