// See language.h.
#include "app/language.h"

#include "base/tr.h"

#include "app/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A character that the language cannot do without, and the package of Debian whose font has it.
static const struct {
    uint32_t sample;
    const char *package;
} languages[LANGUAGE_COUNT] = {
    [LANGUAGE_ENGLISH] = {'A', ""},
    [LANGUAGE_CHINESE] = {0x4E2D, "fonts-noto-cjk"},
};

LanguageCode language_of_locale(void) {
    static const char *const variables[] = {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = getenv(variables[i]);
        if (!value || !value[0]) continue;
        LanguageCode code = language_named(value);
        return code == LANGUAGE_UNSET ? LANGUAGE_ENGLISH : code;
    }
    return LANGUAGE_ENGLISH;
}

Status language_use(Language *language, LanguageCode code, SdlFont *font) {
    char path[FILE_PATH_MAX], name[32];
    if (!sdl_font_has(font, languages[code].sample))
        return status_error(STATUS_NOT_FOUND,
                            "no font with Chinese characters was found; install one (Debian "
                            "package %s) and try again",
                            languages[code].package);
    if (code != LANGUAGE_ENGLISH && !language->catalog[code]) {
        snprintf(name, sizeof name, "%s.mo", language_tag(code));
        if (!paths_asset(name, path))
            return status_error(STATUS_NOT_FOUND,
                                TR("the translation %s is not beside the program: it is made when "
                                   "gettext (msgfmt) is there at build time"),
                                name);
        Status status = catalog_open(&language->catalog[code], path);
        if (!status_is_ok(&status)) return status;
    }
    tr_use(language->catalog[code]);
    return status_ok();
}

void language_close(Language *language) {
    tr_use(NULL);
    for (int i = 0; i < LANGUAGE_COUNT; i++) catalog_close(&language->catalog[i]);
}
