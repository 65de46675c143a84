// Icons drawn from lines, boxes and circles on the draw list, so that they are crisp at every scale
// and need no font. Each fills the middle 16 x 16 of a square and is scaled with it.
#ifndef INKLING_UI_ICONS_H
#define INKLING_UI_ICONS_H

#include "ui/draw.h"

typedef enum UiIcon {
    ICON_NONE,
    ICON_PENCIL,
    ICON_ERASER,
    ICON_UNDO,
    ICON_REDO,
    ICON_TRASH,
    ICON_EYE,
    ICON_EYE_OFF,
    ICON_CHEVRON_DOWN,
    ICON_CHEVRON_RIGHT,
    ICON_CHEVRON_UP,
    ICON_CHECK,
    ICON_CROSS,
    ICON_CLOSE, // a thinner cross
    ICON_PLUS,
    ICON_MINUS,
    ICON_PLAY,
    ICON_PAUSE,
    ICON_STEP,
    ICON_STOP,
    ICON_WARNING,
    ICON_INFO,
    ICON_FOLDER,
    ICON_FILE,
    ICON_PIN,
    ICON_SUN,
    ICON_MOON,
    ICON_BOOK,
    ICON_COUNT,
} UiIcon;

// Draws the icon centred in `rect`, `size` logical pixels wide (16 is the design size).
void icon_draw(DrawList *list, UiIcon icon, Rect rect, float size, Color color);

#endif
