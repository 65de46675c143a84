// The CPU back end: the table, and opening it.
#include "compute/cpu.h"
#include "compute/ref.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct Cpu {
    Backend base;
    BackendOps ops;
} Cpu;

static void cpu_close(Backend *be) {
    free(be);
}

static void cpu_describe(const Backend *be, char *out, size_t size) {
    (void)be;
    snprintf(out, size, "plain C, 1 thread");
}

Status cpu_open(const BackendConfig *config, Backend **out) {
    (void)config;
    Cpu *cpu = malloc(sizeof *cpu);
    if (!cpu) return status_no_memory("the CPU back end", sizeof *cpu);
    cpu->ops = ref_ops;
    cpu->ops.name = "cpu";
    cpu->ops.close = cpu_close;
    cpu->ops.describe = cpu_describe;
    cpu->base.ops = &cpu->ops;
    *out = &cpu->base;
    return status_ok();
}
