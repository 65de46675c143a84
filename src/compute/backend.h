// ONE table of operations on device pointers. Layers, losses and optimizers are written once, on
// this table; a back end is a way to carry it out:
//   ref   plain C, one thread, no tricks: the oracle every other one is compared with
//   cpu   OpenBLAS where it pays, our own kernels (AVX2, AVX-512 chosen at run time), own threads
//   cuda  a module that is opened when a device is asked for
//
// Conventions
// - float32; images are N,C,H,W, row-major; dense weights [out][in]; conv weights
// [out][in][kh][kw],
//   all as in PyTorch.
// - Pointers marked "device" come from alloc() of the same back end (on ref and cpu: host memory,
//   64-byte aligned). An operation may assume that its pointers do not overlap unless it says so.
// - Operations are queued in order and may run later; results are on the host after download() or
//   sync(). They do not fail one by one: a device that is lost is told by sync().
// - Nothing is allocated by an operation. What it needs beside its arguments is set aside by
//   reserve(), which is called for each conv or dense shape before its first use.
// - The same call on the same data gives the same bits, whatever the number of threads.
// - One thread at a time uses a back end; several back ends may be used side by side.
#ifndef INKLING_COMPUTE_BACKEND_H
#define INKLING_COMPUTE_BACKEND_H

#include "base/status.h"
#include "compute/losses/losses.h"
#include "compute/optimizers/optimizers.h"
#include "compute/warp.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Backend Backend;

// Element-wise functions. The gradient of each can be had from its OUTPUT alone, so they may run in
// place and may be fused into the product before them.
typedef enum Activation {
    ACTIVATION_NONE,
    ACTIVATION_RELU,
    ACTIVATION_LEAKY_RELU, // parameter: slope for x < 0, > 0 (PyTorch: 0.01)
    ACTIVATION_SIGMOID,
    ACTIVATION_TANH,
    ACTIVATION_COUNT,
} Activation;

typedef struct DenseShape {
    int in, out;
    Activation activation; // applied to y
    float activation_parameter;
} DenseShape;

typedef enum PoolKind { POOL_LARGEST, POOL_MEAN } PoolKind;

// Cross-correlation as PyTorch's Conv2d. out_h = (in_h + 2 pad - kernel_h) / stride + 1.
typedef struct ConvShape {
    int in_c, in_h, in_w;
    int out_c, out_h, out_w;
    int kernel_h, kernel_w, stride, pad;
    Activation activation;
    float activation_parameter;
    PoolKind pool; // conv_pool_* only
} ConvShape;

// Pooling over each channel. out_h = (in_h + 2 pad - kernel) / stride + 1 (floor). Average pooling
// counts the padding (PyTorch's default count_include_pad=True); max pooling never picks it.
typedef struct PoolShape {
    int channels, in_h, in_w, out_h, out_w;
    int kernel, stride, pad;
} PoolShape;

// Batch norm over N and the `area` positions of each channel (area 1: BatchNorm1d).
typedef struct BatchNormShape {
    int channels, area;
    float momentum, eps; // PyTorch: 0.1, 1e-5
} BatchNormShape;

// From bytes 0..255 to (byte/255 - mean) / std.
typedef struct GatherShape {
    int channels, height, width;
    float mean, std;
} GatherShape;

// A set of images and their labels, device. Without labels (NULL) none are gathered.
typedef struct GatherFrom {
    const uint8_t *images, *labels;
} GatherFrom;

// How images are varied: strengths, and what the numbers are drawn from beside the image's index.
typedef struct GatherVary {
    AugmentConfig config;
    uint32_t epoch;
    uint64_t seed;
} GatherVary;

// What a batch (or a part of a test set) came to.
typedef struct BatchStats {
    double loss_sum; // sum over the samples, not the mean
    int32_t correct; // samples whose largest logit (the first of equals) is the label's
    int32_t count;
} BatchStats;

// What a device could do at best, by what it says of itself.
typedef struct BackendLimits {
    double operations; // in float32 a second, a multiplication and an addition being two
    double bytes;      // to and from its memory a second
} BackendLimits;

typedef struct BackendOps {
    const char *name; // "ref", "cpu", "cuda"

    void (*close)(Backend *be);
    // One line for a person: "OpenBLAS 0.3.21, AVX-512, 2 threads".
    void (*describe)(const Backend *be, char *out, size_t size);

    // ---- memory -------------------------------------------------------------------------------
    void *(*alloc)(Backend *be, size_t bytes);  // NULL when there is none; contents undefined
    void (*release)(Backend *be, void *device); // NULL is fine
    // Read-only data that stays where it is on the host until let go: a data set. Where device
    // memory is host memory this is `host` itself, so nothing is held twice. NULL when there is no
    // memory for it. Same data, same pointer is not promised.
    const void *(*share)(Backend *be, const void *host, size_t bytes);
    void (*unshare)(Backend *be, const void *device); // NULL is fine
    void (*upload)(Backend *be, void *device, const void *host, size_t bytes);
    void (*download)(Backend *be, void *host, const void *device, size_t bytes); // waits
    void (*copy)(Backend *be, void *to_device, const void *from_device, size_t bytes);
    void (*zero)(Backend *be, void *device, size_t bytes);
    Status (*sync)(Backend *be);
    // Scratch for products of these shapes with up to `batch` samples. Either shape may be NULL.
    Status (*reserve)(Backend *be, const DenseShape *dense, const ConvShape *conv, int batch);

    // ---- data ---------------------------------------------------------------------------------
    // out[i] = normalised image indices[i] of `from->images`, and its label, n of them. `indices`
    // are host memory.
    void (*gather)(Backend *be, const GatherShape *s, const GatherFrom *from,
                   const int32_t *indices, int n, float *out, uint8_t *labels);
    // The same, each image varied first by the warp that (seed, epoch, index) draw (warp.h). NULL
    // in a back end whose images the host's threads make in advance.
    void (*gather_varied)(Backend *be, const GatherShape *s, const GatherFrom *from,
                          const GatherVary *vary, const int32_t *indices, int n, float *out,
                          uint8_t *labels);

    // ---- layers -------------------------------------------------------------------------------
    // y[n][out] = activation(x[n][in] * w^T + b).
    void (*dense_forward)(Backend *be, const DenseShape *s, int n, const float *x, const float *w,
                          const float *b, float *y);
    // dy is the gradient of the loss for y; what is in it afterwards is undefined. dw, db are
    // overwritten, not added to. dx may be NULL (first layer).
    void (*dense_backward)(Backend *be, const DenseShape *s, int n, const float *x, const float *w,
                           const float *y, float *dy, float *dx, float *dw, float *db);
    void (*conv_forward)(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                         const float *b, float *y);
    void (*conv_backward)(Backend *be, const ConvShape *s, int n, const float *x, const float *w,
                          const float *y, float *dy, float *dx, float *dw, float *db);
    // Both NULL in a back end that has nothing better than one operation after the other. A
    // convolution, its activation and max pooling by 2x2 windows with step 2 and no padding in one:
    // y is [n][out_c][out_h / 2][out_w / 2], and what comes before pooling is never written to
    // memory. `kept` (device, backend_kept_bytes) goes from forward to backward, in an order of the
    // back end's own. Backward is as conv_backward's, but y and dy are those of the
    // pooling. Average pooling as well (POOL_MEAN) where conv_pool_means says so, if the
    // gradient of the activation asks for the sign of its result alone (backend_can_pool_mean).
    void (*conv_pool_forward)(Backend *be, const ConvShape *s, int n, const float *x,
                              const float *w, const float *b, float *y, uint8_t *kept);
    void (*conv_pool_backward)(Backend *be, const ConvShape *s, int n, const float *x,
                               const float *w, const float *y, const uint8_t *kept, float *dy,
                               float *dx, float *dw, float *db);
    bool conv_pool_means;
    // `argmax`: for each output its place (0 .. kernel*kernel-1, row by row; the first of equals,
    // NaN wins) in the window.
    void (*max_pool_forward)(Backend *be, const PoolShape *s, int n, const float *x, float *y,
                             uint8_t *argmax);
    void (*max_pool_backward)(Backend *be, const PoolShape *s, int n, const float *dy,
                              const uint8_t *argmax, float *dx);
    void (*avg_pool_forward)(Backend *be, const PoolShape *s, int n, const float *x, float *y);
    void (*avg_pool_backward)(Backend *be, const PoolShape *s, int n, const float *dy, float *dx);
    // Training: normalises with the batch's own mean and biased variance, moves the running ones
    // (variance unbiased) by momentum, keeps mean and 1/sqrt(var+eps) in saved[2*channels].
    void (*batch_norm_forward)(Backend *be, const BatchNormShape *s, int n, const float *x,
                               const float *gamma, const float *beta, float *running_mean,
                               float *running_var, float *y, float *saved);
    // Evaluation: with the running statistics, which stay as they are. y may equal x.
    void (*batch_norm_apply)(Backend *be, const BatchNormShape *s, int n, const float *x,
                             const float *gamma, const float *beta, const float *running_mean,
                             const float *running_var, float *y);
    // dx may equal dy, which is undefined afterwards.
    void (*batch_norm_backward)(Backend *be, const BatchNormShape *s, int n, const float *x,
                                const float *gamma, const float *saved, const float *dy, float *dx,
                                float *dgamma, float *dbeta);
    // y may equal x, dx may equal dy.
    void (*activation_forward)(Backend *be, Activation kind, float parameter, size_t count,
                               const float *x, float *y);
    void (*activation_backward)(Backend *be, Activation kind, float parameter, size_t count,
                                const float *y, const float *dy, float *dx);
    // out[i] = in[i] / (1-p) where backend_keep(key, i, p), else 0. The same call serves forward
    // and backward: the mask is a function, not a buffer. out may equal in. 0 <= p < 1.
    void (*dropout)(Backend *be, float p, uint64_t key, size_t count, const float *in, float *out);

    // ---- loss and update ----------------------------------------------------------------------
    // Loss of n rows of logits. dlogits (may be NULL) = gradient of the MEAN loss. `stats` (device)
    // is overwritten. A label LABEL_NONE (losses.h) is allowed. Infinities and NaN in, the same
    // out: the caller looks at the loss.
    void (*loss)(Backend *be, LossKind kind, float smoothing, int classes, int n,
                 const float *logits, const uint8_t *labels, float *dlogits, BatchStats *stats);
    // Rows of probabilities; out may equal logits.
    void (*softmax)(Backend *be, int classes, int n, const float *logits, float *out);
    // One step of the update rule on `count` parameters. state[k] is slot k (count floats), NULL
    // from the first slot on that the options do not use (optimizer_state_slots). Does not change
    // grad.
    void (*update)(Backend *be, OptimizerKind kind, const OptimizerStep *step, size_t count,
                   float *param, const float *grad, float *const state[OPTIMIZER_SLOTS_MAX]);
    // *out (device, double) = sum of squares, summed in double in a fixed order.
    void (*sum_squares)(Backend *be, size_t count, const float *x, double *out);
    // Scales x so that its norm is at most `max_norm`, *squares (device) being the sum of its
    // squares. Source: torch.nn.utils.clip_grad_norm_.
    void (*clip)(Backend *be, size_t count, double max_norm, const double *squares, float *x);
    // mean = keep * mean + (1 - keep) * x, 1 - keep rounded to float once.
    void (*average)(Backend *be, float keep, size_t count, const float *x, float *mean);

    // ---- steps ahead --------------------------------------------------------------------------
    // All three NULL in a back end where a call returns when its work is done. Elsewhere training
    // steps may be handed over without waiting for each: the operations between step_begin and
    // step_end are noted, steps that differ only in their indices, keys and OptimizerStep are
    // carried out as one recording, and `stats` (device, as the step's loss left it) is put aside.
    // steps_take waits and gives the stats of all steps ended since it was called last, oldest
    // first: at most BACKEND_STEPS_AHEAD. Whatever else is asked of the back end in between, inside
    // of a step or outside, comes out as if every operation were done at its call.
    void (*step_begin)(Backend *be);
    void (*step_end)(Backend *be, const BatchStats *stats);
    int (*steps_take)(Backend *be, BatchStats *out);

    // ---- time ---------------------------------------------------------------------------------
    // All three NULL where the host's clock tells it. Mark number `which` (below BACKEND_MARKS) is
    // put behind all that has been asked so far; `between` waits for the second of two and gives
    // the seconds from one to the other by the device's own clock.
    void (*mark)(Backend *be, int which);
    double (*between)(Backend *be, int first, int second);
    void (*limits)(const Backend *be, BackendLimits *out);
} BackendOps;

enum { BACKEND_STEPS_AHEAD = 64, BACKEND_MARKS = 2 };

// Every implementation starts with this.
struct Backend {
    const BackendOps *ops;
};

static inline bool backend_can_pool_mean(Activation kind) {
    return kind == ACTIVATION_NONE || kind == ACTIVATION_RELU || kind == ACTIVATION_LEAKY_RELU;
}

// One byte for each result of a pooled convolution, for whole vectors of samples.
static inline size_t backend_kept_bytes(const ConvShape *s, int n) {
    return ((size_t)n + 15) / 16 * 16 * (size_t)s->out_c * (size_t)(s->out_h / 2) *
           (size_t)(s->out_w / 2);
}

// Keep element `index`? A function of (key, index) alone, in 32-bit integers, so that every back
// end and every vector width agrees. P(keep) = 1 - p to within 2^-24.
#include "base/rng.h"
DEVICE_FN uint32_t backend_keep_threshold(float p) {
    return (uint32_t)((double)p * 16777216.0);
}
DEVICE_FN int backend_keep(uint64_t key, uint32_t index, uint32_t threshold) {
    uint32_t h = rng_hash32(index ^ (uint32_t)key);
    h = rng_hash32(h + (uint32_t)(key >> 32));
    return (h >> 8) >= threshold;
}

// What clip multiplies by where it is below 1.
DEVICE_FN double backend_clip_factor(double max_norm, double squares) {
    return max_norm / (sqrt(squares) + 1e-6);
}

// ---- opening one ------------------------------------------------------------------------------

typedef struct BackendConfig {
    // "cpu" (default when NULL), "ref", "cuda", "cuda:1" (the second one), "cuda:0:tf32" (products
    // of large layers in TensorFloat-32: faster, 3 digits instead of 7).
    const char *device;
    int threads; // cpu: 1 .. 256; 0 = one for each processor this process may use
} BackendConfig;

// Any thread. STATUS_USAGE for an unknown device, STATUS_UNSUPPORTED where this build or machine
// has none, with what to do.
Status backend_open(const BackendConfig *config, Backend **out);
void backend_close(Backend **be);

enum { BACKEND_NAME_MAX = 32 };

// A device that is there.
typedef struct BackendDevice {
    char name[BACKEND_NAME_MAX]; // for BackendConfig.device: "cuda:1"
    char label[128];             // for a person: "NVIDIA H100 80GB HBM3"
} BackendDevice;

// A row for each kind of device this program knows, for menus and --help.
typedef struct BackendKind {
    const char *name;
    const char *what;
    Status (*open)(const BackendConfig *config, Backend **out);
    // Looks for devices of this kind: up to `max`; *count of them. May load a driver and take a
    // second. STATUS_UNSUPPORTED, with what to do, when there is none. Any thread. NULL: there is
    // always one, called as its kind, and opening it takes no time.
    Status (*find)(BackendDevice *out, int max, int *count);
} BackendKind;
extern const BackendKind backend_kinds[];
extern const int backend_kind_count;

#endif
