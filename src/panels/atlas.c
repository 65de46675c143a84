// Making maps beside the window; see atlas.h.
#include "panels/atlas.h"

#include "base/text.h"
#include "base/tr.h"
#include "panels/workbench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ATLAS_BATCH = 16 };
// Maps cost at most this share of one processor, and come no more often than this.
static const double atlas_share = 0.1, atlas_pause = 0.7;

static void atlas_main(void *context) {
    Atlas *atlas = context;
    atlas->status =
        hidden_map_make(&atlas->next, &atlas->map, atlas->work, atlas->set, &atlas->cancel);
    atomic_store(&atlas->done, true);
    if (atlas->wake) atlas->wake(atlas->context);
}

bool atlas_give_up(Atlas *atlas) {
    atomic_store(&atlas->cancel, true);
    return (!atlas->busy || atomic_load(&atlas->done)) && !atlas->placing.thought.busy;
}

void atlas_close(Atlas *atlas) {
    atomic_store(&atlas->cancel, true);
    thread_join(&atlas->thread);
    recognizer_close(&atlas->work);
    recognizer_close(&atlas->shown);
    hidden_map_close(&atlas->next);
    hidden_map_close(&atlas->map);
    uint32_t version = atlas->version;
    memset(atlas, 0, sizeof *atlas);
    atlas->version = version + 1;
}

// What was made last is what is shown; its network stays with it.
static void atlas_take(Atlas *atlas, double now) {
    if (!atlas->busy || !atomic_load(&atlas->done)) return;
    thread_join(&atlas->thread);
    atlas->busy = false;
    atlas->not_before =
        fmax(atlas->begun + atlas_pause, now + (now - atlas->begun) * (1 / atlas_share - 1));
    atlas->problem[0] = '\0';
    if (!status_is_ok(&atlas->status)) {
        text_copy(atlas->problem, sizeof atlas->problem, atlas->status.message);
        return;
    }
    HiddenMap map = atlas->map;
    Recognizer *shown = atlas->shown;
    uint64_t of = atlas->shown_of;
    atlas->map = atlas->next;
    atlas->shown = atlas->work;
    atlas->shown_of = atlas->work_of;
    atlas->next = map;
    atlas->work = shown;
    atlas->work_of = of;
    atlas->version++;
    atlas->drawing.there = false;
    atlas->drawing_of = 0;
}

// The network with the weights of now, as `work`.
static Status atlas_open_work(Workbench *bench, Atlas *atlas, const Source *source) {
    SavedModel *copy = NULL;
    Status status = status_ok();
    if (atlas->work && atlas->work_of == source_id(source)) {
        if (source->run) recognizer_set_weights(atlas->work, source->run->snapshot->weights);
        return status;
    }
    recognizer_close(&atlas->work);
    if (source->run) TRY(run_log_save_model(source->run->log, bench->dataset, &copy));
    TRY(recognizer_open(copy ? copy : source->model->model, 1, ATLAS_BATCH, &atlas->work));
    atlas->work_of = source_id(source);
fail:
    saved_model_close(&copy);
    return status;
}

static void atlas_wake(void *context) {
    Workbench *bench = context;
    if (bench->hooks.wake) bench->hooks.wake(bench->hooks.context);
}

static Status atlas_start(Workbench *bench, Atlas *atlas, const Source *source) {
    Status status;
    TRY(atlas_open_work(bench, atlas, source));
    if (recognizer_is_graph(atlas->work)) {
        status = status_error(STATUS_UNSUPPORTED, "%s",
                              tr("This network is a graph of operators: it answers, but has no "
                                 "layers to look into."));
        goto fail;
    }
    atlas->set = &bench->dataset->test;
    atlas->wake = atlas_wake;
    atlas->context = bench;
    atlas->begun = clock_seconds();
    atomic_store(&atlas->done, false);
    atomic_store(&atlas->cancel, false);
    TRY(thread_start(&atlas->thread, "inkling-map", atlas_main, atlas));
    atlas->busy = true;
    return status;
fail:
    atlas->map.n = 0;
    atlas->version++;
    text_copy(atlas->problem, sizeof atlas->problem, status.message);
    return status;
}

// ---- the drawing on it --------------------------------------------------------------------------

static Status place_carry_out(Errand *errand) {
    PlaceThought *placing = (PlaceThought *)errand;
    Recognizer *recognizer = placing->thought.recognizer;
    const HiddenMap *map = placing->map;
    MapPlace *place = &placing->place;
    size_t bytes = (size_t)map->d * sizeof(float);
    float *row = malloc(bytes);
    if (!row) return status_no_memory("the drawing's place on the map", bytes);
    int layer = hidden_map_layer(recognizer_spec(recognizer));
    Status status = recognizer_rows(recognizer, layer, placing->input, 1, row, NULL);
    if (status_is_ok(&status)) {
        place->at = hidden_map_place(map, row);
        place->near_count = hidden_map_nearest(map, row, ATLAS_NEAREST, place->nearest);
    }
    free(row);
    return status;
}

static Status place_deliver(Workbench *bench, Errand *errand) {
    bench->atlas.drawing = ((PlaceThought *)errand)->place;
    bench->atlas.drawing.there = status_is_ok(&errand->status);
    return status_ok();
}

// Where the drawing lies, and what lies nearest to it.
static void atlas_place(Workbench *bench, Atlas *atlas) {
    static const ErrandKind kind = {place_carry_out, place_deliver, thought_close,
                                    ERRANDS_THOUGHTS};
    const Answer *answer = &bench->answer;
    PlaceThought *placing = &atlas->placing;
    uint64_t of = (answer->of << 32 ^ answer->version) + 1;
    int side = atlas->shown ? recognizer_spec(atlas->shown)->input.h : 0;
    if (atlas->drawing_of == of) return;
    atlas->drawing_of = of;
    if (!answer->recognizer || answer->blank || atlas->map.n == 0 || answer->field != side) {
        atlas->drawing.there = false;
        return;
    }
    placing->map = &atlas->map;
    memcpy(placing->input, answer->input, (size_t)side * (size_t)side);
    thought_send_to(bench, atlas->shown, &placing->thought, &kind);
}

double atlas_update(Workbench *bench, Atlas *atlas) {
    double now = clock_seconds(), again = INFINITY;
    Source source = answer_source(bench);
    uint64_t id = source_id(&source);
    uint32_t weights = source.run ? source.run->snapshot_version : 1;
    if (atlas->placing.thought.busy) return again; // it looks at the map; its end wakes the window
    atlas_take(atlas, now);
    bool known = id == atlas->asked && weights == atlas->asked_weights;
    if (bench->dataset && id && !known && !atlas->busy) {
        // Another network is not kept waiting.
        if (id != atlas->asked || now >= atlas->not_before) {
            atlas->asked = id;
            atlas->asked_weights = weights;
            atlas_start(bench, atlas, &source);
        } else {
            again = atlas->not_before - now;
        }
    }
    atlas_place(bench, atlas);
    return again;
}
