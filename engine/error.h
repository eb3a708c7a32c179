/* error.h -- filling a gv_error. */
#ifndef ENGINE_ERROR_H
#define ENGINE_ERROR_H

#include "grapevine/error.h"

/* Fills `err` (which may be NULL) and returns `status`, so that `return gv_fail(...)` reads well.
 */
gv_status gv_fail(gv_error *err, gv_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
