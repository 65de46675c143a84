// A graph as what this program wants of one: pictures in, one row of numbers per picture out. Finds
// out what shape the graph's input has, how many classes there are and how many pictures it takes
// at once. Not here: normalization and softmax, which are the caller's.
#ifndef INKLING_GRAPH_CLASSIFIER_H
#define INKLING_GRAPH_CLASSIFIER_H

#include "graph/graph.h"

// Of a picture; c == 1 unless the graph says otherwise.
typedef struct GraphImage {
    int c, h, w;
} GraphImage;

typedef struct GraphClassifier GraphClassifier;

// The graph must outlive it. `batch`: most pictures in one run, at least 1; a graph made for so
// many pictures and no others is run with exactly those. Tries the graph on noise, so that what
// comes later cannot fail but for memory. `threads`: that a large batch is shared among, 0 = as
// many as there are processors. STATUS_UNSUPPORTED with what its inputs and outputs are when they
// are not a picture and a row of numbers.
Status classifier_open(const Graph *graph, int batch, int threads, GraphClassifier **out);
void classifier_close(GraphClassifier **classifier);

GraphImage classifier_image(const GraphClassifier *classifier);
int classifier_classes(const GraphClassifier *classifier);
double classifier_work(const GraphClassifier *classifier); // multiply-adds per picture, about
// The run of a picture on its own, for the shapes between its nodes.
const GraphRun *classifier_trace(const GraphClassifier *classifier);

// `images`: n pictures [c][h][w], as the graph wants them (normalized). `rows`: n * classes. On
// failure (no memory) rows are zero.
Status classifier_run(GraphClassifier *classifier, const float *images, int n, float *rows);

#endif
