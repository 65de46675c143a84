// IDX files packed by gzip. The first two bytes say what is done to the file: nothing, cut off, a
// bit turned over, or something behind it; the rest is packed here, as hardly a mutation would have
// the right checksum. With a first byte of 0xFF the rest is the file as it is.
#include "fuzz.h"

#include "dataset/idx.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { GZIP_HEAD = 2, GZIP_WINDOW = 15 + 16 };

static size_t pack(const uint8_t *data, size_t size, int level, uint8_t *out, size_t room) {
    z_stream stream = {0};
    REQUIRE(deflateInit2(&stream, level, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)size;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    size_t used = stream.total_out;
    deflateEnd(&stream);
    return used;
}

static void read_file(const uint8_t *data, size_t size, bool whole, size_t contents) {
    IdxArray array = {0};
    const char *path = fuzz_file(data, size);
    idx_looks_like(path);
    Status status = idx_read(path, &array);
    fuzz_check(&status);
    if (status_is_ok(&status) && whole) REQUIRE(array.size < contents);
    idx_close(&array);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < GZIP_HEAD) return 0;
    uint8_t how = data[0], where = data[1];
    data += GZIP_HEAD;
    size -= GZIP_HEAD;
    if (how == 0xFF) {
        read_file(data, size, false, 0);
        return 0;
    }
    size_t room = size + size / 8 + 256;
    uint8_t *packed = calloc(2, room);
    REQUIRE(packed);
    size_t used = pack(data, size, how & 1 ? 0 : 6, packed, room), at = used * where / 256;
    if (how >> 1 == 1) used = at;
    if (how >> 1 == 2) packed[at] ^= (uint8_t)(1u << (where & 7));
    if (how >> 1 == 3) used += where % 64u;
    if (how >> 1 == 4) used += pack(data, size, 6, packed + used, room); // two members
    read_file(packed, used, how >> 1 == 0, size);
    free(packed);
    return 0;
}
