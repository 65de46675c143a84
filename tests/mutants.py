#!/usr/bin/env python3
"""Do the tests see faults? Plants the faults below, one at a time, in a copy of the tree, builds what
is named beside each and runs it; one that nothing there sees meets the whole suite.

    mutants.py DIRECTORY [WORD...]

The copy and its builds (release; without window, with AddressSanitizer) lie in DIRECTORY and are used
again by the next call. WORDs: only faults whose names have one of them. Takes an hour on one core.
Exit status 1 when a fault survives, or when the code it was made for is gone."""
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir)
BUILDS = {
    "build": ["--buildtype=release"],
    "build-asan": ["-Dgui=disabled", "-Dblas=disabled", "-Doptimization=1", "-Ddebug=false",
                   "-Dc_args=-g1", "-Db_lundef=false", "-Db_sanitize=address,undefined"],
}
# What a test needs built, where that is not tests/test_NAME.
TARGETS = {"kernels": ["tests/check_kernels"], "onnx-suite": ["tests/onnx_suite"],
           "kill": ["inkling", "tests/teach_tool", "tests/race_kill_tool"], "runs": ["inkling"]}
# (name, file, what stands there, what stands there instead, tests that could see it)
FAULTS = [
    # ---- kernels and layers
    ("last floats of a dot product missing", "kernels/cpu/gemm.c",
     "        for (; k < in; k += LANES) {", "        for (; k + LANES <= in; k += LANES) {",
     "kernels"),
    ("last pixel of a plane missing in batch norm's sums", "kernels/cpu/norm.c",
     "    for (; p < area; p++) {\n        float d = x[p] - shift;",
     "    for (; p < area - 1; p++) {\n        float d = x[p] - shift;", "kernels"),
    ("pooling reads below the image", "kernels/cpu/windows.c",
     "    if (w.y1 > s->in_h) w.y1 = s->in_h;\n", "", "kernels"),
    ("gradient of pooling leaves odd edges as they were", "kernels/cpu/windows.c",
     "    const V zero = v_zero();\n    clear_odd_edges(s, dx);", "    const V zero = v_zero();",
     "kernels"),
    ("dropout repeats itself every 4096 numbers", "kernels/cpu/elements.c",
     "        start += part;\n", "", "kernels"),
    ("running variance is the biased one", "src/compute/cpu_layers.c",
     "values > 1.0 ? variance * values / (values - 1.0) : variance", "variance", "kernels"),
    ("no epsilon where batch norm is applied", "src/compute/cpu_layers.c",
     "sqrt((double)job->running_var[at] + (double)s->eps)", "sqrt((double)job->running_var[at])",
     "kernels"),
    ("wrong sign in batch norm's gradient", "src/compute/cpu_layers.c",
     "d[c] = (float)(-scale * sum_dy[c] / values)", "d[c] = (float)(scale * sum_dy[c] / values)",
     "kernels"),
    ("batch norm's momentum the wrong way round", "src/compute/cpu_layers.c",
     "(float)((1.0 - momentum) * (double)job->running_mean[at] + momentum * mean)",
     "(float)(momentum * (double)job->running_mean[at] + (1.0 - momentum) * mean)", "kernels"),
    # ---- learning
    ("Adam's epsilon inside the root", "src/compute/optimizers/adam.h",
     "(sqrtf(second) / step->scale[0] + step->eps)",
     "(sqrtf(second + step->eps) / step->scale[0])", "optimizers"),
    ("SGD dampens its first step", "src/compute/optimizers/sgd.h",
     "step->t == 1 ? 1.0f : (float)(1.0 - o->dampening)", "(float)(1.0 - o->dampening)",
     "optimizers"),
    ("Nesterov without its look ahead", "src/compute/optimizers/sgd.h",
     "g + step->momentum * buffer : buffer", "buffer : buffer", "optimizers"),
    ("label smoothing misses the label", "src/compute/losses/cross_entropy.h",
     "(label - (1.0f - s->smoothing) - everywhere)", "(label - (1.0f - s->smoothing))",
     "torch_layers kernels"),
    ("hinge pushes the label down", "src/compute/losses/hinge.h",
     "dz[row->label] = -step * (float)violations", "dz[row->label] = step * (float)violations",
     "torch_layers kernels"),
    ("cosine ends an epoch early", "src/nn/schedule.c",
     "cos(pi * (double)at / (double)of)", "cos(pi * (double)at / (double)(of > 1 ? of - 1 : 1))",
     "schedules"),
    ("the average of weights begins with zeros", "src/train/run_ask.c",
     "    if (run->steps == 0)\n        ops->copy", "    if (run->steps < 0)\n        ops->copy",
     "training train options"),
    ("patience of one epoch more", "src/train/run_judge.c",
     "run->best.bad >= run->config.patience", "run->best.bad > run->config.patience",
     "train options"),
    ("evaluation with the batch's own statistics", "src/nn/layer_batchnorm.c",
     "    if (run->training)\n        run->be", "    if (run->cache)\n        run->be",
     "model training gradients"),
    # ---- readers
    ("sizes in an IDX file low byte first", "src/dataset/idx.c",
     "(uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]",
     "(uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0]", "idx"),
    ("a label of one class too many", "src/dataset/idx.c",
     "labels->bytes[i] >= DATASET_CLASSES_MAX", "labels->bytes[i] > DATASET_CLASSES_MAX", "idx"),
    ("fewer labels than images", "src/dataset/dataset.c",
     "    if (d[0] != half->labels.dimensions[0]) {", "    if (d[0] < half->labels.dimensions[0]) {",
     "dataset"),
    ("gzip that is cut off passes", "src/dataset/packed.c",
     "        if (!more && file->member_done) {", "        if (!more) {", "idx dataset"),
    ("tensors that overlap in a safetensors file", "src/formats/safetensors_header.c",
     "        if (tensor->begin < end)\n", "        if (tensor->begin < end && i < 0)\n", "formats"),
    ("a safetensors header longer than the file", "src/formats/safetensors.c",
     "    if (length > file->size - 8)\n", "    if (length > file->size)\n",
     "formats asan:formats"),
    ("a tensor reaches a float behind its storage", "src/formats/tensor_bag.c",
     "    if (bytes > room)\n", "    if (bytes > room + 4)\n", "pth asan:pth_hostile"),
    ("half-precision numbers near 0 are half as large", "src/formats/tensor_bag.c",
     "(float)fraction * 0x1p-24f", "(float)fraction * 0x1p-25f", "formats pth"),
    ("a key without a value in a pickle", "src/formats/pickle_stack.c",
     "if (into->kind == PICKLE_DICT && (m->stack.count - depth) % 2 != 0)",
     "if (into->kind == PICKLE_DICT && depth > m->stack.count)", "pth asan:pth_hostile"),
    ("an archive that unpacks to any size", "src/formats/zip_file.c",
     "stat.size > limit || stat.size > reader->expand_left", "stat.size > limit", "zip"),
    ("numbers of a big-endian file as they are", "src/formats/pth.c",
     "memcmp(text.data, \"big\", 3) == 0", "memcmp(text.data, \"BIG\", 3) == 0", "pth"),
    ("an ONNX tensor with more bytes than its shape", "src/formats/onnx_proto_read.c",
     "    if (there != bytes)\n", "    if (there < bytes)\n", "onnx"),
    ("Gather takes one index too many", "src/graph/op_shape.c",
     "index[i] < -most || index[i] >= most", "index[i] < -most || index[i] > most",
     "onnx onnx-suite"),
    ("a point at infinity in a stroke", "src/ink/strokes_file.c",
     "if (!(fabs(v[0]) <= 1e30 && fabs(v[1]) <= 1e30))", "if (!(fabs(v[0]) <= 1e30))",
     "strokes_file"),
    ("a damaged checkpoint is believed", "src/train/run_state.c",
     "    if (stored != state_checksum(", "    if (stored == 0 && stored != state_checksum(",
     "train options"),
    ("a resumed run forgets its patience", "src/train/run_state.c",
     "    run->best.bad = header->best_bad;\n", "", "train options"),
    # ---- writing
    ("a file gets its name before it is on the disk", "src/base/file.c",
     "    if (fsync(fd) != 0) return status_errno(\"write\", path, errno);\n", "", "torture base"),
    ("a new name is not brought to the disk", "src/base/file.c",
     "    file_sync_directory(target);\n    return status;", "    return status;", "torture base"),
    ("what a person draws can be read by others", "src/panels/my_digits_idx.h",
     "MY_DIGITS_MODE = 0600", "MY_DIGITS_MODE = 0644", "teach kill"),
    ("batches in the history begin at the wrong place", "src/history/store.c",
     "SQL_INT(news->run->steps - (int64_t)news->step_count)", "SQL_INT(news->run->steps)", "runs"),
]


def run(command, directory, log):
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=1:allocator_may_return_null=1",
               UBSAN_OPTIONS="halt_on_error=1")
    return subprocess.run(command, cwd=directory, stdout=log, stderr=log, env=env).returncode == 0


def write_if_new(path, data):
    """Leaves a file alone that is as it should be: nothing is built again for it."""
    if os.path.exists(path):
        with open(path, "rb") as file:
            if file.read() == data:
                return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def copy_tree(to):
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                           stdout=subprocess.PIPE).stdout.decode().split("\0")
    for name in filter(None, names):
        with open(os.path.join(ROOT, name), "rb") as file:
            write_if_new(os.path.join(to, name), file.read())
        shutil.copymode(os.path.join(ROOT, name), os.path.join(to, name))


def sees(copy, tests, log):
    """The first of these tests that fails; a build that does not compile is no catch."""
    for word in tests:
        build, test = ("build-asan", word[5:]) if word.startswith("asan:") else ("build", word)
        targets = TARGETS.get(test, ["tests/test_" + test])
        if not run(["ninja", "-C", build, *targets], copy, log):
            raise SystemExit("the fault does not compile, see %s" % log.name)
        if not run(["meson", "test", "-C", build, "--no-rebuild", test], copy, log):
            return word
    return None


def whole_suite(copy, log):
    for build, choice in (("build", ["--no-suite", "hostile"]), ("build-asan", ["--no-suite", "once"])):
        if not run(["ninja", "-C", build], copy, log):
            return build
        if not run(["meson", "test", "-C", build, "--no-rebuild", "-t", "4", *choice], copy, log):
            return "the whole of " + build
    return None


def main():
    directory, words = os.path.abspath(sys.argv[1]), sys.argv[2:]
    copy = os.path.join(directory, "tree")
    os.makedirs(copy, exist_ok=True)
    copy_tree(copy)
    survivors = gone = caught = 0
    with open(os.path.join(directory, "log"), "w") as log:
        for build, options in BUILDS.items():
            if not os.path.exists(os.path.join(copy, build, "build.ninja")) and \
                    not run(["meson", "setup", build, "-Dcuda=disabled", *options], copy, log):
                raise SystemExit("cannot configure, see %s" % log.name)
        for name, path, old, new, tests in FAULTS:
            if words and not any(word in name for word in words):
                continue
            path = os.path.join(copy, path)
            with open(path) as file:
                text = file.read()
            if text.count(old) != 1:
                print("GONE      %s: %d times in %s" % (name, text.count(old), path), flush=True)
                gone += 1
                continue
            begun = time.monotonic()
            write_if_new(path, text.replace(old, new).encode())
            try:
                seen = sees(copy, tests.split(), log) or whole_suite(copy, log)
            finally:
                write_if_new(path, text.encode())
            survivors += not seen
            caught += bool(seen)
            print("%-9s %s%s (%.0f s)" % ("caught" if seen else "SURVIVES", name,
                                          ", by " + seen if seen else "",
                                          time.monotonic() - begun), flush=True)
    print("%d faults, %d caught, %d survive, %d gone" %
          (caught + survivors, caught, survivors, gone))
    sys.exit(1 if survivors or gone else 0)


if __name__ == "__main__":
    main()
