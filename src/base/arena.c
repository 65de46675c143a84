// A bump allocator over one aligned block.
#include "base/arena.h"
#include "base/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t arena_round(size_t bytes) {
    return (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

Status arena_open(Arena *arena, size_t bytes, const char *what) {
    memset(arena, 0, sizeof *arena);
    if (bytes > SIZE_MAX - (size_t)2 * ARENA_ALIGN) return status_no_memory(what, bytes);
    size_t size = arena_round(bytes ? bytes : 1);
    arena->block = aligned_alloc(ARENA_ALIGN, size);
    if (!arena->block) return status_no_memory(what, size);
    memset(arena->block, 0, size);
    arena->size = size;
    return status_ok();
}

void *arena_take(Arena *arena, size_t bytes) {
    size_t need = arena_round(bytes);
    REQUIRE(need >= bytes && need <= arena->size - arena->used);
    void *piece = arena->block + arena->used;
    arena->used += need;
    return piece;
}

void arena_close(Arena *arena) {
    free(arena->block);
    memset(arena, 0, sizeof *arena);
}
