// Who answers the canvas, and what.
#include "panels/workbench.h"

#include "base/tr.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_BATCH = TRAINER_SAMPLES_MAX };

uint64_t source_id(const Source *source) {
    return source->run ? source->run->id : source->model ? source->model->id : 0;
}
const char *source_name(const Source *source) {
    return source->run ? source->run->name : source->model ? source->model->name : "";
}
const ModelSpec *source_spec(const Source *source) {
    return source->run     ? &source->run->log->spec
           : source->model ? &source->model->model->spec
                           : NULL;
}
const ModelPlan *source_plan(const Source *source) {
    return source->run     ? source->run->log->plan
           : source->model ? &source->model->model->plan
                           : NULL;
}
const float *source_weights(const Source *source) {
    return source->run     ? (source->run->snapshot ? source->run->snapshot->weights : NULL)
           : source->model ? source->model->model->weights
                           : NULL;
}

// A run can answer once it has weights of its own.
static bool entry_can_answer(const RunEntry *run) {
    return entry_has_progress(run) && !run->removing;
}

Source answer_source(Workbench *bench) {
    Source source = {0};
    RunEntry *selected = runs_selected(bench);
    // Pinned by hand.
    if (bench->pin) {
        RunEntry *run = runs_find(bench, bench->pin);
        if (run && entry_can_answer(run)) return (Source){.run = run};
        for (int i = 0; i < bench->model_count; i++)
            if (bench->models[i].id == bench->pin) return (Source){.model = &bench->models[i]};
    }
    // In training: the selected one first, then the youngest.
    if (selected && entry_is_active(selected) && entry_can_answer(selected))
        return (Source){.run = selected};
    for (int i = bench->runs.count - 1; i >= 0; i--)
        if (entry_is_active(bench->runs.entry[i]) && entry_can_answer(bench->runs.entry[i]))
            return (Source){.run = bench->runs.entry[i]};
    // What came last; identities are given in order of time.
    for (int i = 0; i < bench->runs.count; i++)
        if (entry_can_answer(bench->runs.entry[i]) && bench->runs.entry[i]->id > source_id(&source))
            source = (Source){.run = bench->runs.entry[i]};
    for (int i = 0; i < bench->model_count; i++)
        if (bench->models[i].id > source_id(&source)) source = (Source){.model = &bench->models[i]};
    // Of a race not the one that happened to end last, but who won it.
    for (int i = 0; source.run && source.run->race && i < bench->runs.count; i++) {
        RunEntry *run = bench->runs.entry[i];
        if (run->race == source.run->race && entry_can_answer(run) && run->best > source.run->best)
            source.run = run;
    }
    return source;
}

void answer_close(Answer *answer) {
    recognizer_close(&answer->recognizer);
    answer->of = 0;
    answer->classes = 0;
    answer->blank = true;
    reader_close(&answer->reading);
    answer->several = false;
    answer->hovered = answer->chosen = -1;
}

// The names of the classes: the model's own, or those of the data that a run learns.
static void answer_take_names(Workbench *bench, const Source *source) {
    Answer *answer = &bench->answer;
    answer->classes = recognizer_classes(answer->recognizer);
    for (int i = 0; i < answer->classes; i++) {
        const char *name = "";
        if (source->model && i < source->model->model->class_count)
            name = source->model->model->class_names[i];
        else if (source->run && bench->dataset && i < (int)bench->dataset->classes)
            name = bench->dataset->class_names[i];
        if (name[0])
            text_copy(answer->names[i], sizeof answer->names[i], name);
        else
            snprintf(answer->names[i], sizeof answer->names[i], "%d", i);
        answer->name_list[i] = answer->names[i];
    }
}

static Status answer_open(Workbench *bench, const Source *source) {
    Answer *answer = &bench->answer;
    SavedModel *copy = NULL;
    Status status;
    answer_close(answer);
    answer->of = source_id(source); // even if it fails: it is not tried again every frame
    const Shape input = source_spec(source)->input;
    if (input.c != 1 || input.h != input.w || input.h < INK_FIELD_MIN || input.h > INK_FIELD_MAX)
        return status_error(
            STATUS_UNSUPPORTED,
            TR("%s takes %dx%dx%d images; the canvas gives square grey ones of %d to "
               "%d pixels"),
            source_name(source), input.c, input.h, input.w, INK_FIELD_MIN, INK_FIELD_MAX);
    const SavedModel *model = source->model ? source->model->model : NULL;
    if (source->run) {
        TRY(run_log_save_model(source->run->log, bench->dataset, &copy));
        model = copy;
    }
    TRY(recognizer_open(model, 1, ANSWER_BATCH, &answer->recognizer));
    answer->field = input.h;
    answer->weights_seen = source->run ? source->run->snapshot_version : 0;
    answer->samples_of = 0;
    answer->ink_seen = 0;
    answer_take_names(bench, source);
fail:
    saved_model_close(&copy);
    return status;
}

// A model without a threshold (one in training) is unsure of what it does not hold more likely than
// not.
static Verdict answer_verdict(const Recognizer *recognizer, const InkFit *fit,
                              const float *probabilities, int best) {
    Verdict verdict = recognizer_verdict(recognizer, fit, probabilities);
    bool likely = probabilities[best] >= ANSWER_SURE;
    if (verdict == VERDICT_DIGIT && recognizer_threshold(recognizer) <= 0 && !likely)
        return VERDICT_UNSURE;
    return verdict;
}

static void answer_rank(Answer *answer) {
    for (int k = 0; k < 3; k++) {
        int best = -1;
        for (int i = 0; i < answer->classes; i++) {
            bool taken = (k > 0 && answer->best[0] == i) || (k > 1 && answer->best[1] == i);
            if (!taken && (best < 0 || answer->probabilities[i] > answer->probabilities[best]))
                best = i;
        }
        answer->best[k] = best;
    }
}

// Answers for what is in `input`; the outputs of the layers belong to it from then on.
static void answer_input(Answer *answer) {
    answer->version++;
    recognizer_answer(answer->recognizer, answer->input, 1, NULL, answer->probabilities);
    answer->lost = false;
    for (int i = 0; i < answer->classes; i++)
        answer->lost = answer->lost || !isfinite(answer->probabilities[i]);
    answer_rank(answer);
    answer->verdict =
        answer_verdict(answer->recognizer, &answer->fit, answer->probabilities, answer->best[0]);
}

// Dots between digits are slips of the pen. True when a number is left.
static bool answer_drop_dots(Reading *reading) {
    int kept = 0;
    for (int i = 0; i < reading->count; i++) kept += !reading->digits[i].fit.dot;
    if (kept < 2) return false;
    kept = 0;
    for (int i = 0; i < reading->count; i++)
        if (!reading->digits[i].fit.dot) reading->digits[kept++] = reading->digits[i];
    reading->count = kept;
    return true;
}

// A picture is one digit: only strokes are taken apart, and one stroke is never two digits.
static Status answer_read(Workbench *bench) {
    Answer *answer = &bench->answer;
    const Drawing *drawing = &bench->ink.drawing;
    InkOptions options = ink_state_options(&bench->ink, answer->field);
    answer->several = false;
    if (!bench->ink.split || bench->ink.picture.pixels ||
        drawing->live - drawing_first(drawing) < 2 || drawing_is_blank(drawing))
        return status_ok();
    Status status = reader_read(answer->recognizer, drawing, &options, &answer->reading);
    if (!status_is_ok(&status)) return status;
    answer->several = answer_drop_dots(&answer->reading);
    for (int i = 0; answer->several && i < answer->reading.count; i++) {
        ReaderDigit *digit = &answer->reading.digits[i];
        digit->verdict =
            answer_verdict(answer->recognizer, &digit->fit, digit->probabilities, digit->digit);
    }
    return status;
}

// The digit that the last stroke belongs to.
static int answer_last_digit(const Answer *answer, const Drawing *drawing) {
    const Reading *reading = &answer->reading;
    for (size_t s = drawing->live; s-- > drawing_first(drawing);) {
        int atom = s < reading->split.stroke_count ? reading->split.atom_of[s] : -1;
        for (int i = 0; atom >= 0 && i < reading->count; i++) {
            const SplitGroup *group = &reading->digits[i].group;
            if (atom >= group->first && atom < group->first + group->count) return i;
        }
    }
    return reading->count - 1;
}

static void answer_show(Answer *answer, int shown) {
    const ReaderDigit *digit = &answer->reading.digits[shown];
    answer->shown = shown;
    answer->fit = digit->fit;
    memcpy(answer->input, digit->image, (size_t)answer->field * (size_t)answer->field);
    answer_input(answer);
}

// Which digit of a number is looked at.
static int answer_wanted(const Workbench *bench) {
    const Answer *answer = &bench->answer;
    if (answer->hovered >= 0 && answer->hovered < answer->reading.count) return answer->hovered;
    if (answer->chosen >= 0 && answer->chosen < answer->reading.count) return answer->chosen;
    return answer_last_digit(answer, &bench->ink.drawing);
}

static void answer_think(Workbench *bench) {
    Answer *answer = &bench->answer;
    double start = clock_seconds();
    Status status = answer_read(bench);
    if (status_is_ok(&status) && !answer->several)
        status = ink_state_fit(&bench->ink, answer->field, answer->input, &answer->fit);
    answer->blank = !status_is_ok(&status) || (!answer->several && answer->fit.blank);
    if (!status_is_ok(&status)) {
        answer->several = false;
        answer->version++;
        text_copy(answer->problem, sizeof answer->problem, status.message);
        return;
    }
    // A blank canvas is answered too: feature maps of nothing are something to look at.
    if (answer->several)
        answer_show(answer, answer_wanted(bench));
    else
        answer_input(answer);
    answer->seconds = clock_seconds() - start;
}

void answer_update(Workbench *bench) {
    Answer *answer = &bench->answer;
    Source source = answer_source(bench);
    uint64_t id = source_id(&source), ink = ink_state_version(&bench->ink);
    bool stale = false;
    if (id == 0) {
        if (answer->recognizer) answer_close(answer);
        answer->of = 0;
        answer->blank = ink_state_is_blank(&bench->ink);
        return;
    }
    if (answer->of != id) {
        Status status = answer_open(bench, &source);
        answer->problem[0] = '\0';
        if (!status_is_ok(&status)) {
            text_copy(answer->problem, sizeof answer->problem, status.message);
            workbench_check(bench, status);
        }
        stale = true;
    }
    if (!answer->recognizer) return;
    if (source.run && source.run->snapshot_version != answer->weights_seen) {
        recognizer_set_weights(answer->recognizer, source.run->snapshot->weights);
        answer->weights_seen = source.run->snapshot_version;
        stale = true;
    }
    if (stale || ink != answer->ink_seen) {
        if (ink != answer->ink_seen) answer->hovered = answer->chosen = -1;
        answer->ink_seen = ink;
        answer_think(bench);
    } else if (answer->several && answer_wanted(bench) != answer->shown) {
        answer_show(answer, answer_wanted(bench));
    }
}

void answer_walk(Answer *answer, int step) {
    if (!answer->several || answer->blank) return;
    int to = answer->shown + step;
    if (to < 0 || to >= answer->reading.count) return;
    answer->chosen = to;
    answer->hovered = -1;
}

void answer_digits(const Answer *answer, char *out, size_t size) {
    out[0] = '\0';
    if (!answer->recognizer || answer->blank || answer->lost) return;
    if (answer->several)
        reader_text(&answer->reading, answer->names, out, size);
    else if (answer->verdict == VERDICT_DIGIT)
        text_copy(out, size, answer->names[answer->best[0]]);
}

// The layers' outputs belong to what was asked last.
void answer_again(Workbench *bench) {
    if (bench->answer.recognizer) answer_think(bench);
}

// Sample answers of a loaded model, worked out once.
static bool answer_samples_of_model(Workbench *bench, const Source *source) {
    Answer *answer = &bench->answer;
    const ImageSet *set = &bench->dataset->test;
    const ModelSpec *spec = source_spec(source);
    uint64_t of = source_id(source) ^ (uint64_t)bench->dataset_version << 48;
    if (answer->samples_of == of) return true;
    if (!answer->recognizer || set->channels != 1 || (int)set->height != spec->input.h ||
        (int)set->width != spec->input.w)
        return false;
    int n = set->n < TRAINER_SAMPLES_MAX ? (int)set->n : TRAINER_SAMPLES_MAX;
    float rows[TRAINER_SAMPLES_MAX * SPEC_CLASSES_MAX];
    recognizer_answer(answer->recognizer, set->pixels, n, NULL, rows);
    for (int i = 0; i < n; i++) {
        const float *row = rows + i * answer->classes;
        int best = 0;
        for (int c = 1; c < answer->classes; c++)
            if (row[c] > row[best]) best = c;
        answer->sample_class[i] = (uint8_t)best;
        answer->sample_confidence[i] = row[best];
    }
    answer_again(bench);
    answer->samples_of = of;
    return true;
}

int answer_sample_count(const Workbench *bench) {
    if (!bench->dataset) return 0;
    return bench->dataset->test.n < TRAINER_SAMPLES_MAX ? (int)bench->dataset->test.n
                                                        : TRAINER_SAMPLES_MAX;
}

bool answer_sample(Workbench *bench, int i, int32_t *index, int *said, float *confidence,
                   bool *known) {
    Source source = answer_source(bench);
    *known = false;
    if (i >= answer_sample_count(bench)) return false;
    *index = i;
    if (source.run) {
        *index = source.run->log->samples[i];
        *said = source.run->snapshot->sample_class[i];
        *confidence = source.run->snapshot->sample_confidence[i];
        *known = true;
    } else if (source.model && answer_samples_of_model(bench, &source)) {
        *said = bench->answer.sample_class[i];
        *confidence = bench->answer.sample_confidence[i];
        *known = true;
    }
    return true;
}
