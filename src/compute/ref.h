// The layers of the plain C back end, which ref.c puts into its table. Nobody else includes this.
#ifndef INKLING_COMPUTE_REF_H
#define INKLING_COMPUTE_REF_H

#include "compute/backend.h"

Status ref_open(const BackendConfig *config, Backend **out);
extern const BackendOps ref_ops;

// Memory of the host, aligned as backend.h promises; also the CPU back end's.
void *host_alloc(Backend *be, size_t bytes);
void host_release(Backend *be, void *device);
const void *host_share(Backend *be, const void *host, size_t bytes);
void host_unshare(Backend *be, const void *device);
void host_upload(Backend *be, void *device, const void *host, size_t bytes);
void host_download(Backend *be, void *host, const void *device, size_t bytes);
void host_copy(Backend *be, void *to_device, const void *from_device, size_t bytes);
void host_zero(Backend *be, void *device, size_t bytes);
Status host_sync(Backend *be);

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
