// Adadelta (Zeiler 2012). Source: torch.optim.Adadelta: eps stands inside both square roots. Slots:
// square average, average of squared changes.
#ifndef INKLING_COMPUTE_OPTIMIZERS_ADADELTA_H
#define INKLING_COMPUTE_OPTIMIZERS_ADADELTA_H

OPTIMIZER_FN int adadelta_slots(const OptimizerOptions *o) {
    (void)o;
    return 2;
}

OPTIMIZER_FN void adadelta_prepare(OptimizerStep *step, const OptimizerOptions *o) {
    step->lr = (float)o->lr;
    step->alpha = (float)o->rho;
    step->one_minus_alpha = (float)(1.0 - o->rho);
    step->eps = (float)o->eps;
    step->weight_decay = (float)o->weight_decay;
}

OPTIMIZER_FN float adadelta_update(float w, float g, float s[OPTIMIZER_SLOTS_MAX],
                                   const OptimizerStep *step) {
    g = g + step->weight_decay * w;
    s[0] = step->alpha * s[0] + step->one_minus_alpha * (g * g);
    float change = sqrtf(s[1] + step->eps) / sqrtf(s[0] + step->eps) * g;
    s[1] = step->alpha * s[1] + step->one_minus_alpha * (change * change);
    return w - step->lr * change;
}

#endif
