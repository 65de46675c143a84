// The state of the whole window, in one struct: data, runs, models, who answers, what is on the
// canvas, what the form says, which dialog is open. Panels (panel_*.c) read and change it; nothing
// else is remembered anywhere. No SDL; the window's thread only.
#ifndef INKLING_PANELS_WORKBENCH_H
#define INKLING_PANELS_WORKBENCH_H

#include "dataset/dataset.h"
#include "panels/answer.h"
#include "panels/atlas.h"
#include "panels/devices.h"
#include "panels/errands.h"
#include "panels/exam.h"
#include "panels/guesser.h"
#include "panels/histogram.h"
#include "panels/history_view.h"
#include "panels/ink_state.h"
#include "panels/language.h"
#include "panels/lesson.h"
#include "panels/loader.h"
#include "panels/mosaic.h"
#include "panels/my_digits.h"
#include "panels/parts.h"
#include "panels/race.h"
#include "panels/runs.h"
#include "panels/saliency.h"
#include "panels/slowmo.h"
#include "ui/chart.h"
#include "ui/popup.h"

enum {
    MODELS_MAX = 12,
    PATH_ENTRIES_MAX = 400,
    LAYER_MOSAICS_MAX = 24,
    CELL_IMAGES_MAX = 200,
    LAYER_FIGURES_MAX = 64,
    LESSON_LIST_MAX = 32,
    MINE_ASKED_MAX = 24,
    GUESS_CLASSES_TEXT = SPEC_CLASSES_MAX * 18
};

// A list that becomes a picture file: whoever draws knows what it is.
typedef struct DrawPicture DrawPicture;

// The outside world, as functions. `wake` may be called from any thread and may only wake the
// window; `logger` gets every sentence that is shown; `read_picture` reads PNG, JPEG ... (NULL:
// pictures cannot be opened), on any thread; `use_language` gives tr() its catalog.
typedef struct WorkbenchHooks {
    void (*wake)(void *context);
    void *context;
    Logger logger;
    Status (*read_picture)(const char *path, GreyPicture *out);
    // A finished list on `background`, `scale` pixels to a unit, as a PNG file; NULL: cannot.
    // make_picture takes from the list what the others need, which go without it; write_picture
    // may be called on any thread, the others on the window's.
    Status (*make_picture)(const DrawList *list, float scale, Color background, DrawPicture **out);
    Status (*write_picture)(const DrawPicture *picture, const char *path);
    void (*close_picture)(DrawPicture **picture);
    Status (*use_language)(void *context, LanguageCode language); // NULL: there is only English
} WorkbenchHooks;

typedef struct WorkbenchOptions {
    const char *model, *settings;      // may be NULL
    const char *const *shipped_models; // NULL-terminated or NULL; the last one answers first
    DatasetRequest data;               // `beside` must stay valid
    Dataset *dataset;                  // instead of `data`; given away
    const char *device;                // NULL: what the settings say
    int threads;                       // of the trainer; 0: all processors but one
    const char *my_digits;             // file of what is taught; NULL: kept in memory only
    const char *lessons; // directory of the lessons that come with the program; NULL: none
    const char *history; // directory of the runs that stay; NULL: none stays
    WorkbenchHooks hooks;
} WorkbenchOptions;

typedef enum DeckTab {
    TAB_SAMPLES,
    TAB_MISTAKES,
    TAB_CONFUSION,
    TAB_FEATURES,
    TAB_FILTERS,
    TAB_MINE,
    TAB_HISTOGRAMS,
    TAB_MAP,
    TAB_SLOWMO,
    TAB_COUNT,
} DeckTab;

typedef enum DialogKind {
    DIALOG_NONE,
    DIALOG_OPEN,
    DIALOG_SAVE,
    DIALOG_LAYERS,
    DIALOG_MORE,
    DIALOG_RACE,
    DIALOG_IMPORT,
    DIALOG_EXPORT,
    DIALOG_EXPORT_RUNS,
    DIALOG_GUESS,
    DIALOG_HISTORY,
    DIALOG_DEVICE,
    DIALOG_KEYS,
    DIALOG_LESSONS,
    DIALOG_DELETE_RUN,
    DIALOG_CHANGE_DATA,
    DIALOG_QUIT,
    DIALOG_COUNT,
} DialogKind;

// What is remembered from one time to the next (the app writes it down).
typedef struct Prefs {
    bool light;
    bool big;     // text for the back row: what matters, as large as the window allows
    int language; // a LanguageCode
    float scale;  // the person's own, 1 = as it is
    float brush;
    int tab;
    bool log_loss, raw_loss;
    int chart_x;                   // a CurveAxis
    bool saliency;                 // over the drawing: which ink counts
    char directory[FILE_PATH_MAX]; // of the last file opened or saved
} Prefs;

// What DIALOG_LESSONS offers: the lessons that come with the program, then those in "lessons" of
// the user's data directory.
typedef struct LessonList {
    struct {
        char path[FILE_PATH_MAX];
        Lesson *lesson; // owned; NULL: it cannot be read, and `problem` says why
        char problem[STATUS_MESSAGE_MAX];
    } item[LESSON_LIST_MAX];
    int count;
    int shipped; // so many of them come with the program
    bool fresh;  // just read: the first one gets the keyboard
    UiScroll scroll;
} LessonList;
void lesson_list_read(Workbench *bench);
void lesson_list_close(LessonList *list);

typedef struct PathDialogState {
    char path[FILE_PATH_MAX];
    char problem[STATUS_MESSAGE_MAX];
    char listed[FILE_PATH_MAX]; // directory that `names` are of
    char filter[256];           // beginning of the names that are shown
    char *names[PATH_ENTRIES_MAX];
    const char *shown[PATH_ENTRIES_MAX];
    int name_count, shown_count;
    char overwrite[FILE_PATH_MAX]; // has been warned about
    UiScroll scroll;
} PathDialogState;

// What the layers that TAB_FEATURES shows put out for the picture that is answered.
typedef struct LayerThought {
    Thought thought;
    uint32_t opened; // of which network,
    uint64_t of;     // and which of its answers; 0: none
    uint8_t input[INK_FIELD_MAX * INK_FIELD_MAX];
    int count;
    struct {
        int layer, last; // share one output
        Shape shape;
        size_t first; // in values
    } part[LAYER_MOSAICS_MAX];
    float *values; // owned; the thread's while it is busy
    size_t capacity;
} LayerThought;

// Where one number of a feature map comes from.
typedef struct LookThought {
    Thought thought;
    uint8_t input[INK_FIELD_MAX * INK_FIELD_MAX];
    int layer, last, mosaic;
    MosaicPixel pixel;
    uint64_t of; // layers.of
    uint32_t opened;
    Explanation explanation;
} LookThought;

// The number of a feature map that is being looked at, and what is told of it.
typedef struct FeatureLook {
    LookThought asked;
    bool there; // of what was asked last, or the time before
    int mosaic;
    MosaicPixel pixel;
    uint32_t opened;
    Explanation explanation;
} FeatureLook;

// A label that is to be taught when the answer to its drawing is there: that says which of the
// strokes are the digit. Until then no other drawing is asked about.
typedef struct LabelWaiting {
    char text[16]; // "": none
    InkState ink;  // a copy: the next drawing may have been begun
    uint64_t version, edits;
} LabelWaiting;

// What the network says about some of my digits.
typedef struct MineThought {
    Thought thought;
    uint64_t asked; // with which weights
    int n, field;
    uint32_t id[MINE_ASKED_MAX];
    uint8_t *images; // owned: n fields
    uint8_t said[MINE_ASKED_MAX];
    float confidence[MINE_ASKED_MAX];
} MineThought;

// The dots of the map as one picture: pixels owned.
typedef struct MapPicture {
    uint8_t *rgba;
    size_t capacity;
    int width, height;
    uint32_t version;
    uint64_t of; // which map, size and theme
} MapPicture;

// The weights that the last run started from, where that was a file.
typedef struct InitialWeights {
    char path[FILE_PATH_MAX];
    SavedModel *model; // NULL: there are none
    double since;      // clock
} InitialWeights;

// The last fine-tuning on my digits: how many of them, and of the test set, were answered right
// before and after. Shares 0..1; < 0: not known yet.
typedef struct FineTune {
    uint64_t run; // 0: none yet
    char name[RUN_NAME_MAX];
    bool preparing; // it starts when its images are there
    bool over;      // the run is; `done`: its figures are there too
    bool looking, done;
    int digits; // of mine that it learnt
    double mine[2], test[2];
    Examiner examiner; // of what it started from
    Exam exam;
} FineTune;

// What DIALOG_GUESS shows: what is taken for the network of a file, and how good that is.
typedef struct GuessForm {
    uint64_t id;           // the model's
    GuessWish wish, asked; // what the fields say, and what was tried last
    double mean, std;
    char classes[GUESS_CLASSES_TEXT]; // names with ", " between
    Guesser guesser;
    GuessResult tried; // of `asked`; its model is owned
} GuessForm;

struct Workbench {
    WorkbenchHooks hooks;
    Prefs prefs;
    LanguageCode language; // in use
    double now;            // time of this frame
    Errands errands[ERRANDS_QUEUES];

    Loader loader;
    Dataset *dataset; // NULL while it is being loaded
    Dataset *leaving; // the one before, until nobody looks at it any more
    uint32_t dataset_version;
    char dataset_problem[STATUS_MESSAGE_MAX];
    DatasetRequest data_request;
    char data_name[FILE_PATH_MAX];   // what data_request.data says
    char data_wanted[FILE_PATH_MAX]; // asked for by DIALOG_CHANGE_DATA
    Devices devices;
    Trainer *trainer; // of the device that the form names; NULL without it or without data
    int threads;

    TrainConfig form;
    LessonState lesson;
    RunList runs;
    InitialWeights initial;
    uint64_t next_id;
    History *history; // NULL: runs are not kept
    HistoryView history_view;

    ModelEntry models[MODELS_MAX];
    int model_count;
    uint64_t pin;  // who answers; 0: automatic
    bool pin_soft; // by opening a file; the next start takes it back
    Answer answer;
    Saliency saliency;
    Exam exam;
    Examiner examiner;
    int opening;                      // model files that are being read
    char opening_path[FILE_PATH_MAX]; // the one asked for last
    Guesser guesser;                  // finds out what they do not say
    GuessForm guess;
    InkState ink;

    // teaching
    MyDigits mine;
    MineThought asking;
    FineTune tune;
    uint64_t taught_ink;             // edits of the drawing taught last,
    int taught_shown;                // which digit of it,
    uint32_t taught_id;              // and what it became
    char taught_word[UI_TOAST_TEXT]; // to be said when it is on the disk
    LabelWaiting label;
    int ticks; // frames so far, up to a few

    // charts
    ChartView loss_view, accuracy_view;
    ChartHover hover;

    // lower deck
    DeckTab tab;
    UiScroll scroll[TAB_COUNT];
    UiScroll runs_scroll;
    uint64_t runs_revealed; // the selected run that has been brought into view
    int tile_cursor[TAB_COUNT];
    int cell_row, cell_column; // chosen in the confusion matrix, -1: none
    uint64_t cell_of;          // what cell_images belong to
    int32_t cell_images[CELL_IMAGES_MAX];
    int cell_count;
    UiScroll class_scroll;
    Mosaic features[LAYER_MOSAICS_MAX], filters[LAYER_MOSAICS_MAX];
    int feature_count, filter_count;
    uint64_t features_of, filters_of; // what they were made from
    uint32_t features_opened;         // which network that was
    LayerThought layers;
    FeatureLook look;
    int look_focus;          // which of them had the keyboard last
    MosaicPixel look_cursor; // and where
    Rect seen;               // where the window shows the network's input
    LayerFigures figures[LAYER_FIGURES_MAX];
    int figure_count;
    uint64_t figures_of;
    Atlas atlas;
    MapPicture map_picture;
    int map_cursor; // the test image that the keyboard is at
    SlowMotion slow;

    // dialogs
    DialogKind dialog, dialog_before; // the latter: where the menu of devices goes back to
    PathDialogState path;
    uint64_t save_id; // run or model that DIALOG_SAVE writes
    RaceState race;
    int export_kind; // what DIALOG_EXPORT_RUNS writes (panels/export.h)
    uint64_t delete_id;
    char layers_text[TRAIN_LAYERS_MAX];
    char settings_text[TRAIN_LINE_MAX];
    char settings_problem[STATUS_MESSAGE_MAX];
    UiScroll more_scroll;
    UiToasts toasts;

    char lessons[FILE_PATH_MAX]; // directory of those that come with the program
    LessonList lesson_list;

    // to the app
    bool want_quit;    // the program may end now
    bool quitting;     // as soon as all errands are done
    bool hide_pointer; // the canvas shows its own
};

// Starts loading the data set and opens the models named; a model that cannot be opened is a
// message in the window, not an error here. Strings in `options` are copied except `data.beside`.
Status workbench_open(Workbench **out, const WorkbenchOptions *options);
// Stops training and waits for the threads.
void workbench_close(Workbench **bench);

// Once a frame before the panels: takes what other threads have for us.
void workbench_tick(Workbench *bench, double now);

// Threads of a trainer on the processor.
int workbench_threads(const Workbench *bench);
// A trainer for `dataset` on the device that the form names.
Status workbench_open_trainer(Workbench *bench, const Dataset *dataset, Trainer **out);

// Shows a sentence and logs it.
void workbench_say(Workbench *bench, NoticeKind kind, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;
// Says what is wrong, if anything is. Returns true when `status` is OK.
bool workbench_check(Workbench *bench, Status status);

// The window speaks `language` from now on, or says why it cannot.
void workbench_use_language(Workbench *bench, LanguageCode language);

// Someone wants to close the window: asks when runs would be lost, else sets want_quit, after all
// that is being written is; if some of that fails, the window stays and says so.
void workbench_quit(Workbench *bench);

// "3 (99.1 %)", "unsure", "" on a blank canvas: for the window's title.
void workbench_answer_text(const Workbench *bench, char *out, size_t size);

// The dataset of `request` in place of what there is, without asking; runs are deleted.
void workbench_load_data(Workbench *bench, const char *data);

// The form: as config_set, and what may change at once goes to the selected run.
void workbench_set(Workbench *bench, const char *option, const char *value);

#endif
