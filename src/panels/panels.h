// Every panel: draws itself into a rectangle and changes the workbench. One file each, panel_*.c;
// dialogs are dialog_*.c.
#ifndef INKLING_PANELS_PANELS_H
#define INKLING_PANELS_PANELS_H

#include "panels/words.h"
#include "panels/workbench.h"

void panel_top(Ui *ui, Workbench *bench, Rect rect);
void panel_ink(Ui *ui, Workbench *bench, Rect rect);    // canvas and tools
void panel_answer(Ui *ui, Workbench *bench, Rect rect); // what it sees, the answer, the bars
// What the answer lays over the canvas: a box around each digit of a number, and which ink counts.
// `rect` as for panel_ink, after the answer.
void panel_ink_over(Ui *ui, Workbench *bench, Rect rect);
// The digits of a number in one line, as large as the room allows.
void panel_number(Ui *ui, const Answer *answer, Rect rect);
void panel_charts(Ui *ui, Workbench *bench, Rect loss, Rect accuracy); // accuracy empty: hidden
void panel_deck(Ui *ui, Workbench *bench, Rect rect);                  // the tabs
// The tab of that English name, in small letters with "-" for blanks ("feature-maps"). TAB_COUNT
// when there is none; `names`: all of them, for a sentence.
DeckTab panel_tab_named(const char *word, char *names, size_t size);
void panel_runs(Ui *ui, Workbench *bench, Rect rect);

// Not hidden by a lesson, nor by big text (unless the lesson shows it).
bool part_is_shown(const Workbench *bench, WindowPart part);
// Everything larger or smaller by so many steps, or (0) as it was made; ends big text.
void interface_scale(Workbench *bench, int steps);
// The smallest window, in logical pixels, that everything fits in now.
Vec2 interface_least(const Workbench *bench);

// The form and the progress line below it. Returns the height used; draws only when `draw`.
float panel_form(Ui *ui, Workbench *bench, Rect rect, bool draw);
// The lesson that is going on: caption, Back and Next. Returns the height used; draws only when
// `draw`.
float panel_lesson(Ui *ui, Workbench *bench, Rect rect, bool draw);

// Text, bar and speed of the selected run, in one line.
void panel_progress(Ui *ui, Workbench *bench, Rect rect);

// Tabs of the deck.
void panel_samples(Ui *ui, Workbench *bench, Rect rect);
void panel_mistakes(Ui *ui, Workbench *bench, Rect rect);
void panel_confusion(Ui *ui, Workbench *bench, Rect rect);
void panel_features(Ui *ui, Workbench *bench, Rect rect);
void panel_filters(Ui *ui, Workbench *bench, Rect rect);
void panel_histograms(Ui *ui, Workbench *bench, Rect rect);
void panel_map(Ui *ui, Workbench *bench, Rect rect);
void panel_slowmo(Ui *ui, Workbench *bench, Rect rect);
void panel_mine(Ui *ui, Workbench *bench, Rect rect);

// What slow motion shows of the phase at hand, below its header (panel_slowmo_phase.c).
void panel_slowmo_phase(Ui *ui, Workbench *bench, Rect rect);
// Its last part, the update of one layer (panel_slowmo_update.c): what is worked out once, and
// showing it: gives the height used, draws only when `draw`.
void slowmo_update_make(SlowUpdate *out, const RunEntry *run, const Transcript *t, int layer);
float panel_slowmo_update(Ui *ui, Workbench *bench, Rect rect, int layer, bool draw);
// A line of a column of figures: what, and how much.
void slowmo_figure(Ui *ui, Rect *column, const char *name, const char *value);
// "conv1 + relu": layers first .. last of a run's network.
void slowmo_stage_name(const RunEntry *run, int first, int last, char out[64]);

// Once a frame: asks the trainer for what panel_histograms shows while it is open.
void histograms_tick(Workbench *bench);

// Test images as tiles with label and answer, in a grid that scrolls; a click puts one on the
// canvas. One stop in the Tab order; the arrow keys go from tile to tile.
typedef struct Tile {
    int32_t index;    // in the test set
    int said;         // < 0: no answer yet
    float confidence; // < 0: not shown
} Tile;
typedef struct TileGrid {
    const char *name;
    int count;
    Tile (*tile)(Workbench *bench, int i);
    UiScroll *scroll;
    int *cursor; // the tile that has or would get the focus
} TileGrid;
void panel_tiles(Ui *ui, Workbench *bench, Rect rect, const TileGrid *grid);
// The look of one: picture, label, what the network says (NULL: nothing yet), right or wrong.
void panel_tile(Ui *ui, Rect rect, const UiHit *hit, const DrawImage *image, const char *truth,
                const char *said, bool selected);
// Test image `index` as a picture; and put on the canvas, where the network gets these very bytes.
DrawImage panel_test_image(const Workbench *bench, int32_t index);
void panel_take_test_image(Workbench *bench, int32_t index);
Grid panel_tile_grid(Rect rect, int count);
// A quiet sentence in the middle: why there is nothing here.
void panel_empty(Ui *ui, Rect rect, const char *text);

// How a number of a layer came about, in a box beside `about`, above everything.
typedef struct ExplainText {
    char title[128]; // what number it is
    char after[48];  // the activation behind the sum, "" without
} ExplainText;
void panel_explain(Ui *ui, const Explanation *explanation, const ExplainText *text, Rect about);
// The channel of its input that adds most, or takes most away.
int explanation_strongest(const Explanation *explanation);

// What the control for one option shows for choice `index`: "StepLR"; NULL behind the last.
const char *option_choice_label(const TrainOption *option, int index);
// The control of one option of the form. True when changed.
bool option_control(Ui *ui, Workbench *bench, const TrainOption *option, Rect rect);
// Whether it means anything with the optimizer and schedule chosen.
bool option_applies(const TrainConfig *config, const TrainOption *option);

// Whatever dialog is open.
void dialogs(Ui *ui, Workbench *bench);
void dialog_open(Workbench *bench, DialogKind kind);
void dialog_path(Ui *ui,
                 Workbench *bench); // DIALOG_OPEN, _SAVE, _IMPORT, _EXPORT, _EXPORT_RUNS
void dialog_layers(Ui *ui, Workbench *bench);
void dialog_more(Ui *ui, Workbench *bench);
void dialog_guess(Ui *ui, Workbench *bench);
void dialog_guess_prepare(Workbench *bench); // of the model that answers
void dialog_history(Ui *ui, Workbench *bench);
void dialog_compare(Ui *ui, Workbench *bench, Rect rect); // in its place: what differs
void dialog_race(Ui *ui, Workbench *bench);
void dialog_race_prepare(Workbench *bench);
// The form as one line of text, to and from the clipboard.
// The form in one line; the device, too, where it is not what every machine has.
void settings_print(const Workbench *bench, char line[TRAIN_LINE_MAX]);
void settings_copy(Ui *ui, Workbench *bench);
void settings_paste(Ui *ui, Workbench *bench);
// The menu of devices, and a button that opens it: devices have to be looked for, so it is a dialog
// of its own, which goes back to the one it was opened from.
void dialog_device(Ui *ui, Workbench *bench);
void device_button(Ui *ui, Workbench *bench, Rect rect);
void dialog_keys(Ui *ui, Workbench *bench);
void dialog_lessons(Ui *ui, Workbench *bench);

// Train, pause or resume: what Space does.
void training_toggle(Ui *ui, Workbench *bench);

#endif
