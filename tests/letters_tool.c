// Measuring tool, not a test: writes synthetic letters and signs as a strokes file.
//   letters_tool OUT.jsonl [EACH [SEED [WILDNESS]]]
// EACH drawings of every form in the table, with what is written before the first comma of its name
// as label. For: inkling predict MODEL OUT.jsonl --json, and counting "unsure".
#include "test.h"

#include "base/streams.h"
#include "ink/strokes_file.h"
#include "synthetic_ink.h"

#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: letters_tool OUT.jsonl [EACH [SEED [WILDNESS]]]\n");
        return 2;
    }
    int each = argc > 2 ? atoi(argv[2]) : 10;
    Rng rng = rng_make(argc > 3 ? strtoull(argv[3], NULL, 10) : 1, STREAM_OTHERS_T);
    float wildness = argc > 4 ? strtof(argv[4], NULL) : 1.0f;
    FILE *file = fopen(argv[1], "w");
    if (!file) {
        perror(argv[1]);
        return 1;
    }
    for (int i = 0; i < each * synthetic_other_form_count(); i++) {
        int form = i % synthetic_other_form_count();
        const char *name = synthetic_other_form_name(form);
        char label[STROKES_LABEL_MAX];
        size_t size = strcspn(name, ",");
        if (size >= sizeof label) size = sizeof label - 1;
        memcpy(label, name, size);
        label[size] = '\0';
        SyntheticStrokes strokes;
        Drawing drawing = {0};
        Text line = {0};
        synthetic_other_form_strokes(form, wildness, &rng, &strokes);
        synthetic_ink_add(&drawing, &strokes, 0.2f, 0.2f, 0.5f, 0.01f);
        if (strokes_line_write(&line, &drawing, label)) fwrite(line.data, 1, line.size, file);
        text_close(&line);
        drawing_close(&drawing);
    }
    return fclose(file) == 0 ? 0 : 1;
}
