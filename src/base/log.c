// Formatting a message and handing it to whoever was passed.
#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

void log_write(const Logger *logger, LogLevel level, const char *format, ...) {
    if (!logger || !logger->write) return;
    char message[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    logger->write(logger->context, level, message);
}
