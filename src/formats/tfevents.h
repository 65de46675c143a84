// TensorBoard's event files: numbers by step, as torch.utils.tensorboard and TensorFlow write them.
// A file is a row of TFRecords, each an Event message of protobuf:
//   record: uint64 length | uint32 masked CRC-32C of it | bytes | uint32 masked CRC-32C of them
//   Event:  1 double wall_time, 2 int64 step, 3 string file_version, 5 Summary {1 Value ...}
//   Value:  1 string tag, 2 float simple_value
// Written by hand: four fields need no protobuf library. Source: tensorflow/core/util/event.proto,
// tensorflow/core/framework/summary.proto, tensorflow/core/lib/io/record_writer.cc. Not here: what
// is logged (train/report.h).
#ifndef INKLING_FORMATS_TFEVENTS_H
#define INKLING_FORMATS_TFEVENTS_H

#include "base/status.h"
#include "base/text.h"

#include <stdint.h>

// An event file in the making, in memory. Zero-initialise; event_log_close frees.
typedef struct EventLog {
    Text bytes;
} EventLog;

typedef struct EventScalar {
    const char *tag; // "loss", "test/accuracy": what stands before the slash is its group
    float value;
} EventScalar;

enum { EVENT_SCALARS_MAX = 8 };

// Seconds since 1970 in UTC. The first call also writes what an event file has to begin with.
// At most EVENT_SCALARS_MAX scalars with tags of up to 60 bytes.
void event_log_add(EventLog *log, double wall_time, int64_t step, const EventScalar *scalars,
                   int count);
// Writes the file, atomically. TensorBoard finds it when its name has "tfevents" in it.
Status event_log_save(const EventLog *log, const char *path);
void event_log_close(EventLog *log);

#endif
