// The executor's inside, for building a graph (constants are worked out by running their nodes).
// For this room only.
#ifndef INKLING_GRAPH_RUN_H
#define INKLING_GRAPH_RUN_H

#include "graph/graph.h"

// Runs one node; what it takes must be constants or there from before.
Status graph_run_node(GraphRun *run, int index);
// Frees all values that a run holds.
void graph_run_drop(GraphRun *run);

#endif
