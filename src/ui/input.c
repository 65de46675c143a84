// Builds a frame's input event by event; see input.h.
#include "ui/input.h"

#include "base/text.h"

#include <string.h>

void input_begin(UiInput *input, double time) {
    if (time > input->time) input->time = time;
    memset(input->pressed, 0, sizeof input->pressed);
    memset(input->released, 0, sizeof input->released);
    input->clicks = 0;
    input->wheel = (Vec2){0, 0};
    input->event_count = 0;
    input->sample_count = 0;
}

static void add_sample(UiInput *input, Vec2 at, float pressure) {
    uint32_t down = 0;
    for (int i = 0; i < MOUSE_BUTTON_COUNT; i++) down |= (uint32_t)input->down[i] << i;
    // A full trail loses a point in its middle, never the newest.
    if (input->sample_count == UI_SAMPLE_MAX) input->sample_count--;
    input->samples[input->sample_count++] = (UiPointerSample){at, pressure, down, input->time};
}

void input_move(UiInput *input, Vec2 at, float pressure) {
    input->mouse = at;
    input->mouse_inside = true;
    add_sample(input, at, pressure);
}

void input_press(UiInput *input, MouseButton button, Vec2 at, int clicks) {
    input->mouse = at;
    input->mouse_inside = true;
    input->down[button] = true;
    input->pressed[button] = true;
    input->press_at[button] = at;
    if (button == MOUSE_LEFT) input->clicks = clicks;
    add_sample(input, at, 1);
}

void input_release(UiInput *input, MouseButton button, Vec2 at) {
    input->mouse = at;
    input->down[button] = false;
    input->released[button] = true;
    add_sample(input, at, 1);
}

void input_key(UiInput *input, UiKey key, char character, uint32_t mods, bool repeat) {
    if (input->event_count == UI_EVENT_MAX) return;
    input->events[input->event_count++] = (UiEvent){
        .kind = UI_EVENT_KEY, .key = key, .mods = mods, .character = character, .repeat = repeat};
}

void input_text(UiInput *input, const char *utf8) {
    if (input->event_count == UI_EVENT_MAX) return;
    UiEvent *event = &input->events[input->event_count++];
    *event = (UiEvent){.kind = UI_EVENT_TEXT};
    text_copy(event->text, sizeof event->text, utf8);
}
