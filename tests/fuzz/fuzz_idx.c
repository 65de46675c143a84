// IDX files, not packed: any array, images, labels; and what was read is written and read again.
#include "fuzz.h"

#include "dataset/idx.h"

#include <string.h>

static void write_again(const IdxArray *array) {
    char path[FILE_PATH_MAX];
    IdxArray again = {0};
    fuzz_path(path, "again.idx");
    Status status = idx_write(path, array->dimension_count, array->dimensions, array->bytes);
    REQUIRE(status_is_ok(&status));
    status = idx_read(path, &again);
    REQUIRE(status_is_ok(&status) && again.size == array->size);
    REQUIRE(memcmp(again.bytes, array->bytes, again.size) == 0);
    idx_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static Status (*const readers[])(const char *, IdxArray *) = {idx_read, idx_read_images,
                                                                  idx_read_labels};
    const char *path = fuzz_file(data, size);
    bool looks = idx_looks_like(path);
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        IdxArray array = {0};
        Status status = readers[i](path, &array);
        fuzz_check(&status);
        if (status_is_ok(&status)) {
            REQUIRE(looks);
            if (i == 0) write_again(&array);
        }
        idx_close(&array);
    }
    return 0;
}
