// Strokes to atoms: every pair of strokes gets a belief that one digit holds both; those beyond
// doubt are united, the others leave their belief between neighbours.
#include "ink/split_lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLES = 40,                    // points that stand for a stroke
    ROWS = 24,                       // heights at which two tall strokes are compared
    STROKES_MAX = SPLIT_STROKES_MAX, // more are counted to the last atom
};

#define TALL       0.6f // of the line's height: more than the half of a digit
#define SURELY     0.8f
#define TOGETHER   0.5f
#define SPOKEN_FOR 0.35f // what is left of a piece's belief in a second digit

typedef struct Shape {
    size_t stroke;
    float x0, y0, x1, y1;
    int count;
    float x[SAMPLES], y[SAMPLES];
    int atom, line;
} Shape;

// ---- one stroke ---------------------------------------------------------------------------------

static float distance(const InkPoint *a, const InkPoint *b) {
    return hypotf(b->x - a->x, b->y - a->y);
}

// Evenly spaced points along the stroke.
static void shape_make(Shape *shape, const Drawing *drawing, size_t index) {
    const Stroke *stroke = &drawing->strokes[index];
    const InkPoint *p = drawing->points + stroke->first;
    float length = 0.0f, passed = 0.0f;
    for (uint32_t i = 1; i < stroke->count; i++) length += distance(&p[i - 1], &p[i]);
    *shape = (Shape){.stroke = index, .x0 = p->x, .y0 = p->y, .x1 = p->x, .y1 = p->y, .count = 1};
    shape->x[0] = p->x;
    shape->y[0] = p->y;
    for (uint32_t i = 1; i < stroke->count; i++) {
        float step = distance(&p[i - 1], &p[i]);
        while (step > 0.0f && shape->count < SAMPLES) {
            float at = length * (float)shape->count / (float)(SAMPLES - 1);
            if (at > passed + step) break;
            float share = (at - passed) / step;
            shape->x[shape->count] = p[i - 1].x + share * (p[i].x - p[i - 1].x);
            shape->y[shape->count++] = p[i - 1].y + share * (p[i].y - p[i - 1].y);
        }
        passed += step;
        shape->x0 = fminf(shape->x0, p[i].x);
        shape->y0 = fminf(shape->y0, p[i].y);
        shape->x1 = fmaxf(shape->x1, p[i].x);
        shape->y1 = fmaxf(shape->y1, p[i].y);
    }
}

// ---- two strokes --------------------------------------------------------------------------------

// Nearest approach, and how far apart in height the places lie where they come nearly as near.
static float approach(const Shape *a, const Shape *b, float near, float *spread) {
    float best = 1e9f, low = 1e9f, high = -1e9f;
    for (int i = 0; i < a->count; i++) {
        for (int j = 0; j < b->count; j++) {
            float d = hypotf(a->x[i] - b->x[j], a->y[i] - b->y[j]);
            best = fminf(best, d);
            if (d > near) continue;
            low = fminf(low, a->y[i]);
            high = fmaxf(high, a->y[i]);
        }
    }
    *spread = high > low ? high - low : 0.0f;
    return best;
}

// The most that a stroke reaches to the right (or left) near a height; NAN where it is not.
static float reach(const Shape *shape, float y, float tolerance, bool right) {
    float found = NAN;
    for (int i = 0; i < shape->count; i++) {
        if (fabsf(shape->y[i] - y) > tolerance) continue;
        if (isnan(found) || (right ? shape->x[i] > found : shape->x[i] < found))
            found = shape->x[i];
    }
    return found;
}

// The smallest gap between two strokes at any height that both have; negative: they overlap there.
// What leans over its neighbour without touching it keeps a gap, whatever their boxes do.
static float gap_by_rows(const Shape *left, const Shape *right) {
    float y0 = fmaxf(left->y0, right->y0), y1 = fminf(left->y1, right->y1), smallest = 1e9f;
    float tolerance = 0.04f * fmaxf(left->y1 - left->y0, right->y1 - right->y0);
    for (int row = 0; row < ROWS; row++) {
        float y = y0 + (y1 - y0) * (float)row / (float)(ROWS - 1);
        float a = reach(left, y, tolerance, true), b = reach(right, y, tolerance, false);
        if (!isnan(a) && !isnan(b)) smallest = fminf(smallest, b - a);
    }
    return smallest;
}

static float between(float x, float x0, float y0, float x1, float y1) {
    float share = fminf(fmaxf((x - x0) / (x1 - x0), 0.0f), 1.0f);
    return y0 + share * (y1 - y0);
}

// Two strokes that are each as high as a digit.
static float belief_tall(const Shape *a, const Shape *b, float height) {
    const Shape *left = a->x0 + a->x1 <= b->x0 + b->x1 ? a : b, *right = left == a ? b : a;
    float gap = gap_by_rows(left, right) / height, spread;
    float near = approach(a, b, 0.08f * height, &spread) / height;
    float overlap = left->x1 - right->x0;
    float narrower = fminf(a->x1 - a->x0, b->x1 - b->x0);
    float share = narrower > 0.02f * height ? overlap / narrower : overlap > 0 ? 1.0f : 0.0f;
    // Neighbours stand on one line; the two strokes of a 4 do not.
    float uneven = fmaxf(fabsf(a->y0 - b->y0), fabsf(a->y1 - b->y1)) / height, least = 0.0f;
    if (uneven > 0.36f && near < 0.12f) least = between(near, 0.0f, 0.75f, 0.12f, 0.55f);
    if (gap > 0.04f && near > 0.04f) return fmaxf(least, between(near, 0.04f, 0.3f, 0.3f, 0.05f));
    // Two halves of a 0 meet above and below; neighbours meet in one place.
    if (spread > 0.5f * height) return 0.9f;
    if (gap > -0.02f) return fmaxf(least, 0.35f);
    return fmaxf(least, between(share, 0.0f, 0.4f, 0.4f, 0.95f));
}

// A short stroke: a bar, a foot, a flag, the first half of a 4; or a small digit, or a hyphen.
static float belief_piece(const Shape *a, const Shape *b, float height) {
    const Shape *piece = a->y1 - a->y0 < b->y1 - b->y0 ? a : b, *other = piece == a ? b : a;
    float overlap = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0), spread;
    float width = fmaxf(fminf(a->x1 - a->x0, b->x1 - b->x0), 0.05f * height);
    float near = approach(a, b, 0.0f, &spread) / height;
    float low = piece->y1 - piece->y0, middle = 0.5f * (piece->y0 + piece->y1);
    float along = (middle - other->y0) / fmaxf(other->y1 - other->y0, 1e-6f);
    bool flat = low < 0.35f * (piece->x1 - piece->x0);
    float belief;
    if (low > 0.35f * height)
        belief = near < 0.1f ? between(near, 0.0f, 0.75f, 0.1f, 0.55f)
                             : between(near, 0.1f, 0.55f, 0.35f, 0.05f);
    else if (flat && near > 0.05f && along > 0.35f && along < 0.65f)
        belief = 0.3f; // a hyphen has its place halfway up
    else
        belief = near < 0.2f ? between(near, 0.0f, 0.9f, 0.2f, 0.7f)
                             : between(near, 0.2f, 0.7f, 0.5f, 0.05f);
    if (overlap > 0.0f) {
        float lying = between(overlap / width, 0.0f, 0.55f, 0.4f, 0.95f);
        if (near > 0.6f) lying *= 0.5f; // far above or below
        belief = fmaxf(belief, lying);
    }
    return belief;
}

// One above the other, like the rings of an 8 or the bowl and the tail of a 9.
static bool stacked(const Shape *a, const Shape *b, float height) {
    float across = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0);
    float common = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0);
    return common > -0.4f * height && common < 0.5f * fminf(a->y1 - a->y0, b->y1 - b->y0) &&
           across > 0.3f * fminf(a->x1 - a->x0, b->x1 - b->x0);
}

static float belief(const Shape *a, const Shape *b, float height) {
    if (a->line != b->line) return 0.0f;
    bool tall = a->y1 - a->y0 >= TALL * height && b->y1 - b->y0 >= TALL * height;
    if (tall && stacked(a, b, height)) return 0.95f;
    return tall ? belief_tall(a, b, height) : belief_piece(a, b, height);
}

// ---- all strokes --------------------------------------------------------------------------------

static int find(const int *parent, int i) {
    while (parent[i] != i) i = parent[i];
    return i;
}

static void box_add(SplitAtom *box, const Shape *shape) {
    box->x0 = fminf(box->x0, shape->x0);
    box->y0 = fminf(box->y0, shape->y0);
    box->x1 = fmaxf(box->x1, shape->x1);
    box->y1 = fmaxf(box->y1, shape->y1);
}

static const SplitAtom empty_box = {1e9f, 1e9f, -1e9f, -1e9f, 0.0f, 0};

// Numbers the united strokes line by line, from left to right.
static void number_atoms(InkSplit *split, Shape *shapes, int n, const int *parent) {
    struct {
        int root, line;
        float middle;
    } order[STROKES_MAX];
    int count = 0;
    for (int root = 0; root < n; root++) {
        if (find(parent, root) != root) continue;
        SplitAtom box = empty_box;
        for (int i = 0; i < n; i++)
            if (find(parent, i) == root) box_add(&box, &shapes[i]);
        float middle = box.x0 + box.x1;
        int at = count++, line = shapes[root].line;
        for (; at > 0; at--) {
            bool behind = order[at - 1].middle > middle;
            if (order[at - 1].line != line) behind = order[at - 1].line > line;
            if (!behind) break;
            order[at] = order[at - 1];
        }
        order[at].root = root;
        order[at].line = line;
        order[at].middle = middle;
    }
    split->atom_count = count < SPLIT_ATOMS_MAX ? count : SPLIT_ATOMS_MAX;
    for (int a = 0; a < split->atom_count; a++) split->atoms[a] = empty_box;
    for (int i = 0; i < n; i++) {
        int a = 0;
        while (order[a].root != find(parent, i)) a++;
        shapes[i].atom = a < SPLIT_ATOMS_MAX ? a : SPLIT_ATOMS_MAX - 1;
        box_add(&split->atoms[shapes[i].atom], &shapes[i]);
        split->atoms[shapes[i].atom].line = shapes[i].line;
        split->atom_of[shapes[i].stroke] = (int16_t)shapes[i].atom;
    }
}

// Strokes from number `first` on go to the last atom.
static void add_rest(InkSplit *split, const Drawing *drawing, size_t first) {
    int last = split->atom_count - 1;
    for (size_t s = first; s < drawing->live; s++) {
        const Stroke *stroke = &drawing->strokes[s];
        if (stroke->kind != STROKE_INK || stroke->count == 0) continue;
        Shape shape;
        shape_make(&shape, drawing, s);
        box_add(&split->atoms[last], &shape);
        split->atom_of[s] = (int16_t)last;
    }
}

static bool is_tall(float y0, float y1, float height) {
    return y1 - y0 >= TALL * height;
}

// What two strokes are believed to be is what their atoms are believed to be, but for this: the bar
// that sticks out of one digit to the next is spoken for.
static void link_atoms(InkSplit *split, const Shape *shapes, int n, const float *beliefs) {
    float height = split->height;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            if (shapes[j].atom != shapes[i].atom + 1) continue;
            SplitAtom *left = &split->atoms[shapes[i].atom], *right = left + 1;
            bool whole =
                is_tall(left->y0, left->y1, height) && is_tall(right->y0, right->y1, height);
            bool piece = !is_tall(shapes[i].y0, shapes[i].y1, height) ||
                         !is_tall(shapes[j].y0, shapes[j].y1, height);
            float b = beliefs[i * n + j] * (whole && piece ? SPOKEN_FOR : 1.0f);
            right->together = fmaxf(right->together, b);
        }
    }
    // A piece between two digits belongs to one of them.
    for (int a = 1; a + 1 < split->atom_count; a++) {
        SplitAtom *atom = &split->atoms[a], *next = atom + 1;
        if (is_tall(atom->y0, atom->y1, height)) continue;
        SplitAtom *weaker = atom->together < next->together ? atom : next;
        if (fminf(atom->together, next->together) >= TOGETHER) weaker->together = 0.3f;
    }
}

typedef struct Component {
    float y0, y1;
} Component;

// Unites strokes of which the belief is at least `least`; a piece never ties two digits together.
static void unite(const Shape *shapes, int n, const float *beliefs, float least, float height,
                  int *parent, Component *components) {
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
            int a = find(parent, i), b = find(parent, j);
            if (a == b || beliefs[i * n + j] < least) continue;
            bool strokes_tall = is_tall(shapes[i].y0, shapes[i].y1, height) &&
                                is_tall(shapes[j].y0, shapes[j].y1, height);
            bool both_tall = is_tall(components[a].y0, components[a].y1, height) &&
                             is_tall(components[b].y0, components[b].y1, height);
            if (both_tall && !strokes_tall) continue;
            parent[a] = b;
            components[b].y0 = fminf(components[b].y0, components[a].y0);
            components[b].y1 = fmaxf(components[b].y1, components[a].y1);
        }
    }
}

static void find_lines(Shape *shapes, int n) {
    SplitAtom boxes[STROKES_MAX];
    int line[STROKES_MAX];
    for (int i = 0; i < n; i++) {
        boxes[i] = empty_box;
        box_add(&boxes[i], &shapes[i]);
    }
    ink_split_lines(boxes, n, line);
    for (int i = 0; i < n; i++) shapes[i].line = line[i];
}

Status ink_split_drawing(InkSplit *split, const Drawing *drawing) {
    int16_t *atom_of = realloc(split->atom_of, (drawing->live + 1) * sizeof *atom_of);
    if (!atom_of) return status_no_memory("splitting a drawing", drawing->live * sizeof *atom_of);
    memset(split, 0, sizeof *split);
    split->atom_of = atom_of;
    split->stroke_count = drawing->live;
    for (size_t s = 0; s < drawing->live; s++) atom_of[s] = -1;

    Shape *shapes = malloc(STROKES_MAX * sizeof *shapes);
    float *beliefs = calloc(STROKES_MAX * STROKES_MAX, sizeof *beliefs);
    int parent[STROKES_MAX], n = 0;
    Component components[STROKES_MAX];
    Status status = status_ok();
    if (!shapes || !beliefs) {
        status = status_no_memory("splitting a drawing", STROKES_MAX * sizeof *shapes);
        goto fail;
    }
    for (size_t s = drawing_first(drawing); s < drawing->live && n < STROKES_MAX; s++) {
        const Stroke *stroke = &drawing->strokes[s];
        if (stroke->kind != STROKE_INK || stroke->count == 0) continue;
        shape_make(&shapes[n], drawing, s);
        split->height = fmaxf(split->height, shapes[n].y1 - shapes[n].y0);
        parent[n] = n;
        components[n] = (Component){shapes[n].y0, shapes[n].y1};
        n++;
    }
    find_lines(shapes, n);
    float height = fmaxf(split->height, 1e-3f);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
            float b = belief(&shapes[i], &shapes[j], height);
            beliefs[i * n + j] = beliefs[j * n + i] = b;
        }
    }
    // The surest first, so that a piece goes where it most likely belongs.
    for (float least = 0.95f; least > SURELY - 0.01f; least -= 0.05f)
        unite(shapes, n, beliefs, least, height, parent, components);
    number_atoms(split, shapes, n, parent);
    if (n == STROKES_MAX) add_rest(split, drawing, shapes[n - 1].stroke + 1);
    link_atoms(split, shapes, n, beliefs);
fail:
    free(shapes);
    free(beliefs);
    return status;
}

void ink_split_close(InkSplit *split) {
    free(split->atom_of);
    *split = (InkSplit){0};
}

SplitGroup ink_split_group(const InkSplit *split, int first, int count) {
    const SplitAtom *atom = &split->atoms[first];
    SplitGroup group = {first, count, atom->x0, atom->y0, atom->x1, atom->y1};
    for (int a = 1; a < count; a++) {
        group.x0 = fminf(group.x0, atom[a].x0);
        group.y0 = fminf(group.y0, atom[a].y0);
        group.x1 = fmaxf(group.x1, atom[a].x1);
        group.y1 = fmaxf(group.y1, atom[a].y1);
    }
    return group;
}

int ink_split_groups(const InkSplit *split, SplitGroup groups[SPLIT_ATOMS_MAX]) {
    int count = 0;
    for (int first = 0, next; first < split->atom_count; first = next) {
        for (next = first + 1; next < split->atom_count; next++)
            if (split->atoms[next].together < TOGETHER) break;
        groups[count++] = ink_split_group(split, first, next - first);
    }
    return count;
}

Status ink_split_take(const InkSplit *split, const Drawing *drawing, const SplitGroup *group,
                      Drawing *to) {
    Status status = status_ok();
    drawing_reset(to);
    for (size_t s = drawing_first(drawing); s < drawing->live && s < split->stroke_count; s++) {
        const Stroke *stroke = &drawing->strokes[s];
        int atom = split->atom_of[s];
        bool ours = atom >= group->first && atom < group->first + group->count;
        if (!ours && stroke->kind != STROKE_ERASE) continue;
        TRY(drawing_begin(to, stroke->kind, stroke->radius));
        for (uint32_t i = stroke->first; i < stroke->first + stroke->count; i++) {
            const InkPoint *p = &drawing->points[i];
            TRY(drawing_add(to, p->x, p->y, p->pressure));
        }
        drawing_end(to);
    }
fail:
    return status;
}
