/* stream.h -- bytes of a text file: plain, gzip or zstd (recognised by magic number), or standard
 * input. One stream is read by one thread at a time. */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include <stdint.h>

#include "grapevine/context.h"

typedef struct gv_stream gv_stream;

/* Opens `path` ("-" is standard input). GV_OK; GV_ERR_NO_INPUT; GV_ERR_IO; GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_stream_open(gv_context *ctx, const char *path, gv_stream **out,
                                    gv_error *err);

/* Puts the next bytes of text into `buffer`; *got is below `capacity` only at the end of the data.
 * GV_OK; GV_ERR_IO; GV_ERR_DATA for compressed data that are damaged or cut short; GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_stream_read(gv_stream *s, char *buffer, int64_t capacity, int64_t *got,
                                    gv_error *err);

/* The name for messages. */
const char *gv_stream_name(const gv_stream *s);

/* Size of the file if it is plain text on a disk, else -1. */
int64_t gv_stream_size(const gv_stream *s);

/* Bytes of the file taken so far, and its size (0 when unknown): for progress. */
int64_t gv_stream_taken(const gv_stream *s);
int64_t gv_stream_total(const gv_stream *s);

/* NULL is allowed. */
void gv_stream_close(gv_stream *s);

#endif
