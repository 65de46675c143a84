// What DIALOG_GUESS (dialog_guess.c) offers about layers: one activation and one kind of pool for
// all of them. Layers are text, as InferOptions.layers (formats/formats.h).
#ifndef INKLING_PANELS_GUESS_LAYERS_H
#define INKLING_PANELS_GUESS_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

// The last row of each is what is none of the others.
enum { GUESS_WORDS = 10, GUESS_POOL_WORDS = 3 };
const char *guess_word_label(int row); // "ReLU", in the language of the window
const char *guess_pool_label(int row);

typedef struct GuessLayers {
    bool known; // the text is layers
    int word;   // row of all its activations; the last one where they differ or there are none
    int pool;   // the same of its pools
    bool pooled;
} GuessLayers;

GuessLayers guess_layers_look(const char *text);
// Every activation and every pool becomes that of the row, where it is one. Where there are no
// activations, one is put behind each layer with weights but the last.
void guess_layers_change(const GuessLayers *to, char *text, size_t size);

#endif
