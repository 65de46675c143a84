// For small functions that both the C compiler and nvcc compile, so that the arithmetic of a rule
// is written once for every device.
#ifndef INKLING_BASE_DEVICE_FN_H
#define INKLING_BASE_DEVICE_FN_H

#if defined(__CUDACC__)
#define DEVICE_FN static inline __host__ __device__
#else
#define DEVICE_FN static inline
#endif

#endif
