// Whether the process that began something still lives, told without process numbers (which are
// used again, and differ between containers): each process that keeps runs holds a lock on a file
// of its own in a common directory. The kernel lets go of the lock however the process ends.
#ifndef INKLING_HISTORY_ALIVE_H
#define INKLING_HISTORY_ALIVE_H

#include "base/file.h"

enum { ALIVE_NAME_MAX = 32 };

typedef struct Alive {
    char directory[FILE_PATH_MAX];
    char name[ALIVE_NAME_MAX]; // this process's, to be written beside what it begins
    int file;                  // -1: closed
} Alive;

// Makes the directory and this process's file in it.
Status alive_open(const char *directory, Alive *out);
// Removes the file; with file == -1 it does nothing.
void alive_close(Alive *alive);
// True while the process of that name lives. False too for "" and for names never given. The file
// of a dead one is removed.
bool alive_is(const Alive *alive, const char *name);

#endif
