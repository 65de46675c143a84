// Data into a batch, and everything that is done element by element: activations, dropout,
// averages, clipping, and the sum that clipping needs.
#include "device.h"

// ---- data -------------------------------------------------------------------------------------

// A block for each image, and its label.
static __global__ void gather(GatherShape s, GatherFrom from, Place place, Given indices,
                              float *out, uint8_t *labels) {
    kernel_begin();
    size_t size = (size_t)s.channels * s.height * s.width;
    size_t index = (size_t)((const int32_t *)given_at(place, indices))[blockIdx.x];
    const uint8_t *image = from.images + index * size;
    out += blockIdx.x * size;
    for (size_t p = threadIdx.x; p < size; p += THREADS)
        out[p] = ((float)image[p] / 255.0f - s.mean) / s.std;
    if (from.labels && threadIdx.x == 0) labels[blockIdx.x] = from.labels[index];
}

// The same. One thread draws the numbers of the image's warp but those of its grid, which others
// draw at the same time; then every pixel is worked out on its own.
constexpr int WARP_DRAWER = 64; // of another group of 32 than those of the grid
static_assert((int)WARP_GRID_VALUES <= WARP_DRAWER, "a thread for each number of the grid");

static __global__ void gather_varied(GatherShape s, GatherFrom from, Place place, Given given,
                                     float *out, uint8_t *labels) {
    kernel_begin();
    __shared__ Warp warp;
    const VariedGiven *own = (const VariedGiven *)given_at(place, given);
    const GatherVary *how = &own->vary;
    size_t index = (size_t)own->indices[blockIdx.x];
    size_t plane = (size_t)s.height * s.width, size = s.channels * plane;
    uint32_t height = (uint32_t)s.height, width = (uint32_t)s.width;
    Rng stream = warp_stream(how->seed, how->epoch, (uint32_t)index);
    if (how->config.elastic > 0.0f && threadIdx.x < WARP_GRID_VALUES)
        warp_draw_grid(&how->config, stream, width, (int)threadIdx.x, &warp);
    if (threadIdx.x == WARP_DRAWER) warp_draw(&how->config, stream, height, width, &warp);
    __syncthreads();
    const uint8_t *image = from.images + index * size;
    out += blockIdx.x * size;
    for (size_t p = threadIdx.x; p < size; p += THREADS) {
        uint32_t at = (uint32_t)(p % plane);
        uint8_t pixel = warp_pixel(&warp, image + (p - at), height, width, at % width, at / width);
        out[p] = ((float)pixel / 255.0f - s.mean) / s.std;
    }
    if (from.labels && threadIdx.x == 0) labels[blockIdx.x] = from.labels[index];
}

static __global__ void put(Place place, Given bytes, size_t size, unsigned char *out) {
    kernel_begin();
    const unsigned char *from = given_at(place, bytes);
    for (size_t i = element_first(); i < size; i += element_step()) out[i] = from[i];
}

void cuda_gather(Cuda *cuda, GatherShape s, GatherFrom from, Given indices, int n, float *out,
                 uint8_t *labels) {
    launch(cuda, "gathering images", gather, (size_t)n, s, from, cuda->place, indices, out, labels);
}

void cuda_gather_varied(Cuda *cuda, GatherShape s, GatherFrom from, Given given, int n, float *out,
                        uint8_t *labels) {
    launch(cuda, "varying images", gather_varied, (size_t)n, s, from, cuda->place, given, out,
           labels);
}

void cuda_put(Cuda *cuda, void *device, Given bytes, size_t size) {
    launch(cuda, "an upload", put, blocks_for(size), cuda->place, bytes, size,
           (unsigned char *)device);
}

// ---- what the device makes of the module ------------------------------------------------------

// The code that was chosen for this device may have been compiled for an older one.
bool cuda_kernels_wait(void) {
    cudaFuncAttributes attributes;
    bool known = cudaFuncGetAttributes(&attributes, put) == cudaSuccess;
    if (!known) (void)cudaGetLastError();
    return known && attributes.ptxVersion >= 90;
}

// ---- element by element -----------------------------------------------------------------------

static __global__ void activation_forward(Activation kind, float parameter, size_t count,
                                          const float *x, float *y) {
    kernel_begin();
    for (size_t i = element_first(); i < count; i += element_step())
        y[i] = activate(kind, parameter, x[i]);
}

static __global__ void activation_backward(Activation kind, float parameter, size_t count,
                                           const float *y, const float *dy, float *dx) {
    kernel_begin();
    for (size_t i = element_first(); i < count; i += element_step())
        dx[i] = activate_gradient(kind, parameter, y[i], dy[i]);
}

static __global__ void dropout(uint32_t threshold, float scale, Place place, Given key,
                               size_t count, const float *in, float *out) {
    kernel_begin();
    uint64_t own = *(const uint64_t *)given_at(place, key);
    for (size_t i = element_first(); i < count; i += element_step())
        out[i] = backend_keep(own, (uint32_t)i, threshold) ? in[i] * scale : 0.0f;
}

static __global__ void average(float keep, float take, size_t count, const float *x, float *mean) {
    kernel_begin();
    for (size_t i = element_first(); i < count; i += element_step())
        mean[i] = keep * mean[i] + take * x[i];
}

static __global__ void clip(size_t count, double max_norm, const double *squares, float *x) {
    kernel_begin();
    double factor = backend_clip_factor(max_norm, *squares);
    if (!(factor < 1.0)) return;
    for (size_t i = element_first(); i < count; i += element_step()) x[i] *= (float)factor;
}

void cuda_activation_forward(Cuda *cuda, Activation kind, float parameter, size_t count,
                             const float *x, float *y) {
    launch(cuda, "an activation", activation_forward, blocks_for(count), kind, parameter, count, x,
           y);
}

void cuda_activation_backward(Cuda *cuda, Activation kind, float parameter, size_t count,
                              const float *y, const float *dy, float *dx) {
    launch(cuda, "an activation backward", activation_backward, blocks_for(count), kind, parameter,
           count, y, dy, dx);
}

void cuda_dropout(Cuda *cuda, float p, Given key, size_t count, const float *in, float *out) {
    launch(cuda, "dropout", dropout, blocks_for(count), backend_keep_threshold(p),
           1.0f / (1.0f - p), cuda->place, key, count, in, out);
}

void cuda_average(Cuda *cuda, float keep, size_t count, const float *x, float *mean) {
    launch(cuda, "an average", average, blocks_for(count), keep, 1.0f - keep, count, x, mean);
}

void cuda_clip(Cuda *cuda, size_t count, double max_norm, const double *squares, float *x) {
    launch(cuda, "clipping", clip, blocks_for(count), count, max_norm, squares, x);
}

// ---- a sum over everything --------------------------------------------------------------------

static __global__ void sum_squares(size_t count, const float *x, double *parts, unsigned *ticket,
                                   double *out) {
    kernel_begin();
    __shared__ double shared[THREADS];
    double sum = 0.0;
    for (size_t i = element_first(); i < count; i += element_step())
        sum += (double)x[i] * (double)x[i];
    sum = block_sum(sum, shared);
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
    if (!block_is_last(ticket, gridDim.x)) return;
    sum = block_sum(threadIdx.x < gridDim.x ? __ldcg(parts + threadIdx.x) : 0.0, shared);
    if (threadIdx.x == 0) *out = sum;
}

static_assert(PARTS_MAX <= (size_t)THREADS, "a thread for each part");

void cuda_sum_squares(Cuda *cuda, size_t count, const float *x, double *out) {
    size_t blocks = blocks_for(count ? count : 1);
    launch(cuda, "a sum of squares", sum_squares, blocks < PARTS_MAX ? blocks : PARTS_MAX, count, x,
           cuda->sum_parts, cuda->tickets + TICKET_SUM, out);
}
