// Dense, convolution, pooling and batch norm as their formulas say them: one loop per index, sums
// in double. Not fast: it is what the fast back ends are compared with.
#include "compute/ref.h"

#include <math.h>
#include <string.h>

// ---- dense ------------------------------------------------------------------------------------

void ref_dense_forward(Backend *be, const DenseShape *s, int n, const float *x, const float *w,
                       const float *b, float *y) {
    (void)be;
    for (int i = 0; i < n; i++) {
        for (int o = 0; o < s->out; o++) {
            double sum = b[o];
            for (int k = 0; k < s->in; k++)
                sum += (double)x[(ptrdiff_t)i * s->in + k] * w[(ptrdiff_t)o * s->in + k];
            y[(ptrdiff_t)i * s->out + o] =
                ref_activate(s->activation, s->activation_parameter, (float)sum);
        }
    }
}

static void activation_gradient_in_place(Activation kind, float parameter, size_t count,
                                         const float *y, float *dy) {
    for (size_t i = 0; i < count; i++) dy[i] = ref_activate_gradient(kind, parameter, y[i], dy[i]);
}

void ref_dense_backward(Backend *be, const DenseShape *s, int n, const float *x, const float *w,
                        const float *y, float *dy, float *dx, float *dw, float *db) {
    (void)be;
    size_t in = (size_t)s->in, out = (size_t)s->out;
    activation_gradient_in_place(s->activation, s->activation_parameter, (size_t)n * out, y, dy);
    for (size_t o = 0; o < out; o++) {
        double bias = 0.0;
        for (int i = 0; i < n; i++) bias += dy[(size_t)i * out + o];
        db[o] = (float)bias;
        for (size_t k = 0; k < in; k++) {
            double sum = 0.0;
            for (int i = 0; i < n; i++)
                sum += (double)dy[(size_t)i * out + o] * x[(size_t)i * in + k];
            dw[o * in + k] = (float)sum;
        }
    }
    if (!dx) return;
    for (int i = 0; i < n; i++) {
        for (size_t k = 0; k < in; k++) {
            double sum = 0.0;
            for (size_t o = 0; o < out; o++) sum += (double)dy[(size_t)i * out + o] * w[o * in + k];
            dx[(size_t)i * in + k] = (float)sum;
        }
    }
}

// ---- convolution ------------------------------------------------------------------------------

// Floats of one image, and of one filter.
static size_t conv_image(const ConvShape *s) {
    return (size_t)s->in_c * (size_t)s->in_h * (size_t)s->in_w;
}

static size_t conv_filter(const ConvShape *s) {
    return (size_t)s->in_c * (size_t)s->kernel_h * (size_t)s->kernel_w;
}

// Where tap (kh, kw) of output (oy, ox) reads in one channel, or -1 in the padding.
static ptrdiff_t conv_source(const ConvShape *s, int oy, int ox, int kh, int kw) {
    int iy = oy * s->stride - s->pad + kh;
    int ix = ox * s->stride - s->pad + kw;
    if (iy < 0 || iy >= s->in_h || ix < 0 || ix >= s->in_w) return -1;
    return (ptrdiff_t)iy * s->in_w + ix;
}

static double conv_one(const ConvShape *s, const float *image, const float *filter, int oy,
                       int ox) {
    double sum = 0.0;
    for (int c = 0; c < s->in_c; c++) {
        for (int kh = 0; kh < s->kernel_h; kh++) {
            for (int kw = 0; kw < s->kernel_w; kw++) {
                ptrdiff_t at = conv_source(s, oy, ox, kh, kw);
                float weight = filter[((ptrdiff_t)c * s->kernel_h + kh) * s->kernel_w + kw];
                if (at >= 0) sum += (double)weight * image[(ptrdiff_t)c * s->in_h * s->in_w + at];
            }
        }
    }
    return sum;
}

void ref_conv_forward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                      const float *b, float *y) {
    (void)be;
    size_t image = conv_image(s), filter = conv_filter(s);
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t o = 0; o < (size_t)s->out_c; o++)
            for (int oy = 0; oy < s->out_h; oy++)
                for (int ox = 0; ox < s->out_w; ox++) {
                    double sum = b[o] + conv_one(s, x + i * image, w + o * filter, oy, ox);
                    *y++ = ref_activate(s->activation, s->activation_parameter, (float)sum);
                }
}

// Adds dy * x to the filter's gradient and dy * w to the image's, for one output position.
static void conv_spread(const ConvShape *s, float dy, const float *image, const float *filter,
                        double *d_image, double *d_filter, int oy, int ox) {
    for (int c = 0; c < s->in_c; c++) {
        for (int kh = 0; kh < s->kernel_h; kh++) {
            for (int kw = 0; kw < s->kernel_w; kw++) {
                ptrdiff_t at = conv_source(s, oy, ox, kh, kw);
                if (at < 0) continue;
                ptrdiff_t k = ((ptrdiff_t)c * s->kernel_h + kh) * s->kernel_w + kw;
                ptrdiff_t pixel = (ptrdiff_t)c * s->in_h * s->in_w + at;
                d_filter[k] += (double)dy * image[pixel];
                d_image[pixel] += (double)dy * filter[k];
            }
        }
    }
}

// Sums in double need room that the caller's buffers do not have: this is the one operation that
// allocates, which an oracle may.
#include "base/check.h"
#include <stdlib.h>

void ref_conv_backward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                       const float *y, float *dy, float *dx, float *dw, float *db) {
    (void)be;
    size_t image = conv_image(s), filter = conv_filter(s);
    size_t samples = (size_t)n, outs = (size_t)s->out_c, width = (size_t)s->out_w;
    size_t area = (size_t)s->out_h * width;
    activation_gradient_in_place(s->activation, s->activation_parameter, samples * outs * area, y,
                                 dy);
    double *d_filters = calloc(filter * outs + 1, sizeof *d_filters);
    double *d_image = calloc(image + 1, sizeof *d_image);
    REQUIRE(d_filters && d_image);
    for (size_t o = 0; o < outs; o++) {
        double bias = 0.0;
        for (size_t i = 0; i < samples; i++)
            for (size_t p = 0; p < area; p++) bias += dy[(i * outs + o) * area + p];
        db[o] = (float)bias;
    }
    for (size_t i = 0; i < samples; i++) {
        memset(d_image, 0, image * sizeof *d_image);
        for (size_t o = 0; o < outs; o++)
            for (size_t p = 0; p < area; p++)
                conv_spread(s, dy[(i * outs + o) * area + p], x + i * image, w + o * filter,
                            d_image, d_filters + o * filter, (int)(p / width), (int)(p % width));
        if (dx)
            for (size_t k = 0; k < image; k++) dx[i * image + k] = (float)d_image[k];
    }
    for (size_t k = 0; k < filter * outs; k++) dw[k] = (float)d_filters[k];
    free(d_image);
    free(d_filters);
}

// ---- pooling ----------------------------------------------------------------------------------

// Place of element `place` of the window of output (oy, ox), or -1 in the padding.
static ptrdiff_t pool_source(const PoolShape *s, int oy, int ox, int place) {
    int iy = oy * s->stride - s->pad + place / s->kernel;
    int ix = ox * s->stride - s->pad + place % s->kernel;
    if (iy < 0 || iy >= s->in_h || ix < 0 || ix >= s->in_w) return -1;
    return (ptrdiff_t)iy * s->in_w + ix;
}

// A window that lies in the padding altogether has no largest: -infinity, which the gradient then
// goes nowhere from.
void ref_max_pool_forward(Backend *be, const PoolShape *s, int n, const float *x, float *y,
                          uint8_t *argmax) {
    (void)be;
    for (int plane = 0; plane < n * s->channels; plane++, x += (ptrdiff_t)s->in_h * s->in_w) {
        for (int oy = 0; oy < s->out_h; oy++) {
            for (int ox = 0; ox < s->out_w; ox++) {
                float best = -INFINITY;
                int best_place = -1;
                for (int place = 0; place < s->kernel * s->kernel; place++) {
                    ptrdiff_t at = pool_source(s, oy, ox, place);
                    if (at < 0) continue;
                    if (best_place < 0 || x[at] > best || (isnan(x[at]) && !isnan(best))) {
                        best = x[at];
                        best_place = place;
                    }
                }
                *y++ = best;
                *argmax++ = (uint8_t)(best_place < 0 ? 0 : best_place);
            }
        }
    }
}

void ref_max_pool_backward(Backend *be, const PoolShape *s, int n, const float *dy,
                           const uint8_t *argmax, float *dx) {
    (void)be;
    size_t in_area = (size_t)s->in_h * (size_t)s->in_w;
    memset(dx, 0, (size_t)n * (size_t)s->channels * in_area * sizeof *dx);
    for (int plane = 0; plane < n * s->channels; plane++, dx += in_area) {
        for (int oy = 0; oy < s->out_h; oy++) {
            for (int ox = 0; ox < s->out_w; ox++) {
                ptrdiff_t at = pool_source(s, oy, ox, *argmax++);
                if (at >= 0) dx[at] += *dy;
                dy++;
            }
        }
    }
}

void ref_avg_pool_forward(Backend *be, const PoolShape *s, int n, const float *x, float *y) {
    (void)be;
    int places = s->kernel * s->kernel;
    for (int plane = 0; plane < n * s->channels; plane++, x += (ptrdiff_t)s->in_h * s->in_w) {
        for (int oy = 0; oy < s->out_h; oy++) {
            for (int ox = 0; ox < s->out_w; ox++) {
                double sum = 0.0;
                for (int place = 0; place < places; place++) {
                    ptrdiff_t at = pool_source(s, oy, ox, place);
                    if (at >= 0) sum += x[at];
                }
                *y++ = (float)(sum / places);
            }
        }
    }
}

void ref_avg_pool_backward(Backend *be, const PoolShape *s, int n, const float *dy, float *dx) {
    (void)be;
    int places = s->kernel * s->kernel;
    size_t in_area = (size_t)s->in_h * (size_t)s->in_w;
    memset(dx, 0, (size_t)n * (size_t)s->channels * in_area * sizeof *dx);
    for (int plane = 0; plane < n * s->channels; plane++, dx += in_area) {
        for (int oy = 0; oy < s->out_h; oy++) {
            for (int ox = 0; ox < s->out_w; ox++, dy++) {
                for (int place = 0; place < places; place++) {
                    ptrdiff_t at = pool_source(s, oy, ox, place);
                    if (at >= 0) dx[at] += (float)((double)*dy / places);
                }
            }
        }
    }
}

// ---- batch norm -------------------------------------------------------------------------------
// Ioffe and Szegedy 2015; arithmetic as torch.nn.BatchNorm1d/2d. `at` walks channel c of n images.

void ref_batch_norm_forward(Backend *be, const BatchNormShape *s, int n, const float *x,
                            const float *gamma, const float *beta, float *running_mean,
                            float *running_var, float *y, float *saved) {
    (void)be;
    double count = (double)n * s->area;
    for (int c = 0; c < s->channels; c++) {
        double sum = 0.0, squares = 0.0;
        for (int i = 0; i < n; i++)
            for (int p = 0; p < s->area; p++)
                sum += x[((ptrdiff_t)i * s->channels + c) * s->area + p];
        double mean = sum / count;
        for (int i = 0; i < n; i++)
            for (int p = 0; p < s->area; p++) {
                double d = x[((ptrdiff_t)i * s->channels + c) * s->area + p] - mean;
                squares += d * d;
            }
        double variance = squares / count;
        double inverse = 1.0 / sqrt(variance + s->eps);
        // A single value has no unbiased variance; its biased one (0) stands in.
        double unbiased = count > 1.0 ? squares / (count - 1.0) : variance;
        running_mean[c] = (float)((1.0 - s->momentum) * running_mean[c] + s->momentum * mean);
        running_var[c] = (float)((1.0 - s->momentum) * running_var[c] + s->momentum * unbiased);
        saved[c] = (float)mean;
        saved[s->channels + c] = (float)inverse;
        for (int i = 0; i < n; i++)
            for (int p = 0; p < s->area; p++) {
                ptrdiff_t at = ((ptrdiff_t)i * s->channels + c) * s->area + p;
                y[at] = (float)((x[at] - mean) * inverse * gamma[c] + beta[c]);
            }
    }
}

void ref_batch_norm_apply(Backend *be, const BatchNormShape *s, int n, const float *x,
                          const float *gamma, const float *beta, const float *running_mean,
                          const float *running_var, float *y) {
    (void)be;
    for (int i = 0; i < n; i++)
        for (int c = 0; c < s->channels; c++) {
            double inverse = 1.0 / sqrt((double)running_var[c] + s->eps);
            for (int p = 0; p < s->area; p++) {
                ptrdiff_t at = ((ptrdiff_t)i * s->channels + c) * s->area + p;
                y[at] = (float)(((double)x[at] - running_mean[c]) * inverse * gamma[c] + beta[c]);
            }
        }
}

void ref_batch_norm_backward(Backend *be, const BatchNormShape *s, int n, const float *x,
                             const float *gamma, const float *saved, const float *dy, float *dx,
                             float *dgamma, float *dbeta) {
    (void)be;
    double count = (double)n * s->area;
    for (int c = 0; c < s->channels; c++) {
        double mean = saved[c], inverse = saved[s->channels + c];
        double sum_dy = 0.0, sum_dy_xhat = 0.0;
        for (int i = 0; i < n; i++)
            for (int p = 0; p < s->area; p++) {
                ptrdiff_t at = ((ptrdiff_t)i * s->channels + c) * s->area + p;
                sum_dy += dy[at];
                sum_dy_xhat += dy[at] * (x[at] - mean) * inverse;
            }
        dgamma[c] = (float)sum_dy_xhat;
        dbeta[c] = (float)sum_dy;
        for (int i = 0; i < n; i++)
            for (int p = 0; p < s->area; p++) {
                ptrdiff_t at = ((ptrdiff_t)i * s->channels + c) * s->area + p;
                double xhat = (x[at] - mean) * inverse;
                dx[at] = (float)(gamma[c] * inverse *
                                 (dy[at] - sum_dy / count - xhat * sum_dy_xhat / count));
            }
    }
}
