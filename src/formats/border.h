// Networks trained on images with paper around them: 28x28 in a border of 2 to 32x32, normalized
// with a mean. Here they run on 28x28 with a first convolution that pads by 2 more. Padding is 0
// there, which must mean paper, not the mean: so the mean is taken out of the pixels and put into
// that convolution's bias, exactly: w.(x - m)/s + b = w.x/s + (b - m/s * sum of w).
//
// The class that the file came from wants its own bias back. A model whose TensorNames have a
// `border` (that mean) is therefore written as that class has it: with the bias as it was in the
// file, bit for bit, as long as the weights have not been trained; else with the mean put back,
// rounded to a float. Reading such a file takes the mean out again.
#ifndef INKLING_FORMATS_BORDER_H
#define INKLING_FORMATS_BORDER_H

#include "formats/formats.h"

// The first layer is a convolution that pads by at least the border, in front of which nothing is
// taken off the pixels.
bool border_fits(const SavedModel *model);
// out[o] = given[o] less what mean/std brings through the weights of output o of the first
// convolution, which are in weights[].
void border_take(const ModelPlan *plan, Normalization n, const float *weights, const float *given,
                 float *out);
// The first bias of `model` is as the file has it: takes the mean out and remembers both. What can
// go wrong is memory.
Status border_put(SavedModel *model, float mean);
// *out: the weights as they are written, the caller's to free; NULL: just model->weights.
Status border_weights(const SavedModel *model, float **out);
// The mean, where the model is written so; 0: it is not.
float border_mean(const SavedModel *model);

#endif
