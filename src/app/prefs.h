// What the window remembers from one time to the next: a small text file, name=value a line, in the
// user's configuration directory. A damaged or missing one means the defaults, never an error.
#ifndef INKLING_APP_PREFS_H
#define INKLING_APP_PREFS_H

#include "panels/workbench.h"

typedef struct WindowPrefs {
    Prefs bench;
    int width, height; // logical pixels at scale 1; 0: not known
    int x, y;          // of the window; only if placed
    bool placed, maximised;
} WindowPrefs;

// Fills in what the file says; the rest is left as it is.
void prefs_read(WindowPrefs *prefs);
// Writes it atomically.
Status prefs_write(const WindowPrefs *prefs);

#endif
