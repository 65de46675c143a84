// See damage.h.
#include "ui/damage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void damage_close(Damage *damage) {
    free(damage->before);
    free(damage->now);
    free(damage->touched);
    memset(damage, 0, sizeof *damage);
}

void damage_forget(Damage *damage) {
    damage->known = false;
}

static uint64_t command_hash(const DrawList *list, const DrawCommand *command) {
    DrawCommand plain;
    memcpy(&plain, command, sizeof plain); // with its zeroed padding
    plain.first = 0;                       // where text and points lie in the list does not show
    uint64_t h = draw_hash(3, &plain, sizeof plain);
    if (command->kind == DRAW_TEXT)
        return draw_hash(h, list->text + command->first, command->count);
    if (command->count == 0) return h;
    return draw_hash(h, list->points + command->first, command->count * sizeof *list->points);
}

// ---- long paths, piece by piece -----------------------------------------------------------------

enum { LONG_PATH = 64 };

static bool is_long_path(const DrawCommand *c) {
    return c->count > LONG_PATH &&
           (c->kind == DRAW_SPANS || (c->kind == DRAW_POLYLINE && c->dash_on <= 0));
}

// Of a line its segments, of a band its bars.
static size_t piece_count(const DrawCommand *c) {
    return c->kind == DRAW_SPANS ? c->count / 2 : c->count - 1;
}

static const Vec2 *piece_points(const DrawList *list, const DrawCommand *c, size_t piece) {
    return list->points + c->first + (c->kind == DRAW_SPANS ? 2 * piece : piece);
}

static Rect piece_bounds(const Vec2 *p) {
    return (Rect){fminf(p[0].x, p[1].x), fminf(p[0].y, p[1].y), fabsf(p[1].x - p[0].x),
                  fabsf(p[1].y - p[0].y)};
}

// Where something of the command with bounds `r` may be drawn.
static Rect reach_of(const DrawCommand *c, Rect r) {
    float reach = c->kind == DRAW_BOX || c->kind == DRAW_IMAGE ? 1 : c->width + 4;
    return rect_intersect((Rect){r.x - reach, r.y - reach, r.w + 2 * reach, r.h + 2 * reach},
                          c->clip);
}

static bool resize(Damage *damage, int width, int height) {
    int columns = (width + DAMAGE_TILE - 1) / DAMAGE_TILE;
    int rows = (height + DAMAGE_TILE - 1) / DAMAGE_TILE;
    if (columns == damage->columns && rows == damage->rows && damage->now) return true;
    damage_close(damage);
    damage->before = calloc((size_t)columns * (size_t)rows, sizeof *damage->before);
    damage->now = calloc((size_t)columns * (size_t)rows, sizeof *damage->now);
    damage->columns = columns;
    damage->rows = rows;
    return damage->before && damage->now;
}

typedef struct Tiles {
    int x0, y0, x1, y1; // the last ones too
} Tiles;

static int tile(float at, int count) {
    int t = (int)floorf(fmaxf(at, 0) / DAMAGE_TILE);
    return t >= count ? count - 1 : t;
}

static Tiles tiles_of(const Damage *damage, Rect r, float scale) {
    return (Tiles){tile(r.x * scale - 1, damage->columns), tile(r.y * scale - 1, damage->rows),
                   tile(rect_right(r) * scale + 1, damage->columns),
                   tile(rect_bottom(r) * scale + 1, damage->rows)};
}

static void mark(Damage *damage, Tiles tiles, uint64_t h) {
    for (int y = tiles.y0; y <= tiles.y1; y++) {
        for (int x = tiles.x0; x <= tiles.x1; x++) {
            uint64_t *at = &damage->now[y * damage->columns + x];
            *at = (*at ^ h) * 0x9E3779B97F4A7C15u;
            *at ^= *at >> 31;
        }
    }
}

// Pieces one after the other in the same tiles are marked together.
static void touch_path(Damage *damage, const DrawList *list, const DrawCommand *command,
                       float scale) {
    DrawCommand look;
    memcpy(&look, command, sizeof look);
    look.first = look.count = 0; // what all pieces have in common
    look.rect = (Rect){0, 0, 0, 0};
    uint64_t start = draw_hash(7, &look, sizeof look), h = start;
    Tiles run = {0, 0, -1, -1};
    for (size_t i = 0; i < piece_count(command); i++) {
        const Vec2 *p = piece_points(list, command, i);
        Rect r = reach_of(command, piece_bounds(p));
        if (rect_is_empty(r)) continue;
        Tiles tiles = tiles_of(damage, r, scale);
        if (memcmp(&tiles, &run, sizeof run) != 0) {
            mark(damage, run, h);
            run = tiles;
            h = start;
        }
        h = draw_hash(h, p, 2 * sizeof *p);
    }
    mark(damage, run, h);
}

static void touch(Damage *damage, const DrawList *list, const DrawCommand *command, float scale) {
    Rect r = reach_of(command, command->rect);
    if (rect_is_empty(r)) return;
    if (is_long_path(command)) {
        touch_path(damage, list, command, scale);
        return;
    }
    mark(damage, tiles_of(damage, r, scale), command_hash(list, command));
}

// Joins a run of changed tiles to the area above it where both have the same sides.
static bool add_run(Damage *damage, int x0, int x1, int y, int width, int height) {
    RasterArea run = {x0 * DAMAGE_TILE, y * DAMAGE_TILE, x1 * DAMAGE_TILE, (y + 1) * DAMAGE_TILE};
    if (run.x1 > width) run.x1 = width;
    if (run.y1 > height) run.y1 = height;
    for (int i = 0; i < damage->area_count; i++) {
        RasterArea *a = &damage->areas[i];
        if (a->x0 == run.x0 && a->x1 == run.x1 && a->y1 == run.y0) {
            a->y1 = run.y1;
            return true;
        }
    }
    if (damage->area_count == DAMAGE_AREA_MAX) return false;
    damage->areas[damage->area_count++] = run;
    return true;
}

static bool find_areas(Damage *damage, int width, int height) {
    damage->area_count = 0;
    for (int y = 0; y < damage->rows; y++) {
        for (int x = 0; x < damage->columns; x++) {
            const uint64_t *now = damage->now + y * damage->columns;
            const uint64_t *before = damage->before + y * damage->columns;
            if (now[x] == before[x]) continue;
            int from = x;
            while (x < damage->columns && now[x] != before[x]) x++;
            if (!add_run(damage, from, x, y, width, height)) return false;
        }
    }
    return true;
}

void damage_update(Damage *damage, const DrawList *list, float scale, int width, int height,
                   Color background) {
    RasterArea whole = {0, 0, width, height};
    if (!resize(damage, width, height)) {
        damage_close(damage);
        damage->areas[0] = whole;
        damage->area_count = 1;
        return;
    }
    uint64_t start = draw_hash(5, &background, sizeof background) ^ (uint64_t)(scale * 4096);
    int count = damage->columns * damage->rows;
    for (int i = 0; i < count; i++) damage->now[i] = start;
    for (size_t i = 0; i < list->count; i++) touch(damage, list, &list->commands[i], scale);
    if (!damage->known || !find_areas(damage, width, height)) {
        damage->areas[0] = whole;
        damage->area_count = 1;
    }
    uint64_t *swap = damage->before;
    damage->before = damage->now;
    damage->now = swap;
    damage->known = true;
}

// ---- what must be drawn again -------------------------------------------------------------------

static bool is_touched(const Damage *damage, Rect r, float scale) {
    for (int i = 0; i < damage->area_count; i++) {
        const RasterArea *a = &damage->areas[i];
        bool apart = rect_right(r) * scale + 1 < (float)a->x0 || r.x * scale - 1 > (float)a->x1 ||
                     rect_bottom(r) * scale + 1 < (float)a->y0 || r.y * scale - 1 > (float)a->y1;
        if (!apart) return true;
    }
    return false;
}

// Leaves the pieces from the first to the last one that is touched, and one more on either side: a
// line's ends must lie where nothing is drawn. False: none is.
static bool cut_path(const Damage *damage, const DrawList *list, DrawCommand *c, float scale) {
    size_t count = piece_count(c), first = count, last = 0, per = c->kind == DRAW_SPANS ? 2 : 1;
    for (size_t i = 0; i < count; i++) {
        Rect r = reach_of(c, piece_bounds(piece_points(list, c, i)));
        if (rect_is_empty(r) || !is_touched(damage, r, scale)) continue;
        first = first < i ? first : i;
        last = i;
    }
    if (first == count) return false;
    first = first > 0 ? first - 1 : 0;
    last = last + 1 < count ? last + 1 : last;
    c->first += (uint32_t)(first * per);
    c->count = (uint32_t)((last - first + 1) * per) + (per == 1);
    return true;
}

DrawList damage_list(Damage *damage, const DrawList *list, float scale) {
    DrawList part = *list;
    if (list->count > damage->touched_capacity) {
        DrawCommand *bigger = realloc(damage->touched, list->count * sizeof *bigger);
        if (!bigger) return part;
        damage->touched = bigger;
        damage->touched_capacity = list->count;
    }
    part.commands = damage->touched;
    part.count = 0;
    for (size_t i = 0; i < list->count; i++) {
        DrawCommand *to = &part.commands[part.count];
        Rect r = reach_of(&list->commands[i], list->commands[i].rect);
        if (rect_is_empty(r) || !is_touched(damage, r, scale)) continue;
        *to = list->commands[i];
        part.count += !is_long_path(to) || cut_path(damage, list, to, scale);
    }
    return part;
}
