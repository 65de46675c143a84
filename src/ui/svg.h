// A draw list as SVG: the second renderer of what the toolkit draws, for figures that are printed
// or put on slides. What a chart looks like is therefore written once (ui/chart.c).
//
// One unit is a logical pixel. Text stays text, in the families that the window looks for,
// stretched to the width it was measured with, so that columns stay columns in any font. Hairlines
// and spans are half a unit wide, as on a display with small pixels. Images (DRAW_IMAGE) are left
// out: charts have none.
#ifndef INKLING_UI_SVG_H
#define INKLING_UI_SVG_H

#include "base/status.h"
#include "ui/draw.h"

// Writes `list` (finished) on `background` to `path`, atomically. `title`: what the file says it
// is, to programs and to people who cannot see it.
Status svg_write(const DrawList *list, Color background, const char *title, const char *path);

#endif
