// One block of memory, handed out from the front, given back all at once. The way every object
// with a fixed set of parts allocates: measure, open, take, close.
#ifndef INKLING_BASE_ARENA_H
#define INKLING_BASE_ARENA_H

#include "base/status.h"

#include <stddef.h>

// What every piece is aligned to: a cache line, and a full AVX-512 register.
enum { ARENA_ALIGN = 64 };

typedef struct Arena {
    unsigned char *block; // NULL: closed
    size_t size, used;
} Arena;

// `bytes` rounded up to ARENA_ALIGN: what arena_take really uses up.
size_t arena_round(size_t bytes);

// A zero-filled block of at least `bytes`. STATUS_MEMORY if there is none; `arena` is then closed.
Status arena_open(Arena *arena, size_t bytes, const char *what);

// The next `bytes` (zero-filled, aligned). Asking for more than was measured is a bug (REQUIRE).
void *arena_take(Arena *arena, size_t bytes);

// Gives everything back. Closing a closed arena does nothing.
void arena_close(Arena *arena);

#endif
