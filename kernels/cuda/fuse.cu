// Two neighbouring calls of a step that one kernel can do: a small network's step is mostly the way
// from one kernel to the next. What comes out is the same, bit for bit, as from one after the
// other, but for what the table of operations calls undefined afterwards (a layer's dy).
#include "steps.h"

// The arguments of the call at `note`, if it is one of `operation`.
template <class... A>
static bool note_is(const unsigned char *note, void (*operation)(Cuda *, A...),
                    std::tuple<A...> *out) {
    Note head;
    memcpy(&head, note, sizeof head);
    if (head.operation != reinterpret_cast<AnyOperation>(operation)) return false;
    Call<A...>::unpack(out, note + sizeof head, std::index_sequence_for<A...>());
    return true;
}

// Writes the call there; gives its size.
template <class... A>
static size_t note_write(unsigned char *note, void (*operation)(Cuda *, A...),
                         const std::tuple<A...> &arguments) {
    Note head = {Call<A...>::play, reinterpret_cast<AnyOperation>(operation),
                 (0 + ... + sizeof(A))};
    memcpy(note, &head, sizeof head);
    unsigned char *to = note + sizeof head;
    std::apply([&](const A &...a) { ((memcpy(to, &a, sizeof a), to += sizeof a), ...); },
               arguments);
    return sizeof head + head.bytes;
}

// The arguments as the operations' own types have them.
template <class> struct ArgumentsOf;
template <class... A> struct ArgumentsOf<void (*)(Cuda *, A...)> { typedef std::tuple<A...> Type; };
#define ARGUMENTS(operation) ArgumentsOf<decltype(&operation)>::Type

// ---- dense and dropout ------------------------------------------------------------------------

static Dropped dropped_of(float p, Given key, float *out) {
    return {out, key, backend_keep_threshold(p), 1.0f / (1.0f - p)};
}

static size_t dense_then_dropout(Cuda *cuda, unsigned char *first, const unsigned char *second) {
    ARGUMENTS(cuda_dense_forward) dense;
    ARGUMENTS(cuda_dropout) drop;
    if (!note_is(first, cuda_dense_forward, &dense) || !note_is(second, cuda_dropout, &drop))
        return 0;
    auto &[shape, n, x, w, b, y, dropped] = dense;
    auto &[p, key, count, from, to] = drop;
    if (dropped.out || from != y || count != (size_t)n * shape.out ||
        cuda_dense_is_large(cuda, shape, n))
        return 0;
    dropped = dropped_of(p, key, to);
    return note_write(first, cuda_dense_forward, dense);
}

static size_t dropout_then_dense_backward(Cuda *cuda, unsigned char *first,
                                          const unsigned char *second) {
    ARGUMENTS(cuda_dense_backward) dense;
    ARGUMENTS(cuda_dropout) drop;
    if (!note_is(second, cuda_dense_backward, &dense) || !note_is(first, cuda_dropout, &drop))
        return 0;
    auto &[shape, n, x, w, y, dy, dx, dw, db, dropped] = dense;
    auto &[p, key, count, from, to] = drop;
    if (to != dy || from != dy || count != (size_t)n * shape.out ||
        cuda_dense_is_large(cuda, shape, n))
        return 0;
    dropped = dropped_of(p, key, NULL);
    return note_write(first, cuda_dense_backward, dense);
}

// ---- batch norm and activation ----------------------------------------------------------------

// Is `second` the activation behind a batch norm whose `count` results are y? Then *after takes it
// along.
static bool norm_takes(const unsigned char *second, const float *y, size_t count,
                       NormActivation *after) {
    ARGUMENTS(cuda_activation_forward) activation;
    if (after->y || !note_is(second, cuda_activation_forward, &activation)) return false;
    auto &[kind, parameter, values, from, to] = activation;
    if (from != y || values != count) return false;
    *after = {to, kind, parameter};
    return true;
}

static size_t norm_then_activation(Cuda *, unsigned char *first, const unsigned char *second) {
    ARGUMENTS(cuda_batch_norm_forward) norm;
    if (!note_is(first, cuda_batch_norm_forward, &norm)) return 0;
    auto &[shape, n, x, gamma, beta, mean, var, y, saved, after] = norm;
    if (!norm_takes(second, y, (size_t)n * shape.channels * shape.area, &after)) return 0;
    return note_write(first, cuda_batch_norm_forward, norm);
}

static size_t activation_then_norm_backward(Cuda *, unsigned char *first,
                                            const unsigned char *second) {
    ARGUMENTS(cuda_batch_norm_backward) norm;
    ARGUMENTS(cuda_activation_backward) activation;
    if (!note_is(second, cuda_batch_norm_backward, &norm) ||
        !note_is(first, cuda_activation_backward, &activation))
        return 0;
    auto &[shape, n, x, gamma, saved, dy, dx, dgamma, dbeta, after] = norm;
    auto &[kind, parameter, count, y, from, to] = activation;
    if (to != dy || from != dy || count != (size_t)n * shape.channels * shape.area) return 0;
    after = {(float *)y, kind, parameter};
    return note_write(first, cuda_batch_norm_backward, norm);
}

// ---- dense and batch norm ---------------------------------------------------------------------

static size_t dense_then_norm(Cuda *cuda, unsigned char *first, const unsigned char *second) {
    ARGUMENTS(cuda_dense_forward) dense;
    ARGUMENTS(cuda_batch_norm_forward) norm;
    if (!note_is(first, cuda_dense_forward, &dense) ||
        !note_is(second, cuda_batch_norm_forward, &norm))
        return 0;
    auto &[shape, n, x, w, b, y, dropped] = dense;
    auto &[channels, m, before, gamma, beta, mean, var, normal, saved, after] = norm;
    if (dropped.out || shape.activation != ACTIVATION_NONE || before != y || m != n ||
        channels.area != 1 || channels.channels != shape.out ||
        !cuda_dense_norm_fits(cuda, shape, n))
        return 0;
    ARGUMENTS(cuda_dense_norm_forward)
    both(shape, n, x, w, b, y, channels, gamma, beta, mean, var, normal, saved, after);
    return note_write(first, cuda_dense_norm_forward, both);
}

static size_t dense_norm_then_activation(Cuda *, unsigned char *first,
                                         const unsigned char *second) {
    ARGUMENTS(cuda_dense_norm_forward) dense;
    if (!note_is(first, cuda_dense_norm_forward, &dense)) return 0;
    auto &[shape, n, x, w, b, y, channels, gamma, beta, mean, var, normal, saved, after] = dense;
    if (!norm_takes(second, normal, (size_t)n * shape.out, &after)) return 0;
    return note_write(first, cuda_dense_norm_forward, dense);
}

// What comes out of the dense layer is read by batch norm alone, in whose place its own result
// goes.
static size_t dense_backward_then_norm(Cuda *cuda, unsigned char *first,
                                       const unsigned char *second) {
    ARGUMENTS(cuda_dense_backward) dense;
    ARGUMENTS(cuda_batch_norm_backward) norm;
    if (!note_is(first, cuda_dense_backward, &dense) ||
        !note_is(second, cuda_batch_norm_backward, &norm))
        return 0;
    auto &[shape, n, x, w, y, dy, dx, dw, db, dropped] = dense;
    auto &[channels, m, before, gamma, saved, from, to, dgamma, dbeta, after] = norm;
    if (dropped.scale != 0.0f || !dx || from != dx || to != dx || m != n || channels.area != 1 ||
        channels.channels != shape.in || !cuda_dense_norm_fits(cuda, shape, n))
        return 0;
    ARGUMENTS(cuda_dense_norm_backward)
    both(shape, n, x, w, y, dy, dx, dw, db, channels, before, gamma, saved, dgamma, dbeta, after);
    return note_write(first, cuda_dense_norm_backward, both);
}

// ---- the last dense layer and the loss --------------------------------------------------------

static size_t dense_then_loss(Cuda *cuda, unsigned char *first, const unsigned char *second) {
    ARGUMENTS(cuda_dense_forward) dense;
    ARGUMENTS(cuda_loss) loss;
    if (!note_is(first, cuda_dense_forward, &dense) || !note_is(second, cuda_loss, &loss)) return 0;
    auto &[shape, n, x, w, b, y, dropped] = dense;
    auto &[kind, smoothing, classes, rows, logits, labels, dlogits, stats] = loss;
    if (dropped.out || logits != y || classes != shape.out || rows != n ||
        !cuda_dense_loss_fits(cuda, shape, n))
        return 0;
    ARGUMENTS(cuda_dense_loss)
    both(shape, n, x, w, b, y, kind, smoothing, labels, dlogits, stats);
    return note_write(first, cuda_dense_loss, both);
}

size_t notes_fuse(Cuda *cuda, unsigned char *first, const unsigned char *second) {
    static size_t (*const ways[])(Cuda * cuda, unsigned char *first,
                                  const unsigned char *second) = {
        dense_then_dropout,       dropout_then_dense_backward,
        norm_then_activation,     activation_then_norm_backward,
        dense_then_norm,          dense_norm_then_activation,
        dense_backward_then_norm, dense_then_loss};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        size_t size = ways[i](cuda, first, second);
        if (size > 0) return size;
    }
    return 0;
}
