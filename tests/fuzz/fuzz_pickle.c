// The pickle in a .pth file, without the zip archive around it whose checksums keep mutations out;
// and, where it says so, the lines of metadata that our own files have beside it.
#include "fuzz.h"

#include "formats/metadata.h"
#include "formats/pth_state.h"

#include <stdlib.h>
#include <string.h>

// Every storage is there, with so many bytes.
enum { STORAGE_BYTES = 4096 };

static Status find_storage(PthStorages *storages, const PickleValue *storage, TensorType type,
                           const unsigned char **data, size_t *size) {
    static const unsigned char zeros[STORAGE_BYTES];
    (void)storages;
    (void)type;
    REQUIRE(storage->kind == PICKLE_STORAGE);
    *data = zeros;
    *size = sizeof zeros;
    return status_ok();
}

// What names and shapes of a bag are good for: a network, and a sentence about it.
static void look_at(const TensorBag *bag) {
    char text[200];
    SavedModel *model = NULL;
    Text printed = {0};
    Status status;
    tensor_bag_print(bag, text, sizeof text);
    for (int i = 0; i < tensor_bag_count(bag); i++) {
        const Tensor *tensor = tensor_bag_at(bag, i);
        float *numbers = malloc((tensor->count + 1) * sizeof *numbers);
        if (numbers) tensor_read(tensor, numbers);
        free(numbers);
    }
    metadata_print(bag, &printed);
    text_close(&printed);
    if (!metadata_has(bag)) return;
    status = metadata_make(bag, &model);
    fuzz_check(&status);
    saved_model_close(&model);
}

static void read_metadata(const uint8_t *data, size_t size) {
    TensorBag *bag = NULL;
    Status status = tensor_bag_open(1 << 20, &bag);
    if (status_is_ok(&status)) status = metadata_parse((const char *)data, size, bag);
    fuzz_check(&status);
    if (status_is_ok(&status)) look_at(bag);
    tensor_bag_close(&bag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    PthStorages storages = {find_storage};
    Pickle *pickle = NULL;
    TensorBag *bag = NULL;
    size_t used = 0;
    if (size > 0 && data[0] == 'i') {
        read_metadata(data, size);
        return 0;
    }
    Status status = pickle_read(data, size, &used, &pickle);
    fuzz_check(&status);
    REQUIRE(status_is_ok(&status) == (pickle != NULL));
    if (pickle) {
        REQUIRE(used <= size);
        status = tensor_bag_open(1 << 20, &bag);
        if (status_is_ok(&status)) status = pth_take_state(pickle_root(pickle), &storages, bag);
        fuzz_check(&status);
        if (status_is_ok(&status)) look_at(bag);
    }
    tensor_bag_close(&bag);
    pickle_close(&pickle);
    return 0;
}
