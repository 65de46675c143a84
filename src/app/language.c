// See language.h.
#include "app/language.h"

#include "app/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *locale;  // beginning of the names of its locales
    const char *catalog; // file; NULL: the language of the source
    uint32_t sample;     // a character that it cannot do without
    const char *package; // of Debian, with a font that has it
} languages[LANGUAGE_COUNT] = {
    [LANGUAGE_ENGLISH] = {.locale = "en", .sample = 'A'},
    [LANGUAGE_CHINESE] = {"zh", "zh_CN.mo", 0x4E2D, "fonts-noto-cjk"},
};

LanguageCode language_named(const char *name) {
    for (int code = 0; code < LANGUAGE_COUNT; code++)
        if (strncmp(name, languages[code].locale, strlen(languages[code].locale)) == 0)
            return (LanguageCode)code;
    return LANGUAGE_UNSET;
}

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
    char path[FILE_PATH_MAX];
    if (!sdl_font_has(font, languages[code].sample))
        return status_error(STATUS_NOT_FOUND,
                            "no font with Chinese characters was found; install one (Debian "
                            "package %s) and try again",
                            languages[code].package);
    if (languages[code].catalog && !language->catalog[code]) {
        if (!paths_asset(languages[code].catalog, path))
            return status_error(STATUS_NOT_FOUND,
                                "the translation %s is not beside the program: it is made when "
                                "gettext (msgfmt) is there at build time",
                                languages[code].catalog);
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
