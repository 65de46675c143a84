// Reading a file that may be gzip or plain, by its first bytes and not by its name. The one place
// that knows zlib. Not an archive reader, and it never seeks.
#ifndef INKLING_DATASET_PACKED_H
#define INKLING_DATASET_PACKED_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct PackedFile PackedFile;

// Refuses what is not a regular file.
Status packed_open(PackedFile **out, const char *path);

// Fills `buffer` with the next unpacked bytes. *got < want only at the end of the contents; then
// the checksum of a gzip file has been verified. STATUS_FORMAT when gzip data is damaged or cut
// off, STATUS_IO when the file cannot be read.
Status packed_read(PackedFile *file, void *buffer, size_t want, size_t *got);

// True for gzip.
bool packed_is_gzip(const PackedFile *file);
// Bytes of the file as it is on the disk.
uint64_t packed_disk_size(const PackedFile *file);
// No unpacking of a file this long can give more than this many bytes (deflate's limit is 1032:1).
uint64_t packed_most_bytes(const PackedFile *file);

void packed_close(PackedFile **file);

#endif
