// The draw list, its triangles and the pixels they give.
#include "test.h"
#include "ui/damage.h"
#include "ui/raster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { W = 96, H = 64 };

typedef struct Picture {
    DrawList list;
    Mesh mesh;
    uint32_t pixels[W * H];
} Picture;

static const Rect WHOLE = {0, 0, W, H};

static void start(Picture *p) {
    draw_list_begin(&p->list, WHOLE);
}

// White on black at `scale`.
static void render(Picture *p, float scale) {
    UiFont font = font_fixed();
    MeshOptions options = {.scale = scale};
    draw_list_finish(&p->list);
    tessellate(&p->mesh, &p->list, &font, &options);
    Raster raster = {p->pixels, W, H};
    RasterArea all = {0, 0, W, H};
    raster_clear(&raster, all, color_hex(0));
    raster_mesh(&raster, &p->mesh, all, NULL, 0);
    for (size_t b = 0; b < p->mesh.batch_count; b++) {
        const MeshBatch *batch = &p->mesh.batches[b];
        assert_true(batch->index_count % 3 == 0);
        for (uint32_t i = 0; i < batch->index_count; i++) {
            int32_t index = p->mesh.indices[batch->first_index + i];
            assert_true(index >= 0 && (uint32_t)index < batch->vertex_count);
        }
    }
    for (size_t i = 0; i < p->mesh.vertex_count; i++) {
        assert_true(isfinite(p->mesh.vertices[i].x) && isfinite(p->mesh.vertices[i].y));
    }
}

static int level(const Picture *p, int x, int y) {
    return (int)(p->pixels[y * W + x] & 255);
}

// Sum of coverage in pixels.
static double covered(const Picture *p) {
    double sum = 0;
    for (int i = 0; i < W * H; i++) sum += (p->pixels[i] & 255) / 255.0;
    return sum;
}

static void close_picture(Picture *p) {
    draw_list_close(&p->list);
    mesh_close(&p->mesh);
}

static void test_boxes_are_crisp(void **state) {
    (void)state;
    static Picture p;
    for (float scale = 1; scale <= 2; scale += 0.25f) {
        start(&p);
        draw_fill(&p.list, (Rect){5, 6, 20, 11}, 0, color_hex(0xFFFFFF));
        render(&p, scale);
        for (int i = 0; i < W * H; i++)
            assert_true((p.pixels[i] & 255) == 0 || (p.pixels[i] & 255) == 255);
        assert_true(fabs(covered(&p) - floor(20 * scale + 0.5) * floor(11 * scale + 0.5)) <=
                    20 * scale + 11 * scale);
    }
    close_picture(&p);
}

static void test_hairlines_are_one_pixel(void **state) {
    (void)state;
    static Picture p;
    for (float scale = 1; scale <= 3; scale += 0.5f) {
        start(&p);
        draw_hline(&p.list, 2, 12, 7, color_hex(0xFFFFFF));
        render(&p, scale);
        assert_true(covered(&p) == 10 * scale);
    }
    close_picture(&p);
}

// Areas of shapes: the feather adds on one side what it takes on the other. Tolerance: half of one
// grey level for each pixel on the outline, and the tenth of a pixel by which an arc may be off.
static void test_areas(void **state) {
    (void)state;
    static Picture p;
    const double pi = 3.14159265358979;
    start(&p);
    draw_circle(&p.list, (Vec2){40.3f, 30.7f}, 20, color_hex(0xFFFFFF));
    render(&p, 1);
    double around = 2 * pi * 20, slack = around * (0.1 + 2.0 / 255);
    assert_true(fabs(covered(&p) - pi * 400) <= slack);
    start(&p);
    draw_ring(&p.list, (Vec2){40, 30}, 20, color_hex(0xFFFFFF), 4);
    render(&p, 1);
    assert_true(fabs(covered(&p) - pi * (400 - 256)) <= 2 * slack);
    start(&p);
    draw_line(&p.list, (Vec2){10, 10}, (Vec2){70, 45}, 3, color_hex(0xFFFFFF));
    render(&p, 1);
    double length = hypot(60, 35);
    assert_true(covered(&p) > length * 3 * 0.97 && covered(&p) < (length + 3) * 3 * 1.03);
    start(&p);
    draw_polygon(&p.list, (Vec2[]){{10, 10}, {60, 20}, {30, 50}}, 3, color_hex(0xFFFFFF));
    render(&p, 1);
    assert_true(fabs(covered(&p) - 0.5 * fabs(50 * 40.0 - 20 * 10.0)) < (51 + 45 + 43) * 0.05);
    start(&p);
    draw_box(&p.list, (Rect){4, 4, 50, 40}, 8, color_hex(0xFFFFFF), color_hex(0xFFFFFF), 1);
    render(&p, 1);
    assert_true(fabs(covered(&p) - (2000 - (4 - pi) * 64)) <= 2 * pi * 8 * 0.15);
    close_picture(&p);
}

static void test_translucent_shapes_have_no_seams(void **state) {
    (void)state;
    static Picture p;
    start(&p);
    draw_fill(&p.list, (Rect){10, 10, 60, 40}, 10, (Color){255, 255, 255, 128});
    render(&p, 1);
    int inside = level(&p, 40, 30);
    for (int i = 0; i < W * H; i++) assert_true((int)(p.pixels[i] & 255) <= inside + 1);
    start(&p);
    draw_circle(&p.list, (Vec2){40, 30}, 20, (Color){255, 255, 255, 128});
    render(&p, 1);
    for (int y = 20; y < 40; y++) {
        for (int x = 30; x < 50; x++) assert_true(abs(level(&p, x, y) - inside) <= 1);
    }
    close_picture(&p);
}

static void test_clip(void **state) {
    (void)state;
    static Picture p;
    start(&p);
    draw_clip_push(&p.list, (Rect){10, 10, 30, 20});
    draw_fill(&p.list, (Rect){0, 0, 90, 60}, 0, color_hex(0xFFFFFF));
    draw_circle(&p.list, (Vec2){10, 10}, 30, color_hex(0xFFFFFF));
    draw_clip_push(&p.list, (Rect){0, 0, 5, 5}); // nothing is left
    draw_fill(&p.list, (Rect){0, 0, 90, 60}, 0, color_hex(0xFFFFFF));
    draw_clip_pop(&p.list);
    draw_clip_pop(&p.list);
    assert_int_equal(p.list.count, 2);
    render(&p, 1);
    assert_true(covered(&p) == 600);
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            bool inside = x >= 10 && x < 40 && y >= 10 && y < 30;
            assert_true(inside || level(&p, x, y) == 0);
        }
    }
    close_picture(&p);
}

static void test_layers(void **state) {
    (void)state;
    static Picture p;
    start(&p);
    DrawLayer before = draw_layer_set(&p.list, LAYER_POPUP);
    draw_fill(&p.list, (Rect){0, 0, 10, 10}, 0, color_hex(0x0000FF));
    draw_layer_set(&p.list, before);
    draw_fill(&p.list, (Rect){0, 0, 10, 10}, 0, color_hex(0x000080));
    render(&p, 1);
    assert_int_equal(level(&p, 5, 5), 255);
    close_picture(&p);
}

static void test_images(void **state) {
    (void)state;
    static Picture p;
    static const uint8_t grey[4] = {0, 80, 160, 240};
    DrawImage image = {
        .key = 1, .version = 1, .width = 2, .height = 2, .stride = 2, .pixels = grey};
    start(&p);
    draw_image(&p.list, (Rect){8, 8, 20, 20}, &image, SAMPLE_NEAREST, color_hex(0xFFFFFF));
    render(&p, 1);
    assert_int_equal(level(&p, 9, 9), 0);
    assert_int_equal(level(&p, 27, 8), 80);
    assert_int_equal(level(&p, 17, 18), 160);
    assert_int_equal(level(&p, 18, 18), 240);
    assert_int_equal(level(&p, 28, 18), 0);
    uint64_t hash = draw_list_hash(&p.list);
    image.version = 2;
    start(&p);
    draw_image(&p.list, (Rect){8, 8, 20, 20}, &image, SAMPLE_NEAREST, color_hex(0xFFFFFF));
    draw_list_finish(&p.list);
    assert_true(hash != draw_list_hash(&p.list));
    close_picture(&p);
}

static void test_dashes(void **state) {
    (void)state;
    static Picture p;
    start(&p);
    draw_polyline_dashed(&p.list, (Vec2[]){{4, 10.5f}, {40, 10.5f}, {84, 10.5f}}, 3, 1,
                         color_hex(0xFFFFFF), 5, 5);
    render(&p, 1);
    assert_true(fabs(covered(&p) - 40) <= 2); // half of 80
    assert_int_equal(level(&p, 6, 10), 255);
    assert_int_equal(level(&p, 11, 10), 0);
    close_picture(&p);
}

// A polyline of all sorts of angles never has a spike.
static void test_no_spikes(void **state) {
    (void)state;
    static Picture p;
    for (int degrees = 0; degrees < 360; degrees += 3) {
        float angle = (float)degrees * 0.0174533f;
        start(&p);
        Vec2 points[] = {
            {20, 30}, {48, 30}, {48 + 20 * cosf(angle), 30 + 20 * sinf(angle)}, {48, 30}};
        draw_polyline(&p.list, points, 4, 2, color_hex(0xFFFFFF));
        render(&p, 1);
        for (size_t i = 0; i < p.mesh.vertex_count; i++) {
            const MeshVertex *v = &p.mesh.vertices[i];
            float d = INFINITY;
            for (int k = 0; k < 4; k++)
                d = fminf(d, hypotf(v->x - points[k].x, v->y - points[k].y));
            assert_true(d <= 1.5f * 1.6f);
        }
    }
    close_picture(&p);
}

// What is drawn again area by area is the same as what is drawn as a whole.
static void test_damage(void **state) {
    (void)state;
    static Picture p, whole;
    static Damage damage;
    UiFont font = font_fixed();
    MeshOptions options = {.scale = 1};
    Raster raster = {p.pixels, W, H};
    for (int step = 0; step < 12; step++) {
        Picture *both[] = {&p, &whole};
        for (int i = 0; i < 2; i++) {
            start(both[i]);
            draw_fill(&both[i]->list, (Rect){2, 2, 80, 50}, 6, color_hex(0x404040));
            draw_circle(&both[i]->list, (Vec2){(float)(10 + step / 2 * 14), 30}, 9,
                        color_hex(0xFFFFFF));
            draw_line(&both[i]->list, (Vec2){0, 60}, (Vec2){90, 50}, 2, color_hex(0x8080FF));
        }
        render(&whole, 1);
        draw_list_finish(&p.list);
        damage_update(&damage, &p.list, 1, W, H, color_hex(0));
        if (step % 2 == 1) assert_int_equal(damage.area_count, 0);
        tessellate(&p.mesh, &p.list, &font, &options);
        for (int i = 0; i < damage.area_count; i++) {
            raster_clear(&raster, damage.areas[i], color_hex(0));
            raster_mesh(&raster, &p.mesh, damage.areas[i], NULL, 0);
        }
        assert_memory_equal(p.pixels, whole.pixels, sizeof p.pixels);
    }
    damage_close(&damage);
    close_picture(&p);
    close_picture(&whole);
}

// A curve that grows: only its end is drawn again, and it looks as if all of it had been.
static void test_growing_curves(void **state) {
    (void)state;
    enum { WIDE = 640, HIGH = 256, STEPS = 40, PER = 15 };
    static uint32_t pixels[WIDE * HIGH], whole[WIDE * HIGH];
    static Vec2 line[STEPS * PER], band[2 * STEPS * PER];
    static Mesh mesh;
    static DrawList list;
    static Damage damage;
    UiFont font = font_fixed();
    MeshOptions options = {.scale = 1};
    Raster parts = {pixels, WIDE, HIGH}, full = {whole, WIDE, HIGH};
    const RasterArea all = {0, 0, WIDE, HIGH};
    for (int i = 0; i < STEPS * PER; i++) {
        float x = 8 + (float)i, y = 128 + 90 * sinf(x * 0.05f) * cosf(x * 0.71f);
        line[i] = (Vec2){x, y};
        band[2 * i] = (Vec2){x, y - 20};
        band[2 * i + 1] = (Vec2){x, y + 25};
    }
    for (size_t n = PER; n <= STEPS * PER; n += PER) {
        draw_list_begin(&list, (Rect){0, 0, WIDE, HIGH});
        draw_fill(&list, (Rect){4, 4, WIDE - 8, HIGH - 8}, 6, color_hex(0x202020));
        draw_spans(&list, band, 2 * n, color_fade(color_hex(0xFF8000), 0.3f));
        draw_polyline(&list, line, n, 1.7f, color_hex(0x80FF80));
        draw_list_finish(&list);
        damage_update(&damage, &list, 1, WIDE, HIGH, color_hex(0));
        DrawList part = damage_list(&damage, &list, 1);
        tessellate(&mesh, &part, &font, &options);
        for (int i = 0; i < damage.area_count; i++) {
            raster_clear(&parts, damage.areas[i], color_hex(0));
            raster_mesh(&parts, &mesh, damage.areas[i], NULL, 0);
            // What was short enough to be hashed as a whole may be drawn as a whole once.
            int from = damage.areas[i].x0;
            if (n > 8 * PER) assert_true((float)from >= line[n - PER].x - 2 * DAMAGE_TILE);
        }
        tessellate(&mesh, &list, &font, &options);
        raster_clear(&full, all, color_hex(0));
        raster_mesh(&full, &mesh, all, NULL, 0);
        assert_memory_equal(pixels, whole, sizeof pixels);
    }
    damage_close(&damage);
    draw_list_close(&list);
    mesh_close(&mesh);
}

static void test_few_batches(void **state) {
    (void)state;
    static Picture p;
    start(&p);
    for (int i = 0; i < 50; i++) {
        draw_clip_push(&p.list, (Rect){0, 0, (float)(40 + i), 64});
        draw_fill(&p.list, (Rect){4, 4, 20, 20}, 3, color_hex(0xFFFFFF));
        draw_clip_pop(&p.list);
    }
    render(&p, 1); // all inside their clips: one batch
    assert_int_equal(p.mesh.batch_count, 1);
    close_picture(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boxes_are_crisp),
        cmocka_unit_test(test_hairlines_are_one_pixel),
        cmocka_unit_test(test_areas),
        cmocka_unit_test(test_translucent_shapes_have_no_seams),
        cmocka_unit_test(test_clip),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_dashes),
        cmocka_unit_test(test_no_spikes),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_growing_curves),
        cmocka_unit_test(test_few_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
