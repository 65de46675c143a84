// Walking through a batch that has been written down.
#include "panels/slowmo.h"

#include "base/tr.h"
#include "panels/workbench.h"

#include <stdlib.h>

// ---- starting and leaving -----------------------------------------------------------------------

void slowmo_start(Workbench *bench) {
    SlowMotion *slow = &bench->slow;
    uint64_t id = runs_step_told(bench);
    if (!id) return;
    slow->run = id;
    slow->waiting = true;
}

void slowmo_open(Workbench *bench) {
    bench->tab = TAB_SLOWMO;
    if (bench->dataset && bench->trainer) slowmo_start(bench);
}

void slowmo_leave(Workbench *bench) {
    bench->slow.run = 0;
    bench->slow.waiting = false;
    bench->slow.shown = 0;
}

void slowmo_close(SlowMotion *slow) {
    mosaics_close(&slow->picture, 1);
    mosaics_close(&slow->images, 1);
    *slow = (SlowMotion){0};
}

void slowmo_tick(Workbench *bench) {
    SlowMotion *slow = &bench->slow;
    if (!slow->run) return;
    RunEntry *run = runs_find(bench, slow->run);
    if (!run || run->removing) {
        slowmo_leave(bench);
        return;
    }
    // The state first: a run that is over has posted what it had.
    bool over = run_log_is_over(run->log);
    if (slow->waiting && mailbox_take(&run->log->told)) {
        const Transcript *t = mailbox_front(&run->log->told);
        slow->waiting = false;
        slow->phase = slow->chosen = 0;
        slow->shown = 0;
        if (slow->sample >= t->samples) slow->sample = 0;
    } else if (slow->waiting && over) {
        slowmo_leave(bench);
    }
}

// ---- phases -------------------------------------------------------------------------------------

const Transcript *slowmo_transcript(Workbench *bench) {
    SlowMotion *slow = &bench->slow;
    RunEntry *run = slow->run ? runs_find(bench, slow->run) : NULL;
    const Transcript *t = run ? mailbox_front(&run->log->told) : NULL;
    return t && t->n > 0 ? t : NULL;
}

// How many phases each part has.
static void slowmo_counts(Workbench *bench, int counts[SLOW_PARTS]) {
    const Transcript *t = slowmo_transcript(bench);
    const RunEntry *run = runs_find(bench, bench->slow.run);
    for (int i = 0; i < SLOW_PARTS; i++) counts[i] = 0;
    if (!t || !run) return;
    counts[SLOW_FORWARD] = 1 + t->stage_count;
    counts[SLOW_LOSS] = 1;
    for (int i = 0; i < t->stage_count; i++) counts[SLOW_BACKWARD] += t->stages[i].has_delta;
    const ModelPlan *plan = run->log->plan;
    for (int i = 0; i < run->log->spec.layer_count; i++)
        counts[SLOW_UPDATE] += plan->first_tensor[i + 1] > plan->first_tensor[i];
}

int slowmo_phases(Workbench *bench) {
    int counts[SLOW_PARTS], all = 0;
    slowmo_counts(bench, counts);
    for (int i = 0; i < SLOW_PARTS; i++) all += counts[i];
    return all;
}

// The n-th layer with parameters.
static int slowmo_layer(const RunEntry *run, int n) {
    const ModelPlan *plan = run->log->plan;
    for (int i = 0; i < run->log->spec.layer_count; i++)
        if (plan->first_tensor[i + 1] > plan->first_tensor[i] && n-- == 0) return i;
    return 0;
}

SlowPhase slowmo_phase(Workbench *bench) {
    int counts[SLOW_PARTS], at = bench->slow.phase, part = 0;
    const Transcript *t = slowmo_transcript(bench);
    SlowPhase out = {SLOW_FORWARD, -1, 0};
    slowmo_counts(bench, counts);
    if (!t) return out;
    while (part + 1 < SLOW_PARTS && at >= counts[part]) at -= counts[part++];
    out.part = (SlowPart)part;
    if (part == SLOW_FORWARD) out.stage = at - 1;
    if (part == SLOW_BACKWARD) out.stage = t->stage_count - 1 - at;
    if (part == SLOW_UPDATE) out.layer = slowmo_layer(runs_find(bench, bench->slow.run), at);
    return out;
}

void slowmo_walk(Workbench *bench, int step) {
    SlowMotion *slow = &bench->slow;
    int all = slowmo_phases(bench);
    if (slow->waiting || all == 0) return;
    slow->phase += step;
    slow->chosen = 0;
    if (slow->phase < 0) slow->phase = 0;
    if (slow->phase < all) return;
    slow->phase = all - 1;
    slowmo_start(bench);
}

void slowmo_jump(Workbench *bench, SlowPart part) {
    int counts[SLOW_PARTS], at = 0;
    slowmo_counts(bench, counts);
    for (int i = 0; i < (int)part; i++) at += counts[i];
    slowmo_walk(bench, at - bench->slow.phase);
}

void slowmo_go(Workbench *bench, int stage) {
    int counts[SLOW_PARTS];
    const Transcript *t = slowmo_transcript(bench);
    bool back = slowmo_phase(bench).part == SLOW_BACKWARD;
    slowmo_counts(bench, counts);
    if (!t) return;
    int to = stage + 1;
    if (back && stage >= 0 && t->stages[stage].has_delta)
        to = counts[SLOW_FORWARD] + counts[SLOW_LOSS] + t->stage_count - 1 - stage;
    slowmo_walk(bench, to - bench->slow.phase);
}
