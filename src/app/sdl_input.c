// See sdl_input.h.
#include "app/sdl_input.h"

#include <stdlib.h>
#include <string.h>

typedef struct KeyRow {
    SDL_Keycode code;
    UiKey key;
} KeyRow;

static const KeyRow KEYS[] = {
    {SDLK_TAB, KEY_TAB},       {SDLK_RETURN, KEY_ENTER},   {SDLK_KP_ENTER, KEY_ENTER},
    {SDLK_SPACE, KEY_SPACE},   {SDLK_ESCAPE, KEY_ESCAPE},  {SDLK_BACKSPACE, KEY_BACKSPACE},
    {SDLK_DELETE, KEY_DELETE}, {SDLK_LEFT, KEY_LEFT},      {SDLK_RIGHT, KEY_RIGHT},
    {SDLK_UP, KEY_UP},         {SDLK_DOWN, KEY_DOWN},      {SDLK_HOME, KEY_HOME},
    {SDLK_END, KEY_END},       {SDLK_PAGEUP, KEY_PAGE_UP}, {SDLK_PAGEDOWN, KEY_PAGE_DOWN},
    {SDLK_F1, KEY_F1},         {SDLK_F5, KEY_F5},          {SDLK_F11, KEY_F11},
};

static void add_key(UiInput *input, const SDL_KeyboardEvent *event) {
    SDL_Keycode code = event->keysym.sym;
    uint32_t mods = (event->keysym.mod & KMOD_SHIFT ? MOD_SHIFT : 0u) |
                    (event->keysym.mod & KMOD_CTRL ? MOD_CTRL : 0u) |
                    (event->keysym.mod & KMOD_ALT ? MOD_ALT : 0u);
    input->mods = mods;
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        if (KEYS[i].code != code) continue;
        input_key(input, KEYS[i].key, 0, mods, event->repeat != 0);
        return;
    }
    bool printable = code > 32 && code < 127;
    if (printable) input_key(input, KEY_CHARACTER, (char)code, mods, event->repeat != 0);
}

static bool button_of(Uint8 button, MouseButton *out) {
    static const Uint8 buttons[] = {SDL_BUTTON_LEFT, SDL_BUTTON_MIDDLE, SDL_BUTTON_RIGHT};
    for (int i = 0; i < MOUSE_BUTTON_COUNT; i++) {
        if (buttons[i] != button) continue;
        *out = (MouseButton)i;
        return true;
    }
    return false;
}

static bool window_event(UiInput *input, const SDL_WindowEvent *event) {
    switch (event->event) {
    case SDL_WINDOWEVENT_ENTER:
        input->mouse_inside = true;
        return true;
    case SDL_WINDOWEVENT_LEAVE:
        input->mouse_inside = false;
        return true;
    case SDL_WINDOWEVENT_FOCUS_GAINED:
        input->window_focus = true;
        return true;
    case SDL_WINDOWEVENT_FOCUS_LOST:
        input->window_focus = false;
        return true;
    default:
        return false;
    }
}

bool sdl_input_event(UiInput *input, const SDL_Event *event, float window_scale) {
    MouseButton button;
    switch (event->type) {
    case SDL_MOUSEMOTION:
        input_move(
            input,
            (Vec2){(float)event->motion.x * window_scale, (float)event->motion.y * window_scale},
            1);
        return true;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP: {
        Vec2 at = {(float)event->button.x * window_scale, (float)event->button.y * window_scale};
        if (!button_of(event->button.button, &button)) return false;
        if (event->type == SDL_MOUSEBUTTONDOWN) {
            input_press(input, button, at, event->button.clicks);
        } else {
            input_release(input, button, at);
        }
        return true;
    }
    case SDL_MOUSEWHEEL: {
        float sign = event->wheel.direction == SDL_MOUSEWHEEL_FLIPPED ? -1.0f : 1.0f;
        input->wheel.x += event->wheel.preciseX * sign;
        input->wheel.y += event->wheel.preciseY * sign;
        return true;
    }
    case SDL_KEYDOWN:
        add_key(input, &event->key);
        return true;
    case SDL_KEYUP: {
        SDL_Keymod mod = SDL_GetModState();
        input->mods = (mod & KMOD_SHIFT ? MOD_SHIFT : 0u) | (mod & KMOD_CTRL ? MOD_CTRL : 0u) |
                      (mod & KMOD_ALT ? MOD_ALT : 0u);
        return true;
    }
    case SDL_TEXTINPUT:
        input_text(input, event->text.text);
        return true;
    case SDL_WINDOWEVENT:
        return window_event(input, &event->window);
    default:
        return false;
    }
}

bool sdl_input_is_full(const UiInput *input) {
    bool up = false;
    for (int i = 0; i < MOUSE_BUTTON_COUNT; i++) up |= input->released[i];
    // Keys that move the focus or act: what follows is for another widget.
    bool acted = false;
    for (int i = 0; i < input->event_count; i++) {
        const UiEvent *e = &input->events[i];
        acted |= e->kind == UI_EVENT_KEY && (e->key == KEY_TAB || e->key == KEY_ENTER ||
                                             e->key == KEY_ESCAPE || e->key == KEY_SPACE);
    }
    return up || acted || input->event_count > UI_EVENT_MAX - 4 ||
           input->sample_count > UI_SAMPLE_MAX - 4;
}

void sdl_input_scales(SDL_Window *window, SDL_Renderer *renderer, float user_scale, UiInput *input,
                      float *window_scale, float *render_scale) {
    int w = 1, h = 1, pixels_w = 1, pixels_h = 1;
    SDL_GetWindowSize(window, &w, &h);
    SDL_Surface *surface = renderer ? NULL : SDL_GetWindowSurface(window);
    if (surface)
        pixels_w = surface->w;
    else if (!renderer || SDL_GetRendererOutputSize(renderer, &pixels_w, &pixels_h) != 0)
        pixels_w = w;
    float density = w > 0 ? (float)pixels_w / (float)w : 1;
    *window_scale = 1 / user_scale;
    *render_scale = density * user_scale;
    input->scale = *render_scale;
    input->window = (Rect){0, 0, (float)w / user_scale, (float)h / user_scale};
}

// SDL's string must be freed by SDL, the toolkit's by free.
static char *clipboard_get(void *user) {
    (void)user;
    char *text = SDL_GetClipboardText();
    if (!text) return NULL;
    size_t bytes = strlen(text) + 1;
    char *copy = malloc(bytes);
    if (copy) memcpy(copy, text, bytes);
    SDL_free(text);
    return copy;
}

static void clipboard_set(void *user, const char *text) {
    (void)user;
    SDL_SetClipboardText(text);
}

UiClipboard sdl_input_clipboard(void) {
    return (UiClipboard){.get = clipboard_get, .set = clipboard_set};
}
