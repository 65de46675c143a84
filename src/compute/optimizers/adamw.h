// AdamW (Loshchilov and Hutter 2019): Adam with the weight decay taken from the parameter itself.
// Source: torch.optim.AdamW.
#ifndef INKLING_COMPUTE_OPTIMIZERS_ADAMW_H
#define INKLING_COMPUTE_OPTIMIZERS_ADAMW_H

OPTIMIZER_FN int adamw_slots(const OptimizerOptions *o) {
    return adam_slots(o);
}

OPTIMIZER_FN void adamw_prepare(OptimizerStep *step, const OptimizerOptions *o) {
    adam_prepare(step, o);
    step->weight_decay = 0.0f; // not in the gradient
    step->scale[1] = (float)(1.0 - o->lr * o->weight_decay);
}

OPTIMIZER_FN float adamw_update(float w, float g, float s[OPTIMIZER_SLOTS_MAX],
                                const OptimizerStep *step) {
    return adam_update(w * step->scale[1], g, s, step);
}

#endif
