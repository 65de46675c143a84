// Strokes files: good and broken lines, the way back, and appending that survives a cut-off line.
#include "files.h"
#include "ink/fit.h"
#include "ink/strokes_file.h"
#include "ink_shapes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(Status status) {
    if (!status_is_ok(&status)) fail_msg("%s", status.message);
}

static StrokesReader *open_text(const char *text, size_t size) {
    char path[FILE_PATH_MAX];
    StrokesReader *reader;
    files_path(path, files_directory, "strokes.jsonl");
    files_write(path, text, size);
    must(strokes_reader_open(&reader, path));
    return reader;
}

static const struct {
    const char *line;
    int label;
    const char *text;
    size_t strokes, points;
} GOOD[] = {
    {"{\"label\":5,\"strokes\":[[[0,0],[1,1]],[[1,0]]]}", 5, "5", 2, 3},
    {"{\"strokes\":[[[0,0],[1,1]]]}", -1, "", 1, 2},
    {"{\"label\":null,\"strokes\":[[[0,0],[1,1]]]}", -1, "", 1, 2},
    {"{\"label\":\"A\",\"strokes\":[[[0,0],[1,1]]]}", -1, "A", 1, 2},
    {"{\"label\":\"7\",\"strokes\":[[[0,0],[1,1]]]}", 7, "7", 1, 2},
    {"{\"writer\":[1,{\"a\":2}],\"strokes\":[[[-100,3e3],[1e6,-2.5,0.5]]],\"z\":1}\r", -1, "", 1,
     2},
    {"  {\"strokes\":[[],[[1,2,800]]]}", -1, "", 1, 1},
    {"{\"strokes\":[]}", -1, "", 0, 0},
    {"{\"label\":0,\"strokes\":[[[1e30,0],[-1e30,0]]]}", 0, "0", 1, 2},
};

static void good_lines_are_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        Drawing drawing = {0};
        StrokesLine line;
        bool more;
        StrokesReader *reader = open_text(GOOD[i].line, strlen(GOOD[i].line));
        must(strokes_reader_next(reader, 0.04f, &drawing, &line, &more));
        assert_true(more);
        assert_int_equal(line.label, GOOD[i].label);
        assert_string_equal(line.label_text, GOOD[i].text);
        assert_int_equal(line.number, 1);
        assert_int_equal(drawing.live, GOOD[i].strokes);
        assert_int_equal(drawing.point_count, GOOD[i].points);
        float x0, y0, x1, y1;
        if (drawing_bounds(&drawing, &x0, &y0, &x1, &y1)) {
            // In the middle; the longer side as promised, or all points in one place.
            float longer = fmaxf(x1 - x0, y1 - y0);
            assert_true(fabsf(x0 + x1 - 1.0f) < 1e-5f && fabsf(y0 + y1 - 1.0f) < 1e-5f);
            assert_true(longer == 0.0f || fabsf(longer - STROKES_EXTENT) < 1e-5f);
        }
        must(strokes_reader_next(reader, 0.04f, &drawing, &line, &more));
        assert_false(more);
        strokes_reader_close(&reader);
        drawing_close(&drawing);
    }
}

// Outside 0 to 1 it is in a unit of the pen's own: as if it were not given, as in the last point.
static void pressures_are_shares(void **state) {
    (void)state;
    static const char text[] = "{\"strokes\":[[[1,2,800],[2,3,-4],[3,4,0.25],[4,5]]]}";
    static const float expected[] = {1.0f, 1.0f, 0.25f, 1.0f};
    Drawing drawing = {0};
    StrokesLine line;
    bool more;
    StrokesReader *reader = open_text(text, sizeof text - 1);
    must(strokes_reader_next(reader, 0.04f, &drawing, &line, &more));
    assert_int_equal(drawing.point_count, 4);
    for (int i = 0; i < 4; i++) assert_true(drawing.points[i].pressure == expected[i]);
    strokes_reader_close(&reader);
    drawing_close(&drawing);
}

static const struct {
    const char *line, *says;
} BROKEN[] = {
    {"{\"strokes\":[[[0,0],[1,1]]]", "not valid JSON"},
    {"{\"strokes\":[[[0,0],[1,1]]]} x", "not valid JSON"},
    {"hello", "not valid JSON at column 1"},
    {"[1,2]", "expected an object"},
    {"{\"label\":5}", "expected an object like"},
    {"{\"strokes\":5}", "expected an object like"},
    {"{\"strokes\":[5]}", "stroke 1 is not a list"},
    {"{\"strokes\":[[[0,0]],{\"x\":1}]}", "stroke 2"},
    {"{\"strokes\":[[[0]]]}", "point 1 of stroke 1"},
    {"{\"strokes\":[[[0,0],[1,\"1\"]]]}", "point 2 of stroke 1"},
    {"{\"strokes\":[[[0,0],[1,1,true]]]}", "point 2 of stroke 1"},
    {"{\"strokes\":[[[0,0],[1e999,0]]]}", "too far out"},
    {"{\"strokes\":[[[0,0],[1e31,0]]]}", "too far out"},
    {"{\"strokes\":[[[0,0],[0,1e31]]]}", "too far out"},
    {"{\"strokes\":[[[0,-1e999],[0,1]]]}", "too far out"},
    {"{\"strokes\":[[[0,0],[NaN,0]]]}", "not valid JSON"},
    {"{\"label\":-1,\"strokes\":[]}", "whole number"},
    {"{\"label\":1.5,\"strokes\":[]}", "whole number"},
    {"{\"label\":[],\"strokes\":[]}", "number or a short text"},
    {"{\"label\":\"0123456789abcdef\",\"strokes\":[]}", "longer than"},
};

static void broken_lines_say_where(void **state) {
    (void)state;
    Drawing drawing = {0};
    for (size_t i = 0; i < sizeof BROKEN / sizeof *BROKEN; i++) {
        char text[400];
        StrokesLine line;
        bool more;
        // The third line is broken; reading goes on behind it.
        int size = snprintf(text, sizeof text, "%s\n\n%s\n%s\n", GOOD[0].line, BROKEN[i].line,
                            GOOD[0].line);
        StrokesReader *reader = open_text(text, (size_t)size);
        must(strokes_reader_next(reader, 0.04f, &drawing, &line, &more));
        Status status = strokes_reader_next(reader, 0.04f, &drawing, &line, &more);
        assert_int_equal(status.code, STATUS_FORMAT);
        if (!strstr(status.message, "strokes.jsonl, line 3: ") ||
            !strstr(status.message, BROKEN[i].says))
            fail_msg("%s: \"%s\"", BROKEN[i].line, status.message);
        must(strokes_reader_next(reader, 0.04f, &drawing, &line, &more));
        assert_true(more && line.number == 4);
        strokes_reader_close(&reader);
    }
    drawing_close(&drawing);
}

static void limits_hold(void **state) {
    (void)state;
    Drawing drawing = {0};
    StrokesLine line;
    bool more;
    // A line one byte too long, then a good one; then too many points and too many strokes.
    size_t size = STROKES_LINE_MAX + 2 + strlen(GOOD[0].line);
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, ' ', STROKES_LINE_MAX + 1);
    text[STROKES_LINE_MAX + 1] = '\n';
    memcpy(text + STROKES_LINE_MAX + 2, GOOD[0].line, strlen(GOOD[0].line));
    StrokesReader *reader = open_text(text, size);
    Status status = strokes_reader_next(reader, 0.04f, &drawing, &line, &more);
    assert_int_equal(status.code, STATUS_FORMAT);
    must(strokes_reader_next(reader, 0.04f, &drawing, &line, &more));
    assert_true(more && line.number == 2);
    strokes_reader_close(&reader);
    free(text);
    static const struct {
        const char *item;
        int count;
    } CASES[] = {{"[[1,2]],", STROKES_PER_DRAWING_MAX + 1}, {"[1,2],", STROKES_POINTS_MAX + 1}};
    for (size_t i = 0; i < 2; i++) {
        Text many = {0};
        text_append(&many, i == 0 ? "{\"strokes\":[" : "{\"strokes\":[[");
        for (int k = 0; k < CASES[i].count; k++) text_append(&many, "%s", CASES[i].item);
        many.size--; // the last comma
        text_append(&many, i == 0 ? "]}" : "]]}");
        reader = open_text(many.data, many.size);
        status = strokes_reader_next(reader, 0.04f, &drawing, &line, &more);
        assert_int_equal(status.code, STATUS_FORMAT);
        assert_non_null(strstr(status.message, "more than"));
        strokes_reader_close(&reader);
        text_close(&many);
    }
    drawing_close(&drawing);
}

static void odd_files_are_refused(void **state) {
    (void)state;
    char path[FILE_PATH_MAX];
    StrokesReader *reader = NULL;
    Drawing drawing = {0};
    StrokesLine line;
    bool more;
    files_path(path, files_directory, "not-there.jsonl");
    assert_int_equal(strokes_reader_open(&reader, path).code, STATUS_NOT_FOUND);
    assert_null(reader);
    assert_int_equal(strokes_reader_open(&reader, files_directory).code, STATUS_IO);
    assert_null(reader);
    reader = open_text("\0\0\0\1", 4);
    assert_int_equal(strokes_reader_next(reader, 0.04f, &drawing, &line, &more).code,
                     STATUS_FORMAT);
    strokes_reader_close(&reader);
    reader = open_text("", 0);
    must(strokes_reader_next(reader, 0.04f, &drawing, &line, &more));
    assert_false(more);
    strokes_reader_close(&reader);
    strokes_reader_close(&reader);
}

// Whoever writes into a pipe line by line can be answered line by line.
static void a_pipe_tells_whether_to_wait(void **state) {
    (void)state;
    static const char TEXT[] = "{\"strokes\":[[[1,1],[2,2]]]}\n{\"strokes\":[[[1,1],[3,2]]]}\n";
    char path[FILE_PATH_MAX];
    int ends[2];
    StrokesReader *reader;
    Drawing drawing = {0};
    StrokesLine line;
    bool more;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    if (!file_exists(path)) skip();
    must(strokes_reader_open(&reader, path));
    assert_true(strokes_reader_must_wait(reader));
    assert_true(write(ends[1], TEXT, sizeof TEXT - 1) == (ssize_t)sizeof TEXT - 1);
    for (int i = 0; i < 2; i++) {
        assert_false(strokes_reader_must_wait(reader)); // then from what was read along
        must(strokes_reader_next(reader, 0.04f, &drawing, &line, &more));
        assert_true(more);
    }
    assert_true(strokes_reader_must_wait(reader));
    close(ends[1]);
    assert_false(strokes_reader_must_wait(reader));
    must(strokes_reader_next(reader, 0.04f, &drawing, &line, &more));
    assert_false(more);
    strokes_reader_close(&reader);
    close(ends[0]);
    reader = open_text("", 0);
    assert_false(strokes_reader_must_wait(reader));
    strokes_reader_close(&reader);
    drawing_close(&drawing);
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    static const char *LABELS[] = {"5", "", NULL, "A", "a\"\\\n"};
    static const char *TEXTS[] = {"5", "", "", "A", "a\"\\\n"};
    char path[FILE_PATH_MAX];
    files_path(path, files_directory, "mine.jsonl");
    remove(path);
    Drawing drawing = {0}, back = {0};
    InkOptions options = ink_options_default(28);
    for (size_t i = 0; i < 5; i++) {
        drawing_reset(&drawing);
        assert_true(shape_add(&drawing, &SHAPES[i], 0.6f, 0.1f, -0.1f, 0.04f));
        must(strokes_file_append(path, &drawing, LABELS[i]));
    }
    StrokesReader *reader;
    must(strokes_reader_open(&reader, path));
    for (size_t i = 0; i < 5; i++) {
        StrokesLine line;
        bool more;
        uint8_t a[28 * 28], b[28 * 28];
        InkFit fit;
        must(strokes_reader_next(reader, 0.04f, &back, &line, &more));
        assert_true(more);
        assert_string_equal(line.label_text, TEXTS[i]);
        drawing_reset(&drawing);
        assert_true(shape_add(&drawing, &SHAPES[i], 0.6f, 0.1f, -0.1f, 0.04f));
        must(ink_fit_drawing(&drawing, &options, a, &fit));
        must(ink_fit_drawing(&back, &options, b, &fit));
        // Five digits: an error of 0.5e-5 in 0.36 of the canvas, enlarged to 80 fine pixels, moves
        // an edge by 0.001 pixel, 0.3 of a grey level; two roundings on top.
        for (int p = 0; p < 28 * 28; p++) assert_true(abs(a[p] - b[p]) <= 3);
    }
    strokes_reader_close(&reader);
    drawing_close(&drawing);
    drawing_close(&back);
}

static void a_cut_line_costs_only_itself(void **state) {
    (void)state;
    char path[FILE_PATH_MAX];
    files_path(path, files_directory, "cut.jsonl");
    files_write(path, "{\"label\":1,\"stro", 16);
    Drawing drawing = {0};
    assert_int_equal(strokes_file_append(path, &drawing, "1").code, STATUS_USAGE); // nothing to see
    assert_true(shape_add(&drawing, &SHAPES[0], 1.0f, 0.0f, 0.0f, 0.04f));
    must(strokes_file_append(path, &drawing, "1"));
    StrokesReader *reader;
    StrokesLine line;
    bool more;
    must(strokes_reader_open(&reader, path));
    assert_int_equal(strokes_reader_next(reader, 0.04f, &drawing, &line, &more).code,
                     STATUS_FORMAT);
    must(strokes_reader_next(reader, 0.04f, &drawing, &line, &more));
    assert_true(more && line.label == 1 && line.number == 2);
    strokes_reader_close(&reader);
    assert_int_equal(strokes_file_append(files_directory, &drawing, "1").code, STATUS_IO);
    drawing_close(&drawing);
}

static void writing_is_exact(void **state) {
    (void)state;
    Drawing drawing = {0};
    Text text = {0};
    must(drawing_begin(&drawing, STROKE_INK, 0.04f));
    must(drawing_add(&drawing, 0.5f, 0.25f, 1.0f));
    must(drawing_add(&drawing, 0.125f, 1.0f, 1.0f));
    assert_true(strokes_line_write(&text, &drawing, "3"));
    must(drawing_add(&drawing, 0.0f, 0.03125f, 0.5f));
    assert_true(strokes_line_write(&text, &drawing, NULL));
    assert_string_equal(text.data, "{\"label\":3,\"strokes\":[[[0.5,0.25],[0.125,1]]]}\n"
                                   "{\"strokes\":[[[0.5,0.25,1],[0.125,1,1],[0,0.03125,0.5]]]}\n");
    text_close(&text);
    drawing_close(&drawing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lines_are_read),
        cmocka_unit_test(pressures_are_shares),
        cmocka_unit_test(broken_lines_say_where),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(odd_files_are_refused),
        cmocka_unit_test(a_pipe_tells_whether_to_wait),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(a_cut_line_costs_only_itself),
        cmocka_unit_test(writing_is_exact),
    };
    return cmocka_run_group_tests(tests, files_set_up, files_tear_down);
}
