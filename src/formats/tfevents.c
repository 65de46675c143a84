// Events, records and their checksums; see tfevents.h.
#include "formats/tfevents.h"

#include "base/check.h"
#include "base/file.h"

#include <string.h>

enum { TAG_MAX = 60, EVENT_MAX = 32 + EVENT_SCALARS_MAX * (TAG_MAX + 16) };

// Kinds of protobuf fields (the encoding's "wire types").
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

// A message in the making.
typedef struct Message {
    unsigned char data[EVENT_MAX];
    size_t size;
} Message;

// ---- bytes --------------------------------------------------------------------------------------

static void put_bytes(Message *to, const void *data, size_t size) {
    REQUIRE(to->size + size <= sizeof to->data);
    memcpy(to->data + to->size, data, size);
    to->size += size;
}

static void put_little(Message *to, uint64_t value, int bytes) {
    unsigned char little[8];
    for (int i = 0; i < bytes; i++) little[i] = (unsigned char)(value >> 8 * i);
    put_bytes(to, little, (size_t)bytes);
}

static void put_varint(Message *to, uint64_t value) {
    for (; value >= 0x80; value >>= 7) put_little(to, (value & 0x7F) | 0x80, 1);
    put_little(to, value, 1);
}

static void put_key(Message *to, int field, int wire) {
    put_varint(to, (uint64_t)(field << 3 | wire));
}

static void put_double(Message *to, int field, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(to, field, WIRE_64);
    put_little(to, bits, 8);
}

static void put_float(Message *to, int field, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(to, field, WIRE_32);
    put_little(to, bits, 4);
}

static void put_field(Message *to, int field, const void *data, size_t size) {
    put_key(to, field, WIRE_BYTES);
    put_varint(to, size);
    put_bytes(to, data, size);
}

// ---- records ------------------------------------------------------------------------------------

// CRC-32C (Castagnoli), rotated and shifted by a constant as TFRecord wants it.
static uint32_t masked_crc(const unsigned char *data, size_t size) {
    uint32_t crc = ~0u;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0x82F63B78u & (0u - (crc & 1)));
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

static void append_little(Text *to, uint64_t value, int bytes) {
    char little[8];
    for (int i = 0; i < bytes; i++) little[i] = (char)(value >> 8 * i);
    text_append_bytes(to, little, (size_t)bytes);
}

static void append_record(Text *to, const Message *event) {
    Message length = {.size = 0};
    put_little(&length, event->size, 8);
    text_append_bytes(to, (const char *)length.data, length.size);
    append_little(to, masked_crc(length.data, length.size), 4);
    text_append_bytes(to, (const char *)event->data, event->size);
    append_little(to, masked_crc(event->data, event->size), 4);
}

void event_log_add(EventLog *log, double wall_time, int64_t step, const EventScalar *scalars,
                   int count) {
    static const char version[] = "brain.Event:2";
    Message event = {.size = 0}, summary = {.size = 0};
    ASSERT(count <= EVENT_SCALARS_MAX);
    put_double(&event, 1, wall_time);
    if (log->bytes.size == 0) {
        Message first = event;
        put_field(&first, 3, version, sizeof version - 1);
        append_record(&log->bytes, &first);
    }
    for (int i = 0; i < count; i++) {
        Message value = {.size = 0};
        size_t tag = strlen(scalars[i].tag);
        ASSERT(tag <= TAG_MAX);
        put_field(&value, 1, scalars[i].tag, tag);
        put_float(&value, 2, scalars[i].value);
        put_field(&summary, 1, value.data, value.size);
    }
    put_key(&event, 2, WIRE_VARINT);
    put_varint(&event, (uint64_t)step);
    put_field(&event, 5, summary.data, summary.size);
    append_record(&log->bytes, &event);
}

Status event_log_save(const EventLog *log, const char *path) {
    if (log->bytes.failed) return status_no_memory("an event file", log->bytes.size);
    return file_write_atomic(path, log->bytes.data ? log->bytes.data : "", log->bytes.size, 0644);
}

void event_log_close(EventLog *log) {
    text_close(&log->bytes);
}
