// `inkling predict`: what a model answers for pictures, IDX images and pen strokes. Pictures and
// strokes take the same way to the network's pixels as the canvas does (ink/).
#include "app/cli.h"
#include "app/cli_json.h"
#include "app/cli_share.h"
#include "app/picture_io.h"
#include "dataset/idx.h"
#include "ink/picture.h"
#include "ink/strokes_file.h"
#include "train/reader.h"

#include <math.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const CliOption predict_options[] = {
    {"data", "DIR", "images to find out with what MODEL does not say; default: look around"},
    CLI_GUESS_OPTIONS,
    {"split", NULL, "strokes: read numbers, digit by digit from left to right"},
    CLI_THREADS_OPTION,
    CLI_JSON_OPTION,
    {NULL, NULL, NULL},
};

enum {
    PREDICT_BATCH = 256,  // images
    PREDICT_WAITING = 64, // drawings that the network answers together
};

// A drawing whose answer is due.
typedef struct PredictWaiting {
    char name[FILE_PATH_MAX + 32];
    InkFit fit;
    StrokesLine line;
} PredictWaiting;

typedef struct Predictor {
    const CliArgs *args;
    SavedModel *model;
    Recognizer *recognizer;
    bool json, split;
    int classes, field; // side of the network's input; 0: not a square of one channel
    float *logits, *probabilities;
    PredictWaiting *waiting; // PREDICT_WAITING; their images lie behind each other
    uint8_t *images;
    int waiting_count;
    int labelled, right, unsure;
    Reading reading; // --split
    Status first;    // the first input that failed; the others are answered all the same
} Predictor;

// ---- one answer --------------------------------------------------------------------------------

// Counts what carries a label, and says what of it a person should read.
static const char *predict_judge(Predictor *p, const StrokesLine *label, const char *answer) {
    if (label == NULL || label->label_text[0] == '\0') return "";
    bool right = strcmp(label->label_text, answer) == 0;
    p->labelled++;
    p->right += right;
    return right ? ", right" : ", but it is ";
}

static void predict_json_label(JsonNode root, const StrokesLine *label) {
    if (label == NULL || label->label_text[0] == '\0') return;
    if (label->label >= 0)
        json_int(root, "label", label->label);
    else
        json_text(root, "label", label->label_text);
}

// `label`: NULL when the input carries none; `fit`: NULL when it came as it is.
static Status predict_tell(Predictor *p, const char *input, const float *logits,
                           const float *probabilities, const InkFit *fit,
                           const StrokesLine *label) {
    int digit = 0;
    for (int i = 1; i < p->classes; i++)
        if (logits[i] > logits[digit]) digit = i;
    bool unsure = recognizer_verdict(p->recognizer, fit, probabilities) != VERDICT_DIGIT;
    const char *said = predict_judge(p, label, p->model->class_names[digit]);
    p->unsure += unsure;
    if (!p->json && isnan(probabilities[digit])) {
        cli_print("%s: no answer: what the network gives is no number (NaN)\n", input);
        return status_ok();
    }
    if (!p->json) {
        bool wrong = strcmp(said, ", but it is ") == 0;
        cli_print("%s: %s (%.1f %%)%s%s%s\n", input, p->model->class_names[digit],
                  100 * (double)probabilities[digit], unsure ? ", unsure" : "", said,
                  wrong ? label->label_text : "");
        return status_ok();
    }
    JsonLine line = {0};
    JsonNode root = json_root(&line);
    json_text(root, "input", input);
    json_int(root, "digit", digit);
    json_float(root, "probability", probabilities[digit]);
    json_floats(root, "probabilities", probabilities, p->classes);
    json_floats(root, "logits", logits, p->classes);
    json_bool(root, "unsure", unsure);
    predict_json_label(root, label);
    return json_print(&line);
}

static Status predict_one(Predictor *p, const char *input, const uint8_t *image, const InkFit *fit,
                          const StrokesLine *label) {
    recognizer_answer(p->recognizer, image, 1, p->logits, p->probabilities);
    return predict_tell(p, input, p->logits, p->probabilities, fit, label);
}

// A number: the digits as one text, and each of them with its place and its probabilities.
static Status predict_number(Predictor *p, const char *input, const StrokesLine *label) {
    const Reading *reading = &p->reading;
    char text[SPLIT_ATOMS_MAX * 16];
    bool unsure = reading->count == 0;
    reader_text(reading, p->model->class_names, text, sizeof text);
    for (int i = 0; i < reading->count; i++) unsure |= reading->digits[i].verdict != VERDICT_DIGIT;
    const char *said = predict_judge(p, label, text);
    p->unsure += unsure;
    if (!p->json) {
        bool wrong = strcmp(said, ", but it is ") == 0;
        cli_print("%s: %s%s%s\n", input, text, said, wrong ? label->label_text : "");
        return status_ok();
    }
    JsonLine line = {0};
    JsonNode root = json_root(&line);
    json_text(root, "input", input);
    json_text(root, "digits", text);
    json_bool(root, "unsure", unsure);
    JsonNode parts = json_list(root, "parts");
    for (int i = 0; i < reading->count; i++) {
        const ReaderDigit *digit = &reading->digits[i];
        const SplitGroup *group = &digit->group;
        const float box[4] = {group->x0, group->y0, group->x1, group->y1};
        JsonNode part = json_list_object(parts);
        json_int(part, "digit", digit->digit);
        json_float(part, "probability", digit->probability);
        json_bool(part, "unsure", digit->verdict != VERDICT_DIGIT);
        json_floats(part, "box", box, 4);
        json_floats(part, "probabilities", digit->probabilities, p->classes);
    }
    if (label->label_text[0] != '\0') json_text(root, "label", label->label_text);
    return json_print(&line);
}

// "3" when there is one file only, else "FILE:3".
static void predict_name(const Predictor *p, const char *path, long index, char *out, size_t size) {
    if (p->args->word_count > 2)
        snprintf(out, size, "%s:%ld", path, index);
    else
        snprintf(out, size, "%ld", index);
}

static Status predict_needs_field(const Predictor *p, const char *path) {
    if (p->field > 0) return status_ok();
    char shape[48];
    shape_print(p->model->spec.input, shape);
    return status_error(STATUS_UNSUPPORTED,
                        "%s: this network takes %s; pictures and strokes need a square of one "
                        "channel, 8 to 128 pixels a side",
                        path, shape);
}

// ---- kinds of files ----------------------------------------------------------------------------

static Status predict_idx(Predictor *p, const char *path) {
    IdxArray images = {0};
    Status status;
    char name[FILE_PATH_MAX + 32], shape[48];
    Shape input = p->model->spec.input;
    size_t bytes = shape_count(input);
    TRY(idx_read_images(path, &images));
    const uint32_t *d = images.dimensions;
    shape_print(input, shape);
    if (d[1] != (uint32_t)input.c || d[2] != (uint32_t)input.h || d[3] != (uint32_t)input.w)
        TRY(status_error(STATUS_FORMAT, "%s has images of %ux%ux%u, but this network takes %s",
                         path, d[1], d[2], d[3], shape));
    for (uint32_t first = 0; first < d[0]; first += PREDICT_BATCH) {
        uint32_t n = d[0] - first < PREDICT_BATCH ? d[0] - first : PREDICT_BATCH;
        recognizer_answer(p->recognizer, images.bytes + first * bytes, (int)n, p->logits,
                          p->probabilities);
        for (uint32_t i = 0; i < n; i++) {
            size_t row = (size_t)i * (size_t)p->classes;
            predict_name(p, path, (long)first + (long)i, name, sizeof name);
            TRY(predict_tell(p, name, p->logits + row, p->probabilities + row, NULL, NULL));
        }
    }
fail:
    idx_close(&images);
    return status;
}

// Answers what waits: many drawings cost the network little more than one.
static Status predict_answer_waiting(Predictor *p) {
    Status status = status_ok();
    int count = p->waiting_count;
    p->waiting_count = 0;
    if (count == 0) return status;
    recognizer_answer(p->recognizer, p->images, count, p->logits, p->probabilities);
    for (int i = 0; i < count; i++) {
        const PredictWaiting *one = &p->waiting[i];
        int row = i * p->classes;
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what waits stays p's, which frees it
        TRY(predict_tell(p, one->name, p->logits + row, p->probabilities + row, &one->fit,
                         &one->line));
    }
fail:
    return status;
}

static Status predict_drawing(Predictor *p, const char *path, long index, const Drawing *drawing,
                              const StrokesLine *line) {
    Status status;
    InkOptions options = ink_options_default(p->field);
    PredictWaiting *one = &p->waiting[p->waiting_count];
    predict_name(p, path, index, one->name, sizeof one->name);
    one->line = *line;
    if (p->split) {
        TRY(reader_read(p->recognizer, drawing, &options, &p->reading));
        return predict_number(p, one->name, line);
    }
    TRY(ink_fit_drawing(drawing, &options,
                        p->images + (size_t)p->waiting_count * (size_t)(p->field * p->field),
                        &one->fit));
    p->waiting_count++;
fail:
    return status;
}

static Status predict_strokes(Predictor *p, const char *path) {
    StrokesReader *reader = NULL;
    Drawing drawing = {0};
    StrokesLine line;
    Status status, broken = status_ok();
    bool more = true;
    TRY(predict_needs_field(p, path));
    TRY(strokes_reader_open(&reader, path));
    for (long index = 0; more; index++) {
        // Whoever sends a drawing and waits for its answer gets it before sending the next.
        if (p->waiting_count == PREDICT_WAITING || strokes_reader_must_wait(reader))
            TRY(predict_answer_waiting(p));
        status = strokes_reader_next(reader, BRUSH_RADIUS_DEFAULT, &drawing, &line, &more);
        if (status.code == STATUS_FORMAT) { // one bad line; those behind it are fine
            cli_say("inkling: %s", status.message);
            if (status_is_ok(&broken)) broken = status;
            continue;
        }
        TRY(status);
        if (more) TRY(predict_drawing(p, path, index, &drawing, &line));
    }
    TRY(predict_answer_waiting(p));
    if (!status_is_ok(&broken))
        status = status_error(STATUS_FORMAT, "%s: not every line could be read", path);
fail:
    if (p->waiting_count > 0) predict_answer_waiting(p); // what was read before it broke
    drawing_close(&drawing);
    strokes_reader_close(&reader);
    return status;
}

static Status predict_picture(Predictor *p, const char *path) {
    Picture picture = {0};
    Status status;
    uint8_t image[INK_FIELD_MAX * INK_FIELD_MAX];
    PictureFit fit;
    TRY(predict_needs_field(p, path));
    InkOptions options = ink_options_default(p->field);
    TRY(picture_read(path, &picture));
    TRY(picture_fit(picture.grey, picture.width, picture.height, picture.width, &options, image,
                    &fit));
    if (fit.ink.blank) cli_say("inkling: %s: no ink was found in this picture", path);
    TRY(predict_one(p, path, image, &fit.ink, NULL));
fail:
    picture_close(&picture);
    return status;
}

static bool predict_is_strokes(const char *path) {
    static const char *const endings[] = {".jsonl", ".ndjson", ".json"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(path_extension(path), endings[i]) == 0) return true;
    return strcmp(path, "-") == 0;
}

static Status predict_file(Predictor *p, const char *path) {
    if (predict_is_strokes(path)) return predict_strokes(p, path);
    if (!file_exists(path)) return status_error(STATUS_NOT_FOUND, "there is no file %s", path);
    if (idx_looks_like(path)) return predict_idx(p, path);
    return predict_picture(p, path);
}

// ---- all of it ---------------------------------------------------------------------------------

static Status predict_open(Predictor *p) {
    Status status;
    long long threads;
    TRY(cli_int(p->args, "threads", 0, 256, 0, &threads));
    TRY(cli_open_model(p->args, &p->model, NULL));
    TRY(recognizer_open(p->model, (int)threads, PREDICT_BATCH, &p->recognizer));
    p->json = cli_switch(p->args, "json");
    p->split = cli_switch(p->args, "split");
    p->classes = recognizer_classes(p->recognizer);
    Shape input = p->model->spec.input;
    bool square =
        input.c == 1 && input.h == input.w && input.h >= INK_FIELD_MIN && input.h <= INK_FIELD_MAX;
    p->field = square ? input.h : 0;
    size_t floats = (size_t)PREDICT_BATCH * (size_t)p->classes;
    p->logits = malloc(floats * sizeof(float));
    p->probabilities = malloc(floats * sizeof(float));
    p->waiting = malloc(PREDICT_WAITING * sizeof *p->waiting);
    p->images = malloc(PREDICT_WAITING * (size_t)(p->field * p->field) + 1);
    if (p->logits == NULL || p->probabilities == NULL || p->waiting == NULL || p->images == NULL)
        TRY(status_no_memory("the answers", 2 * floats * sizeof(float)));
fail:
    return status;
}

int cmd_predict(const CliArgs *args) {
    Predictor p = {.args = args, .first = status_ok()};
    int result = CLI_DONE;
    Status status = predict_open(&p);
    bool open = status_is_ok(&status);
    if (!open) result = cli_fail(&status);
    for (int i = 1; open && i < args->word_count; i++) {
        status = predict_file(&p, args->words[i]);
        if (status_is_ok(&status)) continue;
        cli_fail(&status);
        result = CLI_FAILED;
        if (status.code == STATUS_IO && cli_flush().code != STATUS_OK) break;
    }
    if (p.labelled > 0)
        cli_say("%d with a label, %d right: accuracy %.2f %%", p.labelled, p.right,
                100.0 * p.right / p.labelled);
    if (p.unsure > 0) cli_say("%d unsure", p.unsure);
    reader_close(&p.reading);
    free(p.logits);
    free(p.probabilities);
    free(p.waiting);
    free(p.images);
    recognizer_close(&p.recognizer);
    saved_model_close(&p.model);
    return result;
}
