// SGD with momentum, dampening, Nesterov momentum and weight decay. Source: torch.optim.SGD
// (Sutskever et al. 2013 with PyTorch's placing of the learning rate).
#ifndef INKLING_COMPUTE_OPTIMIZERS_SGD_H
#define INKLING_COMPUTE_OPTIMIZERS_SGD_H

// Only the momentum buffer, and that only where there is momentum.
OPTIMIZER_FN int sgd_slots(const OptimizerOptions *o) {
    return o->momentum != 0.0 ? 1 : 0;
}

OPTIMIZER_FN void sgd_prepare(OptimizerStep *step, const OptimizerOptions *o) {
    step->lr = (float)o->lr;
    step->momentum = (float)o->momentum;
    // PyTorch fills the momentum buffer with the bare gradient at the first step: no dampening.
    step->one_minus_dampening = step->t == 1 ? 1.0f : (float)(1.0 - o->dampening);
    step->weight_decay = (float)o->weight_decay;
    step->nesterov = o->nesterov;
}

OPTIMIZER_FN float sgd_update(float w, float g, float s[OPTIMIZER_SLOTS_MAX],
                              const OptimizerStep *step) {
    g = g + step->weight_decay * w;
    float buffer = step->momentum * s[0] + step->one_minus_dampening * g;
    s[0] = buffer;
    float direction = step->nesterov ? g + step->momentum * buffer : buffer;
    return w - step->lr * (step->momentum != 0.0f ? direction : g);
}

#endif
