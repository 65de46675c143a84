// Adagrad (Duchi, Hazan, Singer 2011). Source: torch.optim.Adagrad.
#ifndef INKLING_COMPUTE_OPTIMIZERS_ADAGRAD_H
#define INKLING_COMPUTE_OPTIMIZERS_ADAGRAD_H

OPTIMIZER_FN int adagrad_slots(const OptimizerOptions *o) {
    (void)o;
    return 1;
}

OPTIMIZER_FN void adagrad_prepare(OptimizerStep *step, const OptimizerOptions *o) {
    step->lr = (float)(o->lr / (1.0 + (double)(step->t - 1) * o->lr_decay));
    step->eps = (float)o->eps;
    step->weight_decay = (float)o->weight_decay;
    // The sum does not start at 0 but at this: added at the first step.
    step->scale[0] = step->t == 1 ? (float)o->initial_accumulator_value : 0.0f;
}

OPTIMIZER_FN float adagrad_update(float w, float g, float s[OPTIMIZER_SLOTS_MAX],
                                  const OptimizerStep *step) {
    g = g + step->weight_decay * w;
    s[0] = s[0] + step->scale[0] + g * g;
    return w - step->lr * (g / (sqrtf(s[0]) + step->eps));
}

#endif
