// A map of images as a network sees them: what its last hidden layer makes of each, in the two
// directions in which those answers-to-be spread most (PCA). Images that the network takes for the
// same lie together; a drawing lies among those that it resembles to this network.
//
// A new map is turned and mirrored to lie on the one before as well as it can, so that it moves no
// more than the network has changed. No threads here: panels/atlas.h makes one beside the window.
#ifndef INKLING_TRAIN_HIDDEN_MAP_H
#define INKLING_TRAIN_HIDDEN_MAP_H

#include "train/pca.h"
#include "train/recognizer.h"

#include <stdatomic.h>

enum { HIDDEN_MAP_IMAGES = 1000, HIDDEN_MAP_FLOATS = 4 * 1000 * 1000, HIDDEN_MAP_NEAREST_MAX = 16 };

typedef struct MapPoint {
    float x, y;
} MapPoint;

// Zero-initialise; hidden_map_close when done.
typedef struct HiddenMap {
    int n;         // images: the first of the set; 0: no map yet
    int d;         // units of the layer
    float *rows;   // [n][d] what they put out
    MapPoint *at;  // [n]
    uint8_t *said; // [n] the class that the network gives
    Pca pca;
    float turn[2][2]; // from the principal axes to `at`
    float share;      // of all spread that lies in the two directions, 0..1
    char layer[96];   // which one: "dense 84, relu"
} HiddenMap;

// The layer whose output the last dense layer turns into answers; -1: the image itself.
int hidden_map_layer(const ModelSpec *spec);

// Makes `map` anew, from up to HIDDEN_MAP_IMAGES of the set; `before` (may be NULL or `map`'s own
// predecessor with other units) only says how to lie. Costs as many answers as there are images.
// *cancel: gives up with STATUS_CANCELLED. STATUS_DIVERGED when the network puts out no numbers.
Status hidden_map_make(HiddenMap *map, const HiddenMap *before, Recognizer *recognizer,
                       const ImageSet *set, const atomic_bool *cancel);
// Where a row of d units lies.
MapPoint hidden_map_place(const HiddenMap *map, const float *row);
// The `count` images whose rows are nearest to this one, in all d directions, nearest first; gives
// how many there are.
int hidden_map_nearest(const HiddenMap *map, const float *row, int count, int32_t *out);
void hidden_map_close(HiddenMap *map);

#endif
