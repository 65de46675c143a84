// Dropout. An answering network leaves it out, unless the graph itself asks for training: then the
// mask is the one that ONNX's own test suite has, numpy's for the same seed.
#include "graph/ops.h"

#include <string.h>

// MT19937 (Matsumoto and Nishimura 1998), which numpy.random.seed and numpy.random.uniform use.
enum { MERSENNE = 624 };
typedef struct Mersenne {
    uint32_t state[MERSENNE];
    int at;
} Mersenne;

static void mersenne_seed(Mersenne *m, uint32_t seed) {
    m->state[0] = seed;
    for (uint32_t i = 1; i < MERSENNE; i++)
        m->state[i] = 1812433253u * (m->state[i - 1] ^ m->state[i - 1] >> 30) + i;
    m->at = MERSENNE;
}

static uint32_t mersenne_next(Mersenne *m) {
    if (m->at == MERSENNE) {
        for (int i = 0; i < MERSENNE; i++) {
            uint32_t y = (m->state[i] & 0x80000000u) | (m->state[(i + 1) % MERSENNE] & 0x7FFFFFFFu);
            m->state[i] = m->state[(i + 397) % MERSENNE] ^ y >> 1 ^ (y & 1 ? 0x9908B0DFu : 0);
        }
        m->at = 0;
    }
    uint32_t y = m->state[m->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9D2C5680u;
    y ^= y << 15 & 0xEFC60000u;
    return y ^ y >> 18;
}

// 53 bits, in [0, 1).
static double mersenne_uniform(Mersenne *m) {
    double a = mersenne_next(m) >> 5, b = mersenne_next(m) >> 6;
    return (a * 67108864.0 + b) / 9007199254740992.0;
}

static Status dropout_settings(const GraphCall *call, double *ratio, bool *training) {
    *ratio = (double)graph_node_float(call->node, "ratio", 0.5f);
    *training = false;
    if (call->in_count > 1 && call->in[1]) {
        if (call->in[1]->count != 1) goto fail;
        *ratio = (double)*(const float *)call->in[1]->data;
    }
    if (call->in_count > 2 && call->in[2]) {
        if (call->in[2]->type != GRAPH_BOOL || call->in[2]->count != 1) goto fail;
        *training = *(const int64_t *)call->in[2]->data != 0;
    }
    if (*ratio >= 0 && *ratio < 1) return status_ok();
    if (!*training) return status_ok();
fail:
    return status_error(STATUS_FORMAT, "its ratio and mode must be single numbers that make sense");
}

Status op_dropout(GraphCall *call) {
    Status status;
    const GraphTensor *x = call->in[0];
    Mersenne mersenne;
    double ratio;
    bool training, mask = call_wants(call, 1);
    TRY(dropout_settings(call, &ratio, &training));
    TRY(call_output(call, 0, GRAPH_F32, x->rank, x->dims));
    if (mask)
        TRY(call_output(call, 1, call->opset < 10 ? GRAPH_F32 : GRAPH_BOOL, x->rank, x->dims));
    TRY(call_work(call, (double)x->count * (training ? 40 : 2)));
    const float *from = x->data;
    float *to = call->out[0].data;
    mersenne_seed(&mersenne, (uint32_t)graph_node_int(call->node, "seed", 0));
    for (size_t i = 0; i < x->count; i++) {
        bool kept = !training || ratio == 0 || mersenne_uniform(&mersenne) >= ratio;
        to[i] = kept ? training ? (float)((double)from[i] / (1 - ratio)) : from[i] : 0;
        if (mask && call->opset < 10)
            ((float *)call->out[1].data)[i] = 1;
        else if (mask)
            ((int64_t *)call->out[1].data)[i] = kept;
    }
fail:
    return status;
}
