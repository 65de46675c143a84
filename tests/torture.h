// What the torture tests share: an operation is done again and again while its 1st, 2nd, 3rd ...
// call of a kind fails (fail.h), alone or with all that follow. INKLING_TORTURE=all tries every
// place of the longest operations too; otherwise so many of each are tried, spread over it.
#ifndef INKLING_TESTS_TORTURE_H
#define INKLING_TESTS_TORTURE_H

#include "fail.h"
#include "test.h"

typedef struct Operation {
    const char *name;
    Status (*run)(void); // ends as it begins: what it opens it closes
    bool writes;         // files: `check` is called after each try
    bool keeps;          // blocks of memory, by intention
} Operation;

// Each try must succeed or say what is wrong, and leave no block of memory. `check` says what must
// hold of the files then; `nth` is for its sentences.
void torture(const Operation *operation, FailKind kind, bool on, int error,
             void (*check)(const Operation *operation, FailKind kind, long nth));

#endif
