// The whole window in one call: layout, panels, dialogs and keys.
#ifndef INKLING_PANELS_ROOT_H
#define INKLING_PANELS_ROOT_H

#include "panels/workbench.h"

// Between ui_begin and ui_end. Fills ui->input.window.
void panel_root(Ui *ui, Workbench *bench);

#endif
