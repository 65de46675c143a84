// From the gradient to colours; see saliency.h.
#include "panels/saliency.h"

#include "panels/workbench.h"

#include <math.h>
#include <string.h>

// Colours of the two ends, and how much a pixel of the strongest gradient covers.
static const uint32_t saliency_for = 0xFF9A2E, saliency_against = 0x2F8FE0;
enum { SALIENCY_ALPHA = 225 };

static void saliency_paint(Saliency *saliency, const float *gradient, int count) {
    float limit = 0;
    for (int i = 0; i < count; i++)
        if (isfinite(gradient[i])) limit = fmaxf(limit, fabsf(gradient[i]));
    for (int i = 0; i < count; i++) {
        float t = limit > 0 && isfinite(gradient[i]) ? fabsf(gradient[i]) / limit : 0;
        Color color = color_hex(gradient[i] < 0 ? saliency_against : saliency_for);
        uint8_t *to = saliency->rgba + 4 * i;
        to[0] = color.r;
        to[1] = color.g;
        to[2] = color.b;
        to[3] = (uint8_t)lroundf(t * SALIENCY_ALPHA);
    }
}

void saliency_draw(Ui *ui, const Saliency *saliency, Rect place) {
    if (!saliency->there) return;
    DrawImage image = {ui_hash(0, "saliency"), saliency->version, saliency->field, saliency->field,
                       saliency->field * 4,    IMAGE_RGBA8,       saliency->rgba};
    draw_image(&ui->draw, place, &image, SAMPLE_NEAREST, color_hex(0xFFFFFF));
}

static Status saliency_carry_out(Errand *errand) {
    Saliency *saliency = (Saliency *)errand;
    return recognizer_saliency(saliency->thought.recognizer, saliency->input, saliency->class,
                               saliency->gradient);
}

static Status saliency_deliver(Workbench *bench, Errand *errand) {
    Saliency *saliency = (Saliency *)errand;
    (void)bench;
    saliency->there = status_is_ok(&errand->status);
    saliency->field = saliency->side;
    saliency->version++;
    if (saliency->there)
        saliency_paint(saliency, saliency->gradient, saliency->field * saliency->field);
    return errand->status;
}

void saliency_update(Workbench *bench) {
    static const ErrandKind kind = {saliency_carry_out, saliency_deliver, thought_close,
                                    ERRANDS_THOUGHTS};
    const Answer *answer = &bench->answer;
    Saliency *saliency = &bench->saliency;
    saliency->missing = answer->recognizer && recognizer_is_graph(answer->recognizer);
    bool wanted = bench->prefs.saliency && answer->recognizer && !answer->blank && !answer->lost &&
                  !saliency->missing;
    uint64_t of = answer->of << 32 ^ answer->version;
    if (!wanted) {
        saliency->there = false;
        saliency->of = 0;
    }
    if (!wanted || saliency->of == of || saliency->thought.busy || !thought_is_possible(bench))
        return;
    saliency->of = of;
    saliency->side = answer->field;
    saliency->class = answer->best[0];
    memcpy(saliency->input, answer->input, (size_t)answer->field * (size_t)answer->field);
    thought_send(bench, &saliency->thought, &kind);
}
