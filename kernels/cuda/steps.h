// Training steps handed over ahead of the device (BackendOps.step_begin). Between step_begin and
// step_end operations are only noted: each as a function and its arguments, byte by byte, while
// what is new in every step (indices, keys, rates, uploads) is put beside them (steps_give). At
// step_end the notes are compared with those of earlier steps. If they are the same, there is a
// CUDA graph of them that finds the new numbers by a counter on the device: all that is left to do
// is to lay the numbers into a ring, which goes over in one copy for many steps, and to launch.
//
// The second step with the same notes is captured; the first is carried out one operation after the
// other, so that everything that CUDA and cuBLAS do at a first use is behind us.
#ifndef INKLING_CUDA_STEPS_H
#define INKLING_CUDA_STEPS_H

#include "device.h"

#include <tuple>
#include <utility>

typedef struct Steps Steps;

Status steps_open(Cuda *cuda);
void steps_close(Cuda *cuda);
void steps_begin(Cuda *cuda);
void steps_end(Cuda *cuda, const BatchStats *stats);
int steps_take(Cuda *cuda, BatchStats *out);

// Could a step not be captured?
bool steps_without_graphs(const Cuda *cuda);
// Is a step being noted?
bool steps_noting(const Cuda *cuda);
// Before anything else is asked of the device: it is this thread's current one, and all steps and
// notes so far are under way.
void steps_settle(Cuda *cuda);
// The same, and no recording is left: what their graphs point to is about to change.
void steps_forget(Cuda *cuda);
// Lays `bytes` (up to GIVEN_MAX) where the operation that is called next will find them.
Given steps_give(Cuda *cuda, const void *data, size_t bytes);

// ---- noting -----------------------------------------------------------------------------------

typedef void (*AnyOperation)(void);
typedef void (*PlayFunction)(Cuda *cuda, AnyOperation operation, const unsigned char *arguments);

// One call in the notes; its arguments follow.
typedef struct Note {
    PlayFunction play;
    AnyOperation operation;
    size_t bytes;
} Note;

// Room in the notes for a call; NULL when they are full (the notes have then been carried out).
unsigned char *steps_note(Cuda *cuda, PlayFunction play, AnyOperation operation, size_t bytes);
// The call is complete: it may become one with that before it.
void steps_noted(Cuda *cuda);

template <class... A> struct Call {
    typedef std::tuple<A...> Arguments;
    template <size_t... I>
    static void unpack(std::tuple<A...> *values, const unsigned char *from,
                       std::index_sequence<I...>) {
        ((memcpy(&std::get<I>(*values), from, sizeof(A)), from += sizeof(A)), ...);
    }
    static void play(Cuda *cuda, AnyOperation operation, const unsigned char *arguments) {
        std::tuple<A...> values;
        unpack(&values, arguments, std::index_sequence_for<A...>());
        std::apply([&](A... a) { reinterpret_cast<void (*)(Cuda *, A...)>(operation)(cuda, a...); },
                   values);
    }
};

// Notes the operation, or carries it out where no step is being noted.
template <class... A> void queue(Cuda *cuda, void (*operation)(Cuda *, A...), A... arguments) {
    if (steps_noting(cuda)) {
        unsigned char *to =
            steps_note(cuda, Call<A...>::play, reinterpret_cast<AnyOperation>(operation),
                       (0 + ... + sizeof(A)));
        if (to) {
            ((memcpy(to, &arguments, sizeof(A)), to += sizeof(A)), ...);
            steps_noted(cuda);
            return;
        }
    }
    steps_settle(cuda);
    operation(cuda, arguments...);
}

// ---- two calls that become one (fuse.cu) ------------------------------------------------------

// `second`, of `second_bytes` bytes with its head, lies right behind `first`. If one call can do
// what both do, with the same bits, it is at `first` afterwards, and its size is given; else 0.
size_t notes_fuse(Cuda *cuda, unsigned char *first, const unsigned char *second);

#endif
