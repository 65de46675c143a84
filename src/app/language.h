// The languages of the window: which there are, which is meant, and their catalogs (base/tr.h).
#ifndef INKLING_APP_LANGUAGE_H
#define INKLING_APP_LANGUAGE_H

#include "app/sdl_font.h"
#include "base/tr.h"
#include "panels/workbench.h"

// The catalogs read so far. Zero-initialise.
typedef struct Language {
    Catalog *catalog[LANGUAGE_COUNT];
} Language;

// The language that the locale's variables ask for (LANGUAGE, LC_ALL, LC_MESSAGES, LANG: the first
// that is set); English where they ask for none that there is.
LanguageCode language_of_locale(void);

// From now on the window speaks `code`. Errors, and everything stays as it was: the catalog is not
// there (the program was built without gettext), or no font has the language's characters.
Status language_use(Language *language, LanguageCode code, SdlFont *font);
// Back to English; frees the catalogs. Nothing that tr() gave may be used any more.
void language_close(Language *language);

#endif
