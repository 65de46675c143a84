// The lower deck: tabs that look at the network from several sides.
#include "panels/panels.h"

#include "base/tr.h"
#include "panels/words.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *shorter, *hint;
    void (*panel)(Ui *, Workbench *, Rect);
} deck_tabs[TAB_COUNT] = {
    [TAB_SAMPLES] = {TR("Test samples"), TR("Samples"), TR("label \xc2\xb7 prediction"),
                     panel_samples},
    [TAB_MISTAKES] = {TR("Mistakes"), TR("Mistakes"), TR("most confident first"), panel_mistakes},
    [TAB_CONFUSION] = {TR("Confusion"), TR("Confusion"), TR("click a cell for its images"),
                       panel_confusion},
    [TAB_FEATURES] = {TR("Feature maps"), TR("Features"), TR("of your drawing"), panel_features},
    [TAB_FILTERS] = {TR("Filters"), TR("Filters"), "", panel_filters},
    [TAB_MINE] = {TR("My digits"), TR("Mine"), "", panel_mine},
    [TAB_HISTOGRAMS] = {TR("Histograms"), TR("Histograms"), "", panel_histograms},
    [TAB_MAP] = {TR("Map"), TR("Map"), TR("the last hidden layer"), panel_map},
    [TAB_SLOWMO] = {TR("Slow motion"), TR("Slow"), "", panel_slowmo},
};

void panel_empty(Ui *ui, Rect rect, const char *text) {
    float width = fminf(fminf(rect.w, 340), ceilf(ui_text_width(ui, TEXT_SMALL, text)) + 1);
    float height = ui_paragraph_height(ui, width, TEXT_SMALL, text);
    Rect box = rect_center(rect, width, fminf(height + 2, rect.h));
    ui_paragraph(ui, box, TEXT_SMALL, ui->theme->color.text_muted, text);
}

DeckTab panel_tab_named(const char *word, char *names, size_t size) {
    DeckTab found = TAB_COUNT;
    size_t used = 0;
    names[0] = '\0';
    for (int i = 0; i < TAB_COUNT; i++) {
        char name[48];
        text_copy(name, sizeof name, deck_tabs[i].name);
        for (char *c = name; *c; c++) *c = (char)(*c == ' ' ? '-' : tolower((unsigned char)*c));
        words_append(names, size, &used, "%s%s", i ? ", " : "", name);
        if (strcmp(name, word) == 0) found = (DeckTab)i;
    }
    return found;
}

// Names of the tabs, with how much is behind them: the longest that fit the width, else short ones
// without numbers, of which the last are then behind "More".
static void deck_names(Ui *ui, const Workbench *bench, float width, char text[TAB_COUNT][48],
                       const char *items[TAB_COUNT]) {
    for (int shorter = 0; shorter < 3; shorter++) {
        for (int i = 0; i < TAB_COUNT; i++) {
            const char *name = tr(shorter ? deck_tabs[i].shorter : deck_tabs[i].name);
            if (i == TAB_MISTAKES && bench->exam.of && shorter < 2)
                snprintf(text[i], 48, "%s %d", name, bench->exam.mistake_count);
            else if (i == TAB_MINE && bench->mine.count > 0 && shorter < 2)
                snprintf(text[i], 48, "%s %d", name, bench->mine.count);
            else
                text_copy(text[i], 48, name);
            items[i] = text[i];
        }
        if (ui_segments_width(ui, items, TAB_COUNT, 0) <= width) return;
    }
}

void panel_deck(Ui *ui, Workbench *bench, Rect rect) {
    char text[TAB_COUNT][48];
    const char *items[TAB_COUNT];
    Rect inside = ui_card_inside(ui, rect);
    Rect heading = rect_cut_top(&inside, THEME_SEGMENT_H + 2, 10);
    int tab = (int)bench->tab;
    deck_names(ui, bench, heading.w, text, items);
    rect_cut_left(&heading, ui_tabs(ui, heading, "Views", items, TAB_COUNT, tr("More"), &tab), 12);
    bench->tab = (DeckTab)tab;
    bench->prefs.tab = tab;
    const char *hint = tr(deck_tabs[tab].hint);
    if (ui_text_width(ui, TEXT_CAPTION, hint) < heading.w)
        ui_text_right(ui, heading, TEXT_CAPTION, ui->theme->color.text_muted, hint);
    ui_push_id(ui, deck_tabs[tab].name);
    deck_tabs[tab].panel(ui, bench, inside);
    ui_pop_id(ui);
}
