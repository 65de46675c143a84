// What the window says in the language that was chosen: tr("Train") is "Train", or its translation
// from the catalog in use. The program's own language is English: every text stands in the source,
// and what a catalog lacks stays English.
//
//   ui_button(ui, rect, tr("Train"), 0);                    a text
//   snprintf(out, size, tr("%d of %d right"), right, all);  a sentence with numbers
//   static const char *const names[] = {TR("Filters")};     in a table; tr(names[i]) shows it
//   tr_n("%d run is lost.", "%d runs are lost.", n)         one or many
//   status_error(STATUS_IO, TR("there is no file %s"), path)  status_error translates it
//
// Wrap whole sentences, never pieces to be glued together; what stands behind "##" in a label must
// be kept by the translation. Texts are read from the sources by xgettext (scripts/translate.sh),
// and a test fails when a text has no translation (po/*.po).
//
// Catalogs are gettext's compiled files (.mo, GNU gettext manual, "The Format of GNU MO Files"),
// read here and not by libintl: since version 2.39 glibc translates nothing in the locale C.UTF-8,
// which is the only one that a small installation has, and it cannot change the language of a
// running program without the environment.
#ifndef INKLING_BASE_TR_H
#define INKLING_BASE_TR_H

#include "base/status.h"

#if defined(__GNUC__)
#define TR_FORMAT(n) __attribute__((format_arg(n)))
#else
#define TR_FORMAT(n)
#endif

// The translation of `text`, or `text` itself. Valid until the catalog in use is closed. Any
// thread.
TR_FORMAT(1) const char *tr(const char *text);
// The translation for `n` things: English says `one` for 1 and `many` for all others, and so must
// the language of the catalog, if it distinguishes at all.
TR_FORMAT(1) TR_FORMAT(2) const char *tr_n(const char *one, const char *many, long n);
// Marks a text in a table for translation; it is translated where it is shown.
#define TR(text) text

typedef struct Catalog Catalog;

// Reads a .mo file in UTF-8. Close with catalog_close, when nobody uses it any more.
Status catalog_open(Catalog **out, const char *path);
void catalog_close(Catalog **catalog);
// The translation of `text`; NULL when the catalog has none.
const char *catalog_find(const Catalog *catalog, const char *text);

// From now on tr() answers from `catalog`, which must stay open; NULL: English. It is the one thing
// in the program that is the same for all of it without being passed along, as the locale is.
void tr_use(const Catalog *catalog);

#endif
