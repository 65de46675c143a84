// NAdam (Dozat 2016): Adam with Nesterov's look ahead and a momentum that grows. Source:
// torch.optim.NAdam of PyTorch 1.10 to 1.13, whose product of momenta for the step ahead has this
// step's momentum in it twice (2.x has it once). memory[0] is that product, kept in float as
// PyTorch keeps it. Slots: first moment, second moment.
#ifndef INKLING_COMPUTE_OPTIMIZERS_NADAM_H
#define INKLING_COMPUTE_OPTIMIZERS_NADAM_H

OPTIMIZER_FN int nadam_slots(const OptimizerOptions *o) {
    (void)o;
    return 2;
}

OPTIMIZER_FN void nadam_prepare(OptimizerStep *step, const OptimizerOptions *o) {
    double t = (double)step->t;
    double mu = o->beta1 * (1.0 - 0.5 * pow(0.96, t * o->momentum_decay));
    double mu_next = o->beta1 * (1.0 - 0.5 * pow(0.96, (t + 1.0) * o->momentum_decay));
    float before = step->t == 1 ? 1.0f : (float)step->memory[0];
    float product = before * (float)mu;
    float product_next = product * (float)mu * (float)mu_next;
    step->memory[0] = (double)product;
    step->beta1 = (float)o->beta1;
    step->beta2 = (float)o->beta2;
    step->one_minus_beta1 = (float)(1.0 - o->beta1);
    step->one_minus_beta2 = (float)(1.0 - o->beta2);
    step->eps = (float)o->eps;
    step->weight_decay = (float)o->weight_decay;
    step->scale[0] = (float)(1.0 - pow(o->beta2, t));
    step->scale[1] = (float)(o->lr * (1.0 - mu) / (1.0 - (double)product));
    step->scale[2] = (float)(o->lr * mu_next / (1.0 - (double)product_next));
}

OPTIMIZER_FN float nadam_update(float w, float g, float s[OPTIMIZER_SLOTS_MAX],
                                const OptimizerStep *step) {
    g = g + step->weight_decay * w;
    s[0] = step->beta1 * s[0] + step->one_minus_beta1 * g;
    s[1] = step->beta2 * s[1] + step->one_minus_beta2 * g * g;
    float root = sqrtf(s[1] / step->scale[0]) + step->eps;
    w = w - step->scale[1] * g / root;
    return w - step->scale[2] * s[0] / root;
}

#endif
