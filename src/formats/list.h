// The formats, one row each: the name, which is also its ending; another ending if there is one;
// and whether graphs can be written. Each is a file here with NAME_recognise, NAME_read and
// NAME_write (FormatRow in formats.h says what each does).
#ifndef INKLING_FORMATS_LIST_H
#define INKLING_FORMATS_LIST_H

#include "formats/formats.h"

#define FORMAT_LIST(X)                                                                             \
    X(safetensors, NULL, false)                                                                    \
    X(pth, ".pt", false)                                                                           \
    X(onnx, NULL, true)

#define FORMAT_DECLARE(id, other, graphs_)                                                         \
    bool id##_recognise(const unsigned char *head, size_t size, size_t file_size);                 \
    Status id##_read(const char *path, const InferOptions *options, SavedModel **out,              \
                     InferReport *report);                                                         \
    Status id##_write(const char *path, const SavedModel *model);
FORMAT_LIST(FORMAT_DECLARE)
#undef FORMAT_DECLARE

#endif
