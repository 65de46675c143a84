// Mean over the classes of (softmax(z) - target)^2, the target 1 for the label and 0 elsewhere:
// what torch.nn.functional.mse_loss(softmax(z), one_hot(label)) gives. Its gradient vanishes where
// the network is sure and wrong: the lesson in it.
#ifndef INKLING_COMPUTE_LOSSES_MSE_H
#define INKLING_COMPUTE_LOSSES_MSE_H

LOSS_FN double mse_row(const LossSettings *s, const LossRow *row, float *dz) {
    double loss = 0.0;
    float mean = 0.0f; // of the gradient for p, weighted by p
    for (int j = 0; j < s->classes; j++) {
        float off = row->p[j] - (j == row->label ? 1.0f : 0.0f);
        loss += (double)off * (double)off;
        mean += off * row->p[j];
    }
    float factor = 2.0f * s->share / (float)s->classes;
    for (int j = 0; dz && j < s->classes; j++) {
        float off = row->p[j] - (j == row->label ? 1.0f : 0.0f);
        dz[j] = factor * row->p[j] * (off - mean);
    }
    return loss / s->classes;
}

#endif
