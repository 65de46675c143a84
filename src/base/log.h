// Where messages for a person go. A Logger is passed to whoever has something to say; library code
// never prints by itself.
#ifndef INKLING_BASE_LOG_H
#define INKLING_BASE_LOG_H

typedef enum LogLevel { LOG_INFO, LOG_WARNING, LOG_ERROR } LogLevel;

// `write` may be called from any thread and must not call back. A NULL Logger, or one with a NULL
// write, swallows everything.
typedef struct Logger {
    void (*write)(void *context, LogLevel level, const char *message);
    void *context;
} Logger;

// printf-like; messages longer than 1,000 bytes are cut.
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void log_write(const Logger *logger, LogLevel level, const char *format, ...);

#endif
