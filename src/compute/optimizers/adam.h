// Adam (Kingma and Ba 2015), with AMSGrad (Reddi et al. 2018). Source: torch.optim.Adam: the bias
// corrections go into the step size and the denominator, eps is added last; weight decay is added
// to the gradient. Slots: first moment, second moment, largest second moment.
#ifndef INKLING_COMPUTE_OPTIMIZERS_ADAM_H
#define INKLING_COMPUTE_OPTIMIZERS_ADAM_H

OPTIMIZER_FN int adam_slots(const OptimizerOptions *o) {
    return o->amsgrad ? 3 : 2;
}

OPTIMIZER_FN void adam_prepare(OptimizerStep *step, const OptimizerOptions *o) {
    double correction1 = 1.0 - pow(o->beta1, (double)step->t);
    double correction2 = 1.0 - pow(o->beta2, (double)step->t);
    step->lr = (float)(o->lr / correction1);
    step->beta1 = (float)o->beta1;
    step->beta2 = (float)o->beta2;
    step->one_minus_beta1 = (float)(1.0 - o->beta1);
    step->one_minus_beta2 = (float)(1.0 - o->beta2);
    step->scale[0] = (float)sqrt(correction2);
    step->eps = (float)o->eps;
    step->weight_decay = (float)o->weight_decay;
    step->amsgrad = o->amsgrad;
}

OPTIMIZER_FN float adam_update(float w, float g, float s[OPTIMIZER_SLOTS_MAX],
                               const OptimizerStep *step) {
    g = g + step->weight_decay * w;
    s[0] = step->beta1 * s[0] + step->one_minus_beta1 * g;
    s[1] = step->beta2 * s[1] + step->one_minus_beta2 * g * g;
    float second = s[1];
    if (step->amsgrad) {
        s[2] = s[2] > second ? s[2] : second;
        second = s[2];
    }
    return w - step->lr * (s[0] / (sqrtf(second) / step->scale[0] + step->eps));
}

#endif
