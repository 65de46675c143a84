// Teaches digits without a window, for test_kill.py. Not a test by itself.
//   teach_tool FILE        adds, relabels, takes away, brings back and imports, without end; prints
//                          how many digits are kept after each change
//   teach_tool FILE look   prints how many can be read; says what cannot
#include "panels/my_digits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 40 };

static Status draw(Drawing *drawing) {
    Status status;
    TRY(drawing_begin(drawing, STROKE_INK, BRUSH_RADIUS_DEFAULT));
    for (int i = 0; i < 200; i++)
        TRY(drawing_add(drawing, 0.2f + 0.003f * (float)i, 0.2f + 0.002f * (float)(i * i % 300),
                        1));
    drawing_end(drawing);
fail:
    return status;
}

static Status say(Status status, const MyDigits *mine) {
    if (status_is_ok(&status)) {
        printf("%d\n", mine->count);
        fflush(stdout);
    }
    return status;
}

// As many as there are pictures come and go with each round; what is there already stays.
static Status teach(MyDigits *mine, const char *pictures) {
    static const char *const labels[] = {"1", "2", "3"};
    Drawing drawing = {0};
    int count;
    Status status;
    TRY(draw(&drawing));
    for (int i = 0;; i++) {
        if (mine->count < MOST) TRY(say(my_digits_add(mine, &drawing, labels[i % 3]), mine));
        if (mine->count < MOST && i % 4 == 0)
            TRY(say(my_digits_import(mine, pictures, &count), mine));
        TRY(my_digits_relabel(mine, i % mine->count, labels[(i + 1) % 3]));
        if (mine->count < MOST) continue;
        for (int k = 0; k < mine->count; k++) mine->digits[k].selected = k >= 10;
        printf("10\n"); // before: from now on fewer may be there
        fflush(stdout);
        TRY(my_digits_remove(mine));
        if (i % 2) TRY(say(my_digits_restore(mine), mine));
    }
fail:
    drawing_close(&drawing);
    return status;
}

int main(int count, char **arguments) {
    MyDigits mine = {0};
    char pictures[FILE_PATH_MAX];
    if (count < 2 || !text_copy(mine.path, sizeof mine.path, arguments[1])) return 2;
    snprintf(pictures, sizeof pictures, "%s.three-images-idx3-ubyte", arguments[1]);
    Status status = my_digits_load(&mine);
    if (status_is_ok(&status)) {
        if (count > 2)
            printf("%d\n", mine.count);
        else
            status = teach(&mine, pictures);
    }
    if (!status_is_ok(&status)) fprintf(stderr, "%s\n", status.message);
    my_digits_close(&mine);
    return status_is_ok(&status) ? 0 : 1;
}
