// The languages of the window's texts (base/tr.h). Where their catalogs are is the app's business.
#ifndef INKLING_PANELS_LANGUAGE_H
#define INKLING_PANELS_LANGUAGE_H

typedef enum LanguageCode {
    LANGUAGE_UNSET = -1, // nobody has chosen; the locale decides
    LANGUAGE_ENGLISH,
    LANGUAGE_CHINESE,
    LANGUAGE_COUNT,
} LanguageCode;

// As in locales, catalogs and lessons: "en", "zh_CN".
const char *language_tag(LanguageCode language);
// The language of a tag or a locale ("zh_CN.UTF-8", "zh-Hans", "en_GB"): its first two letters
// count. LANGUAGE_UNSET: none of them.
LanguageCode language_named(const char *name);

#endif
