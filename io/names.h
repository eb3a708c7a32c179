/* names.h -- a set of short texts, each with a number in order of first appearance. */
#ifndef IO_NAMES_H
#define IO_NAMES_H

#include "grapevine/context.h"
#include "io/field.h"

typedef struct gv_names {
    gv_context *ctx;
    int64_t n;
    char *bytes;     /* the texts, one behind the other */
    int64_t *offset; /* [n + 1], of each text in `bytes` */
    uint32_t *hash;  /* [n], so that growing the table touches no text */
    int32_t *slot;   /* [slots], number of the text that lives there, or -1 */
    int64_t bytes_capacity, capacity, slots;
} gv_names;

void gv_names_begin(gv_context *ctx, gv_names *names);
void gv_names_end(gv_names *names);

/* Number of the text, which is added if it is new. GV_OK; GV_ERR_NOMEM; GV_ERR_DATA for more than
 * 2^31 - 1 texts. */
GV_CHECKED gv_status gv_names_put(gv_names *names, gv_piece text, int32_t *number, gv_error *err);

/* Number of the text, or -1. May be asked from several threads while nothing is added. */
int32_t gv_names_find(const gv_names *names, gv_piece text);

gv_piece gv_names_get(const gv_names *names, int64_t number);

/* Bytes of the longest text. */
int64_t gv_names_width(const gv_names *names);

/* order[i] becomes the number of the text of rank i, bytewise; rank[number] its rank. Either may be
 * NULL. Caller's, [n]. */
GV_CHECKED gv_status gv_names_sort(const gv_names *names, int32_t *order, int32_t *rank,
                                   gv_error *err);

/* The same, by number if all texts are integers (then bytewise among equal numbers); `order` may
 * not be NULL. */
GV_CHECKED gv_status gv_names_order(const gv_names *names, int32_t *order, int32_t *rank,
                                    gv_error *err);

#endif
