// Lion (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", program 1): the sign of
// a mean of momentum and gradient; weight decay is decoupled, as AdamW's. Not in PyTorch: names and
// defaults are those of the paper's own PyTorch version (lr 1e-4, betas 0.9 and 0.99). Slot: the
// momentum.
#ifndef INKLING_COMPUTE_OPTIMIZERS_LION_H
#define INKLING_COMPUTE_OPTIMIZERS_LION_H

OPTIMIZER_FN int lion_slots(const OptimizerOptions *o) {
    (void)o;
    return 1;
}

OPTIMIZER_FN void lion_prepare(OptimizerStep *step, const OptimizerOptions *o) {
    step->lr = (float)o->lr;
    step->beta1 = (float)o->beta1;
    step->beta2 = (float)o->beta2;
    step->one_minus_beta1 = (float)(1.0 - o->beta1);
    step->one_minus_beta2 = (float)(1.0 - o->beta2);
    step->scale[0] = (float)(1.0 - o->lr * o->weight_decay);
}

OPTIMIZER_FN float lion_update(float w, float g, float s[OPTIMIZER_SLOTS_MAX],
                               const OptimizerStep *step) {
    float mean = step->beta1 * s[0] + step->one_minus_beta1 * g;
    float sign = mean > 0.0f ? 1.0f : mean < 0.0f ? -1.0f : mean; // NaN stays to be seen
    s[0] = step->beta2 * s[0] + step->one_minus_beta2 * g;
    return w * step->scale[0] - step->lr * sign;
}

#endif
