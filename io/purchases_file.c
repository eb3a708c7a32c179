/* purchases_file.c -- see purchases_file.h.
 *
 * Items are simulated a few at a time, as many as memory allows, and written in their order: so
 * neither memory nor threads bear on the bytes. A table in HDF5 has a size from the start;
 * purchases on their way there wait in a file without a name, 8 bytes each, until all are counted.
 */
#define _POSIX_C_SOURCE 200809L
#include "io/purchases_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "grapevine/version.h"
#include "io/h5.h"
#include "io/layout.h"
#include "io/population_folder.h"
#include "io/text_write.h"
#include "io/whole.h"

enum { MOST_ITEMS = 256, USER_ROOM = 20, SLICE = 1 << 20 };

/* The sales of a few items. */
typedef struct round {
    gv_population_plan *plan;
    int64_t first, n;               /* items */
    gv_sale sale[MOST_ITEMS];       /* [n] */
    int64_t offset[MOST_ITEMS + 1]; /* [n + 1], purchases before each */
} round;

/* Takes up what a round sold. */
typedef gv_status take_round(void *arg, const round *r, gv_error *err);

/* Items at once: about 1.3 * .024 buyers a consumer and year, some 100 bytes each while an item is
 * simulated; at least one item a thread. */
static int64_t items_at_once(const gv_population_plan *plan)
{
    gv_context *ctx = plan->ctx;
    const double buyers = (double)plan->opts.consumers * .032 * plan->opts.days / 365.0 + 64.0;
    const int64_t left = ctx->memory_limit - ctx->memory_used;
    const double room = ctx->memory_limit > 0 ? 0.5 * (double)(left > 0 ? left : 0) : 0x1p30;
    const double items = room / (100.0 * buyers);
    const int64_t threads = gv_context_threads(ctx);
    const int64_t least = threads < MOST_ITEMS ? threads : MOST_ITEMS;
    if (items >= MOST_ITEMS)
        return MOST_ITEMS;
    return items > (double)least ? (int64_t)items : least;
}

static void end_round(round *r)
{
    for (int64_t i = 0; i < r->n; i++)
        gv_free(r->plan->ctx, r->sale[i].adoption);
}

static gv_status run_round(round *r, const gv_population *made, take_round *take, void *arg,
                           gv_error *err)
{
    memset(r->sale, 0, sizeof r->sale);
    gv_status st = r->plan->sell(r->plan, made, r->first, r->n, r->sale, err);
    if (st == GV_OK) {
        for (int64_t i = 0; i < r->n; i++)
            r->offset[i] = r->sale[i].n;
        gv_prefix_sum(r->offset, r->n);
        st = take(arg, r, err);
    }
    end_round(r);
    return st;
}

static gv_status sell_all(gv_population_plan *plan, const gv_population *made, take_round *take,
                          void *arg, int64_t *n_bought, gv_error *err)
{
    const int64_t items = plan->opts.topics * plan->opts.items, most = items_at_once(plan);
    round *r = gv_alloc(plan->ctx, 1, sizeof *r);
    gv_status st = r == NULL ? gv_no_memory(plan->ctx, "the items of a population", err) : GV_OK;
    *n_bought = 0;
    if (st == GV_OK)
        st = gv_progress(plan->ctx, "purchases", 0, items, err);
    for (int64_t first = 0; st == GV_OK && first < items; first += most) {
        r->plan = plan;
        r->first = first;
        r->n = items - first < most ? items - first : most;
        st = run_round(r, made, take, arg, err);
        *n_bought += r->offset[r->n];
        if (st == GV_OK)
            st = gv_progress(plan->ctx, "purchases", first + r->n, items, err);
    }
    gv_free(plan->ctx, r);
    return st;
}

/* The last i in [0, n) with offset[i] <= at. */
static int64_t item_at(const int64_t *offset, int64_t n, int64_t at)
{
    int64_t lo = 0;
    while (n - lo > 1) {
        const int64_t mid = lo + (n - lo) / 2;
        if (offset[mid] <= at)
            lo = mid;
        else
            n = mid;
    }
    return lo;
}

/* ---- text ----------------------------------------------------------------------------------- */

typedef struct text_rows {
    const round *r;
    const gv_graph *g;
} text_rows;

static char *format_row(const void *arg, int64_t row, char *to)
{
    const text_rows *t = arg;
    const gv_population_plan *plan = t->r->plan;
    const int64_t i = item_at(t->r->offset, t->r->n, row), item = t->r->first + i;
    const gv_adoption a = t->r->sale[i].adoption[row - t->r->offset[i]];
    to = gv_format_int(t->g->id_int[gv_adoption_node(a)], to);
    return gv_format_purchase(item, plan->topic_name[item / plan->opts.items],
                              plan->start_time + gv_adoption_time(a), to);
}

typedef struct text_target {
    gv_text_file file;
    const gv_graph *g;
} text_target;

static gv_status take_text(void *arg, const round *r, gv_error *err)
{
    text_target *t = arg;
    const text_rows rows = {r, t->g};
    return gv_text_rows(&t->file, r->offset[r->n], format_row, &rows, NULL, 0, err);
}

gv_status gv_purchases_write_text(gv_population_plan *plan, const gv_population *made,
                                  const char *path, bool overwrite, int64_t *n_bought,
                                  gv_error *err)
{
    text_target t = {.g = made->graph};
    gv_status st = gv_text_begin(plan->ctx, path, overwrite, GV_PURCHASES_HEADER,
                                 USER_ROOM + GV_PURCHASE_ROOM, &t.file, err);
    if (st != GV_OK)
        return st;
    st = sell_all(plan, made, take_text, &t, n_bought, err);
    if (st == GV_OK)
        return gv_text_commit(&t.file, err);
    gv_text_discard(&t.file);
    return st;
}

/* ---- HDF5 ----------------------------------------------------------------------------------- */

/* A file without a name, for what has to wait. */
typedef struct waiting {
    gv_context *ctx;
    gv_output out;
    int64_t rows;
    int64_t *offset; /* [items + 1] */
    uint64_t *when;  /* [SLICE] */
    int64_t filled;
} waiting;

static gv_status spill(waiting *w, gv_error *err)
{
    const int64_t bytes = w->filled * (int64_t)sizeof *w->when;
    const gv_status st = gv_output_write(&w->out, (w->rows - w->filled) * (int64_t)sizeof *w->when,
                                         w->when, bytes, "purchases in waiting", err);
    w->filled = 0;
    return st;
}

static gv_status take_waiting(void *arg, const round *r, gv_error *err)
{
    waiting *w = arg;
    gv_status st = GV_OK;
    for (int64_t i = 0; st == GV_OK && i < r->n; i++) {
        w->offset[r->first + i] = r->sale[i].n;
        for (int64_t k = 0; st == GV_OK && k < r->sale[i].n; k++) {
            w->when[w->filled++] = r->sale[i].adoption[k].when;
            w->rows++;
            if (w->filled == SLICE)
                st = spill(w, err);
        }
    }
    return st;
}

static gv_status open_waiting(waiting *w, const gv_population_plan *plan, const char *path,
                              gv_error *err)
{
    char name[GV_POPULATION_PATH + 16];
    snprintf(name, sizeof name, "%s.rows", path);
    gv_status st = gv_output_begin(plan->ctx, name, true, &w->out, err);
    if (st != GV_OK)
        return st;
    unlink(w->out.part);
    w->offset =
        gv_alloc_zero(plan->ctx, plan->opts.topics * plan->opts.items + 1, sizeof *w->offset);
    w->when = gv_alloc(plan->ctx, SLICE, sizeof *w->when);
    return w->offset == NULL || w->when == NULL ? gv_no_memory(plan->ctx, path, err) : GV_OK;
}

static void close_waiting(waiting *w)
{
    gv_free(w->ctx, w->when);
    gv_free(w->ctx, w->offset);
    gv_output_discard(&w->out);
}

static gv_status read_back(const waiting *w, int64_t first, int64_t n, gv_error *err)
{
    const int64_t size = (int64_t)sizeof *w->when;
    if (!gv_read_at(w->out.fd, w->when, n * size, first * size))
        return gv_fail(err, GV_ERR_IO, "%s: reading back failed: %s", w->out.path,
                       errno != 0 ? strerror(errno) : "it ends early");
    return GV_OK;
}

enum { USER, ITEM, TOPIC, TIME, COLUMNS };

/* The columns, and a slice of each. */
typedef struct columns {
    const gv_population_plan *plan;
    const gv_graph *g;
    const waiting *w;
    int64_t first; /* row of the slice */
    gv_h5_stream stream[COLUMNS];
    int64_t *user, *item, *time; /* [SLICE] */
    int32_t *topic;
} columns;

static void fill_block(void *arg, int64_t block)
{
    const columns *c = arg;
    const int64_t items = c->plan->opts.topics * c->plan->opts.items;
    const int64_t begin = block * GV_BLOCK;
    const int64_t rows = c->w->rows - c->first < SLICE ? c->w->rows - c->first : SLICE;
    int64_t item = item_at(c->w->offset, items, c->first + begin);
    for (int64_t i = begin; i < gv_block_end(block, rows); i++) {
        const gv_adoption a = {.when = c->w->when[i]};
        while (c->w->offset[item + 1] <= c->first + i)
            item++;
        c->user[i] = c->g->id_int[gv_adoption_node(a)];
        c->item[i] = item;
        c->topic[i] = (int32_t)(item / c->plan->opts.items);
        c->time[i] = c->plan->start_time + gv_adoption_time(a);
    }
}

static gv_status put_slice(gv_h5 *f, columns *c, int64_t rows, gv_error *err)
{
    const void *const data[COLUMNS] = {c->user, c->item, c->topic, c->time};
    gv_parallel_for(c->plan->ctx, gv_blocks(rows), fill_block, c);
    gv_status st = GV_OK;
    for (int i = 0; st == GV_OK && i < COLUMNS; i++)
        st = gv_h5_stream_append(f, &c->stream[i], data[i], rows * (i == TOPIC ? 4 : 8), err);
    return st;
}

static gv_status put_rows(gv_h5 *f, columns *c, gv_error *err)
{
    static const char *const path[COLUMNS] = {"/user", "/item", "/topic", "/time"};
    gv_status st = GV_OK;
    for (int i = 0; st == GV_OK && i < COLUMNS; i++) {
        const gv_h5_shape shape = gv_h5_vector(i == TOPIC ? GV_I32 : GV_I64, c->w->rows);
        st = gv_h5_stream_begin(f, path[i], &shape, &c->stream[i], err);
    }
    for (; st == GV_OK && c->first < c->w->rows; c->first += SLICE) {
        const int64_t left = c->w->rows - c->first, rows = left < SLICE ? left : SLICE;
        st = read_back(c->w, c->first, rows, err);
        if (st == GV_OK)
            st = put_slice(f, c, rows, err);
    }
    for (int i = 0; st == GV_OK && i < COLUMNS; i++)
        st = gv_h5_stream_end(f, &c->stream[i], NULL, err);
    for (int i = 0; i < COLUMNS; i++)
        gv_h5_stream_drop(&c->stream[i]);
    return st;
}

static gv_status put_table(gv_h5 *f, columns *c, gv_error *err)
{
    gv_context *ctx = c->plan->ctx;
    c->user = gv_alloc(ctx, SLICE, sizeof *c->user);
    c->item = gv_alloc(ctx, SLICE, sizeof *c->item);
    c->time = gv_alloc(ctx, SLICE, sizeof *c->time);
    c->topic = gv_alloc(ctx, SLICE, sizeof *c->topic);
    gv_status st = GV_OK;
    if (c->user == NULL || c->item == NULL || c->time == NULL || c->topic == NULL)
        st = gv_no_memory(ctx, "purchases", err);
    if (st == GV_OK)
        st = put_rows(f, c, err);
    gv_free(ctx, c->topic);
    gv_free(ctx, c->time);
    gv_free(ctx, c->item);
    gv_free(ctx, c->user);
    return st;
}

static gv_status write_table(const waiting *w, const gv_population_plan *plan, const gv_graph *g,
                             const char *path, bool overwrite, gv_error *err)
{
    gv_h5 *f;
    columns c = {.plan = plan, .g = g, .w = w};
    gv_status st = gv_h5_create(plan->ctx, path, overwrite, "grapevine-log", 1, &f, err);
    if (st != GV_OK)
        return st;
    st = gv_h5_set_text(f, "/", "engine_version", GV_VERSION, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_rows", w->rows, err);
    if (st == GV_OK)
        st = gv_h5_set_i64(f, "/", "n_topics", plan->opts.topics, err);
    if (st == GV_OK)
        st = gv_h5_write_topics(f, plan->topic_name, plan->topic_items, plan->opts.topics, err);
    if (st == GV_OK)
        st = put_table(f, &c, err);
    if (st == GV_OK)
        return gv_h5_commit(&f, err);
    gv_h5_close(f);
    return st;
}

gv_status gv_purchases_write_h5(gv_population_plan *plan, const gv_population *made,
                                const char *path, bool overwrite, int64_t *n_bought, gv_error *err)
{
    waiting w = {.ctx = plan->ctx};
    gv_status st = open_waiting(&w, plan, path, err);
    if (st == GV_OK)
        st = sell_all(plan, made, take_waiting, &w, n_bought, err);
    if (st == GV_OK)
        st = spill(&w, err);
    if (st == GV_OK) {
        gv_prefix_sum(w.offset, plan->opts.topics * plan->opts.items);
        st = write_table(&w, plan, made->graph, path, overwrite, err);
    }
    close_waiting(&w);
    return st;
}
