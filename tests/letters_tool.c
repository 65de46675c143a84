// Measuring tool, not a test: writes synthetic letters and signs, or digits, as a strokes file.
//   letters_tool OUT.jsonl [EACH [SEED [WILDNESS [digits]]]]
// EACH drawings of every form in the table. Letters have what is written before the first comma of
// their name as label. For: inkling predict MODEL OUT.jsonl --json, and counting "unsure". Digits
// come as a bad digitizer records them, every form equally often: a harder measure than the
// digits of a training, and one that no real writer's digits are used up for.
#include "test.h"

#include "base/streams.h"
#include "dataset/synthetic_hand.h"
#include "ink/strokes_file.h"
#include "synthetic_ink.h"

#include <stdlib.h>

// Form number `form` of all of them; false when there are no more.
static bool letter(int form, float wildness, Rng *rng, SyntheticStrokes *out, char *label) {
    if (form >= synthetic_other_form_count()) return false;
    const char *name = synthetic_other_form_name(form);
    snprintf(label, STROKES_LABEL_MAX, "%.*s", (int)strcspn(name, ","), name);
    synthetic_other_form_strokes(form, wildness, rng, out);
    return true;
}

static bool digit(int form, float wildness, Rng *rng, SyntheticStrokes *out, char *label) {
    int digit = 0;
    while (digit < 10 && form >= synthetic_form_count(digit)) form -= synthetic_form_count(digit++);
    if (digit == 10) return false;
    snprintf(label, STROKES_LABEL_MAX, "%d", digit);
    synthetic_strokes(digit, form, wildness, rng, out);
    for (int i = 0; i < 2; i++) hand_record(1.0f, rng, out);
    return true;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: letters_tool OUT.jsonl [EACH [SEED [WILDNESS [digits]]]]\n");
        return 2;
    }
    int each = argc > 2 ? atoi(argv[2]) : 10;
    Rng rng = rng_make(argc > 3 ? strtoull(argv[3], NULL, 10) : 1, STREAM_OTHERS_T);
    float wildness = argc > 4 ? strtof(argv[4], NULL) : 1.0f;
    bool digits = argc > 5 && strcmp(argv[5], "digits") == 0;
    FILE *file = fopen(argv[1], "w");
    if (!file) {
        perror(argv[1]);
        return 1;
    }
    for (int i = 0; i < each; i++) {
        SyntheticStrokes strokes;
        char label[STROKES_LABEL_MAX];
        for (int form = 0; (digits ? digit : letter)(form, wildness, &rng, &strokes, label);
             form++) {
            Drawing drawing = {0};
            Text line = {0};
            synthetic_ink_add(&drawing, &strokes, 0.2f, 0.2f, 0.5f, 0.01f);
            if (strokes_line_write(&line, &drawing, label)) fwrite(line.data, 1, line.size, file);
            text_close(&line);
            drawing_close(&drawing);
        }
    }
    return fclose(file) == 0 ? 0 : 1;
}
