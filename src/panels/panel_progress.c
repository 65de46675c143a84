// One line about the selected run: where it is, how fast, how long yet.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/words.h"
#include "train/statistics.h"

#include <math.h>
#include <stdio.h>

typedef struct ProgressText {
    char strong[64], soft[192], right[96];
    float fraction; // < 0: no bar
    bool failed;
} ProgressText;

static void progress_none(const Workbench *bench, ProgressText *out) {
    const Preset *preset = preset_find(bench->form.preset);
    out->fraction = -1;
    if (!bench->dataset && !bench->loader.busy) {
        text_copy(out->strong, sizeof out->strong, tr("No data"));
        snprintf(out->soft, sizeof out->soft,
                 tr(" \xc2\xb7 drop a directory with IDX files on the "
                    "window"));
        return;
    }
    text_copy(out->strong, sizeof out->strong, bench->dataset ? tr("Ready") : tr("Loading"));
    const char *layers = preset && !bench->form.layers[0] ? preset->label : tr("your own layers");
    if (bench->dataset)
        snprintf(out->soft, sizeof out->soft, tr(" \xc2\xb7 %s will learn %.60s"), layers,
                 bench->dataset->name);
    else
        snprintf(out->soft, sizeof out->soft, tr(" \xc2\xb7 %s waits for its data"), layers);
}

static void progress_going(const RunEntry *run, ProgressText *out) {
    const TrainConfig *config = &run->log->config;
    char rate[WORD_MAX], left[WORD_MAX];
    int batch = run->last.batch, batches = run->log->batches;
    int epoch = run->last.epoch > 0 ? run->last.epoch : 1;
    RunState state = entry_state(run);
    double all = (double)batches * config->epochs;
    double done = (double)(epoch - 1) * batches + batch;
    out->fraction = (float)(done / all);
    snprintf(out->strong, sizeof out->strong, tr("Epoch %d / %d"), epoch, config->epochs);
    if (state == RUN_WAITING)
        text_copy(out->soft, sizeof out->soft, tr(" \xc2\xb7 starting"));
    else if (entry_is_evaluating(run))
        text_copy(out->soft, sizeof out->soft, tr(" \xc2\xb7 looking at the test set"));
    else
        snprintf(out->soft, sizeof out->soft, tr(" \xc2\xb7 batch %d / %d"), batch, batches);
    if (state == RUN_PAUSED) {
        text_copy(out->right, sizeof out->right, tr("paused"));
    } else if (run->meter_rate > 0) {
        word_count(rate,
                   run->meter_rate >= 1000 ? round(run->meter_rate / 10) * 10 : run->meter_rate);
        word_clock(left, (all - done) * config->batch_size / run->meter_rate);
        snprintf(out->right, sizeof out->right, tr("%s images/s \xc2\xb7 %s left"), rate, left);
    }
}

static void progress_over(const Workbench *bench, const RunEntry *run, ProgressText *out) {
    char time[WORD_MAX], range[WORD_MAX];
    RunState state = entry_state(run);
    word_clock(time, run->last.seconds);
    text_copy(out->strong, sizeof out->strong, run->name);
    out->fraction = -1;
    out->failed = state == RUN_FAILED;
    if (state == RUN_FAILED)
        snprintf(out->soft, sizeof out->soft, " \xc2\xb7 %.180s", run->log->failure.message);
    else if (state == RUN_STOPPED)
        snprintf(out->soft, sizeof out->soft, tr(" \xc2\xb7 stopped in epoch %d, batch %d"),
                 run->last.epoch, run->last.batch);
    else
        snprintf(out->soft, sizeof out->soft,
                 tr_n(" \xc2\xb7 finished, %d epoch in %s", " \xc2\xb7 finished, %d epochs in %s",
                      run->last_epoch.epoch),
                 run->last_epoch.epoch, time);
    if (state == RUN_FAILED || run->best <= 0) return;
    double accuracy = run->last_epoch.test_accuracy, n = entry_test_images(bench, run);
    Interval sure = statistics_wilson(accuracy * n, n);
    word_range(range, sure.low, sure.high);
    snprintf(out->right, sizeof out->right, tr("%.2f %% right, 95 %% interval %s"), accuracy * 100,
             range);
}

void panel_progress(Ui *ui, Workbench *bench, Rect rect) {
    const ThemeColors *c = &ui->theme->color;
    ProgressText text = {0};
    RunEntry *run = runs_selected(bench);
    if (!run)
        progress_none(bench, &text);
    else if (entry_is_active(run))
        progress_going(run, &text);
    else
        progress_over(bench, run, &text);
    float right = text.right[0] ? ceilf(ui_text_width(ui, TEXT_BODY, text.right)) + 1 : 0;
    if (text.fraction >= 0 && right > 0 && right < 178) right = 178; // the bar does not jump
    Rect end = rect_cut_right(&rect, right, right > 0 ? 12 : 0);
    ui_text_right(ui, end, TEXT_BODY, c->text_soft, text.right);
    float used = ui_text(ui, rect, TEXT_STRONG, text.failed ? c->error : c->text, text.strong);
    rect_cut_left(&rect, used, 0);
    if (!run || text.fraction < 0) {
        ui_text(ui, rect, TEXT_BODY, text.failed ? c->error : c->text_soft, text.soft);
        return;
    }
    char widest[64]; // of the same texts, so that the bar's left end stays
    int epochs = run->log->config.epochs, batches = run->log->batches;
    snprintf(widest, sizeof widest, tr("Epoch %d / %d"), epochs, epochs);
    float strong = fmaxf(ui_text_width(ui, TEXT_STRONG, widest) - used, 0);
    snprintf(widest, sizeof widest, tr(" \xc2\xb7 batch %d / %d"), batches, batches);
    float soft = fmaxf(ui_text_width(ui, TEXT_BODY, widest),
                       ui_text_width(ui, TEXT_BODY, tr(" \xc2\xb7 looking at the test set")));
    Rect words = rect_cut_left(&rect, fminf(ceilf(strong + soft), rect.w), 12);
    ui_text(ui, words, TEXT_BODY, c->text_soft, text.soft);
    if (rect.w < 40) return;
    rect.y += floorf((rect.h - 6) / 2);
    rect.h = 6;
    ui_progress(ui, rect, text.fraction);
}
