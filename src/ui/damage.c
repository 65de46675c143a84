// See damage.h.
#include "ui/damage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void damage_close(Damage *damage) {
    free(damage->before);
    free(damage->now);
    *damage = (Damage){0};
}

void damage_forget(Damage *damage) {
    damage->known = false;
}

static uint64_t mix(uint64_t h, const void *data, size_t size) {
    const unsigned char *p = data;
    for (; size >= 8; p += 8, size -= 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        h = (h ^ v) * 0x9E3779B97F4A7C15u;
        h ^= h >> 29;
    }
    uint64_t v = size;
    if (size) memcpy(&v, p, size);
    h = (h ^ v) * 0xBF58476D1CE4E5B9u;
    return h ^ h >> 32;
}

static uint64_t command_hash(const DrawList *list, const DrawCommand *command) {
    DrawCommand plain;
    memcpy(&plain, command, sizeof plain); // with its zeroed padding
    plain.first = 0;                       // where text and points lie in the list does not show
    uint64_t h = mix(3, &plain, sizeof plain);
    if (command->kind == DRAW_TEXT) return mix(h, list->text + command->first, command->count);
    if (command->count == 0) return h;
    return mix(h, list->points + command->first, command->count * sizeof *list->points);
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

static int tile(float at, int count) {
    int t = (int)floorf(fmaxf(at, 0) / DAMAGE_TILE);
    return t >= count ? count - 1 : t;
}

static void touch(Damage *damage, const DrawList *list, const DrawCommand *command, float scale) {
    float reach = command->kind == DRAW_BOX || command->kind == DRAW_IMAGE ? 1 : command->width + 4;
    Rect r = command->rect;
    r = (Rect){r.x - reach, r.y - reach, r.w + 2 * reach, r.h + 2 * reach};
    r = rect_intersect(r, command->clip);
    if (rect_is_empty(r)) return;
    uint64_t h = command_hash(list, command);
    int x0 = tile(r.x * scale - 1, damage->columns),
        x1 = tile(rect_right(r) * scale + 1, damage->columns);
    int y0 = tile(r.y * scale - 1, damage->rows),
        y1 = tile(rect_bottom(r) * scale + 1, damage->rows);
    for (int y = y0; y <= y1; y++) {
        for (int x = x0; x <= x1; x++) {
            uint64_t *at = &damage->now[y * damage->columns + x];
            *at = (*at ^ h) * 0x9E3779B97F4A7C15u;
            *at ^= *at >> 31;
        }
    }
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
    uint64_t start = mix(5, &background, sizeof background) ^ (uint64_t)(scale * 4096);
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
