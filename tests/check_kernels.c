// check_kernels [--backend=cpu|cuda|NAME] [--seed N] [--part K]
//     Every operation of the table against the plain C oracle, on every instruction set that this
//     machine has, with 1, 2 and 3 threads (which must agree bit for bit). Exits 77 and says
//     SKIPPED where the back end is not there. --part: one case in K, drawn by the seed.
// check_kernels [--backend=NAME] --bench [--only TEXT] [--threads N] [--isa 0..2 [--blas]]
//     Times them in the presets' shapes instead.
#define _POSIX_C_SOURCE 200809L
#include "check_kernels.h"
#include "base/check.h"
#include "base/thread.h"
#include "compute/cpu.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GUARD = 256, SKIPPED = 77 };

// ---- buffers ----------------------------------------------------------------------------------

Arg *check_arg(Case *c, ArgRole role, size_t size, size_t count) {
    REQUIRE(c->count < CHECK_ARGS_MAX);
    Arg *arg = &c->args[c->count++];
    *arg = (Arg){.role = role, .size = size, .count = count};
    arg->host = calloc(count + 1, size);
    arg->oracle = calloc(count + 1, size);
    REQUIRE(arg->host && arg->oracle);
    return arg;
}

float *check_floats(Check *check, Case *c, ArgRole role, size_t count) {
    Arg *arg = check_arg(c, role, sizeof(float), count);
    float *x = arg->host;
    if (role != ARG_OUT)
        for (size_t i = 0; i < count; i++) x[i] = (float)rng_range(&check->rng, -1.0, 1.0);
    return x;
}

void check_free(Case *c) {
    for (int i = 0; i < c->count; i++) {
        free(c->args[i].host);
        free(c->args[i].oracle);
        free(c->args[i].tolerance);
    }
    c->count = 0;
}

static void fail(Check *check, const Case *c, const char *subject, const char *what) {
    if (++check->failures <= 40) printf("FAILED  %-22s %s: %s\n", subject, c->title, what);
    fflush(stdout); // what comes next may be the end
}

// What is being tried, for one that never comes back: whoever stops it is told.
static char trying[192];

static void stopped(int signal_number) {
    (void)signal_number;
    ssize_t told = write(STDOUT_FILENO, trying, strlen(trying));
    _exit(told > 0 ? 1 : 2);
}

// A lost device stays lost: nothing that is asked of it from there on says anything.
static void end_if_lost(Check *check, const Case *c, const char *subject, Backend *be) {
    Status status = be->ops->sync(be);
    if (status_is_ok(&status)) return;
    fail(check, c, subject, status.message);
    printf("FAILED: the device is lost after %d cases\n", check->cases);
    exit(1);
}

// Uploads, runs, downloads into `out[i]`; looks at the guards.
static void run_on(Check *check, const char *name, Backend *be, const Case *c,
                   void (*call)(Backend *, const void *, void **), const void *context,
                   void *out[CHECK_ARGS_MAX]) {
    snprintf(trying, sizeof trying, "FAILED  %.22s %.150s: no end\n", name, c->title);
    unsigned char *block[CHECK_ARGS_MAX];
    void *device[CHECK_ARGS_MAX];
    for (int i = 0; i < c->count; i++) {
        const Arg *arg = &c->args[i];
        size_t bytes = arg->size * arg->count;
        unsigned char *image = malloc(bytes + 2 * GUARD);
        REQUIRE(image);
        memset(image, 0xFF, bytes + 2 * GUARD); // as floats: NaN
        if (arg->role != ARG_OUT) memcpy(image + GUARD, arg->host, bytes);
        block[i] = be->ops->alloc(be, bytes + 2 * GUARD);
        end_if_lost(check, c, name, be);
        REQUIRE(block[i]);
        be->ops->upload(be, block[i], image, bytes + 2 * GUARD);
        device[i] = arg->count ? block[i] + GUARD : NULL;
        free(image);
    }
    call(be, context, device);
    end_if_lost(check, c, name, be);
    for (int i = 0; i < c->count; i++) {
        const Arg *arg = &c->args[i];
        size_t bytes = arg->size * arg->count;
        unsigned char *image = malloc(bytes + 2 * GUARD);
        REQUIRE(image);
        be->ops->download(be, image, block[i], bytes + 2 * GUARD);
        end_if_lost(check, c, name, be);
        for (size_t k = 0; k < GUARD; k++)
            if (image[k] != 0xFF || image[GUARD + bytes + k] != 0xFF) {
                fail(check, c, name, "wrote outside a buffer");
                break;
            }
        if (arg->role == ARG_IN && memcmp(image + GUARD, arg->host, bytes) != 0)
            fail(check, c, name, "changed an input");
        memcpy(out[i], image + GUARD, bytes);
        free(image);
        be->ops->release(be, block[i]);
    }
}

// ---- comparing --------------------------------------------------------------------------------

static double element(const Arg *arg, const void *data, size_t i) {
    if (arg->size == 8) return ((const double *)data)[i];
    if (arg->size == 4) return ((const float *)data)[i];
    return ((const unsigned char *)data)[i];
}

static void compare(Check *check, const Case *c, const char *name, int index, const void *got) {
    const Arg *arg = &c->args[index];
    for (size_t i = 0; i < arg->count; i++) {
        double a = element(arg, arg->oracle, i), b = element(arg, got, i);
        double tolerance = arg->tolerance ? arg->tolerance[i] : 0.0;
        bool same = (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= tolerance;
        if (same) continue;
        char what[128];
        snprintf(what, sizeof what, "argument %d, element %zu: %.9g, the oracle has %.9g (+- %.2g)",
                 index, i, b, a, tolerance);
        fail(check, c, name, what);
        return;
    }
}

void check_oracle(Check *check, Case *c) {
    void *out[CHECK_ARGS_MAX];
    for (int i = 0; i < c->count; i++) out[i] = c->args[i].oracle;
    run_on(check, "ref", check->oracle, c, c->call, c->context, out);
}

void check_compare(Check *check, Case *c) {
    if (check->part > 1 && rng_below(&check->rng, (uint32_t)check->part) != 0) {
        check_free(c);
        return;
    }
    for (int s = 0; s < check->subject_count; s++) {
        Subject *subject = &check->subjects[s];
        void *first[CHECK_ARGS_MAX], *out[CHECK_ARGS_MAX];
        for (int i = 0; i < c->count; i++) {
            size_t bytes = c->args[i].count * c->args[i].size + 1;
            first[i] = malloc(bytes);
            out[i] = malloc(bytes);
            REQUIRE(first[i] && out[i]);
        }
        for (int t = 0; t < subject->count; t++) {
            run_on(check, subject->name, subject->with[t], c, c->call, c->context,
                   t == 0 ? first : out);
            for (int i = 0; i < c->count; i++) {
                if (c->args[i].role == ARG_IN || c->args[i].role == ARG_SCRATCH) continue;
                if (t == 0)
                    compare(check, c, subject->name, i, first[i]);
                else if (memcmp(first[i], out[i], c->args[i].count * c->args[i].size) != 0)
                    fail(check, c, subject->name, "other bits with another number of threads");
            }
        }
        for (int i = 0; i < c->count; i++) {
            free(first[i]);
            free(out[i]);
        }
    }
    check->cases++;
    check_free(c);
}

double *check_magnitude(Check *check, const Case *c, int index, const void *context,
                        double factor) {
    Case copy = *c;
    void *out[CHECK_ARGS_MAX];
    for (int i = 0; i < c->count; i++) {
        Arg *arg = &copy.args[i];
        size_t bytes = arg->count * arg->size + 1;
        arg->host = malloc(bytes);
        out[i] = malloc(bytes);
        REQUIRE(arg->host && out[i]);
        for (size_t k = 0; k < arg->count; k++) {
            if (arg->size == 4)
                ((float *)arg->host)[k] = fabsf(((float *)c->args[i].host)[k]);
            else
                memcpy((char *)arg->host + k, (char *)c->args[i].host + k, arg->size);
        }
    }
    run_on(check, "ref", check->oracle, &copy, c->call, context, out);
    const Arg *arg = &c->args[index];
    double *tolerance = malloc((arg->count + 1) * sizeof *tolerance);
    REQUIRE(tolerance);
    for (size_t k = 0; k < arg->count; k++)
        tolerance[k] = factor * fabs(element(arg, out[index], k)) + 1e-37;
    for (int i = 0; i < c->count; i++) {
        free(copy.args[i].host);
        free(out[i]);
    }
    return tolerance;
}

double *check_relative(const Arg *arg, double factor, double floor) {
    double *tolerance = malloc((arg->count + 1) * sizeof *tolerance);
    REQUIRE(tolerance);
    for (size_t i = 0; i < arg->count; i++)
        tolerance[i] = factor * fabs(element(arg, arg->oracle, i)) + floor;
    return tolerance;
}

// ---- subjects ---------------------------------------------------------------------------------

static int open_cpu_subjects(Subject *subjects) {
    int count = 0;
    for (int isa = 0; isa < CPU_ISA_COUNT; isa++) {
        CpuKernels kernels;
        if (!cpu_kernels_find((CpuIsa)isa, &kernels)) continue;
        Subject *s = &subjects[count++];
        // OpenBLAS is checked on the first.
        CpuBlas blas = count == 1 ? CPU_BLAS_ALWAYS : CPU_BLAS_NEVER;
        snprintf(s->name, sizeof s->name, "cpu %s", kernels.name);
        for (int t = 0; t < CHECK_THREADS_MAX; t++) {
            BackendConfig config = {.device = "cpu", .threads = t + 1};
            Status status = cpu_open_isa(&config, (CpuIsa)isa, blas, &s->with[s->count]);
            REQUIRE(status_is_ok(&status));
            s->count++;
        }
    }
    return count;
}

static int usage(void) {
    fprintf(stderr,
            "usage: check_kernels [--backend=NAME] [--seed N] [--part K]\n       check_kernels "
            "--bench [--only TEXT] "
            "[--threads N] [--isa 0..2] [--blas]\n");
    return 2;
}

int main(int argc, char **argv) {
    const char *name = "cpu";
    unsigned long long seed = (unsigned long long)time(NULL);
    const char *only = NULL;
    int threads = 0, isa = -1, part = 1;
    CpuBlas blas = CPU_BLAS_NEVER;
    bool bench = false;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--backend=", 10) == 0)
            name = argv[i] + 10;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--part") == 0 && i + 1 < argc)
            part = atoi(argv[++i]);
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            only = argv[++i];
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            threads = atoi(argv[++i]);
        else if (strcmp(argv[i], "--isa") == 0 && i + 1 < argc)
            isa = atoi(argv[++i]) % CPU_ISA_COUNT;
        else if (strcmp(argv[i], "--blas") == 0)
            blas = CPU_BLAS_ALWAYS;
        else if (strcmp(argv[i], "--bench") == 0)
            bench = true;
        else
            return usage();
    }
    Subject subjects[CPU_ISA_COUNT] = {0};
    Check check = {.subjects = subjects, .rng = rng_make(seed, 0), .part = part};
    BackendConfig config = {.device = name, .threads = threads};
    Backend *be;
    double opened = clock_seconds();
    Status status =
        isa < 0 ? backend_open(&config, &be) : cpu_open_isa(&config, (CpuIsa)isa, blas, &be);
    opened = clock_seconds() - opened;
    if (!status_is_ok(&status)) {
        printf("SKIPPED: %s\n", status.message);
        return SKIPPED;
    }
    if (bench) {
        bench_kernels(be, only);
        backend_close(&be);
        return 0;
    }
    if (strcmp(name, "cpu") == 0) {
        backend_close(&be);
        check.subject_count = open_cpu_subjects(subjects);
    } else {
        snprintf(subjects[0].name, sizeof subjects[0].name, "%s", name);
        subjects[0].with[0] = be;
        subjects[0].count = 1;
        check.subject_count = 1;
    }
    status = backend_open(&(BackendConfig){.device = "ref"}, &check.oracle);
    REQUIRE(status_is_ok(&status));
    char device[192];
    subjects[0].with[0]->ops->describe(subjects[0].with[0], device, sizeof device);
    printf("seed %llu on %s, opened in %.2f s\n", seed, device, opened);
    fflush(stdout);
    signal(SIGTERM, stopped);
    check_products(&check);
    check_windows(&check);
    check_elements(&check);
    check_training(&check);
    for (int s = 0; s < check.subject_count; s++)
        for (int t = 0; t < subjects[s].count; t++) backend_close(&subjects[s].with[t]);
    backend_close(&check.oracle);
    printf("%d cases on %d subjects, %d failures (seed %llu)\n", check.cases, check.subject_count,
           check.failures, seed);
    return check.failures > 0;
}
