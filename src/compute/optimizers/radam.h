// RAdam (Liu et al. 2020): Adam whose step is rectified while the second moment rests on too few
// gradients, and which leaves that moment out altogether in the first steps. Source:
// torch.optim.RAdam. Slots: first moment, second moment.
#ifndef INKLING_COMPUTE_OPTIMIZERS_RADAM_H
#define INKLING_COMPUTE_OPTIMIZERS_RADAM_H

OPTIMIZER_FN int radam_slots(const OptimizerOptions *o) {
    (void)o;
    return 2;
}

OPTIMIZER_FN void radam_prepare(OptimizerStep *step, const OptimizerOptions *o) {
    double t = (double)step->t;
    double decayed = pow(o->beta2, t);
    double correction2 = 1.0 - decayed;
    double longest = 2.0 / (1.0 - o->beta2) - 1.0;               // the paper's rho_inf
    double length = longest - 2.0 * t * (decayed / correction2); // rho_t
    double rectified = 0.0;
    if (length > 5.0)
        rectified = sqrt((length - 4.0) * (length - 2.0) * longest /
                         ((longest - 4.0) * (longest - 2.0) * length));
    step->lr = (float)o->lr;
    step->beta1 = (float)o->beta1;
    step->beta2 = (float)o->beta2;
    step->one_minus_beta1 = (float)(1.0 - o->beta1);
    step->one_minus_beta2 = (float)(1.0 - o->beta2);
    step->eps = (float)o->eps;
    step->weight_decay = (float)o->weight_decay;
    step->scale[0] = (float)(1.0 - pow(o->beta1, t));
    step->scale[1] = (float)sqrt(correction2);
    step->scale[2] = (float)rectified; // 0: without the second moment
}

OPTIMIZER_FN float radam_update(float w, float g, float s[OPTIMIZER_SLOTS_MAX],
                                const OptimizerStep *step) {
    g = g + step->weight_decay * w;
    s[0] = step->beta1 * s[0] + step->one_minus_beta1 * g;
    s[1] = step->beta2 * s[1] + step->one_minus_beta2 * g * g;
    float change = s[0] / step->scale[0] * step->lr;
    float adapted = change * (step->scale[1] / (sqrtf(s[1]) + step->eps)) * step->scale[2];
    return w - (step->scale[2] > 0.0f ? adapted : change);
}

#endif
