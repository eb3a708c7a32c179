/* error.c -- status texts and error messages. */
#include "engine/error.h"

#include <stdarg.h>
#include <stdio.h>

GV_API const char *gv_status_text(gv_status status)
{
    switch (status) {
#define GV_STATUS_CASE(name, code, text)                                                           \
    case name:                                                                                     \
        return text;
        GV_STATUS_MAP(GV_STATUS_CASE)
#undef GV_STATUS_CASE
    }
    return "unknown status";
}

gv_status gv_fail(gv_error *err, gv_status status, const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        err->status = status;
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
    }
    return status;
}
