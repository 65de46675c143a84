// Which ink counts: the gradient of the answer's logit for every pixel that the network sees, as
// colours to lay over the drawing. Orange: more ink there speaks for the answer; blue: against it.
#ifndef INKLING_PANELS_SALIENCY_H
#define INKLING_PANELS_SALIENCY_H

#include "ink/fit.h"
#include "panels/thought.h"
#include "ui/ui.h"

typedef struct Workbench Workbench;

// Zero-initialise. Belongs to the answer it was made for.
typedef struct Saliency {
    Thought thought;
    uint8_t input[INK_FIELD_MAX * INK_FIELD_MAX];
    int class, side;
    float gradient[INK_FIELD_MAX * INK_FIELD_MAX];

    uint64_t of;  // which answer of whom
    bool there;   // there is one to show
    bool missing; // this network has no gradient
    uint32_t version;
    int field;
    uint8_t rgba[INK_FIELD_MAX * INK_FIELD_MAX * 4];
} Saliency;

// Brings bench->saliency up to date with the answer, if it is switched on; after answer_update.
// Cheap when nothing changed, else about as much as three answers.
void saliency_update(Workbench *bench);
// Lays it over `place`, the field that the network sees. Nothing when it is switched off.
void saliency_draw(Ui *ui, const Saliency *saliency, Rect place);

#endif
