// JSON for standard output: one object per line. cJSON is behind this file alone in this room. Keys
// stay in the order they are added. Numbers are written so that they read back as the same value,
// with a decimal point in every locale; what is not finite becomes null.
#ifndef INKLING_APP_CLI_JSON_H
#define INKLING_APP_CLI_JSON_H

#include "base/status.h"

#include <stddef.h>

struct cJSON;

// Zero-initialise. When memory runs out `failed` is set and the line's printing reports it.
typedef struct JsonLine {
    struct cJSON *root;
    bool failed;
} JsonLine;

// A place in a line: its root or an object in an array.
typedef struct JsonNode {
    JsonLine *line;
    struct cJSON *item;
} JsonNode;

JsonNode json_root(JsonLine *line);
// Text that is not UTF-8 (file names may be anything) gets U+FFFD where it is broken.
void json_text(JsonNode node, const char *key, const char *text);
void json_number(JsonNode node, const char *key, double value);
void json_float(JsonNode node, const char *key, float value);
void json_int(JsonNode node, const char *key, long long value);
void json_bool(JsonNode node, const char *key, bool value);
void json_null(JsonNode node, const char *key);
void json_floats(JsonNode node, const char *key, const float *values, int count);
void json_ints(JsonNode node, const char *key, const int *values, int count);
// An array of objects: json_list once, json_list_object for each element.
JsonNode json_list(JsonNode node, const char *key);
JsonNode json_list_object(JsonNode list);
void json_list_text(JsonNode list, const char *text);

// Prints the line, with its newline, brings it out at once, and frees. STATUS_IO as cli_flush.
Status json_print(JsonLine *line);
void json_close(JsonLine *line);

#endif
