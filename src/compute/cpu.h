// Opening the CPU back end. backend.c and check_kernels include this, nobody else.
#ifndef INKLING_COMPUTE_CPU_H
#define INKLING_COMPUTE_CPU_H

#include "compute/backend.h"

// With the best instruction set this machine has.
Status cpu_open(const BackendConfig *config, Backend **out);

#endif
