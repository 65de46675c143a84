// See leader.h.
#include "panels/leader.h"

#include <math.h>

static bool leader_counts(const RunEntry *run) {
    return run->visible && run->best > 0;
}

int leader_rank(const Workbench *bench, const RunEntry *run) {
    int rank = 1, judged = 0;
    if (!leader_counts(run)) return 0;
    for (int i = 0; i < bench->runs.count; i++) {
        const RunEntry *other = bench->runs.entry[i];
        judged += leader_counts(other);
        rank += leader_counts(other) && other->best > run->best;
    }
    return judged > 1 ? rank : 0;
}

// What is smallest comes first; what is not known yet comes last.
static double leader_key(const RunEntry *run, RunSort sort) {
    if (sort == SORT_BEST) return run->best > 0 ? -run->best : (double)INFINITY;
    if (sort == SORT_LOSS)
        return run->last_epoch.epoch > 0 ? run->last_epoch.train_loss : (double)INFINITY;
    if (sort == SORT_LR) return run->lr;
    return 0; // as they were started
}

void leader_order(Workbench *bench, RunEntry *out[RUNS_MAX]) {
    for (int i = 0; i < bench->runs.count; i++) {
        RunEntry *run = bench->runs.entry[i];
        double key = leader_key(run, bench->runs.sort);
        int at = i;
        for (; at > 0 && leader_key(out[at - 1], bench->runs.sort) > key; at--)
            out[at] = out[at - 1];
        out[at] = run;
    }
}
