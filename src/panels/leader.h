// Who is ahead: ranks of the runs, and their order in the table. Both change only when an epoch has
// been judged, so that the table can be read while runs race.
#ifndef INKLING_PANELS_LEADER_H
#define INKLING_PANELS_LEADER_H

#include "panels/workbench.h"

// 1 for the best test accuracy among the visible runs, equal ones share a rank; 0: not judged yet,
// or nothing to compare with.
int leader_rank(const Workbench *bench, const RunEntry *run);

// The runs as bench->runs.sort says; runs.count of them.
void leader_order(Workbench *bench, RunEntry *out[RUNS_MAX]);

#endif
