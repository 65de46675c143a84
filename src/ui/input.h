// What happened since the last frame, as plain values: filled in by app/sdl_input.h from SDL, or by
// a test. The toolkit never reads a device.
#ifndef INKLING_UI_INPUT_H
#define INKLING_UI_INPUT_H

#include "ui/geom.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum MouseButton { MOUSE_LEFT, MOUSE_MIDDLE, MOUSE_RIGHT, MOUSE_BUTTON_COUNT } MouseButton;

typedef enum UiKey {
    KEY_NONE,
    KEY_TAB,
    KEY_ENTER,
    KEY_SPACE,
    KEY_ESCAPE,
    KEY_BACKSPACE,
    KEY_DELETE,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_UP,
    KEY_DOWN,
    KEY_HOME,
    KEY_END,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_F1,
    KEY_F5,
    KEY_F11,
    KEY_CHARACTER, // any other: `character` says which
    KEY_COUNT,
} UiKey;

enum { MOD_SHIFT = 1, MOD_CTRL = 2, MOD_ALT = 4 };

// One event of the keyboard, in order. A letter key sends a UI_EVENT_KEY (KEY_CHARACTER, lower-case
// ASCII in `character`, for shortcuts) and then, if it types something, a UI_EVENT_TEXT.
typedef enum UiEventKind {
    UI_EVENT_NONE, // consumed by a widget
    UI_EVENT_KEY,
    UI_EVENT_TEXT,
} UiEventKind;

typedef struct UiEvent {
    UiEventKind kind;
    UiKey key;
    uint32_t mods;  // MOD_*
    char character; // 'a'..'z', '0'..'9', punctuation; 0 if none
    bool repeat;    // the key is being held
    char text[32];  // UTF-8, terminated
} UiEvent;

// Where the pointer went within the frame, for pens and brushes: nothing between two frames is
// lost. `down`: bit per MouseButton after this sample. Pressure is 1 for a mouse.
typedef struct UiPointerSample {
    Vec2 at;
    float pressure;
    uint32_t down;
    double time;
} UiPointerSample;

enum { UI_EVENT_MAX = 64, UI_SAMPLE_MAX = 256 };

typedef struct UiInput {
    double time; // seconds, from any start, never decreasing
    Rect window; // {0, 0, width, height} in logical pixels
    float scale; // device pixels in a logical one
    Vec2 mouse;
    bool mouse_inside; // the pointer is over the window
    bool window_focus;
    uint32_t mods;                    // held now
    bool down[MOUSE_BUTTON_COUNT];    // at the end of the frame
    bool pressed[MOUSE_BUTTON_COUNT]; // went down in it (even when it is up again)
    bool released[MOUSE_BUTTON_COUNT];
    Vec2 press_at[MOUSE_BUTTON_COUNT]; // where it last went down
    int clicks;                        // 2: the left press of this frame is a double click
    Vec2 wheel;                        // notches; y > 0 away from the user; x > 0 to the right
    UiEvent events[UI_EVENT_MAX];
    int event_count;
    UiPointerSample samples[UI_SAMPLE_MAX]; // in order; buttons and motion
    int sample_count;
} UiInput;

// Starts the next frame: forgets presses, wheel, events and samples; keeps what is held, the mouse
// position and the window.
void input_begin(UiInput *input, double time);
void input_move(UiInput *input, Vec2 at, float pressure);
void input_press(UiInput *input, MouseButton button, Vec2 at, int clicks);
void input_release(UiInput *input, MouseButton button, Vec2 at);
void input_key(UiInput *input, UiKey key, char character, uint32_t mods, bool repeat);
void input_text(UiInput *input, const char *utf8);

#endif
