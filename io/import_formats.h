/* import_formats.h -- graphs in other formats than rows of ids: import_market.c, import_metis.c,
 * import_gap.c, and what they share (import_formats.c). */
#ifndef IO_IMPORT_FORMATS_H
#define IO_IMPORT_FORMATS_H

#include "io/import.h"

typedef enum import_format {
    IMPORT_TEXT,
    IMPORT_MARKET,      /* starts with %%MatrixMarket */
    IMPORT_METIS,       /* .graph, .metis */
    IMPORT_GAP,         /* .sg */
    IMPORT_GAP_WEIGHTED /* .wsg */
} import_format;

/* By the name's end (less .gz or .zst) or, for Matrix Market, by the first bytes. */
GV_CHECKED gv_status import_format_of(importer *im, int64_t path, import_format *format,
                                      gv_error *err);

GV_CHECKED gv_status import_market(importer *im, int64_t path, gv_error *err);
GV_CHECKED gv_status import_metis(importer *im, int64_t path, gv_error *err);
GV_CHECKED gv_status import_gap(importer *im, int64_t path, bool weighted, gv_error *err);

/* ---- shared ---------------------------------------------------------------------------------- */

/* Edges gathered before they are handed over. */
typedef struct import_block {
    importer *im;
    int64_t path;
    bool weighted;
    int64_t n, room;
    int64_t *src, *dst; /* [room] */
    double *weight;     /* [room], if weighted */
} import_block;

/* `weights`: the file has weights; they are kept if the import wants them. GV_ERR_ARG if it wants
 * probabilities and there are none, or if ids are to be texts. */
GV_CHECKED gv_status import_block_begin(importer *im, int64_t path, bool weights, import_block *b,
                                        gv_error *err);
void import_block_end(import_block *b);
/* Hands over what was gathered. */
GV_CHECKED gv_status import_block_flush(import_block *b, gv_error *err);

static inline gv_status import_block_add(import_block *b, int64_t src, int64_t dst, double weight,
                                         gv_error *err)
{
    b->src[b->n] = src;
    b->dst[b->n] = dst;
    if (b->weighted)
        b->weight[b->n] = weight;
    return ++b->n < b->room ? GV_OK : import_block_flush(b, err);
}

/* All ids in [first, first + n) are consumers, also those without edges. */
GV_CHECKED gv_status import_everyone(importer *im, int64_t first, int64_t n, gv_error *err);

/* GV_ERR_DATA if the weight is not what the import wants of it. `line` 0: not known. */
GV_CHECKED gv_status import_check_weight(const importer *im, int64_t path, int64_t line,
                                         double weight, gv_error *err);

#endif
