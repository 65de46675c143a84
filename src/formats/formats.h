// Model files: one reader and writer per format, one row each in format_rows[]. What goes in and
// out is a SavedModel: host memory only, no back end.
#ifndef INKLING_FORMATS_FORMATS_H
#define INKLING_FORMATS_FORMATS_H

#include "base/status.h"
#include "formats/tensor_names.h"
#include "nn/spec.h"

#include <stdint.h>

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
    // An answer whose probability is below this is none: what is shown is no digit (train/
    // calibrate.h finds it). 0: not known, every answer counts.
    float threshold;
    // What its tensors were called in the file that it came from, for whoever writes it again, and
    // for networks trained on from it; owned. NULL: they have the names of the plan, which is so of
    // what is trained here.
    TensorNames *names;
    // With names->border: the first bias as the file had it (border.h); owned, else NULL.
    float *border_bias;
    // NULL: the layers of `spec` are the network. Otherwise this graph is, which they cannot say:
    // it answers, but cannot be trained, and has no layers, tensors or weights here. `spec` has its
    // name, input and normalization; `plan` its shapes[0], classes, parameters and flops_forward.
    struct Graph *graph;
} SavedModel;

// Plan, zeroed weights and class names "0".."9" (or as many as there are classes) for `spec`.
Status saved_model_make(const ModelSpec *spec, SavedModel **out);
// The same for a graph, which belongs to the model from then on (even on failure). `work`:
// multiply-adds of an answer.
Status saved_model_make_graph(const ModelSpec *spec, struct Graph *graph, int classes, double work,
                              SavedModel **out);
void saved_model_close(SavedModel **model);
// `model` becomes one that was trained for so many batches from a network with these names (NULL:
// none of its own); batch norms have counted them.
Status saved_model_name_tensors(SavedModel *model, const TensorNames *names, long long batches);
// STATUS_UNSUPPORTED when the model is a graph: training needs layers. `path` is named.
Status saved_model_check_layers(const SavedModel *model, const char *path);

// How well a candidate does on labelled images: share right, and mean cross-entropy.
typedef struct InferScore {
    double accuracy, loss;
    // The loss at the temperature that suits the candidate best: a network may know what it sees
    // and only be too sure or not sure enough of it.
    double calibrated;
    int images; // that were run
    // Given by who asks, or NULL: room for what speaks against it on each image, the loss at that
    // temperature and some percent for how far it is from 1.
    float *losses;
} InferScore;

// How to tell the network of a file that does not say which it is (infer.h). All zero: by names and
// shapes alone, and what is most usual.
typedef struct InferOptions {
    // Runs `candidate` on the first `images` (at most) labelled images of whatever set the caller
    // has, and may stop when the sum of the losses is more than images * `enough`: then the
    // candidate is out, and the numbers are those of the images run. Up to some hundreds of calls,
    // nearly all of which a few dozen images settle. Training images tell more than test images:
    // on them the network is at its best exactly with what it was trained with. False: cannot, or
    // stop trying; the best so far counts. Called on the thread of format_open. `candidate` is only
    // lent. NULL: nothing is tried.
    bool (*score)(void *context, const SavedModel *candidate, int images, double enough,
                  InferScore *out);
    // The pictures of the first `images` of that set, of side x side bytes each, ink light; lent
    // while format_open runs. NULL when there are not so many, or of another size. May be left out.
    const uint8_t *(*pixels)(void *context, int side, int images);
    void *context;
    // What a person has decided against the guess: the notation of all layers (free_layers.h), and
    // the normalization. NULL: guess.
    const char *layers;
    const Normalization *normalization;
    // With `layers`: the network was trained on images with 2 pixels of paper around them, and its
    // first convolution pads by 2 for that (infer_guess.h).
    bool border;
} InferOptions;
enum { INFER_IMAGES_MAX = 60000 };
// Networks that learn digits at all read most of them; a wrong guess at one may read any share.
#define INFER_LEAST 0.6

// How sure it is what the report says.
typedef enum InferSure {
    INFER_SAID,    // the file itself says it: nothing was guessed
    INFER_UNTRIED, // only what is usual
    INFER_POOR,    // the best guess reads so few images that the network may well be another one
    INFER_UNSURE,  // it reads fewer than networks of its kind do, or a rival is close
    INFER_NEARLY,  // the images do not tell it from a likeness, than which it is only more usual
    INFER_SURE,
} InferSure;

// Another guess that did well, and what it has otherwise: "LeakyReLU 0.01". The first few are worth
// telling with their numbers; all that the images do not tell from the best are there.
enum { INFER_RIVALS_MAX = 8, INFER_RIVALS_TOLD = 3 };
typedef struct InferRival {
    InferScore score;
    bool like;  // the images do not tell it from the best, which is only more usual
    bool close; // not even that speaks clearly for the best
    char what[96];
} InferRival;

// What came of it, as numbers and as sentences for the window and `inkling info`.
typedef struct InferReport {
    bool exact;   // the file itself says which network it is: nothing was guessed
    bool open;    // the layers are a guess: InferOptions.layers may say otherwise
    bool border;  // as in InferOptions
    bool hurried; // not everything was tried: it would have been too much work
    InferSure sure;
    Normalization normalization; // of what it was trained on, also where the network does it itself
    int tried;                   // candidates that were run; 0: the guesses are only what is usual
    InferScore best;             // of the one taken, when tried > 0
    InferRival rivals[INFER_RIVALS_MAX]; // the next best, in order
    int rival_count;
    char recognised[160]; // "LeNet-5", or "2 convolutions and 3 dense layers"
    char guessed[320];    // "average pooling, ReLU, (x - 0.1307) / 0.3081"; "" when nothing was
    char doubt[320];      // what speaks against it, and what the images hardly tell; ""
    char note[320];       // what of the file was left aside; "" when nothing was
    char sentence[1400];  // all of the above
    char layers[SPEC_TEXT_MAX]; // that were guessed, as InferOptions.layers would say them
} InferReport;

typedef struct FormatRow {
    const char *name;      // "safetensors"
    const char *extension; // ".safetensors"
    const char *alias;     // another ending for the same, such as ".pt"; NULL: none
    bool graphs;           // can hold a SavedModel that is a graph
    // True when the first bytes say so; extension is only asked when several do, or none.
    bool (*recognise)(const unsigned char *head, size_t size, size_t file_size);
    // Options and report may be NULL.
    Status (*read)(const char *path, const InferOptions *options, SavedModel **out,
                   InferReport *report);
    Status (*write)(const char *path, const SavedModel *model); // atomic
} FormatRow;
extern const FormatRow format_rows[];
extern const int format_count;

// Reads any model file; the row is chosen by content first, then by name. `options` say how to find
// out what a file does not tell; `report` gets what was found. Both may be NULL.
Status format_open(const char *path, const InferOptions *options, SavedModel **out,
                   InferReport *report);
// The same without options and report.
Status format_read(const char *path, SavedModel **out);
// Writes by ending; STATUS_USAGE lists the endings for another one.
Status format_write(const char *path, const SavedModel *model);

#endif
