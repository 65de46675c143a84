// Every widget on one page, for looking at: opens a window, or with --screenshot FILE renders one
// picture without a display. Not run as a test.
//   ui_gallery [--light] [--scale S] [--size W H] [--screenshot FILE] [--page N] [--at X Y]
//              [--click X Y]... [--time]
#include "app/sdl_font.h"
#include "app/sdl_input.h"
#include "app/sdl_render.h"

#include "ui_gallery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double frame(Ui *ui, Gallery *g, const UiInput *input) {
    ui->theme = g->light ? theme_light() : theme_dark();
    ui_begin(ui, input);
    gallery_page(ui, g);
    return ui_end(ui);
}

static void run_window(Gallery *g, Ui *ui, SDL_Window *window, SDL_Renderer *renderer,
                       SdlRender *render, SdlFont *font) {
    UiInput input = {.window_focus = true};
    double wait = 0;
    for (bool quit = false; !quit;) {
        input_begin(&input, (double)SDL_GetTicks64() / 1000);
        SDL_Event event;
        float window_scale, render_scale;
        sdl_input_scales(window, renderer, g->scale, &input, &window_scale, &render_scale);
        int ms = wait > 3600 ? 3600000 : (int)(wait * 1000 + 0.5);
        if (ms > 0 && !SDL_WaitEventTimeout(NULL, ms)) ms = 0;
        input_begin(&input, (double)SDL_GetTicks64() / 1000);
        while (!sdl_input_is_full(&input) && SDL_PollEvent(&event)) {
            sdl_input_event(&input, &event, window_scale);
            if (event.type == SDL_QUIT) quit = true;
            if (event.type == SDL_WINDOWEVENT && event.window.event == SDL_WINDOWEVENT_EXPOSED) {
                sdl_render_invalidate(render);
            }
        }
        sdl_input_scales(window, renderer, g->scale, &input, &window_scale, &render_scale);
        sdl_font_set_scale(font, render_scale);
        wait = frame(ui, g, &input);
        if (SDL_HasEvents(SDL_FIRSTEVENT, SDL_LASTEVENT)) wait = 0;
        bool drawn;
        Status status =
            sdl_render_frame(render, &ui->draw, render_scale, ui->theme->color.background, &drawn);
        if (!status_is_ok(&status)) fprintf(stderr, "%s\n", status.message);
        if (g->timed) fprintf(stderr, "%s, next frame in %g s\n", drawn ? "drawn" : "same", wait);
    }
}

static void take_picture(Gallery *g, Ui *ui, SdlRender *render) {
    UiInput input = {.window = {0, 0, (float)g->width, (float)g->height},
                     .scale = g->scale,
                     .window_focus = true};
    double now = 1;
    for (int i = 0; i < g->click_count; i++) {
        input_begin(&input, now += 0.3);
        input_press(&input, MOUSE_LEFT, g->clicks[i], 1);
        input_release(&input, MOUSE_LEFT, g->clicks[i]);
        frame(ui, g, &input);
        input_begin(&input, now += 0.01);
        frame(ui, g, &input);
    }
    for (int i = 0; i < 6; i++) {
        input_begin(&input, now += i == 4 ? 0.6 : 0.01);
        if (g->hovers) input_move(&input, g->at, 1);
        frame(ui, g, &input);
    }
    Status status = sdl_render_screenshot(render, &ui->draw, g->scale, ui->theme->color.background,
                                          g->screenshot);
    if (!status_is_ok(&status)) fprintf(stderr, "%s\n", status.message);
    if (!g->timed) return;
    enum { ROUNDS = 200 };
    Uint64 start = SDL_GetPerformanceCounter(), build, mesh_time;
    for (int i = 0; i < ROUNDS; i++) frame(ui, g, &input);
    build = SDL_GetPerformanceCounter() - start;
    printf("%zu commands, %zu points, hash %016llx, same name twice: %zu\n", ui->draw.count,
           ui->draw.point_count, (unsigned long long)draw_list_hash(&ui->draw),
           ui_duplicate_names(ui));
    Mesh mesh = {0};
    MeshOptions options = {g->scale, true, 0, 0};
    start = SDL_GetPerformanceCounter();
    for (int i = 0; i < ROUNDS; i++) tessellate(&mesh, &ui->draw, &ui->font, &options);
    mesh_time = SDL_GetPerformanceCounter() - start;
    double k = 1000.0 / (double)SDL_GetPerformanceFrequency() / ROUNDS;
    printf("build %.3f ms, tessellate %.3f ms, %zu vertices, %zu batches\n", (double)build * k,
           (double)mesh_time * k, mesh.vertex_count, mesh.batch_count);
    mesh_close(&mesh);
    start = SDL_GetPerformanceCounter();
    for (int i = 0; i < 20; i++) {
        sdl_render_invalidate(render);
        status = sdl_render_frame(render, &ui->draw, g->scale, ui->theme->color.background, NULL);
    }
    printf("render %.3f ms\n", (double)(SDL_GetPerformanceCounter() - start) * k * ROUNDS / 20);
}

static bool parse_arguments(Gallery *g, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--light")) {
            g->light = true;
        } else if (!strcmp(argv[i], "--time")) {
            g->timed = true;
        } else if (!strcmp(argv[i], "--scale") && i + 1 < argc) {
            g->scale = (float)atof(argv[++i]);
        } else if (!strcmp(argv[i], "--page") && i + 1 < argc) {
            g->page = atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--tab") && i + 1 < argc) {
            g->tab = atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--screenshot") && i + 1 < argc) {
            g->screenshot = argv[++i];
        } else if (!strcmp(argv[i], "--size") && i + 2 < argc) {
            g->width = atoi(argv[++i]);
            g->height = atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--at") && i + 2 < argc) {
            g->at.x = (float)atof(argv[++i]);
            g->at.y = (float)atof(argv[++i]);
            g->hovers = true;
        } else if (!strcmp(argv[i], "--click") && i + 2 < argc && g->click_count < CLICK_MAX) {
            Vec2 *at = &g->clicks[g->click_count++];
            at->x = (float)atof(argv[++i]);
            at->y = (float)atof(argv[++i]);
        } else {
            fprintf(stderr, "ui_gallery: what is %s?\n", argv[i]);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv) {
    static Gallery g = {.scale = 1,
                        .width = 1440,
                        .height = 900,
                        .raw_index = 1,
                        .optimizer = 5,
                        .rate = 0.001,
                        .batch = 64,
                        .brush = 15,
                        .check = true,
                        .path = "/home/me/lenet5"};
    if (!parse_arguments(&g, argc, argv)) return 2;
    gallery_fill(&g);
    if (g.screenshot) SDL_SetHint(SDL_HINT_VIDEODRIVER, "dummy");
    if (SDL_Init(SDL_INIT_VIDEO) != 0) {
        fprintf(stderr, "no display: %s\n", SDL_GetError());
        return 1;
    }
    Status status;
    SdlFont *font = NULL;
    SdlRender *render = NULL;
    Ui *ui = NULL;
    SDL_Window *window =
        SDL_CreateWindow("Gallery", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                         (int)((float)g.width * g.scale), (int)((float)g.height * g.scale),
                         SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
    SDL_Renderer *renderer = NULL;
    if (!window) {
        fprintf(stderr, "no window: %s\n", SDL_GetError());
        return 1;
    }
    TRY(sdl_render_create(window, &renderer));
    TRY(sdl_font_open(&font, g.scale));
    TRY(sdl_render_open(&render, window, renderer, font));
    UiClipboard clipboard = sdl_input_clipboard();
    TRY(ui_open(&ui, sdl_font_interface(font), &clipboard));
    if (g.screenshot) {
        take_picture(&g, ui, render);
    } else {
        run_window(&g, ui, window, renderer, render, font);
    }
    status = status_ok();
fail:
    if (!status_is_ok(&status)) fprintf(stderr, "ui_gallery: %s\n", status.message);
    ui_close(&ui);
    sdl_render_close(&render);
    sdl_font_close(&font);
    for (int i = 0; i < RUNS; i++) {
        series_close(&g.loss[i]);
        series_close(&g.test[i]);
        series_close(&g.train[i]);
    }
    if (renderer) SDL_DestroyRenderer(renderer);
    SDL_DestroyWindow(window);
    SDL_Quit();
    return status_is_ok(&status) ? 0 : 1;
}
