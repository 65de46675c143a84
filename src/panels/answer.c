// Who answers the canvas, and what.
#include "panels/workbench.h"

#include "base/tr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// As many as are asked together where there are many (train/reader.h).
enum { ANSWER_BATCH = 16 };

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
    answer->opened++;
    answer->classes = 0;
    answer->blank = true;
    reader_close(&answer->reading);
    reader_close(&answer->thinking.reading);
    drawing_close(&answer->drawing);
    ink_state_close(&answer->thinking.ink);
    free(answer->samples.pixels);
    answer->samples = (SampleThought){0};
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
    answer->problem[0] = '\0';
    answer->of = source_id(source); // even if it fails: it is not tried again every frame
    if (answer->of == 0) return status_ok();
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
    answer->ink_seen = 0;
    answer_take_names(bench, source);
fail:
    saved_model_close(&copy);
    return status;
}

// Brings network and weights up to date. False: not yet, thoughts have the network still; none
// follow until it has changed.
static bool answer_change_network(Workbench *bench, const Source *source, bool *stale) {
    Answer *answer = &bench->answer;
    uint64_t id = source_id(source);
    bool other = answer->of != id || (id == 0 && answer->recognizer);
    bool newer = !other && answer->recognizer && source->run &&
                 source->run->snapshot_version != answer->weights_seen;
    answer->held = (other || newer) && errands_are_busy(bench, ERRANDS_THOUGHTS);
    if (answer->held) return false;
    if (other) {
        Status status = answer_open(bench, source);
        if (!status_is_ok(&status)) {
            text_copy(answer->problem, sizeof answer->problem, status.message);
            workbench_check(bench, status);
        }
    } else if (newer) {
        recognizer_set_weights(answer->recognizer, source->run->snapshot->weights);
        answer->weights_seen = source->run->snapshot_version;
    }
    *stale = other || newer;
    return true;
}

void answer_update(Workbench *bench) {
    Answer *answer = &bench->answer;
    Source source = answer_source(bench);
    bool stale = false;
    if (!answer_change_network(bench, &source, &stale)) return;
    if (!answer->recognizer) {
        answer->blank = ink_state_is_blank(&bench->ink);
        return;
    }
    uint64_t ink;
    answer_ink(bench, &ink);
    if (stale || ink != answer->ink_seen)
        answer_think(bench);
    else
        answer_show(answer);
}

const InkState *answer_ink(const Workbench *bench, uint64_t *version) {
    const LabelWaiting *label = &bench->label;
    *version = label->text[0] ? label->version : ink_state_version(&bench->ink);
    return label->text[0] ? &label->ink : &bench->ink;
}

bool answer_is_current(const Workbench *bench) {
    const Answer *answer = &bench->answer;
    uint64_t ink;
    answer_ink(bench, &ink);
    return answer->ink_seen == ink && !answer->thinking.thought.busy;
}

void answer_finish(Workbench *bench) {
    answer_update(bench);
    while (errands_are_busy(bench, ERRANDS_THOUGHTS)) {
        errands_finish(bench, ERRANDS_THOUGHTS);
        answer_update(bench);
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

// ---- the sample images --------------------------------------------------------------------------

static Status samples_carry_out(Errand *errand) {
    SampleThought *samples = (SampleThought *)errand;
    recognizer_classify(samples->thought.recognizer, samples->pixels, samples->n, samples->class,
                        samples->confidence);
    return status_ok();
}

static int32_t sample_index(const Source *source, int i) {
    return source->run ? source->run->log->samples[i] : i;
}

// Works them out, once. True when they are there.
static bool answer_samples(Workbench *bench, const Source *source) {
    static const ErrandKind kind = {samples_carry_out, NULL, thought_close, ERRANDS_THOUGHTS};
    SampleThought *samples = &bench->answer.samples;
    const ImageSet *set = &bench->dataset->test;
    const ModelSpec *spec = source_spec(source);
    uint64_t of = source_id(source) ^ (uint64_t)bench->dataset_version << 48;
    if (samples->of == of) return !samples->thought.busy;
    if (bench->answer.of != source_id(source) || !thought_is_possible(bench) ||
        samples->thought.busy || set->channels != 1 || (int)set->height != spec->input.h ||
        (int)set->width != spec->input.w)
        return false;
    samples->n = answer_sample_count(bench);
    size_t size = (size_t)set->height * set->width;
    uint8_t *pixels = realloc(samples->pixels, (size_t)samples->n * size + 1);
    if (!pixels) return false;
    samples->pixels = pixels;
    for (int i = 0; i < samples->n; i++) // copies: the set may go while they are looked at
        memcpy(pixels + (size_t)i * size, imageset_pixels(set, (uint32_t)sample_index(source, i)),
               size);
    samples->of = of;
    return thought_send(bench, &samples->thought, &kind) && !samples->thought.busy;
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
    *index = sample_index(&source, i);
    if (source.run && !source.run->restored) {
        *said = source.run->snapshot->sample_class[i];
        *confidence = source.run->snapshot->sample_confidence[i];
        *known = true;
    } else if (source_id(&source) && answer_samples(bench, &source)) {
        *said = bench->answer.samples.class[i];
        *confidence = bench->answer.samples.confidence[i];
        *known = true;
    }
    return true;
}
