// Rows of a layer for many images, their principal plane, and how it is turned; see hidden_map.h.
#include "train/hidden_map.h"

#include "base/tr.h"

#include "nn/layer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAP_PART = 50 };

void hidden_map_close(HiddenMap *map) {
    free(map->rows);
    free(map->at);
    free(map->said);
    pca_close(&map->pca);
    *map = (HiddenMap){0};
}

int hidden_map_layer(const ModelSpec *spec) {
    int last = spec->layer_count - 1;
    while (last > 0 && strcmp(spec->layers[last].kind->word, "dense") != 0) last--;
    return last - 1;
}

// "dense 84, relu": from the last layer that says how many numbers there are up to there.
static bool map_is_sized(const LayerKind *kind) {
    return kind->args[0].name && kind->args[0].required && kind->args[0].integer;
}

static void map_name_layer(const ModelSpec *spec, int layer, char *out, size_t size) {
    int first = layer, used = 0;
    while (first > 0 && !map_is_sized(spec->layers[first].kind)) first--;
    snprintf(out, size, "%s", layer < 0 ? "the picture itself" : "");
    for (int i = first; i >= 0 && i <= layer; i++) {
        const LayerKind *kind = spec->layers[i].kind;
        if (!kind->forward || strcmp(kind->word, "dropout") == 0) continue;
        used += snprintf(out + used, size - (size_t)used, "%s%.12s", used ? ", " : "", kind->word);
        if (map_is_sized(kind))
            used += snprintf(out + used, size - (size_t)used, " %d", (int)spec->layers[i].args[0]);
        if (used > (int)size - 32) break;
    }
}

static Status map_open(HiddenMap *map, const Recognizer *recognizer, const ImageSet *set) {
    const ModelSpec *spec = recognizer_spec(recognizer);
    int layer = hidden_map_layer(spec);
    size_t d = shape_count(recognizer_plan(recognizer)->shapes[layer + 1]);
    size_t n = set->n < HIDDEN_MAP_IMAGES ? set->n : HIDDEN_MAP_IMAGES;
    if (n > HIDDEN_MAP_FLOATS / d) n = HIDDEN_MAP_FLOATS / d;
    if (set->channels != (uint32_t)spec->input.c || set->height != (uint32_t)spec->input.h ||
        set->width != (uint32_t)spec->input.w || n < 3)
        return status_error(
            STATUS_USAGE, TR("the network takes %dx%dx%d images; the test images are %ux%ux%u"),
            spec->input.c, spec->input.h, spec->input.w, set->channels, set->height, set->width);
    free(map->rows);
    free(map->at);
    free(map->said);
    map->rows = malloc(n * d * sizeof *map->rows);
    map->at = malloc(n * sizeof *map->at);
    map->said = malloc(n);
    map->n = (int)n;
    map->d = (int)d;
    map_name_layer(spec, layer, map->layer, sizeof map->layer);
    if (!map->rows || !map->at || !map->said)
        return status_no_memory("the map of the test images", n * d * sizeof *map->rows);
    return status_ok();
}

static Status map_rows(HiddenMap *map, Recognizer *recognizer, const ImageSet *set,
                       const atomic_bool *cancel) {
    int layer = hidden_map_layer(recognizer_spec(recognizer));
    for (int first = 0; first < map->n; first += MAP_PART) {
        int part = map->n - first < MAP_PART ? map->n - first : MAP_PART;
        if (cancel && atomic_load(cancel)) return status_error(STATUS_CANCELLED, "given up");
        Status status =
            recognizer_rows(recognizer, layer, imageset_pixels(set, (uint32_t)first), part,
                            map->rows + (size_t)first * (size_t)map->d, map->said + first);
        if (!status_is_ok(&status)) return status;
    }
    for (size_t i = 0; i < (size_t)map->n * (size_t)map->d; i++)
        if (!isfinite(map->rows[i]))
            return status_error(STATUS_DIVERGED,
                                TR("the weights ran away: the network's last hidden "
                                   "layer puts out no numbers"));
    return status_ok();
}

// The turn, with or without a mirror, after which the points lie nearest to `before` (orthogonal
// Procrustes problem in two dimensions; both are centred).
static void map_turn(HiddenMap *map, const HiddenMap *before) {
    double xx = 0, xy = 0, yx = 0, yy = 0; // sum of old * new
    int n = before ? before->n < map->n ? before->n : map->n : 0;
    for (int i = 0; i < n; i++) {
        xx += (double)before->at[i].x * map->at[i].x;
        xy += (double)before->at[i].x * map->at[i].y;
        yx += (double)before->at[i].y * map->at[i].x;
        yy += (double)before->at[i].y * map->at[i].y;
    }
    double turned = hypot(xx + yy, yx - xy), mirrored = hypot(xx - yy, xy + yx);
    float c = 1, s = 0, mirror = 1;
    if (turned >= mirrored && turned > 0) {
        c = (float)((xx + yy) / turned);
        s = (float)((yx - xy) / turned);
    } else if (mirrored > 0) {
        mirror = -1;
        c = (float)((xx - yy) / mirrored);
        s = (float)((xy + yx) / mirrored);
    }
    map->turn[0][0] = c;
    map->turn[0][1] = -s * mirror;
    map->turn[1][0] = s;
    map->turn[1][1] = c * mirror;
    for (int i = 0; i < map->n; i++) {
        MapPoint p = map->at[i];
        map->at[i] = (MapPoint){map->turn[0][0] * p.x + map->turn[0][1] * p.y,
                                map->turn[1][0] * p.x + map->turn[1][1] * p.y};
    }
}

Status hidden_map_make(HiddenMap *map, const HiddenMap *before, Recognizer *recognizer,
                       const ImageSet *set, const atomic_bool *cancel) {
    Status status;
    TRY(map_open(map, recognizer, set));
    TRY(map_rows(map, recognizer, set, cancel));
    TRY(pca_find(&map->pca, map->rows, map->n, map->d));
    for (int i = 0; i < map->n; i++) {
        float along[2];
        pca_project(&map->pca, map->rows + (size_t)i * (size_t)map->d, along);
        map->at[i] = (MapPoint){along[0], along[1]};
    }
    map_turn(map, before);
    double both = map->pca.variance[0] + map->pca.variance[1];
    map->share = map->pca.total > 0 ? (float)fmin(both / map->pca.total, 1) : 1;
    return status;
fail:
    map->n = 0;
    return status;
}

MapPoint hidden_map_place(const HiddenMap *map, const float *row) {
    float along[2];
    pca_project(&map->pca, row, along);
    return (MapPoint){map->turn[0][0] * along[0] + map->turn[0][1] * along[1],
                      map->turn[1][0] * along[0] + map->turn[1][1] * along[1]};
}

int hidden_map_nearest(const HiddenMap *map, const float *row, int count, int32_t *out) {
    double distance[HIDDEN_MAP_NEAREST_MAX];
    int found = 0;
    if (count > HIDDEN_MAP_NEAREST_MAX) count = HIDDEN_MAP_NEAREST_MAX;
    for (int i = 0; i < map->n; i++) {
        const float *other = map->rows + (size_t)i * (size_t)map->d;
        double sum = 0;
        for (int k = 0; k < map->d; k++) sum += ((double)row[k] - other[k]) * (row[k] - other[k]);
        int at = found;
        while (at > 0 && distance[at - 1] > sum) at--;
        if (at >= count) continue;
        if (found < count) found++;
        for (int k = found - 1; k > at; k--) {
            distance[k] = distance[k - 1];
            out[k] = out[k - 1];
        }
        distance[at] = sum;
        out[at] = i;
    }
    return found;
}
