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
static const float stride_costs[] = {0, 0.0f, 0.6f, 2.5f, 3.0f};
enum {
    POOL_OPTIONS = (int)(sizeof pool_options / sizeof pool_options[0]),
    STRIDE_MAX = 4,
    STEPS_MAX = 1000000, // of one search
};
static const struct {
    int side;
    bool resized;
    float cost;
} input_options[] = {{28, false, 0.0f}, {32, false, 1.0f}, {32, true, 1.1f}};

typedef struct Search {
    const Chain *chain;
    ShapeGuess now;
    bool strider; // networks of its kind stride and do not pool
    float limit;
    long steps;
    ShapeGuess *out;
    int count;
} Search;

static void search_put(Search *s, int at) {
    int last = s->count < SHAPE_GUESSES_MAX ? s->count++ : SHAPE_GUESSES_MAX - 1;
    memmove(&s->out[at + 1], &s->out[at], (size_t)(last - at) * sizeof *s->out);
    s->out[at] = s->now;
}

static bool is_padded(const ConvGuess *guess) {
    return guess->pad_h > 0 || guess->pad_w > 0;
}

// Every convolution does the same: many write them in a loop, or by a function of their own.
static bool is_uniform(const Search *s) {
    const ConvGuess *first = &s->now.convs[0];
    for (int i = 0; i < s->chain->convs; i++) {
        const ConvGuess *guess = &s->now.convs[i];
        if (guess->stride != first->stride || guess->pool != first->pool ||
            is_padded(guess) != is_padded(first) || guess->global > 0)
            return false;
    }
    return s->chain->convs > 2;
}

static void search_keep(Search *s) {
    int at = s->count;
    float cost = s->now.cost;
    if (is_uniform(s)) s->now.cost -= 0.6f;
    while (at > 0 && s->out[at - 1].cost > s->now.cost) at--;
    if (at < SHAPE_GUESSES_MAX) search_put(s, at);
    s->now.cost = cost;
}

// The image behind the last convolution is h x w: does the next layer take that?
static void search_end(Search *s, int h, int w) {
    const Chain *chain = s->chain;
    const ChainLink *last = &chain->links[chain->convs - 1];
    ConvGuess *guess = &s->now.convs[chain->convs - 1];
    int wanted = last->out;
    if (chain->convs < chain->count) wanted = chain->links[chain->convs].in;
    if ((long long)last->out * h * w == wanted) {
        search_keep(s);
        return;
    }
    // A global pool brings any size to one number per channel.
    if (wanted != last->out || h != w || h < 2) return;
    // Behind another pool only where there is room for both, or nobody knows.
    float cost = guess->pool == 0 ? 0.1f : last->gap > 2 ? 0.0f : last->gap < 0 ? 1.0f : 4.0f;
    if (s->now.cost + cost > s->limit) return;
    guess->global = h;
    s->now.cost += cost;
    search_keep(s);
    s->now.cost -= cost;
    guess->global = 0;
}

static void search_conv(Search *s, int index, int h, int w);

// What it costs to pool, or not to, behind a convolution.
static float pool_cost(const Search *s, int index, const PoolOption *option) {
    const ChainLink *link = &s->chain->links[index];
    float cost = option->cost;
    // Residual and depthwise networks stride; but for one pool behind a wide first kernel.
    if (s->strider && index == 0 && link->kernel_h == 7)
        return option->pool == 3 && option->pad ? 0.0f : 0.8f;
    if (s->strider) cost = option->pool ? option->cost + 0.5f : 0.0f;
    // In an nn.Sequential an activation and nothing else, or room for a pool too.
    if (link->gap == 1) cost += option->pool ? 2.0f : -0.2f;
    if (link->gap > 1 && !option->pool) cost += s->now.convs[index].stride == 1 ? 0.5f : 0.3f;
    // Those who stride do not pool; or only smooth.
    if (s->now.convs[index].stride > 1) {
        if (option->pool == 2 && option->stride == 1 && link->kernel_h % 2 == 0) cost = 0.1f;
        cost += option->pool ? 0.3f : -0.2f;
    }
    return cost;
}

static int size_behind(int size, int pad, int kernel, int stride) {
    return (size + 2 * pad - kernel) / stride + 1;
}

static void search_pool(Search *s, int index, int h, int w) {
    const ChainLink *link = &s->chain->links[index];
    const ChainSkip *around = chain_skip_around(s->chain, index);
    ConvGuess *guess = &s->now.convs[index];
    for (int i = 0; i < POOL_OPTIONS; i++) {
        const PoolOption *option = &pool_options[i];
        int kernel = option->pool, pad = option->pad;
        if (kernel && link->gap == 0) continue; // the next layer follows at once
        if (kernel && around && around->last != index) continue;
        if (kernel && (h + 2 * pad < kernel || w + 2 * pad < kernel)) continue;
        float cost = pool_cost(s, index, option);
        if (s->now.cost + cost > s->limit) continue;
        guess->pool = kernel;
        guess->pool_stride = option->stride;
        guess->pool_pad = pad;
        int out_h = kernel ? size_behind(h, pad, kernel, option->stride) : h;
        int out_w = kernel ? size_behind(w, pad, kernel, option->stride) : w;
        s->now.cost += cost;
        if (index + 1 == s->chain->convs)
            search_end(s, out_h, out_w);
        else
            search_conv(s, index + 1, out_h, out_w);
        s->now.cost -= cost;
    }
    guess->pool = guess->pool_stride = guess->pool_pad = 0;
}

// "Same" padding: the image keeps its size.
static int pad_same(int kernel, int dilation) {
    return dilation * (kernel - 1) / 2;
}

static float pad_cost(const Search *s, int index, const ConvGuess *guess) {
    const ChainLink *link = &s->chain->links[index];
    int kernel = link->kernel_h, same = kernel / 2;
    bool square = kernel == link->kernel_w && guess->dilation == 1;
    bool halves = kernel % 2 == 0 && guess->stride == 2 && guess->pad_h == (kernel - 2) / 2;
    bool usual = !square || halves || (guess->pad_h == same && kernel % 2 == 1);
    float cost = !is_padded(guess) ? 0.0f : usual ? 0.05f : 2.0f;
    if (square && kernel == 1 && is_padded(guess)) cost = 4.0f;
    if (s->strider && kernel > 1 && !is_padded(guess)) cost += 0.5f;
    // Those who pad one convolution mostly pad them all.
    if (index > 0) {
        const ChainLink *before = &s->chain->links[index - 1];
        bool padded = is_padded(&s->now.convs[index - 1]);
        // But for one that strides in place of a pool.
        bool strides = guess->stride > 1 || s->now.convs[index - 1].stride > 1;
        if (before->kernel_h * before->kernel_w > 1 && link->kernel_h * link->kernel_w > 1 &&
            padded != is_padded(guess))
            cost += strides ? 0.2f : 0.6f;
    }
    return cost;
}

// Few dilate, and those who do dilate several, the later ones more.
static float dilation_cost(const Search *s, int index, int dilation) {
    int before = index > 0 ? s->now.convs[index - 1].dilation : 1;
    if (dilation == 1) return 0.0f;
    return before > 1 ? 0.3f : 1.2f;
}

static float stride_cost(const Search *s, int index, int stride) {
    const Chain *chain = s->chain;
    const ChainSkip *around = chain_skip_around(chain, index);
    float cost = stride_costs[stride];
    if (around) {
        // The image shrinks where channels become more; bottlenecks have a layer in front of that.
        const ChainLink *first = &chain->links[around->first];
        bool wider = first->out != first->in;
        return wider == (stride > 1) ? 0.0f : 0.9f;
    }
    if (s->strider && index == 0 && chain->links[0].kernel_h == 7) return stride == 2 ? 0.0f : 0.8f;
    if (s->strider && stride == 2) return chain->links[index].kernel_h == 1 ? 1.0f : 0.3f;
    // Those who stride instead of pooling do it again.
    for (int i = 0; i < index; i++)
        if (stride == 2 && s->now.convs[i].stride == 2) return cost - 0.5f;
    return cost;
}

// Within a residual block one convolution may stride, when a side does so too, and all keep the
// size otherwise.
static bool skip_allows(const Chain *chain, int index, const ConvGuess *guess) {
    const ChainSkip *around = chain_skip_around(chain, index);
    const ChainLink *link = &chain->links[index];
    if (!around) return true;
    int wide = around->first;
    while (wide < around->last && chain->links[wide].kernel_h == 1) wide++;
    return guess->dilation == 1 && guess->pad_h == link->kernel_h / 2 &&
           guess->pad_w == link->kernel_w / 2 &&
           (guess->stride == 1 || (guess->stride == 2 && around->has_side && index == wide));
}

static void search_place(Search *s, int index, ConvGuess guess, int h, int w) {
    const ChainLink *link = &s->chain->links[index];
    int wide = (link->kernel_h - 1) * guess.dilation + 1;
    int across = (link->kernel_w - 1) * guess.dilation + 1;
    int kernel = link->kernel_h > link->kernel_w ? link->kernel_h : link->kernel_w;
    if (h + 2 * guess.pad_h < wide || w + 2 * guess.pad_w < across) return;
    if (!skip_allows(s->chain, index, &guess)) return;
    float cost = pad_cost(s, index, &guess) + stride_cost(s, index, guess.stride) +
                 dilation_cost(s, index, guess.dilation);
    // A kernel that leaves pixels out is a 1x1 that thins or a patch embedding.
    if (guess.stride > kernel) cost += 3.0f;
    if (s->now.cost + cost > s->limit) return;
    s->now.convs[index] = guess;
    s->now.cost += cost;
    search_pool(s, index, size_behind(h, guess.pad_h, wide, guess.stride),
                size_behind(w, guess.pad_w, across, guess.stride));
    s->now.cost -= cost;
}

static void search_conv(Search *s, int index, int h, int w) {
    const ChainLink *link = &s->chain->links[index];
    int kernel = link->kernel_h, before = index > 0 ? s->now.convs[index - 1].dilation : 1;
    bool square = kernel == link->kernel_w;
    int pad_most = kernel - 1 < 3 ? kernel - 1 : kernel / 2 < 3 ? 3 : kernel / 2;
    for (int stride = 1; stride <= STRIDE_MAX; stride++) {
        for (int pad = 0; square && pad <= pad_most; pad++) {
            if (s->steps++ > STEPS_MAX) return;
            search_place(s, index, (ConvGuess){stride, 1, pad, pad, 0, 0, 0, 0}, h, w);
        }
    }
    // Dilated kernels and those that are not square are not padded, or keep the size.
    int first = square ? 2 : 1, most = square ? (before > 1 ? 4 : 2) : 1;
    if (square && (index == 0 || kernel == 1)) return;
    for (int dilation = first; dilation <= most; dilation *= 2) {
        int ph = pad_same(kernel, dilation), pw = pad_same(link->kernel_w, dilation);
        if (s->steps++ > STEPS_MAX) return;
        search_place(s, index, (ConvGuess){1, dilation, 0, 0, 0, 0, 0, 0}, h, w);
        search_place(s, index, (ConvGuess){1, dilation, ph, pw, 0, 0, 0, 0}, h, w);
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

static void search_all(Search *s) {
    s->steps = 0;
    for (size_t i = 0; i < sizeof input_options / sizeof input_options[0]; i++) {
        s->now.input = input_options[i].side;
        s->now.resized = input_options[i].resized;
        s->now.cost = input_options[i].cost;
        if (s->now.cost <= s->limit) search_conv(s, 0, s->now.input, s->now.input);
    }
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
        if (chain->links[i].kernel_h > 32 || chain->links[i].kernel_w > 32)
            return status_error(STATUS_UNSUPPORTED, "a %dx%d kernel does not fit a 28x28 image",
                                chain->links[i].kernel_h, chain->links[i].kernel_w);
    Search s = {.chain = chain, .out = out};
    for (int i = 0; i < chain->skip_count; i++) s.strider = s.strider || chain->skips[i].has_side;
    for (int i = 1; i < chain->convs; i++)
        s.strider = s.strider || chain->links[i].groups == chain->links[i].in;
    // The cheap answers first; the limit is raised only while there are none.
    for (s.limit = 1.0f; s.limit < 20.0f && s.count == 0; s.limit *= 1.5f) search_all(&s);
    // And those that are not much less usual.
    if (s.count > 0) {
        s.limit = s.out[0].cost + (s.strider ? 1.2f : 1.7f);
        s.count = 0;
        search_all(&s);
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
