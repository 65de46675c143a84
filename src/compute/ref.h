// The layers of the plain C back end, which ref.c puts into its table. Nobody else includes this.
#ifndef INKLING_COMPUTE_REF_H
#define INKLING_COMPUTE_REF_H

#include "compute/backend.h"

Status ref_open(const BackendConfig *config, Backend **out);
extern const BackendOps ref_ops;

float ref_activate(Activation kind, float parameter, float x);
float ref_activate_gradient(Activation kind, float parameter, float y, float dy);

void ref_dense_forward(Backend *be, const DenseShape *s, int n, const float *x, const float *w,
                       const float *b, float *y);
void ref_dense_backward(Backend *be, const DenseShape *s, int n, const float *x, const float *w,
                        const float *y, float *dy, float *dx, float *dw, float *db);
void ref_conv_forward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                      const float *b, float *y);
void ref_conv_backward(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                       const float *y, float *dy, float *dx, float *dw, float *db);
void ref_max_pool_forward(Backend *be, const PoolShape *s, int n, const float *x, float *y,
                          uint8_t *argmax);
void ref_max_pool_backward(Backend *be, const PoolShape *s, int n, const float *dy,
                           const uint8_t *argmax, float *dx);
void ref_avg_pool_forward(Backend *be, const PoolShape *s, int n, const float *x, float *y);
void ref_avg_pool_backward(Backend *be, const PoolShape *s, int n, const float *dy, float *dx);
void ref_batch_norm_forward(Backend *be, const BatchNormShape *s, int n, const float *x,
                            const float *gamma, const float *beta, float *running_mean,
                            float *running_var, float *y, float *saved);
void ref_batch_norm_apply(Backend *be, const BatchNormShape *s, int n, const float *x,
                          const float *gamma, const float *beta, const float *running_mean,
                          const float *running_var, float *y);
void ref_batch_norm_backward(Backend *be, const BatchNormShape *s, int n, const float *x,
                             const float *gamma, const float *saved, const float *dy, float *dx,
                             float *dgamma, float *dbeta);

#endif
