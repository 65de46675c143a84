// The map of the test images (train/hidden_map.h) for the network that answers: made in a thread of
// its own while someone looks at it, anew as training goes on, and the drawing's place on it.
#ifndef INKLING_PANELS_ATLAS_H
#define INKLING_PANELS_ATLAS_H

#include "base/thread.h"
#include "panels/thought.h"
#include "train/hidden_map.h"

typedef struct Workbench Workbench;

enum { ATLAS_NEAREST = 6 };

// Where a drawing lies on the map.
typedef struct MapPlace {
    bool there; // it has a place
    MapPoint at;
    int near_count;
    int32_t nearest[ATLAS_NEAREST]; // test images that are most like it to this network
} MapPlace;

typedef struct PlaceThought {
    Thought thought;
    const HiddenMap *map; // nobody changes it meanwhile
    uint8_t input[INK_FIELD_MAX * INK_FIELD_MAX];
    MapPlace place;
} PlaceThought;

// Zero-initialise. The window's thread only; the thread beside it has `work`, `next` and `cancel`
// while `busy`, and reads `map`, which nobody changes meanwhile.
typedef struct Atlas {
    Thread thread;
    atomic_bool done, cancel;
    bool busy;
    double begun, not_before;   // the next one, so that maps cost a small share of a processor
    uint64_t asked;             // whose map is or was made last,
    uint32_t asked_weights;     // of which weights
    uint64_t work_of, shown_of; // whose network each of the two is
    Recognizer *work, *shown;   // `shown` made `map`: it places the drawing
    HiddenMap next, map;
    Status status;
    const ImageSet *set;
    void (*wake)(void *context);
    void *context;

    uint32_t version; // grows with every map
    char problem[STATUS_MESSAGE_MAX];
    // The drawing on it.
    uint64_t drawing_of;
    MapPlace drawing;
    PlaceThought placing;
} Atlas;

// Once a frame while the map is looked at: takes what is ready, starts what is missing. Returns in
// how many seconds it must be called again even if nothing happens (INFINITY: never).
double atlas_update(Workbench *bench, Atlas *atlas);
// Asks it to end soon. True when nothing is under way: otherwise ask again (wake is called then).
bool atlas_give_up(Atlas *atlas);
// Gives up what is under way and frees everything. No thoughts may be under way.
void atlas_close(Atlas *atlas);

#endif
