// How the numbers of a layer are spread.
#include "panels/histogram.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

enum { HISTOGRAM_PART = 256 };

// 1, 2 or 5 times a power of ten, at least `value`: a range that seldom changes.
static double histogram_round_up(double value) {
    static const double steps[] = {1, 2, 5, 10};
    if (!(value > 0) || !isfinite(value)) return 1;
    double power = pow(10, floor(log10(value)));
    for (int i = 0; i < 4; i++)
        if (steps[i] * power >= value) return steps[i] * power;
    return 10 * power;
}

int histogram_bar(const Histogram *histogram, double value) {
    double at = (value / histogram->limit + 1) / 2 * HISTOGRAM_BINS;
    return at < 0 ? 0 : at >= HISTOGRAM_BINS ? HISTOGRAM_BINS - 1 : (int)at;
}

// Calls `take` with every step-th parameter of the layer, in parts.
typedef void HistogramTake(Histogram *out, SpreadSums *sums, const float *values, size_t count);

static void histogram_visit(Histogram *out, SpreadSums *sums, const ModelPlan *plan, int layer,
                            const float *flat, HistogramTake *take) {
    float part[HISTOGRAM_PART];
    size_t count = 0;
    for (int t = plan->first_tensor[layer]; t < plan->first_tensor[layer + 1]; t++) {
        if (!plan->tensors[t].trainable) continue;
        const float *values = flat + plan->tensors[t].offset;
        for (size_t i = 0; i < plan->tensors[t].count; i += out->step) {
            part[count++] = values[i];
            if (count < HISTOGRAM_PART) continue;
            take(out, sums, part, count);
            count = 0;
        }
    }
    take(out, sums, part, count);
}

// Without a factor that the sides of matrices have, it meets all their columns.
static size_t histogram_step(size_t numbers) {
    size_t step = (numbers + HISTOGRAM_COUNTED_MAX - 1) / HISTOGRAM_COUNTED_MAX;
    while (step > 1 && (step % 2 == 0 || step % 3 == 0 || step % 5 == 0 || step % 7 == 0)) step++;
    return step > 0 ? step : 1;
}

static void histogram_measure(Histogram *out, SpreadSums *sums, const float *values, size_t count) {
    (void)out;
    spread_add(sums, values, count);
}

static void histogram_count(Histogram *out, SpreadSums *sums, const float *values, size_t count) {
    (void)sums;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i]))
            out->bars[histogram_bar(out, values[i])]++;
        else
            out->lost++;
    }
}

void histogram_of_layer(Histogram *out, const ModelPlan *plan, int layer, const float *flat) {
    SpreadSums sums = {0};
    memset(out, 0, sizeof *out);
    for (int t = plan->first_tensor[layer]; t < plan->first_tensor[layer + 1]; t++)
        if (plan->tensors[t].trainable) out->numbers += plan->tensors[t].count;
    out->step = histogram_step(out->numbers);
    histogram_visit(out, &sums, plan, layer, flat, histogram_measure);
    out->spread = spread_finish(&sums);
    out->limit = histogram_round_up(fmaxf(fabsf(out->spread.low), fabsf(out->spread.high)));
    histogram_visit(out, &sums, plan, layer, flat, histogram_count);
    for (int i = 0; i < HISTOGRAM_BINS; i++)
        if (out->bars[i] > out->most) out->most = out->bars[i];
}

int layer_figures(LayerFigures *out, int max, const ModelPlan *plan, int layer_count,
                  const float *weights, const float *gradients, const DeadUnits *dead) {
    int count = 0;
    for (int i = 0; i < layer_count; i++) {
        int first = plan->first_tensor[i];
        if (dead && dead->units[i] > 0 && count > 0 && out[count - 1].units == 0) {
            out[count - 1].units = dead->units[i];
            out[count - 1].dead = dead->dead[i];
        }
        if (plan->first_tensor[i + 1] == first || count == max) continue;
        LayerFigures *look = &out[count++];
        memset(look, 0, sizeof *look);
        look->layer = i;
        text_copy(look->name, sizeof look->name, plan->tensors[first].name);
        look->name[strcspn(look->name, ".")] = '\0';
        histogram_of_layer(&look->weights, plan, i, weights);
        look->has_gradients = gradients != NULL;
        if (gradients) histogram_of_layer(&look->gradients, plan, i, gradients);
    }
    return count;
}
