// Who answers the canvas, and what.
#include "panels/workbench.h"

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
    return source;
}

void answer_close(Answer *answer) {
    recognizer_close(&answer->recognizer);
    answer->of = 0;
    answer->classes = 0;
    answer->blank = true;
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
    Status status = status_ok();
    answer_close(answer);
    answer->of = source_id(source); // even if it fails: it is not tried again every frame
    const Shape input = source_spec(source)->input;
    if (input.c != 1 || input.h != input.w || input.h < INK_FIELD_MIN || input.h > INK_FIELD_MAX)
        return status_error(STATUS_UNSUPPORTED,
                            "%s takes %dx%dx%d images; the canvas gives square grey ones of %d to "
                            "%d pixels",
                            source_name(source), input.c, input.h, input.w, INK_FIELD_MIN,
                            INK_FIELD_MAX);
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

static void answer_think(Workbench *bench) {
    Answer *answer = &bench->answer;
    double start = clock_seconds();
    Status status = ink_state_fit(&bench->ink, answer->field, answer->input, &answer->blank);
    answer->version++;
    if (!status_is_ok(&status)) {
        answer->blank = true;
        text_copy(answer->problem, sizeof answer->problem, status.message);
        return;
    }
    // A blank canvas is answered too: feature maps of nothing are something to look at.
    recognizer_answer(answer->recognizer, answer->input, 1, NULL, answer->probabilities);
    answer->seconds = clock_seconds() - start;
    answer->lost = false;
    for (int i = 0; i < answer->classes; i++)
        answer->lost = answer->lost || !isfinite(answer->probabilities[i]);
    answer_rank(answer);
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
        answer->ink_seen = ink;
        answer_think(bench);
    }
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
    // The layers' outputs now belong to a sample: the drawing is asked again.
    answer_think(bench);
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
