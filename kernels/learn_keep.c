/* learn_keep.c -- the state of learning: what it takes to go on after some of the log's items, or
 * after all of them.
 *
 * Pairs are found again, so their counters are kept without consumers and topics. The parts of the
 * records are as many as there are chunks, and come last: their number is in the head. All counts
 * are sums of integers, so what was kept by some threads goes on with any other number of them. */
#include "kernels/learn_keep.h"

#include "engine/error.h"
#include "engine/memory.h"

static const char name[] = "learn";

enum {
    HEAD,
    HISTOGRAMS,
    DELAY,
    WINDOW,
    EXPOSURE,
    LAST,
    TOTAL,
    OBSERVED,
    SHUFFLED,
    INDPTR,
    COLUMN,
    CREDIT,
    EVIDENCE_EXPOSURE,
    FIXED
};

static gv_state_part bytes_of(const void *data, int64_t count, size_t size)
{
    return (gv_state_part){(void *)(uintptr_t)data, data != NULL ? count * (int64_t)size : 0};
}

/* The arrays that model and phase have; the others are of no bytes. */
static void list_arrays(const gv_model *m, learn_phase phase, gv_state_part *part)
{
    const gv_pairs *p = &m->pairs;
    const gv_evidence *ev = &m->evidence;
    const int64_t n = phase > LEARN_DELAYS ? p->indptr[m->n_nodes] : 0;
    const int64_t known = phase > LEARN_CREDITS ? ev->indptr[m->n_nodes] : 0;
    if (phase > LEARN_DELAYS) {
        part[DELAY] = bytes_of(m->delay, m->n_topics, sizeof *m->delay);
        part[WINDOW] = bytes_of(m->window, m->n_topics, sizeof *m->window);
        part[EXPOSURE] = bytes_of(p->exposure, n, sizeof *p->exposure);
        part[LAST] = bytes_of(p->last, n, sizeof *p->last);
        part[TOTAL] = bytes_of(p->total, n, sizeof *p->total);
        part[OBSERVED] = bytes_of(p->observed, n, sizeof *p->observed);
        part[SHUFFLED] = bytes_of(p->shuffled, n, sizeof *p->shuffled);
    }
    if (phase > LEARN_CREDITS) {
        part[INDPTR] = bytes_of(ev->indptr, m->n_nodes + 1, sizeof *ev->indptr);
        part[COLUMN] = bytes_of(ev->column, known, sizeof *ev->column);
        part[CREDIT] = bytes_of(ev->credit, known, sizeof *ev->credit);
        part[EVIDENCE_EXPOSURE] = bytes_of(ev->exposure, known, sizeof *ev->exposure);
    }
}

gv_status learn_keep_histograms(gv_context *ctx, int64_t next, int64_t *count, int64_t n,
                                gv_error *err)
{
    learn_kept head = {.phase = LEARN_DELAYS, .next = next};
    gv_state_part part[FIXED] = {{0}};
    part[HEAD] = bytes_of(&head, 1, sizeof head);
    part[HISTOGRAMS] = bytes_of(count, n, sizeof *count);
    return gv_keep(ctx, name, part, FIXED, err);
}

gv_status learn_keep_counts(const gv_model *m, int64_t next, const gv_state_part *chunk,
                            int64_t n_chunks, gv_error *err)
{
    learn_kept head = {.phase = LEARN_CREDITS, .next = next, .chunks = n_chunks};
    gv_state_part *part = gv_alloc_zero(m->ctx, FIXED + n_chunks, sizeof *part);
    if (part == NULL)
        return gv_no_memory(m->ctx, "learn", err);
    part[HEAD] = bytes_of(&head, 1, sizeof head);
    list_arrays(m, LEARN_CREDITS, part);
    for (int64_t i = 0; i < n_chunks; i++)
        part[FIXED + i] = chunk[i];
    const gv_status st = gv_keep(m->ctx, name, part, (int32_t)(FIXED + n_chunks), err);
    gv_free(m->ctx, part);
    return st;
}

gv_status learn_keep_evidence(const gv_model *m, gv_error *err)
{
    learn_kept head = {.phase = LEARN_FACTORS};
    gv_state_part part[FIXED] = {{0}};
    part[HEAD] = bytes_of(&head, 1, sizeof head);
    list_arrays(m, LEARN_FACTORS, part);
    return gv_keep(m->ctx, name, part, FIXED, err);
}

/* Fills the parts that have data; the others are given their sizes. */
static gv_status take(gv_context *ctx, gv_state_part *part, int32_t n, gv_error *err)
{
    bool found;
    const gv_status st = gv_keep_take(ctx, name, part, n, &found, err);
    return st == GV_OK && !found ? gv_fail(err, GV_ERR_DATA, "learn: the state is gone") : st;
}

gv_status learn_take(gv_context *ctx, learn_kept *kept, gv_error *err)
{
    gv_state_part head = bytes_of(kept, 1, sizeof *kept);
    bool found;
    *kept = (learn_kept){.phase = LEARN_DELAYS};
    const gv_status st = gv_keep_take(ctx, name, &head, 1, &found, err);
    kept->found = st == GV_OK && found;
    return st;
}

gv_status learn_take_histograms(gv_context *ctx, int64_t *count, int64_t n, gv_error *err)
{
    gv_state_part part[HISTOGRAMS + 1] = {{0}};
    part[HISTOGRAMS] = bytes_of(count, n, sizeof *count);
    return take(ctx, part, HISTOGRAMS + 1, err);
}

gv_status learn_take_delays(const gv_model *m, gv_error *err)
{
    gv_state_part part[WINDOW + 1] = {{0}};
    part[DELAY] = bytes_of(m->delay, m->n_topics, sizeof *m->delay);
    part[WINDOW] = bytes_of(m->window, m->n_topics, sizeof *m->window);
    return take(m->ctx, part, WINDOW + 1, err);
}

gv_status learn_take_counts(const gv_model *m, gv_state_part *chunk, int64_t n_chunks,
                            gv_error *err)
{
    gv_state_part *part = gv_alloc_zero(m->ctx, FIXED + n_chunks, sizeof *part);
    if (part == NULL)
        return gv_no_memory(m->ctx, "learn", err);
    const bool asks = n_chunks > 0 && chunk[0].data == NULL;
    if (!asks)
        list_arrays(m, LEARN_CREDITS, part);
    for (int64_t i = 0; i < n_chunks; i++)
        part[FIXED + i] = chunk[i];
    const gv_status st = take(m->ctx, part, (int32_t)(FIXED + n_chunks), err);
    for (int64_t i = 0; i < n_chunks; i++)
        chunk[i] = part[FIXED + i];
    gv_free(m->ctx, part);
    return st;
}

gv_status learn_take_evidence(gv_model *m, gv_error *err)
{
    gv_state_part part[FIXED] = {{0}};
    gv_status st = take(m->ctx, part, FIXED, err);
    if (st != GV_OK)
        return st;
    gv_evidence *ev = &m->evidence;
    const int64_t n = part[COLUMN].bytes / (int64_t)sizeof *ev->column;
    int64_t *indptr = gv_alloc(m->ctx, m->n_nodes + 1, sizeof *indptr);
    ev->indptr = indptr;
    ev->column = gv_alloc(m->ctx, n, sizeof *ev->column);
    ev->credit = gv_alloc(m->ctx, n, sizeof *ev->credit);
    ev->exposure = gv_alloc(m->ctx, n, sizeof *ev->exposure);
    if (indptr == NULL || ev->column == NULL || ev->credit == NULL || ev->exposure == NULL)
        return gv_no_memory(m->ctx, "learn", err);
    indptr[m->n_nodes] = n;
    for (int i = 0; i < FIXED; i++)
        part[i] = (gv_state_part){0};
    list_arrays(m, LEARN_FACTORS, part);
    return take(m->ctx, part, FIXED, err);
}
