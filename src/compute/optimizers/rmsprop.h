// RMSprop (Hinton's lecture 6e; centered: Graves 2013). Source: torch.optim.RMSprop: eps is added
// after the square root. Slots: square average, gradient average if
// centered, then the momentum buffer if there is momentum.
#ifndef INKLING_COMPUTE_OPTIMIZERS_RMSPROP_H
#define INKLING_COMPUTE_OPTIMIZERS_RMSPROP_H

OPTIMIZER_FN int rmsprop_slots(const OptimizerOptions *o) {
    return 1 + (o->centered ? 1 : 0) + (o->momentum != 0.0 ? 1 : 0);
}

OPTIMIZER_FN void rmsprop_prepare(OptimizerStep *step, const OptimizerOptions *o) {
    step->lr = (float)o->lr;
    step->alpha = (float)o->alpha;
    step->one_minus_alpha = (float)(1.0 - o->alpha);
    step->eps = (float)o->eps;
    step->weight_decay = (float)o->weight_decay;
    step->momentum = (float)o->momentum;
    step->centered = o->centered;
}

OPTIMIZER_FN float rmsprop_update(float w, float g, float s[OPTIMIZER_SLOTS_MAX],
                                  const OptimizerStep *step) {
    g = g + step->weight_decay * w;
    s[0] = step->alpha * s[0] + step->one_minus_alpha * (g * g);
    float variance = s[0];
    if (step->centered) {
        s[1] = step->alpha * s[1] + step->one_minus_alpha * g;
        variance = variance - s[1] * s[1];
    }
    float change = g / (sqrtf(variance) + step->eps);
    if (step->momentum != 0.0f) {
        // Values, not a pointer to the slot: otherwise compilers do not vectorise the loop around.
        change = step->momentum * (step->centered ? s[2] : s[1]) + change;
        s[1] = step->centered ? s[1] : change;
        s[2] = step->centered ? change : s[2];
    }
    return w - step->lr * change;
}

#endif
