// The page of ui_gallery.c: what it shows, and what the program around it decides. Not a test.
#ifndef INKLING_TESTS_UI_GALLERY_H
#define INKLING_TESTS_UI_GALLERY_H

#include "ui/chart.h"
#include "ui/heatmap.h"
#include "ui/popup.h"

enum { RUNS = 4, BATCHES = 9380, EPOCHS = 11, CLICK_MAX = 8 };

typedef struct Gallery {
    bool light, timed;
    float scale;
    int width, height, page;
    const char *screenshot;
    Vec2 clicks[CLICK_MAX];
    int click_count;
    Vec2 at;
    bool hovers;

    Series loss[RUNS], test[RUNS], train[RUNS];
    ChartView loss_view, accuracy_view;
    ChartHover hover;
    uint8_t canvas[280 * 280], small[28 * 28];
    uint32_t matrix[100];
    int model, optimizer, log_index, raw_index, tab;
    double rate, batch;
    float brush;
    bool check, toggle, dialog, path_dialog;
    char name[64], path[256];
    UiScroll scroll, entries;
    UiToasts toasts;
} Gallery;

// Made-up curves and pictures.
void gallery_fill(Gallery *g);
void gallery_page(Ui *ui, Gallery *g);

#endif
