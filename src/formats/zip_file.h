// Zip archives, read with limits and written to memory. This is the one file of the room that knows
// a zip library; without it (INKLING_HAVE_ZIP undefined) both ends say so in a sentence.
#ifndef INKLING_FORMATS_ZIP_FILE_H
#define INKLING_FORMATS_ZIP_FILE_H

#include "base/file.h"
#include "base/status.h"

#include <stddef.h>

typedef struct ZipReader ZipReader;

// Opens an archive for reading. `expand_limit`: the bytes that may come out of it by all
// zip_reader_read calls together, whatever it claims. Messages do not name the archive.
Status zip_reader_open(const char *path, size_t expand_limit, ZipReader **out);
void zip_reader_close(ZipReader **reader);

int zip_reader_count(const ZipReader *reader);
// The name of an entry as its bytes are; NULL when it cannot be told. Lives as long as the reader.
const char *zip_reader_name(const ZipReader *reader, int index);
// Index of the entry of that name, -1 when there is none.
int zip_reader_find(const ZipReader *reader, const char *name);
// The whole entry, NUL behind it, its checksum compared; free with bytes_close. `limit`: of this
// entry alone.
Status zip_reader_read(ZipReader *reader, int index, size_t limit, Bytes *out);

// One entry to write: stored as it is, not compressed (PyTorch maps archives into memory).
typedef struct ZipEntry {
    const char *name;
    const void *data; // must outlive the call
    size_t size;
} ZipEntry;

// The bytes of an archive with these entries; the same entries give the same bytes. Free with
// bytes_close.
Status zip_write(const ZipEntry *entries, int count, Bytes *out);

#endif
