/* error.h -- status codes, error messages and the markers of the public interface. */
#ifndef GRAPEVINE_ERROR_H
#define GRAPEVINE_ERROR_H

#if defined(__GNUC__)
#define GV_API     __attribute__((visibility("default")))
#define GV_CHECKED __attribute__((warn_unused_result))
#else
#define GV_API
#define GV_CHECKED
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One table makes the enumeration, the texts of gv_status_text() and, through a test,
 * docs/errors.md. Codes are never renumbered. */
#define GV_STATUS_MAP(X)                                                                           \
    X(GV_OK, 0, "success")                                                                         \
    X(GV_ERR_ARG, -1, "an argument or option is not allowed")                                      \
    X(GV_ERR_RANGE, -2, "a value lies outside its range")                                          \
    X(GV_ERR_NOMEM, -3, "out of memory or over the memory budget")                                 \
    X(GV_ERR_DATA, -4, "the input data are not valid")                                             \
    X(GV_ERR_NO_INPUT, -5, "an input does not exist or cannot be opened")                          \
    X(GV_ERR_CREATE, -6, "an output cannot be created")                                            \
    X(GV_ERR_IO, -7, "reading or writing failed")                                                  \
    X(GV_ERR_CONVERGE, -8, "not converged, or the target precision was not reached")               \
    X(GV_ERR_CANCELLED, -9, "cancelled by the progress callback")                                  \
    X(GV_ERR_SYSTEM, -10, "the operating system refused a request")

#define GV_STATUS_ENUM(name, code, text) name = code,
typedef enum gv_status { GV_STATUS_MAP(GV_STATUS_ENUM) } gv_status;
#undef GV_STATUS_ENUM

enum { GV_ERROR_CHARS = 1024 };

/* Filled by a function that fails; left alone by one that succeeds. */
typedef struct gv_error {
    gv_status status;
    char message[GV_ERROR_CHARS]; /* one sentence for people: value and allowed range, no newline */
} gv_error;

/* A short English text for a status; never NULL, also for unknown codes. */
GV_API const char *gv_status_text(gv_status status);

#ifdef __cplusplus
}
#endif
#endif
