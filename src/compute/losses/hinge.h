// Mean over the classes of max(0, 1 - z[label] + z[j]), j running over the wrong ones (Crammer and
// Singer's margin as a sum). Source: torch.nn.functional.multi_margin_loss, p = 1, margin = 1.
#ifndef INKLING_COMPUTE_LOSSES_HINGE_H
#define INKLING_COMPUTE_LOSSES_HINGE_H

LOSS_FN double hinge_row(const LossSettings *s, const LossRow *row, float *dz) {
    float right = row->z[row->label], step = s->share / (float)s->classes;
    double loss = 0.0;
    int violations = 0;
    for (int j = 0; j < s->classes; j++) {
        float margin = 1.0f - right + row->z[j];
        // Written so that a NaN counts: the loss then shows it.
        int violated = j != row->label && !(margin <= 0.0f);
        if (violated) loss += (double)margin;
        violations += violated;
        if (dz) dz[j] = violated ? step : 0.0f;
    }
    if (dz) dz[row->label] = -step * (float)violations;
    return loss / s->classes;
}

#endif
