// See cli_json.h. Numbers go in as raw text: cJSON's own writing of them depends on the version.
#include "app/cli_json.h"

#include "app/cli.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

JsonNode json_root(JsonLine *line) {
    if (line->root == NULL) line->root = cJSON_CreateObject();
    if (line->root == NULL) line->failed = true;
    return (JsonNode){line, line->root};
}

static void json_put(JsonNode node, const char *key, cJSON *item) {
    bool fits = item != NULL && node.item != NULL;
    if (fits && key != NULL && cJSON_AddItemToObject(node.item, key, item)) return;
    if (fits && key == NULL && cJSON_AddItemToArray(node.item, item)) return;
    cJSON_Delete(item);
    node.line->failed = true;
}

static cJSON *json_clean_text(const char *text) {
    size_t size = strlen(text);
    if (text_is_utf8(text, size)) return cJSON_CreateString(text);
    Text clean = {0};
    for (size_t i = 0; i < size;) {
        size_t step = 4;
        while (step > 0 && (i + step > size || !text_is_utf8(text + i, step))) step--;
        if (step > 0)
            text_append_bytes(&clean, text + i, step);
        else
            text_append(&clean, "\xEF\xBF\xBD");
        i += step > 0 ? step : 1;
    }
    cJSON *item = clean.failed ? NULL : cJSON_CreateString(clean.data);
    text_close(&clean);
    return item;
}

void json_text(JsonNode node, const char *key, const char *text) {
    json_put(node, key, json_clean_text(text));
}

static cJSON *json_make_number(double value) {
    if (!isfinite(value)) return cJSON_CreateNull();
    char text[32];
    text_from_double(text, value);
    return cJSON_CreateRaw(text);
}

static cJSON *json_make_float(float value) {
    if (!isfinite(value)) return cJSON_CreateNull();
    char text[32];
    text_from_float(text, value);
    return cJSON_CreateRaw(text);
}

void json_number(JsonNode node, const char *key, double value) {
    json_put(node, key, json_make_number(value));
}

void json_float(JsonNode node, const char *key, float value) {
    json_put(node, key, json_make_float(value));
}

void json_int(JsonNode node, const char *key, long long value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", value);
    json_put(node, key, cJSON_CreateRaw(text));
}

void json_bool(JsonNode node, const char *key, bool value) {
    json_put(node, key, cJSON_CreateBool(value));
}

void json_null(JsonNode node, const char *key) {
    json_put(node, key, cJSON_CreateNull());
}

void json_floats(JsonNode node, const char *key, const float *values, int count) {
    JsonNode list = json_list(node, key);
    for (int i = 0; i < count; i++) json_put(list, NULL, json_make_float(values[i]));
}

void json_ints(JsonNode node, const char *key, const int *values, int count) {
    JsonNode list = json_list(node, key);
    for (int i = 0; i < count; i++) json_int(list, NULL, values[i]);
}

JsonNode json_list(JsonNode node, const char *key) {
    cJSON *list = cJSON_CreateArray();
    json_put(node, key, list);
    return (JsonNode){node.line, node.line->failed ? NULL : list};
}

JsonNode json_list_object(JsonNode list) {
    cJSON *object = cJSON_CreateObject();
    json_put(list, NULL, object);
    return (JsonNode){list.line, list.line->failed ? NULL : object};
}

void json_list_text(JsonNode list, const char *text) {
    json_put(list, NULL, json_clean_text(text));
}

Status json_print(JsonLine *line) {
    char *text = line->failed ? NULL : cJSON_PrintUnformatted(line->root);
    Status status = status_ok();
    if (text == NULL)
        status = status_no_memory("a line of JSON", 0);
    else
        cli_print("%s\n", text);
    cJSON_free(text);
    json_close(line);
    if (status_is_ok(&status)) status = cli_flush();
    return status;
}

void json_close(JsonLine *line) {
    cJSON_Delete(line->root);
    *line = (JsonLine){0};
}
