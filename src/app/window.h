// The window: SDL, the event loop, and the panels in it (panels/root.h). One call runs all of it
// from opening to quitting. Not here: the command line (main.c), what the window shows (panels/).
#ifndef INKLING_APP_WINDOW_H
#define INKLING_APP_WINDOW_H

#include <stdbool.h>

// What the command line may say about the window. Zero-initialise; every field may be left out.
// Strings must stay valid during window_main.
typedef struct WindowOptions {
    const char *model;    // a model file to open; NULL: the shipped one
    const char *data;     // as DatasetRequest.data (dataset/dataset.h)
    const char *settings; // a settings line (train/config.h) for the training form
    const char *device;   // as BackendConfig.device
    int threads;          // for training; 0: all processors but one, which is the window's
    int width, height;    // logical pixels; 0: as last time
    float scale;          // the person's own scale; 0: as last time
    const char *theme;    // "dark", "light"; NULL: as last time
    const char *language; // "en", "zh_CN"; NULL: as last time, at first as the locale says
    // Where the program's own things are: the models that it ships with (NULL-terminated list;
    // the last one answers on first start; NULL: none), and the directories for
    // DatasetRequest.beside (NULL-terminated list; NULL: none).
    const char *const *shipped_models;
    const char *const *beside;
    const char *lessons; // directory of its lessons; NULL: none
    const char *lesson;  // a lesson to begin with; NULL: none
    // For pictures and measurements.
    const char *screenshot; // save a PNG of the first full frame and quit
    const char *demo;       // a strokes file (.jsonl): its first drawing goes to the canvas
    int tab;                // of the lower deck, 1 = first; 0: as last time
    double train_seconds;   // > 0: start training at once, and take the screenshot after so long
    const char *frame_log;  // write one line per frame with its times to this file
    bool forget; // neither read nor write the settings of last time, nor the history of runs
} WindowOptions;

// Runs the window until it is closed. Returns the exit status of the program; what goes wrong is
// said in a sentence on standard error (no display: 1). Call from the main thread.
int window_main(const WindowOptions *options);

#endif
