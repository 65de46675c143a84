// The settings line, as it is pasted into the window and found in model files: what was understood
// is printed, and that means the same.
#include "fuzz.h"

#include "train/config.h"

#include <stdlib.h>
#include <string.h>

static void look_at(const TrainConfig *config) {
    static TrainConfig again;
    static ModelSpec spec;
    char line[TRAIN_LINE_MAX], second[TRAIN_LINE_MAX];
    uint32_t trained;
    config_print(config, line);
    Status status = config_parse(line, &again);
    // The one thing that may be lost is what is too long to be printed.
    if (strlen(line) + 1 < sizeof line) {
        REQUIRE(status_is_ok(&status));
        config_print(&again, second);
        REQUIRE(strcmp(line, second) == 0);
    }
    status = config_check(config, 1000, &trained);
    fuzz_check(&status);
    if (status_is_ok(&status)) REQUIRE(trained > 0 && trained <= 1000);
    status = config_spec(config, (Shape){1, 28, 28, false}, 10, &spec);
    fuzz_check(&status);
    for (int i = 0; i < train_option_count; i++) {
        char value[TRAIN_LINE_MAX];
        config_get(config, &train_options[i], value, sizeof value);
        config_applies(config, &train_options[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static TrainConfig config;
    char *line = malloc(size + 1);
    REQUIRE(line);
    memcpy(line, data, size);
    line[size] = '\0';
    Status status = config_parse(line, &config);
    fuzz_check(&status);
    if (status_is_ok(&status)) look_at(&config);
    free(line);
    return 0;
}
