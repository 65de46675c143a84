// See parts.h.
#include "panels/parts.h"

#include <string.h>

static const char *const part_names[PART_COUNT] = {
#define PART_WORD(name, word) [PART_##name] = word,
    WINDOW_PARTS(PART_WORD)
#undef PART_WORD
};

WindowPart part_named(const char *word) {
    for (int i = 0; i < PART_COUNT; i++)
        if (strcmp(part_names[i], word) == 0) return (WindowPart)i;
    return PART_COUNT;
}

const char *part_words(void) {
#define PART_LISTED(name, word) ", " word
    static const char words[] = WINDOW_PARTS(PART_LISTED);
#undef PART_LISTED
    return words + 2;
}
