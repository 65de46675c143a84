#!/usr/bin/env python3
"""Do the tests see faults? Plants the faults below, one at a time, in a copy of the tree, builds what
is named beside each and runs it; one that nothing there sees meets the whole suite.

    mutants.py DIRECTORY [WORD...]

The copy and its builds (release; without window, with AddressSanitizer) lie in DIRECTORY and are used
again by the next call. WORDs: only faults whose names have one of them. Takes two hours on one core.
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
           "kill": ["inkling", "tests/teach_tool", "tests/race_kill_tool"], "runs": ["inkling"],
           "tensorboard": ["inkling"]}
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
     "options ending train"),
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
     "        if (tensor->begin < end)\n", "        if (tensor->begin < end && i < 0)\n",
     "formats_hand"),
    ("a safetensors header longer than the file", "src/formats/safetensors.c",
     "    if (length > file->size - 8)\n", "    if (length > file->size)\n",
     "formats_hand asan:formats_hand"),
    ("a tensor reaches a float behind its storage", "src/formats/tensor_bag.c",
     "    if (bytes > room)\n", "    if (bytes > room + 4)\n", "pth asan:pth_hostile asan:pth_broken"),
    ("half-precision numbers near 0 are half as large", "src/formats/tensor_bag.c",
     "(float)fraction * 0x1p-24f", "(float)fraction * 0x1p-25f", "formats_hand pth"),
    ("a key without a value in a pickle", "src/formats/pickle_stack.c",
     "if (into->kind == PICKLE_DICT && (m->stack.count - depth) % 2 != 0)",
     "if (into->kind == PICKLE_DICT && depth > m->stack.count)", "pth asan:pth_hostile asan:pth_broken"),
    ("an archive that unpacks to any size", "src/formats/zip_file.c",
     "stat.size > limit || stat.size > reader->expand_left", "stat.size > limit", "zip"),
    ("numbers of a big-endian file as they are", "src/formats/pth.c",
     "memcmp(text.data, \"big\", 3) == 0", "memcmp(text.data, \"BIG\", 3) == 0", "pth"),
    ("an ONNX tensor with more bytes than its shape", "src/formats/onnx_proto_read.c",
     "    if (there != bytes)\n", "    if (there < bytes)\n", "onnx_hostile"),
    ("Gather takes one index too many", "src/graph/op_shape.c",
     "index[i] < -most || index[i] >= most", "index[i] < -most || index[i] > most",
     "onnx_hostile"),
    ("a point at infinity in a stroke", "src/ink/strokes_file.c",
     "if (!(fabs(v[0]) <= 1e30 && fabs(v[1]) <= 1e30))", "if (!(fabs(v[0]) <= 1e30))",
     "strokes_file"),
    ("a damaged checkpoint is believed", "src/train/run_state.c",
     "    if (stored != state_checksum(", "    if (stored == 0 && stored != state_checksum(",
     "options ending train"),
    ("a resumed run forgets its patience", "src/train/run_state.c",
     "    run->best.bad = header->best_bad;\n", "", "options ending train"),
    # ---- a second list, of other kinds
    ("average pooling leaves its padding out of the mean", "kernels/cpu/windows.c",
     "            *y++ = sum * share;",
     "            *y++ = sum / (float)((w.y1 - w.y0) * (w.x1 - w.x0));", "kernels"),
    ("where windows overlap only the last gradient counts", "kernels/cpu/windows.c",
     "dx[(ptrdiff_t)iy * s->in_w + ix] += *dy;", "dx[(ptrdiff_t)iy * s->in_w + ix] = *dy;", "kernels"),
    ("what dropout leaves is not made larger", "kernels/cpu/elements.c",
     "float scale = 1.0f / (1.0f - p);", "float scale = 1.0f;", "kernels"),
    ("all dropout layers of a step have one mask", "src/nn/model.c",
     "rng_mix64(key + (uint64_t)(i + 1) * 0x9E3779B97F4A7C15u)", "rng_mix64(key)", "model"),
    ("dropout has one mask for all steps", "src/train/run.c",
     "rng_at(&dropout, (uint64_t)run->steps)", "rng_at(&dropout, 0)", "options"),
    ("every epoch has the same order", "src/dataset/batch.c",
     "rng_at(&stream, epoch)", "rng_at(&stream, 0 * epoch)", "dataset train"),
    ("no image of an order stays in its place", "src/base/rng.c",
     "rng_below(rng, i);", "rng_below(rng, i - 1);", "base"),
    ("an augmented image is the same in every epoch", "src/dataset/augment.c",
     "warp_stream(seed, epoch, index)", "warp_stream(seed, 0 * epoch, index)", "augment"),
    ("softmax without its largest taken away", "kernels/cpu/softmax.c",
     "exp_fast(z[j] - top)", "exp_fast(z[j])", "kernels"),
    ("RMSprop adds the square of the mean to the variance", "src/compute/optimizers/rmsprop.h",
     "variance = variance - s[1] * s[1];", "variance = variance + s[1] * s[1];", "optimizers"),
    ("Adagrad's rate falls a step early", "src/compute/optimizers/adagrad.h",
     "(double)(step->t - 1) * o->lr_decay", "(double)step->t * o->lr_decay", "optimizers"),
    ("AMSGrad keeps the smallest second moment", "src/compute/optimizers/adam.h",
     "s[2] > second ? s[2] : second", "s[2] < second ? s[2] : second", "optimizers"),
    ("the squared error's gradient is half of it", "src/compute/losses/mse.h",
     "2.0f * s->share / (float)s->classes", "s->share / (float)s->classes", "torch_layers kernels"),
    ("smoothed labels do not count in the loss", "src/compute/losses/cross_entropy.h",
     "smooth += row->norm - (double)row->z[j];", "smooth += loss;", "torch_layers kernels"),
    ("clipping divides by 0 where gradients are 0", "src/compute/backend.h",
     "max_norm / (sqrt(squares) + 1e-6)", "max_norm / sqrt(squares)", "optimizers"),
    ("all tensors begin with the same numbers", "src/nn/weights.c",
     "rng_at(&stream, (uint64_t)i)", "rng_at(&stream, 0 * (uint64_t)i)", "model"),
    ("Xavier's bound knows one side of the layer", "src/nn/weights.c",
     "6.0 / (double)(tensor->fan_in + tensor->fan_out)", "3.0 / (double)tensor->fan_in",
     "model training torch_layers options"),
    ("one cycle turns a batch late", "src/nn/schedule.c",
     "options->pct_start * (double)of - 1.0, end", "options->pct_start * (double)of, end",
     "schedules"),
    ("plateau has no threshold", "src/nn/schedule.c",
     "loss < state->best * (1.0 - options->threshold)", "loss < state->best", "schedules"),
    ("a resumed run forgets its optimizer's steps", "src/nn/optimizer.c",
     "    optimizer->step.t = t;\n", "    optimizer->step.t = t > 0 ? 1 : 0;\n", "options ending train"),
    ("a resumed run forgets NAdam's product", "src/nn/optimizer.c",
     "    memcpy(optimizer->step.memory, memory, sizeof optimizer->step.memory);\n    for",
     "    (void)memory;\n    for", "options ending train"),
    ("a resumed run forgets what plateau has seen", "src/train/run_state.c",
     "    run->schedule = header->schedule;\n", "", "options ending train"),
    ("a resumed run forgets a live learning rate", "src/train/run_state.c",
     "    run->base_lr = header->base_lr;\n", "", "options ending train"),
    ("the network keeps the averaged weights after an evaluation", "src/train/run_ask.c",
     "    run_leave_average(run);\n    if (run_is_cancelled", "    if (run_is_cancelled",
     "options ending training"),
    ("batch norm's statistics are not averaged", "src/train/run_ask.c",
     "(float)run->config.ema, model_plan(run->model)->weight_floats,",
     "(float)run->config.ema, model_plan(run->model)->parameter_floats,", "options ending training"),
    ("the best epoch by accuracy is the worst", "src/train/run_judge.c",
     "value > best->value", "value < best->value", "ending"),
    ("images made ahead are of the augmentation before", "src/train/run.c",
     "    if (run->prefetch) prefetch_forget(run->prefetch);\n}\nvoid run_set_epochs",
     "}\nvoid run_set_epochs", "train options training told"),
    ("saliency of the weights before", "src/train/recognizer.c",
     "    recognizer->differ_is_old = true;\n}\n\nvoid recognizer_layer",
     "}\n\nvoid recognizer_layer", "train inside panels_inside"),
    ("answers without their temperature", "src/train/recognizer.c",
     "((double)logits[c] - top) / recognizer->temperature", "((double)logits[c] - top)",
     "reader"),
    ("every seed holds out the same images", "src/dataset/split.c",
     "rng_make(seed, STREAM_SPLIT)", "rng_make(0 * seed, STREAM_SPLIT)", "dataset"),
    ("an epoch's loss goes on from the one before", "src/train/run.c",
     "    run->epoch_loss = run->epoch_seconds = 0;\n", "    run->epoch_seconds = 0;\n", "options"),
    ("rectangles are erased where they should not be", "src/compute/warp.h",
     "rng_uniform(&rng) < (double)config->erasing", "rng_uniform(&rng) >= (double)config->erasing",
     "augment"),
    ("images that are trained on are judged by", "src/train/run_ask.c",
     "{run->data->train_pixels, run->data->train_labels, run->split.held,",
     "{run->data->train_pixels, run->data->train_labels, run->split.train,", "ending"),
    ("a resumed run forgets its best weights", "src/train/run_state.c",
     "    if (run->best.weights) memcpy(run->best.weights, payload, "
     "header->best_floats * sizeof(float));\n    run_restart", "    run_restart", "ending"),
    ("a resumed run forgets half an epoch's loss", "src/train/run_state.c",
     "    run->epoch_loss = header->epoch_loss;\n", "", "options"),
    ("a resumed run forgets that it has ended", "src/train/run_state.c",
     "    run->ended = header->ended != 0;\n", "", "ending"),
    ("a resumed run forgets its averaged weights", "src/train/run_state.c",
     "    if (run->average)\n        run->be->ops->upload(",
     "    if (false)\n        run->be->ops->upload(", "options"),
    ("of two images that are asked together both get one answer", "src/train/recognizer.c",
     "{{0, 0, 0}, {0, 0, 0}, {0, 1, 0}}", "{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}", "reader"),
    # ---- its readers
    ("labels of joined sets lie over each other", "src/dataset/join.c",
     "pixels + image * at, labels + at", "pixels + image * at, labels", "join"),
    ("a tuple of three has two", "src/formats/pickle_stack.c",
     "(size_t)(m->op - 0x85) + 1", "(size_t)(m->op - 0x85) + (m->op < 0x87)", "pickle pth"),
    ("Gather counts from behind and one too far", "src/graph/op_shape.c",
     "index[i] < 0 ? index[i] + most : index[i]", "index[i] < 0 ? index[i] + most - 1 : index[i]",
     "onnx onnx-suite"),
    ("all groups of a convolution have the first one's weights", "src/graph/op_conv.c",
     "weights + g * conv->out_channels * k", "weights + 0 * g * conv->out_channels * k",
     "onnx onnx-suite"),
    ("ReduceMean without axes, that should do nothing, does", "src/graph/op_reduce.c",
     "!any && !graph_node_int(call->node, \"noop_with_empty_axes\", 0)", "!any", "onnx onnx-suite"),
    ("a tensor is read as if it were in one piece", "src/formats/tensor_bag.c",
     "type->to_float(tensor->data + at * type->size)",
     "type->to_float(tensor->data + i * type->size)", "pth formats"),
    ("a tensor begins where its storage does", "src/formats/pth_state.c",
     "*start = (size_t)(offset + shift) * element;", "*start = (size_t)shift * element;", "pth"),
    ("an old file of a big-endian machine", "src/formats/pth.c",
     "little->kind == PICKLE_BOOL && !little->integer", "little->kind == PICKLE_BOOL && little->integer > 1",
     "pth"),
    ("a number of two bytes in a pickle is negative", "src/formats/pickle_ops.c",
     "size && bytes[size - 1] & 0x80 ? UINT64_MAX : 0", "size && bytes[0] & 0x80 ? UINT64_MAX : 0",
     "pickle pth"),
    ("a hole in the data of a safetensors file", "src/formats/safetensors_header.c",
     "        if (tensor->begin > end)\n", "        if (tensor->begin > end + data_size)\n",
     "formats_hand"),
    ("a shape that its bytes do not fit", "src/formats/safetensors_header.c",
     "if (out->end - out->begin != bytes)", "if (out->end - out->begin < bytes)",
     "formats_hand"),
    ("SAME_UPPER is SAME_LOWER", "src/graph/op_window.c",
     "lower ? total - total / 2 : total / 2", "lower ? total / 2 : total - total / 2",
     "onnx onnx-suite"),
    ("ceil_mode is floor", "src/graph/op_window.c",
     "room + (ceiling ? stride - 1 : 0)", "room", "onnx onnx-suite"),
    ("a window that begins behind the image", "src/graph/op_window.c",
     "if (ceiling && (out - 1) * stride >= in + w->begin[d]) out--;",
     "if (ceiling && (out - 1) * stride >= in + w->begin[d] + w->end[d]) out--;",
     "onnx onnx-suite"),
    ("count_include_pad is not asked for", "src/graph/op_pool.c",
     "padded ? pool_padded_count(&w, o) : count", "count", "onnx onnx-suite"),
    ("Softmax of old files along the last axis", "src/graph/op_reduce.c",
     "behind ? 1 : -1), x->rank", "-1), x->rank", "onnx onnx-suite"),
    ("the momentum of ONNX's batch norm is PyTorch's", "src/graph/op_reduce.c",
     "(double)in[1 + i][c] * momentum + seen[i - 1] * (1 - momentum)",
     "(double)in[1 + i][c] * (1 - momentum) + seen[i - 1] * momentum", "onnx onnx-suite"),
    ("Gemm without beta", "src/graph/op_product.c",
     "+= beta * from[i * strides[0] + j * strides[1]]", "+= from[i * strides[0] + j * strides[1]]",
     "onnx onnx-suite"),
    ("the second part of a gzip file is left out", "src/dataset/packed.c",
     "        if (!more && file->member_done) {", "        if (file->member_done) {", "idx dataset"),
    ("an IDX file that goes on behind its end", "src/dataset/idx.c",
     "    if (got > 0) {\n", "    if (got > 1) {\n", "idx"),
    ("the centre of mass is rounded down", "src/ink/fit.c",
     "(double)field / 2.0 - moment / mass + 0.5)", "(double)field / 2.0 - moment / mass)",
     "ink_fit ink"),
    ("ink is pushed over the edge", "src/ink/fit.c",
     "if (last + shift >= field) shift = field - 1 - last;",
     "if (last + shift > field) shift = field - last;", "ink_fit ink"),
    ("pressure in a device's own unit", "src/ink/strokes_file.c",
     "sensible ? (float)v[2] : 1.0f", "(float)v[2]", "strokes_file"),
    ("an event file's checksum is the plain one", "src/formats/tfevents.c",
     "return (crc >> 15 | crc << 17) + 0xA282EAD8u;", "return crc;", "tensorboard"),
    ("epochs of the history in the order of the disk", "src/history/store_read.c",
     " FROM epochs WHERE run = ? ORDER BY epoch", " FROM epochs WHERE run = ? ORDER BY epoch DESC",
     "store history"),
    ("numbers of a batch in the history change places", "src/history/store_read.c",
     "                               floats[0],\n                               floats[1],",
     "                               floats[1],\n                               floats[0],", "store history"),
    # ---- writing
    ("a file gets its name before it is on the disk", "src/base/file.c",
     "    if (fsync(fd) != 0) return status_errno(\"write\", path, errno);\n", "", "torture base"),
    ("a new name is not brought to the disk", "src/base/file.c",
     "    file_sync_directory(target);\n    return status;", "    return status;", "torture base"),
    ("what a person draws can be read by others", "src/panels/my_digits_idx.h",
     "MY_DIGITS_MODE = 0600", "MY_DIGITS_MODE = 0644", "teach kill"),
    ("batches in the history begin at the wrong place", "src/history/store.c",
     "SQL_INT(news->run->steps - (int64_t)news->step_count)", "SQL_INT(news->run->steps)", "runs"),
    # ---- the network that answers, beside the window
    ("thought: another network comes while the one before is asked", "src/panels/answer.c",
     "    if (answer->held) return false;\n", "", "thoughts"),
    ("thought: outputs of layers are shown of the network before", "src/panels/panel_features.c",
     "    if (bench->features_opened != opened) bench->feature_count = 0;\n", "", "thoughts"),
    ("thought: a label goes to the drawing before its last stroke", "src/panels/teach.c",
     "if (!label->text[0] || (bench->answer.recognizer && !answer_is_current(bench))) return;",
     "if (!label->text[0]) return;", "thoughts"),
    ("thought: a label goes to the drawing after its own", "src/panels/answer.c",
     "return label->text[0] ? &label->ink : &bench->ink;", "return &bench->ink;", "thoughts"),
    ("thought: new weights are forgotten while the network is asked", "src/panels/answer.c",
     "source->run->snapshot_version != answer->weights_seen;\n",
     "source->run->snapshot_version != answer->weights_seen &&\n"
     "                 !answer->thinking.thought.busy;\n"
     "    if (source->run) answer->weights_seen = source->run->snapshot_version;\n", "thoughts"),
    ("thought: the drawing asked about is taken apart as the one before", "src/panels/teach.c",
     "&answer->reading.split, &answer->drawing,", "&answer->reading.split, &answer->thinking.ink.drawing,",
     "thoughts teach"),
    # ---- more of everything
    ("the last column of a panel is left out", "kernels/cpu/gemm.c",
     "        if (j < columns) v_store(panel",
     "        if (j + 1 < columns) v_store(panel", "kernels"),
    ("max pooling loses what is no number", "kernels/cpu/windows.c",
     "    return (b > a) | ((b != b) & (a == a));",
     "    return b > a;", "kernels"),
    ("sums of columns begin with what was there", "kernels/cpu/gemm.c",
     "        V sum = v_zero();\n",
     "        V sum = v_load_part(out + j, part);\n", "kernels"),
    ("one cycle moves Adam's second moment", "src/nn/optimizer.c",
     "optimizer->options.beta1 = momentum;",
     "optimizer->options.beta2 = momentum;", "optimizers"),
    ("warm-up begins a batch late", "src/nn/schedule.c",
     "(1.0 - start) * (double)step / (double)steps",
     "(1.0 - start) * (double)(step + 1) / (double)steps", "schedules"),
    ("plateau counts while it cools down", "src/nn/schedule.c",
     "        state->cooldown--;\n        state->bad = 0;\n",
     "        state->cooldown--;\n", "schedules"),
    ("Lion hides what is no number", "src/compute/optimizers/lion.h",
     ": mean; // NaN",
     ": 0.0f; // NaN", "optimizers"),
    ("NAdam's next momentum is this step's", "src/compute/optimizers/nadam.h",
     "(t + 1.0) * o->momentum_decay",
     "t * o->momentum_decay", "optimizers"),
    ("RAdam rectifies a step early", "src/compute/optimizers/radam.h",
     "length > 5.0",
     "length > 4.0", "optimizers"),
    ("AdamW decays in the gradient as well", "src/compute/optimizers/adamw.h",
     "    step->weight_decay = 0.0f; // not in the gradient\n",
     "", "optimizers"),
    ("Adadelta averages gradients for its changes", "src/compute/optimizers/adadelta.h",
     "(change * change)",
     "(g * g)", "optimizers"),
    ("a float64 below all floats is plus infinity", "src/formats/tensor_bag.c",
     "float_of_bits(0xFF800000u)",
     "float_of_bits(0x7F800000u)", "pth"),
    ("a negative int64 is one too large", "src/formats/tensor_bag.c",
     "-(float)(~bits + 1)",
     "-(float)~bits", "pth"),
    ("a long of a pickle is never negative", "src/formats/pickle_ops.c",
     "bytes[size - 1] & 0x80 ? UINT64_MAX : 0",
     "bytes[size - 1] & 0x80 ? 0 : 0", "pickle"),
    ("fewer names than classes", "src/formats/metadata.c",
     "    if (count != model->class_count)",
     "    if (count > model->class_count)", "formats_hand"),
    ("a std of 0 in a file", "src/formats/metadata.c",
     "FLT_MIN, FLT_MAX, &out->normalization.std",
     "0.0, FLT_MAX, &out->normalization.std", "formats_hand"),
    ("an input of two numbers in a file", "src/formats/metadata.c",
     "    if (count == 2) goto fail;\n",
     "", "formats_hand"),
    ("a pixel's last part counts as a whole", "src/ink/grid.c",
     ": high - (float)s.last;",
     ": 1.0f;", "grid"),
    ("a copied drawing has other points", "src/ink/strokes.c",
     "        for (size_t i = 0; i < strokes; i++) made.strokes[i].first -= base;\n",
     "", "ink"),
    ("the brush tapers the wrong way", "src/ink/raster.c",
     ".taper = b.radius - a.radius",
     ".taper = a.radius - b.radius", "raster"),
    ("a row of the brush ends at its thin end", "src/ink/raster.c",
     "float reach = fmaxf(a.radius, b.radius) + 0.5f;",
     "float reach = fminf(a.radius, b.radius) + 0.5f;", "raster"),
    ("erasing paints what the brush leaves", "src/ink/raster.c",
     "to[i] = to[i] < left ? to[i] : left;",
     "to[i] = left;", "raster"),
    ("temperature leaves the label's own logit alone", "src/train/calibrate.c",
     "(top - row[labels[i]]) / temperature",
     "(top - row[labels[i]])", "reader"),
    ("a threshold that refuses one too many", "src/train/calibrate.c",
     "top[(uint32_t)(refuse * n)]",
     "top[(uint32_t)(refuse * n) + (refuse * n + 1 < n)]", "reader"),
    ("a 95 % interval that is too wide", "src/train/statistics.c",
     "square / (4 * n * n)",
     "square / (2 * n * n)", "statistics"),
    ("precision and recall change places", "src/train/statistics.c",
     "f->images += counts[c * classes + k];",
     "f->images += counts[k * classes + c];", "statistics"),
    ("running statistics count as parameters", "src/nn/plan.c",
     "        if (tensor->trainable) out->parameters += tensor->count;",
     "        out->parameters += tensor->count;", "spec"),
    ("a convolution's fan-out without its kernel", "src/nn/layer_conv.c",
     "fan_out = (size_t)out * area;",
     "fan_out = (size_t)out;", "spec"),
    ("an untyped attribute of an ONNX file is never floats", "src/formats/onnx_proto_read.c",
     "           : proto->n_floats ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS\n", "", "onnx"),
    ("one above the other is two digits", "src/ink/split.c",
     "    if (tall && stacked(a, b, height)) return 0.95f;\n",
     "    (void)stacked;\n", "split"),
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
