// A module whose version is not the program's: what an old one left behind would look like.
#include <stdint.h>

extern const uint32_t inkling_cuda_module[4];
const uint32_t inkling_cuda_module[4] = {0xFFFFFFFF, 0, 0, 0};
