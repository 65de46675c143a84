// A search through the usual ways to write a convolution block, cheapest first, that keeps those
// whose last image has as many numbers as the next layer takes.
#include "formats/infer_shape.h"

#include "base/tr.h"

#include <stdio.h>
#include <string.h>

// How unusual a thing is; sums are compared. From what tutorials write: "same" or no padding, a
// 2x2 pool behind each convolution or each second one.
typedef struct PoolOption {
    int pool, stride, pad;
    float cost;
} PoolOption;
static const PoolOption pool_options[] = {
    {2, 2, 0, 0.0f}, {0, 0, 0, 0.2f}, {3, 2, 0, 1.5f}, {3, 3, 0, 1.6f},
    {3, 2, 1, 1.8f}, {4, 4, 0, 2.5f}, {2, 1, 0, 3.0f},
};
static const float stride_costs[] = {0, 0.0f, 0.8f, 2.5f, 3.0f};
enum {
    POOL_OPTIONS = (int)(sizeof pool_options / sizeof pool_options[0]),
    STRIDE_MAX = 4,
    STEPS_MAX = 1000000, // of one search
};
static const struct {
    int side;
    float cost;
} input_options[] = {{28, 0.0f}, {32, 1.0f}};

typedef struct Search {
    const Chain *chain;
    ShapeGuess now;
    float limit;
    long steps;
    ShapeGuess *out;
    int count;
} Search;

static void search_keep(Search *s) {
    int at = s->count;
    while (at > 0 && s->out[at - 1].cost > s->now.cost) at--;
    if (at == SHAPE_GUESSES_MAX) return;
    int last = s->count < SHAPE_GUESSES_MAX ? s->count++ : SHAPE_GUESSES_MAX - 1;
    memmove(&s->out[at + 1], &s->out[at], (size_t)(last - at) * sizeof *s->out);
    s->out[at] = s->now;
}

// The image behind the last convolution is `side` wide: does the next layer take that?
static void search_end(Search *s, int side) {
    const Chain *chain = s->chain;
    const ChainLink *last = &chain->links[chain->convs - 1];
    ConvGuess *guess = &s->now.convs[chain->convs - 1];
    int wanted = last->out;
    if (chain->convs < chain->count) wanted = chain->links[chain->convs].in;
    if ((long long)last->out * side * side == wanted) {
        search_keep(s);
        return;
    }
    // A global pool brings any size to one number per channel.
    if (wanted != last->out || side < 2 || guess->pool != 0) return;
    *guess = (ConvGuess){guess->stride, guess->pad, side, side, 0, true};
    s->now.cost += 0.1f;
    search_keep(s);
    s->now.cost -= 0.1f;
    *guess = (ConvGuess){guess->stride, guess->pad, 0, 0, 0, false};
}

static void search_conv(Search *s, int index, int side);

static void search_pool(Search *s, int index, int side) {
    const ChainLink *link = &s->chain->links[index];
    ConvGuess *guess = &s->now.convs[index];
    for (int i = 0; i < POOL_OPTIONS; i++) {
        const PoolOption *option = &pool_options[i];
        if (option->pool && link->gap == 0) continue; // the next layer follows at once
        int out = side;
        if (option->pool) {
            if (side + 2 * option->pad < option->pool) continue;
            out = (side + 2 * option->pad - option->pool) / option->stride + 1;
        }
        float cost = option->cost;
        // In an nn.Sequential an activation and nothing else, or room for a pool too.
        if (link->gap == 1) cost += option->pool ? 2.0f : -0.2f;
        if (link->gap > 1 && !option->pool) cost += 0.5f;
        // Those who stride do not pool.
        if (guess->stride > 1) cost += option->pool ? 0.3f : -0.2f;
        if (s->now.cost + cost > s->limit) continue;
        guess->pool = option->pool;
        guess->pool_stride = option->stride;
        guess->pool_pad = option->pad;
        s->now.cost += cost;
        if (index + 1 == s->chain->convs)
            search_end(s, out);
        else
            search_conv(s, index + 1, out);
        s->now.cost -= cost;
    }
    guess->pool = guess->pool_stride = guess->pool_pad = 0;
}

static float pad_cost(const Search *s, int index, int pad) {
    int kernel = s->chain->links[index].kernel, same = kernel / 2;
    float cost = pad == 0 ? 0.0f : pad == same && kernel % 2 == 1 ? 0.05f : 2.0f;
    if (kernel == 1 && pad) cost = 4.0f;
    // Those who pad one convolution mostly pad them all.
    if (index > 0) {
        const ChainLink *before = &s->chain->links[index - 1];
        bool padded = s->now.convs[index - 1].pad > 0;
        if (before->kernel > 1 && kernel > 1 && padded != (pad > 0)) cost += 0.6f;
    }
    return cost;
}

static void search_conv(Search *s, int index, int side) {
    int kernel = s->chain->links[index].kernel;
    int pad_most = kernel - 1 < 3 ? kernel - 1 : kernel / 2 < 3 ? 3 : kernel / 2;
    for (int stride = 1; stride <= STRIDE_MAX; stride++)
        for (int pad = 0; pad <= pad_most || pad == 0; pad++) {
            if (s->steps++ > STEPS_MAX) return;
            if (side + 2 * pad < kernel) continue;
            float cost = pad_cost(s, index, pad) + stride_costs[stride];
            // Those who stride instead of pooling do it again.
            if (stride == 2 && index > 0 && s->now.convs[index - 1].stride == 2) cost -= 0.7f;
            // A kernel that leaves pixels out is a 1x1 that thins or a patch embedding.
            if (stride > kernel) cost += 3.0f;
            if (s->now.cost + cost > s->limit) continue;
            s->now.convs[index] = (ConvGuess){stride, pad, 0, 0, 0, false};
            s->now.cost += cost;
            search_pool(s, index, (side + 2 * pad - kernel) / stride + 1);
            s->now.cost -= cost;
        }
}

static int whole_root(int n) {
    int root = 0;
    while ((root + 1) * (root + 1) <= n) root++;
    return root * root == n ? root : 0;
}

static Status find_dense_only(const Chain *chain, ShapeGuess *out, int *count) {
    int side = whole_root(chain->links[0].in);
    if (side < 8 || side > 512)
        return status_error(
            STATUS_UNSUPPORTED,
            TR("its first layer takes %d numbers, which is no square image (28x28 is "
               "784)"),
            chain->links[0].in);
    memset(out, 0, sizeof *out);
    out->input = side;
    *count = 1;
    return status_ok();
}

Status shape_find(const Chain *chain, ShapeGuess *out, int *count) {
    *count = 0;
    if (chain->convs == 0) return find_dense_only(chain, out, count);
    const ChainLink *first = &chain->links[0], *last = &chain->links[chain->convs - 1];
    if (first->in != 1)
        return status_error(STATUS_UNSUPPORTED,
                            TR("it takes images of %d channels; this program draws in one"),
                            first->in);
    for (int i = 0; i < chain->convs; i++)
        if (chain->links[i].kernel > 32)
            return status_error(STATUS_UNSUPPORTED, "a %dx%d kernel does not fit a 28x28 image",
                                chain->links[i].kernel, chain->links[i].kernel);
    Search s = {.chain = chain, .out = out};
    // The cheap answers first; the limit is raised only while there are none.
    for (s.limit = 1.0f; s.limit < 20.0f && s.count == 0; s.limit *= 1.5f) {
        s.steps = 0;
        for (size_t i = 0; i < sizeof input_options / sizeof input_options[0]; i++) {
            s.now.input = input_options[i].side;
            s.now.cost = input_options[i].cost;
            if (s.now.cost <= s.limit) search_conv(&s, 0, s.now.input);
        }
    }
    // And those that are not much less usual.
    if (s.count > 0) {
        s.limit = s.out[0].cost + 1.7f;
        s.count = 0;
        s.steps = 0;
        for (size_t i = 0; i < sizeof input_options / sizeof input_options[0]; i++) {
            s.now.input = input_options[i].side;
            s.now.cost = input_options[i].cost;
            if (s.now.cost <= s.limit) search_conv(&s, 0, s.now.input);
        }
    }
    *count = s.count;
    if (s.count > 0) return status_ok();
    if (chain->convs < chain->count)
        return status_error(
            STATUS_UNSUPPORTED,
            TR("no way was found from a 28x28 or 32x32 image through its %d "
               "convolutions to the %d numbers that its first dense layer takes (%d "
               "channels)"),
            chain->convs, chain->links[chain->convs].in, last->out);
    return status_error(
        STATUS_UNSUPPORTED,
        TR("no way was found from a 28x28 or 32x32 image through its %d convolutions "
           "to %d outputs"),
        chain->convs, last->out);
}
