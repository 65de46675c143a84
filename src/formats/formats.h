// Model files: one reader and writer per format, one row each in format_rows[]. What goes in and
// out is a SavedModel: host memory only, no back end.
#ifndef INKLING_FORMATS_FORMATS_H
#define INKLING_FORMATS_FORMATS_H

#include "base/status.h"
#include "nn/spec.h"

// A network as it lies in a file. Heap object: saved_model_close frees all of it.
typedef struct SavedModel {
    ModelSpec spec;
    ModelPlan plan;
    float *weights; // plan.weight_floats, layout as in spec.h
    int class_count;
    char class_names[SPEC_CLASSES_MAX][16]; // UTF-8
    // How it was trained, for people and for running it again: the settings line, and a line of
    // results ("test_accuracy=0.9902 epochs=10 seconds=14"). "" when unknown.
    char settings[4096];
    char record[512];
    float temperature; // softmax(logits / temperature); 1 when not calibrated
} SavedModel;

// Plan, zeroed weights and class names "0".."9" (or as many as there are classes) for `spec`.
Status saved_model_make(const ModelSpec *spec, SavedModel **out);
void saved_model_close(SavedModel **model);

typedef struct FormatRow {
    const char *name;      // "safetensors"
    const char *extension; // ".safetensors"
    // True when the first bytes say so; extension is only asked when several do, or none.
    bool (*recognise)(const unsigned char *head, size_t size, size_t file_size);
    Status (*read)(const char *path, SavedModel **out);
    Status (*write)(const char *path, const SavedModel *model); // atomic
} FormatRow;
extern const FormatRow format_rows[];
extern const int format_count;

// Reads any model file; the row is chosen by content first, then by name.
Status format_read(const char *path, SavedModel **out);
// Writes by ending; STATUS_USAGE lists the endings for another one.
Status format_write(const char *path, const SavedModel *model);

#endif
