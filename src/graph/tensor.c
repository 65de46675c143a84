// The types of a graph's tensors: loading, rounding, converting.
#include "graph/tensor.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const GraphTypeRow graph_types[GRAPH_TYPE_COUNT] = {
    [GRAPH_F32] = {"float32", GRAPH_AS_FLOAT, 32, true},
    [GRAPH_F64] = {"float64", GRAPH_AS_DOUBLE, 64, true},
    [GRAPH_F16] = {"float16", GRAPH_AS_FLOAT, 16, true},
    [GRAPH_BF16] = {"bfloat16", GRAPH_AS_FLOAT, 16, true},
    [GRAPH_I8] = {"int8", GRAPH_AS_INTEGER, 8, true},
    [GRAPH_I16] = {"int16", GRAPH_AS_INTEGER, 16, true},
    [GRAPH_I32] = {"int32", GRAPH_AS_INTEGER, 32, true},
    [GRAPH_I64] = {"int64", GRAPH_AS_INTEGER, 64, true},
    [GRAPH_U8] = {"uint8", GRAPH_AS_INTEGER, 8, false},
    [GRAPH_U16] = {"uint16", GRAPH_AS_INTEGER, 16, false},
    [GRAPH_U32] = {"uint32", GRAPH_AS_INTEGER, 32, false},
    [GRAPH_U64] = {"uint64", GRAPH_AS_INTEGER, 64, false},
    [GRAPH_BOOL] = {"bool", GRAPH_AS_INTEGER, 8, false},
    [GRAPH_TEXT] = {"text", GRAPH_AS_TEXT, 0, false},
    [GRAPH_OPAQUE] = {"something that is no tensor", GRAPH_AS_BYTES, 8, false},
};

size_t graph_element_size(GraphType type) {
    static const size_t sizes[] = {
        [GRAPH_AS_FLOAT] = sizeof(float),
        [GRAPH_AS_DOUBLE] = sizeof(double),
        [GRAPH_AS_INTEGER] = sizeof(int64_t),
        [GRAPH_AS_TEXT] = GRAPH_TEXT_MAX,
        [GRAPH_AS_BYTES] = 1,
    };
    return sizes[graph_types[type].storage];
}

// ---- halves -------------------------------------------------------------------------------------

static uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction.
static float float_of_f16(uint32_t bits) {
    uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
    if (exponent == 0x1F) return float_of_bits(sign | 0x7F800000u | fraction << 13);
    if (exponent > 0) return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float value = (float)fraction * 0x1p-24f; // subnormal: exact
    return sign ? -value : value;
}

// To the nearest binary16, ties to even.
static float round_f16(float value) {
    float size = fabsf(value);
    if (isnan(value)) return value;
    if (size >= 65520.0f) return value > 0 ? INFINITY : -INFINITY;
    if (size < 0x1p-14f) return copysignf(rintf(size * 0x1p24f) * 0x1p-24f, value);
    uint32_t bits = bits_of_float(value);
    return float_of_bits((bits + 0xFFF + (bits >> 13 & 1)) & ~(uint32_t)0x1FFF);
}

static float round_bf16(float value) {
    uint32_t bits = bits_of_float(value);
    if (isnan(value)) return float_of_bits((bits | 0x400000u) & 0xFFFF0000u);
    return float_of_bits((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000u);
}

// ---- loading and rounding -----------------------------------------------------------------------

static int64_t wrap_integer(GraphType type, int64_t value) {
    const GraphTypeRow *row = &graph_types[type];
    if (type == GRAPH_BOOL) return value != 0;
    if (row->bits == 64) return value;
    uint64_t mask = ((uint64_t)1 << row->bits) - 1, bits = (uint64_t)value & mask;
    if (row->is_signed && bits >> (row->bits - 1)) return (int64_t)bits - (int64_t)(mask + 1);
    return (int64_t)bits;
}

void graph_tensor_load(GraphTensor *tensor, const unsigned char *bytes) {
    int size = graph_types[tensor->type].bits / 8;
    for (size_t i = 0; i < tensor->count; i++, bytes += size) {
        uint64_t bits = 0;
        for (int k = size - 1; k >= 0; k--) bits = bits << 8 | bytes[k];
        switch (graph_storage(tensor)) {
        case GRAPH_AS_FLOAT:
            ((float *)tensor->data)[i] =
                tensor->type == GRAPH_F16
                    ? float_of_f16((uint32_t)bits)
                    : float_of_bits((uint32_t)bits << (tensor->type == GRAPH_BF16 ? 16 : 0));
            break;
        case GRAPH_AS_DOUBLE:
            memcpy((double *)tensor->data + i, &bits, sizeof bits);
            break;
        case GRAPH_AS_INTEGER:
            ((int64_t *)tensor->data)[i] = wrap_integer(tensor->type, (int64_t)bits);
            break;
        case GRAPH_AS_TEXT:
            break;
        case GRAPH_AS_BYTES:
            ((unsigned char *)tensor->data)[i] = (unsigned char)bits;
            break;
        }
    }
}

// The bits of a number that is a binary16 already.
static uint32_t f16_of_float(float value) {
    uint32_t bits = bits_of_float(value), sign = bits >> 16 & 0x8000u;
    float size = fabsf(value);
    if (isnan(value)) return sign | 0x7C00u | (bits >> 13 & 0x3FFu) | 0x200u;
    if (isinf(value)) return sign | 0x7C00u;
    if (size < 0x1p-14f) return sign | (uint32_t)(size * 0x1p24f);
    return sign | (((bits >> 23 & 0xFF) - 112) << 10 | (bits >> 13 & 0x3FFu));
}

void graph_tensor_store(const GraphTensor *tensor, unsigned char *bytes) {
    int size = graph_types[tensor->type].bits / 8;
    for (size_t i = 0; i < tensor->count; i++, bytes += size) {
        uint64_t bits = 0;
        if (graph_storage(tensor) == GRAPH_AS_FLOAT) {
            float value = ((const float *)tensor->data)[i];
            bits = tensor->type == GRAPH_F16    ? f16_of_float(value)
                   : tensor->type == GRAPH_BF16 ? bits_of_float(value) >> 16
                                                : bits_of_float(value);
        } else if (size == 8 || graph_storage(tensor) == GRAPH_AS_INTEGER) {
            memcpy(&bits, (const int64_t *)tensor->data + i, sizeof bits);
        } else {
            bits = ((const unsigned char *)tensor->data)[i];
        }
        for (int k = 0; k < size; k++) bytes[k] = (unsigned char)(bits >> 8 * k);
    }
}

void graph_tensor_round(GraphTensor *tensor) {
    float *floats = tensor->data;
    int64_t *integers = tensor->data;
    if (tensor->type == GRAPH_F16)
        for (size_t i = 0; i < tensor->count; i++) floats[i] = round_f16(floats[i]);
    if (tensor->type == GRAPH_BF16)
        for (size_t i = 0; i < tensor->count; i++) floats[i] = round_bf16(floats[i]);
    if (graph_storage(tensor) == GRAPH_AS_INTEGER && graph_types[tensor->type].bits < 64)
        for (size_t i = 0; i < tensor->count; i++)
            integers[i] = wrap_integer(tensor->type, integers[i]);
}

// ---- converting ---------------------------------------------------------------------------------

// One number, in whichever of the two forms holds all of it.
typedef struct Number {
    bool is_integer;
    int64_t integer;
    double real;
} Number;

static bool text_is(const char *text, const char *word) {
    for (; *text && *word; text++, word++)
        if ((*text >= 'A' && *text <= 'Z' ? *text + ('a' - 'A') : *text) != *word) return false;
    return *text == *word;
}

static bool number_of_text(const char *text, double *out) {
    bool minus = *text == '-';
    const char *word = text + (minus || *text == '+');
    *out = text_is(word, "nan") ? (double)NAN : minus ? -(double)INFINITY : (double)INFINITY;
    if (text_is(word, "nan") || text_is(word, "inf") || text_is(word, "infinity")) return true;
    return text_to_double(*text == '+' ? word : text, out);
}

static void text_of_float(double value, int digits_most, char out[GRAPH_TEXT_MAX]) {
    memset(out, 0, GRAPH_TEXT_MAX);
    for (int digits = 1; digits <= digits_most && isfinite(value); digits++) {
        double back;
        snprintf(out, GRAPH_TEXT_MAX, "%.*g", digits, value);
        for (char *c = out; *c; c++)
            if (*c == ',') *c = '.'; // a locale's decimal point
        if (!text_to_double(out, &back)) continue;
        if (digits_most > 9 ? back == value : (float)back == (float)value) break;
    }
    if (!isfinite(value))
        snprintf(out, GRAPH_TEXT_MAX, "%s", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    else if (!strpbrk(out, ".e"))
        memcpy(out + strlen(out), ".0", 3);
}

static Status number_read(const GraphTensor *from, size_t i, Number *out) {
    *out = (Number){0};
    switch (graph_storage(from)) {
    case GRAPH_AS_FLOAT:
        out->real = (double)((const float *)from->data)[i];
        break;
    case GRAPH_AS_DOUBLE:
        out->real = ((const double *)from->data)[i];
        break;
    case GRAPH_AS_INTEGER:
        out->is_integer = true;
        out->integer = ((const int64_t *)from->data)[i];
        out->real = from->type == GRAPH_U64 ? (double)(uint64_t)out->integer : (double)out->integer;
        break;
    case GRAPH_AS_TEXT:
        if (!number_of_text((const char *)from->data + i * GRAPH_TEXT_MAX, &out->real))
            return status_error(STATUS_FORMAT, "the text \"%.40s\" is not a number",
                                (const char *)from->data + i * GRAPH_TEXT_MAX);
        break;
    case GRAPH_AS_BYTES:
        return status_error(STATUS_UNSUPPORTED, "what is no tensor cannot be converted");
    }
    return status_ok();
}

// C leaves a conversion undefined where the number does not fit.
static int64_t integer_of(const Number *number, GraphType type) {
    if (number->is_integer) return number->integer;
    if (type == GRAPH_BOOL) return number->real != 0;
    if (number->real >= -0x1p63 && number->real < 0x1p63) return (int64_t)number->real;
    if (number->real >= 0x1p63 && number->real < 0x1p64 && type == GRAPH_U64)
        return (int64_t)(uint64_t)number->real;
    return isnan(number->real) ? 0 : number->real < 0 ? INT64_MIN : INT64_MAX;
}

static float float_of_double(double value) {
    if (value > 3.4028235677973366e38) return INFINITY;
    if (value < -3.4028235677973366e38) return -INFINITY;
    return (float)value;
}

static void number_write(const Number *number, const GraphTensor *from, GraphTensor *to, size_t i) {
    switch (graph_storage(to)) {
    case GRAPH_AS_FLOAT:
        ((float *)to->data)[i] = float_of_double(number->real);
        break;
    case GRAPH_AS_DOUBLE:
        ((double *)to->data)[i] = number->real;
        break;
    case GRAPH_AS_INTEGER:
        ((int64_t *)to->data)[i] = integer_of(number, to->type);
        break;
    case GRAPH_AS_TEXT: {
        char *text = (char *)to->data + i * GRAPH_TEXT_MAX;
        if (number->is_integer)
            snprintf(text, GRAPH_TEXT_MAX, "%lld", (long long)number->integer);
        else
            text_of_float(number->real, from->type == GRAPH_F64 ? 17 : 9, text);
        break;
    }
    case GRAPH_AS_BYTES:
        break;
    }
}

Status graph_tensor_convert(const GraphTensor *from, GraphTensor *to) {
    if (graph_storage(from) == graph_storage(to)) {
        memcpy(to->data, from->data, from->count * graph_element_size(from->type));
        if (from->type != to->type) graph_tensor_round(to);
        return status_ok();
    }
    if (graph_storage(to) == GRAPH_AS_BYTES)
        return status_error(STATUS_UNSUPPORTED, "numbers cannot become what is no tensor");
    for (size_t i = 0; i < from->count; i++) {
        Number number;
        Status status = number_read(from, i, &number);
        if (!status_is_ok(&status)) return status;
        number_write(&number, from, to, i);
    }
    graph_tensor_round(to);
    return status_ok();
}

void graph_tensor_print(const GraphTensor *tensor, char out[96]) {
    size_t used = (size_t)snprintf(out, 96, "%s [", graph_types[tensor->type].name);
    for (int i = 0; i < tensor->rank && used < 90; i++)
        used += (size_t)snprintf(out + used, 96 - used, "%s%zu", i > 0 ? "," : "", tensor->dims[i]);
    if (used < 95) memcpy(out + used, "]", 2);
}
