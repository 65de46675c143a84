// -log softmax(z)[label]; with label smoothing s the target is 1 - s + s/classes for the label and
// s/classes for every other class. Source: torch.nn.functional.cross_entropy.
#ifndef INKLING_COMPUTE_LOSSES_CROSS_ENTROPY_H
#define INKLING_COMPUTE_LOSSES_CROSS_ENTROPY_H

LOSS_FN double cross_entropy_row(const LossSettings *s, const LossRow *row, float *dz) {
    double loss = row->norm - (double)row->z[row->label];
    // Without smoothing the other classes stay out of the sum: 0 * infinity would be NaN.
    if (s->smoothing != 0.0f) {
        double smooth = 0.0;
        for (int j = 0; j < s->classes; j++) smooth += row->norm - (double)row->z[j];
        loss = (1.0 - (double)s->smoothing) * loss + (double)s->smoothing * smooth / s->classes;
    }
    if (dz) {
        float everywhere = s->smoothing / (float)s->classes;
        float label = row->p[row->label];
        for (int j = 0; j < s->classes; j++) dz[j] = (row->p[j] - everywhere) * s->share;
        dz[row->label] = (label - (1.0f - s->smoothing) - everywhere) * s->share;
    }
    return loss;
}

#endif
