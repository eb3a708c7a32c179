/* ppr_in_place.c -- personalized PageRank of up to 16 columns that fill most of the memory.
 *
 *   x[v] <- (1 - a) t[v] + a (sum over u -> v of weight * x[u] / leaving[u] + what dangling nodes
 *           held, sent where the rule says)
 *
 * by block Gauss-Seidel: rows in blocks of PPR_IN_PLACE_ROWS ids, one after the other; a block
 * reads the new values of those before it and the old ones of itself and those behind, and its
 * results wait in a buffer until all of it is done. So there is one vector a column, in single
 * precision, and no other array of that size.
 *
 * Error. Let y be what a sweep stores, x what was there before, r an L1 bound on the distance
 * between y and the formula for y. The formula is y = L y + U x + constant with L, U >= 0, where
 * the columns of L + U sum to a at most. So e = |y - x*| has e <= L e + U |x - x*| + |r| row by
 * row, and with |x - x*| <= e + |y - x|, summed over the rows, (1 - a) |e| <= a |y - x| + r: what
 * Jacobi sweeps prove (ppr.c) holds here as well. r is measured: sums are taken in double precision
 * and compared with what single precision kept of them; to that comes the rounding of the sums
 * themselves, as in ppr.c, and in the end that of shares to scores.
 *
 * Sums of dangling nodes are those of the sweep before, so they are part of U. x may be any vector:
 * between sweeps it is scaled to sum 1 where scores do, which costs nothing, as shares are measured
 * in units of their column.
 *
 * No races: rows of a block are written to the buffer and copied when all threads have finished.
 * Deterministic: blocks have a fixed size and order; a row is summed in edge order by one thread;
 * sums over nodes are taken by GV_BLOCK rows and then in their order. Columns never meet. */
#include "kernels/ppr_in_place.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/ppr_keep.h"

#define MARGIN 1.01

enum { PATIENCE = 10 };

typedef struct in_place {
    const gv_graph *g;
    const gv_csr *rows; /* of g, that are summed */
    const gv_ppr_opts *o;
    ppr_walk walk;
    ppr_teleport teleport;
    const ppr_in_place_lanes *lanes;
    int n_columns, width, threads;
    float *share, *next; /* [n][width], the caller's; [PPR_IN_PLACE_ROWS][width] */
    ppr_shift *part;     /* [blocks] */
    ppr_shift found;
    bool active[PPR_COLUMNS];
    double least[PPR_COLUMNS];                             /* that a sweep moved so far */
    int idle[PPR_COLUMNS];                                 /* sweeps since then */
    double base[PPR_COLUMNS] __attribute__((aligned(64))); /* of this sweep: for everyone */
    double jump[PPR_COLUMNS];                              /* along the teleport column */
    double unit[PPR_COLUMNS] __attribute__((aligned(64))); /* what shares are measured in */
    int32_t live[PPR_COLUMNS] __attribute__((aligned(64)));
    char state[PPR_STATE_CHARS];
} in_place;

/* ---- state -------------------------------------------------------------------------------- */

/* Between blocks of rows: the vector as it is, what the sweep has found out so far, and what the
 * one before did. */
enum { HEAD, COLUMNS, ACTIVE, LEAST, IDLE, FOUND, UNIT, PART, SHARE, PARTS };

typedef struct state_head {
    int64_t sweep, step; /* the next ones */
} state_head;

static void list_state(in_place *p, state_head *head, gv_ppr_column *column, gv_state_part *part)
{
    const int64_t n = p->walk.n;
    part[HEAD] = (gv_state_part){head, (int64_t)sizeof *head};
    part[COLUMNS] = (gv_state_part){column, PPR_COLUMNS * (int64_t)sizeof *column};
    part[ACTIVE] = (gv_state_part){p->active, (int64_t)sizeof p->active};
    part[LEAST] = (gv_state_part){p->least, (int64_t)sizeof p->least};
    part[IDLE] = (gv_state_part){p->idle, (int64_t)sizeof p->idle};
    part[FOUND] = (gv_state_part){&p->found, (int64_t)sizeof p->found};
    part[UNIT] = (gv_state_part){p->unit, (int64_t)sizeof p->unit};
    part[PART] = (gv_state_part){p->part, gv_blocks(n) * (int64_t)sizeof *p->part};
    part[SHARE] = (gv_state_part){p->share, n * p->width * (int64_t)sizeof *p->share};
}

static gv_status keep(gv_context *ctx, in_place *p, state_head head, gv_ppr_column *column,
                      gv_error *err)
{
    gv_state_part part[PARTS];
    list_state(p, &head, column, part);
    return gv_keep(ctx, p->state, part, PARTS, err);
}

static gv_status take_up(gv_context *ctx, const gv_teleport *t, in_place *p, state_head *head,
                         gv_ppr_column *column, bool *found, gv_error *err)
{
    gv_state_part part[PARTS];
    *found = false;
    gv_status st = ppr_state_name(ctx, &p->walk, t, p->o, 1, p->state, err);
    if (st != GV_OK || p->state[0] == '\0')
        return st;
    list_state(p, head, column, part);
    return gv_keep_take(ctx, p->state, part, PARTS, found, err);
}

GV_API int32_t gv_ppr_in_place_width(int64_t n_columns)
{
    return n_columns <= 8 ? 8 : 16;
}

/* ---- a sweep ------------------------------------------------------------------------------ */

static void set_recipe(in_place *p)
{
    const double n = (double)p->walk.n, a = p->o->damping;
    for (int c = 0; c < p->n_columns; c++) {
        const double again = a * p->found.lost[c];
        p->jump[c] = 1.0 - a;
        p->base[c] = 0.0;
        if (p->o->dangling == GV_DANGLING_TELEPORT)
            p->jump[c] += again;
        if (p->o->dangling == GV_DANGLING_UNIFORM)
            p->base[c] = again / n;
        if (p->teleport.offset[c] == p->teleport.offset[c + 1])
            p->base[c] += p->jump[c] / n;
        p->live[c] = p->active[c] ? -1 : 0;
    }
}

static void sweep_block(const in_place *p, int64_t block)
{
    double sum[PPR_TILE * PPR_COLUMNS] __attribute__((aligned(64)));
    const ppr_teleport *t = &p->teleport;
    const int64_t first = block * GV_BLOCK, end = gv_block_end(block, p->walk.n);
    const int64_t start = first / PPR_IN_PLACE_ROWS * PPR_IN_PLACE_ROWS;
    ppr_shift shift = {.moved = {0.0}};
    int64_t cursor[PPR_COLUMNS];
    ppr_rows r = {.walk = &p->walk,
                  .share = p->share,
                  .sum = sum,
                  .damping = p->o->damping,
                  .base = p->base,
                  .unit = p->unit,
                  .live = p->live,
                  .stay = p->o->dangling == GV_DANGLING_SELF};
    for (int c = 0; c < p->n_columns; c++)
        cursor[c] = ppr_teleport_from(t, c, first);
    for (r.begin = first; r.begin < end; r.begin = r.end) {
        r.end = r.begin + PPR_TILE < end ? r.begin + PPR_TILE : end;
        r.next = p->next + (r.begin - start) * p->width;
        (p->width == 8 ? p->lanes->pull8 : p->lanes->pull16)(&r, &shift);
        for (int c = 0; c < p->n_columns; c++)
            for (; cursor[c] < t->offset[c + 1] && t->node[cursor[c]] < r.end; cursor[c]++)
                sum[(t->node[cursor[c]] - r.begin) * p->width + c] +=
                    p->jump[c] * t->value[cursor[c]];
        (p->width == 8 ? p->lanes->finish8 : p->lanes->finish16)(&r, &shift);
    }
    p->part[block] = shift;
}

/* The blocks of some rows, and then their results, which the next rows see. */
static void sweep_rows(const in_place *p, int64_t begin, int64_t end)
{
#pragma omp parallel num_threads(p->threads)
    {
#pragma omp for schedule(dynamic, 1)
        for (int64_t block = begin / GV_BLOCK; block < gv_blocks(end); block++)
            sweep_block(p, block);
#pragma omp for schedule(static)
        for (int64_t block = begin / GV_BLOCK; block < gv_blocks(end); block++) {
            const int64_t first = block * GV_BLOCK, rows = gv_block_end(block, end) - first;
            memcpy(p->share + first * p->width, p->next + (first - begin) * p->width,
                   (size_t)(rows * p->width) * sizeof *p->share);
        }
    }
}

static void add_up(in_place *p)
{
    for (int c = 0; c < p->n_columns; c++) {
        ppr_sum moved = {0.0, 0.0}, rounding = {0.0, 0.0}, lost = {0.0, 0.0}, mass = {0.0, 0.0};
        for (int64_t b = 0; b < gv_blocks(p->walk.n); b++) {
            ppr_add(&moved, p->part[b].moved[c]);
            ppr_add(&rounding, p->part[b].rounding[c]);
            ppr_add(&lost, p->part[b].lost[c]);
            ppr_add(&mass, p->part[b].mass[c]);
        }
        p->found.moved[c] = ppr_total(&moved);
        p->found.rounding[c] = ppr_total(&rounding);
        p->found.lost[c] = ppr_total(&lost);
        p->found.mass[c] = ppr_total(&mass);
    }
}

/* Sweep k, from step `from` on. Large graphs take minutes for one, so progress is told, and a wish
 * to stop heard, between any two blocks of rows. */
static gv_status sweep(gv_context *ctx, in_place *p, int64_t k, int64_t from, gv_ppr_column *column,
                       gv_error *err)
{
    const int64_t n = p->walk.n, steps = (n + PPR_IN_PLACE_ROWS - 1) / PPR_IN_PLACE_ROWS;
    const int64_t expected = ppr_sweeps_expected(p->o);
    set_recipe(p);
    for (int64_t i = from; i < steps; i++) {
        const int64_t begin = i * PPR_IN_PLACE_ROWS, end = begin + PPR_IN_PLACE_ROWS;
        const int64_t done = k < expected ? k * steps + i : expected * steps;
        gv_status st = GV_OK;
        if (p->state[0] != '\0' && gv_keep_due(ctx))
            st = keep(ctx, p, (state_head){k, i}, column, err);
        if (st == GV_OK)
            st = gv_progress(ctx, "ppr", done, expected * steps, err);
        if (st != GV_OK)
            return st;
        sweep_rows(p, begin, end < n ? end : n);
        gv_graph_rest(p->g, p->rows, begin, end < n ? end : n);
    }
    add_up(p);
    return GV_OK;
}

/* ---- before and after --------------------------------------------------------------------- */

/* Shares of the teleport vector. */
static void start(in_place *p)
{
    const int64_t n = p->walk.n;
    const ppr_teleport *t = &p->teleport;
#pragma omp parallel for num_threads(p->threads) schedule(static)
    for (int64_t v = 0; v < n; v++) {
        const double leaving = ppr_leaving(&p->walk, v), scale = leaving > 0.0 ? 1.0 / leaving : 1;
        for (int c = 0; c < p->width; c++) {
            const bool uniform = c < p->n_columns && t->offset[c] == t->offset[c + 1];
            p->share[v * p->width + c] = uniform ? (float)(scale / (double)n) : 0.0F;
        }
    }
    for (int c = 0; c < p->n_columns; c++) {
        ppr_sum lost = {0.0, 0.0};
        for (int64_t i = t->offset[c]; i < t->offset[c + 1]; i++) {
            const double leaving = ppr_leaving(&p->walk, t->node[i]);
            const float share = (float)(t->value[i] / (leaving > 0.0 ? leaving : 1.0));
            p->share[(int64_t)t->node[i] * p->width + c] = share;
            if (leaving <= 0.0)
                ppr_add(&lost, (double)share);
        }
        for (int64_t v = 0; t->offset[c] == t->offset[c + 1] && v < n; v++)
            if (ppr_leaving(&p->walk, v) <= 0.0)
                ppr_add(&lost, (double)p->share[v * p->width + c]);
        p->found.lost[c] = ppr_total(&lost);
    }
}

/* Shares become scores. */
static void take_scores(in_place *p)
{
#pragma omp parallel for num_threads(p->threads) schedule(static)
    for (int64_t v = 0; v < p->walk.n; v++) {
        const double leaving = ppr_leaving(&p->walk, v), held = leaving > 0.0 ? leaving : 1.0;
        for (int c = 0; c < p->width; c++) {
            float *x = &p->share[v * p->width + c];
            *x = (float)(held * p->unit[c] * (double)*x);
        }
    }
}

/* The bound after a sweep, for scores in single precision. A column that rounding keeps moving, no
 * less than PATIENCE sweeps ago, has nothing to gain. */
static void judge(in_place *p, int c, gv_ppr_column *column)
{
    const double a = p->o->damping, last = 0.5 * (double)FLT_EPSILON * MARGIN;
    const double rounding = p->found.rounding[c] * MARGIN;
    const double proven = (a * p->found.moved[c] * MARGIN + rounding) / (1.0 - a);
    column->residual = proven + last * (1.0 + proven);
    column->iterations++;
    column->converged = column->residual <= p->o->tolerance;
    p->idle[c] = p->found.moved[c] < 0.95 * p->least[c] ? 0 : p->idle[c] + 1;
    p->least[c] = fmin(p->least[c], p->found.moved[c]);
    p->active[c] = !column->converged && column->iterations < p->o->max_iterations &&
                   p->found.moved[c] > 0.05 * rounding && p->idle[c] < PATIENCE;
}

/* Rows that see new values let the sum of a column drift, and it comes back slowly. Where it must
 * be 1, another unit puts it right: the next sweep starts from the vector so scaled. */
static void scale(in_place *p, int c)
{
    const double mass = p->found.mass[c];
    if (p->o->dangling == GV_DANGLING_LEAK || !(mass > 0.0))
        return;
    p->unit[c] /= mass;
    p->found.lost[c] /= mass;
}

static gv_status iterate(gv_context *ctx, in_place *p, state_head at, gv_ppr_column *column,
                         gv_error *err)
{
    bool going = true;
    for (int64_t k = at.sweep; going; k++) {
        const gv_status st = sweep(ctx, p, k, k == at.sweep ? at.step : 0, column, err);
        if (st != GV_OK)
            return st;
        going = false;
        for (int c = 0; c < p->n_columns; c++) {
            if (p->active[c])
                judge(p, c, &column[c]);
            if (p->active[c])
                scale(p, c);
            going = going || p->active[c];
        }
    }
    return GV_OK;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static gv_status check(const gv_graph *g, const gv_teleport *t, const gv_ppr_opts *o, gv_error *err)
{
    gv_status st = ppr_check_opts(g, o, err);
    if (st == GV_OK)
        st = ppr_teleport_check(t, g->n_nodes, err);
    if (st == GV_OK && t->n_columns > PPR_COLUMNS)
        st = gv_fail(err, GV_ERR_ARG, "ppr: %" PRId64 " columns in place; at most %d", t->n_columns,
                     (int)PPR_COLUMNS);
    if (st == GV_OK && !(o->tolerance > 0.0))
        st = gv_fail(err, GV_ERR_ARG, "ppr: in place needs a tolerance above 0");
    if (st == GV_OK && o->max_iterations < 1)
        st = gv_fail(err, GV_ERR_ARG, "ppr: in place needs at least 1 sweep");
    return st;
}

static gv_status report(const in_place *p, const gv_ppr_column *column, gv_error *err)
{
    int failed = 0;
    double worst = 0.0;
    bool cut = false;
    for (int c = 0; c < p->n_columns; c++) {
        failed += !column[c].converged;
        cut = cut || (!column[c].converged && column[c].iterations >= p->o->max_iterations);
        worst = column[c].converged ? worst : fmax(worst, column[c].residual);
    }
    if (failed == 0)
        return GV_OK;
    return gv_fail(err, GV_ERR_CONVERGE,
                   "ppr: %d of %d columns did not reach the tolerance %g %s; the largest bound on "
                   "an error is %g",
                   failed, p->n_columns, p->o->tolerance,
                   cut ? "in as many sweeps as are allowed" : "in single precision", worst);
}

GV_API gv_status gv_ppr_in_place(gv_context *ctx, const gv_graph *g, const gv_teleport *teleport,
                                 const gv_ppr_opts *opts, float *score, gv_ppr_column *column,
                                 gv_error *err)
{
    const gv_ppr_opts o = opts != NULL ? *opts : gv_ppr_defaults();
    gv_ppr_column found[PPR_COLUMNS] = {{0}};
    in_place p = {.g = g,
                  .rows = o.direction == GV_FORWARD ? &g->in : &g->out,
                  .o = &o,
                  .threads = gv_context_threads(ctx),
                  .share = score};
    gv_status st = check(g, teleport, &o, err);
    if (st != GV_OK)
        return st;
    p.lanes = ppr_in_place_lanes_best();
    p.n_columns = (int)teleport->n_columns;
    p.width = gv_ppr_in_place_width(teleport->n_columns);
    for (int c = 0; c < PPR_COLUMNS; c++)
        p.unit[c] = 1.0;
    for (int c = 0; c < p.n_columns; c++) {
        p.active[c] = g->n_nodes > 0;
        p.least[c] = HUGE_VAL;
        found[c].converged = g->n_nodes == 0;
    }
    st = ppr_walk_start(ctx, g, &o, &p.walk, err);
    if (st == GV_OK)
        st = ppr_teleport_take(ctx, teleport, 0, p.n_columns, &p.teleport, err);
    const int64_t buffer = g->n_nodes < PPR_IN_PLACE_ROWS ? g->n_nodes : PPR_IN_PLACE_ROWS;
    p.part = gv_alloc(ctx, gv_blocks(g->n_nodes), sizeof *p.part);
    p.next = gv_alloc(ctx, buffer * p.width, sizeof *p.next);
    if (st == GV_OK && (p.part == NULL || p.next == NULL))
        st = gv_no_memory(ctx, "ppr: rows in place", err);
    gv_graph_rest(g, p.rows, 0, g->n_nodes); /* what was read when the file was opened */
    if (st == GV_OK && g->n_nodes > 0) {
        state_head at = {0};
        bool resumed;
        st = take_up(ctx, teleport, &p, &at, found, &resumed, err);
        if (st == GV_OK && !resumed)
            start(&p);
        if (st == GV_OK)
            st = iterate(ctx, &p, at, found, err);
        take_scores(&p);
    }
    for (int c = 0; c < p.n_columns && column != NULL; c++)
        column[c] = found[c];
    gv_free(ctx, p.next);
    gv_free(ctx, p.part);
    ppr_teleport_free(ctx, &p.teleport);
    ppr_walk_free(ctx, &p.walk);
    return st == GV_OK ? report(&p, found, err) : st;
}
