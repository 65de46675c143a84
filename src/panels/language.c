// See language.h.
#include "panels/language.h"

#include <stddef.h>
#include <string.h>

static const char *const language_tags[LANGUAGE_COUNT] = {
    [LANGUAGE_ENGLISH] = "en",
    [LANGUAGE_CHINESE] = "zh_CN",
};

const char *language_tag(LanguageCode language) {
    return language_tags[language];
}

LanguageCode language_named(const char *name) {
    for (int code = 0; code < LANGUAGE_COUNT; code++)
        if (strncmp(name, language_tags[code], 2) == 0) return (LanguageCode)code;
    return LANGUAGE_UNSET;
}
