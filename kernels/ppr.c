/* ppr.c -- personalized PageRank, many teleport columns at once.
 *
 *   x = (1 - a) t + a (P' x + what the dangling nodes hold, sent where the rule says)
 *
 * by Jacobi sweeps x <- F(x) from x = t (Page, Brin, Motwani, Winograd, Stanford 1999; Jeh, Widom,
 * WWW 2003; meaning of options as in NetworkX and igraph). ppr_sweep.c has the sweep and says why
 * it is free of races and independent of threads; here are the batches and the proof of the error.
 *
 * Error. F contracts by a in the L1 norm, x* = F(x*). A sweep in floating point gives y with
 * |y - F(x)| <= r, hence both
 *
 *   |y - x*| <= (a |y - x| + r) / (1 - a)                                      (what it moved)
 *   |y - x*| <= a e + r   where |x - x*| <= e; |t - x*| <= 2 at the start      (2 a^K + all r)
 *
 * and the residual is the smaller one. All terms are >= 0, so each score carries a relative error
 * of at most its number of roundings: (row length - 1) additions and fewer than PPR_ROUNDINGS
 * others; sums over many nodes are compensated and count as one. With u = 2^-53 that gives
 * r <= u * sum over v of (row length + PPR_ROUNDINGS) y[v]. A margin of 1 % covers products of
 * roundings and the rounding of these figures themselves. */
#include <inttypes.h>
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "kernels/ppr_keep.h"
#include "kernels/ppr_refine.h"

#define UNIT_ROUNDOFF 0x1p-53
#define MARGIN        1.01

GV_API gv_ppr_opts gv_ppr_defaults(void)
{
    return (gv_ppr_opts){.damping = 0.85,
                         .tolerance = 1e-9,
                         .max_iterations = 1000,
                         .dangling = GV_DANGLING_TELEPORT,
                         .direction = GV_FORWARD,
                         .weighted = false,
                         .precision = GV_PPR_F64,
                         .layout = GV_PPR_AUTO};
}

/* ---- checks ------------------------------------------------------------------------------- */

gv_status ppr_check_walk(const gv_graph *g, const gv_ppr_opts *o, gv_error *err)
{
    if (!(o->damping > 0.0 && o->damping < 1.0))
        return gv_fail(err, GV_ERR_RANGE, "ppr: damping %g is not in (0, 1)", o->damping);
    if (!(o->tolerance >= 0.0) || isinf(o->tolerance))
        return gv_fail(err, GV_ERR_RANGE, "ppr: tolerance %g is not finite and >= 0", o->tolerance);
    if ((int)o->dangling < GV_DANGLING_TELEPORT || o->dangling > GV_DANGLING_LEAK)
        return gv_fail(err, GV_ERR_ARG, "ppr: dangling rule %d is not in [0, 3]", (int)o->dangling);
    if (o->direction != GV_FORWARD && o->direction != GV_REVERSE)
        return gv_fail(err, GV_ERR_ARG, "ppr: direction %d is not 0 or 1", (int)o->direction);
    if (o->weighted && g->rule == GV_PROBABILITY_NONE)
        return gv_fail(err, GV_ERR_ARG, "ppr: weighted, but the graph has no probabilities");
    return GV_OK;
}

gv_status ppr_check_opts(const gv_graph *g, const gv_ppr_opts *o, gv_error *err)
{
    if (o->max_iterations < 0)
        return gv_fail(err, GV_ERR_RANGE, "ppr: max_iterations %" PRId32 " is negative",
                       o->max_iterations);
    if (o->precision != GV_PPR_F64 && o->precision != GV_PPR_F32)
        return gv_fail(err, GV_ERR_ARG, "ppr: precision %d is not 0 or 1", (int)o->precision);
    return ppr_check_walk(g, o, err);
}

/* ---- convergence -------------------------------------------------------------------------- */

typedef struct run {
    gv_context *ctx;
    const gv_ppr_opts *o;
    int threads; /* no more than there are blocks of nodes */
    ppr_walk walk;
    ppr_batch batch;
    ppr_refine refine; /* with precision GV_PPR_F32 */
    gv_ppr_layout layout;
    ppr_placed placed; /* with GV_PPR_F64, if edges come in tiles */
    gv_ppr_column column[PPR_COLUMNS];
    int64_t n_done, n_columns; /* columns of batches before this one, and in all */
    int64_t failed;            /* columns that did not converge so far */
    double worst;              /* their largest residual */
    int64_t sweep;             /* sweeps of this batch so far */
    bool due;                  /* a sweep in double precision comes next */
    double *score;             /* the caller's, as far as they are known */
    gv_ppr_column *found;      /* the caller's, or NULL */
    char state[PPR_STATE_CHARS];
    bool resumed; /* the state of an earlier run is to be taken up */
} run;

/* ---- state -------------------------------------------------------------------------------- */

/* Between sweeps: scores of this batch and those before it, and in a phase of single precision what
 * its next sweep starts from. */
enum { HEAD, COLUMNS, ACTIVE, FOUND, SCORE, TURN, SINGLE, UNIT, RIGHT, FROM, PARTS };

typedef struct state_head {
    int64_t n_done, failed, sweep;
    double worst;
    int32_t width, n_columns, due, going;
} state_head;

static void list_state(run *r, state_head *head, gv_state_part *part)
{
    const ppr_batch *b = &r->batch;
    ppr_fast *f = &r->refine.fast;
    const int64_t n = r->walk.n, row = n * f->width * (int64_t)sizeof *f->from;
    part[HEAD] = (gv_state_part){head, (int64_t)sizeof *head};
    part[COLUMNS] = (gv_state_part){r->column, (int64_t)sizeof r->column};
    part[ACTIVE] = (gv_state_part){r->batch.active, (int64_t)sizeof r->batch.active};
    part[FOUND] =
        (gv_state_part){r->found, r->found != NULL ? head->n_done * (int64_t)sizeof *r->found : 0};
    part[SCORE] =
        (gv_state_part){r->score, (head->n_done + b->n_columns) * n * (int64_t)sizeof *r->score};
    if (r->o->precision != GV_PPR_F32)
        return;
    part[TURN] = (gv_state_part){&r->refine.turn, (int64_t)sizeof r->refine.turn};
    part[SINGLE] = (gv_state_part){&f->found, (int64_t)sizeof f->found};
    part[UNIT] = (gv_state_part){f->unit, (int64_t)sizeof f->unit};
    part[RIGHT] = (gv_state_part){f->right, row};
    if (head->going)
        part[FROM] = (gv_state_part){f->from, row};
}

static gv_status keep(run *r, gv_error *err)
{
    gv_state_part part[PARTS] = {{0}};
    state_head head = {.n_done = r->n_done,
                       .failed = r->failed,
                       .sweep = r->sweep,
                       .worst = r->worst,
                       .width = r->batch.width,
                       .n_columns = r->batch.n_columns,
                       .due = r->due,
                       .going = r->refine.turn.now.sweep > 0};
    list_state(r, &head, part);
    return gv_keep(r->ctx, r->state, part, PARTS, err);
}

/* Looks for a state, and at which batch to go on. One of batches of another size is of no use. */
static gv_status look_for_state(run *r, const gv_teleport *t, gv_error *err)
{
    state_head head;
    gv_state_part part = {&head, (int64_t)sizeof head};
    gv_status st = ppr_state_name(r->ctx, &r->walk, t, r->o, 0, r->state, err);
    if (st == GV_OK && r->state[0] != '\0')
        st = gv_keep_take(r->ctx, r->state, &part, 1, &r->resumed, err);
    r->resumed = r->resumed && st == GV_OK && head.width == r->batch.width;
    if (r->resumed)
        r->n_done = head.n_done;
    return st;
}

static gv_status take_up(run *r, gv_error *err)
{
    gv_state_part part[PARTS] = {{0}};
    state_head head = {0};
    bool found;
    part[HEAD] = (gv_state_part){&head, (int64_t)sizeof head};
    gv_status st = gv_keep_take(r->ctx, r->state, part, 1, &found, err);
    if (st != GV_OK || !found)
        return st;
    list_state(r, &head, part);
    st = gv_keep_take(r->ctx, r->state, part, PARTS, &found, err);
    r->failed = head.failed;
    r->worst = head.worst;
    r->sweep = head.sweep;
    r->due = head.due != 0;
    r->resumed = false;
    return st;
}

/* Proven bounds before the first sweep: probabilities differ by 2 at most. */
static void start_columns(run *r)
{
    for (int c = 0; c < r->batch.n_columns; c++) {
        gv_ppr_column *column = &r->column[c];
        column->iterations = 0;
        column->residual = 2.0 + PPR_ROUNDINGS * UNIT_ROUNDOFF * MARGIN;
        column->converged = r->o->tolerance == 0.0 || column->residual <= r->o->tolerance;
        r->batch.active[c] =
            r->o->max_iterations > 0 && (!column->converged || r->o->tolerance == 0.0);
    }
}

/* The bound after a sweep; a column whose scores no longer change at all has nothing to gain. */
static void judge_column(run *r, int c)
{
    const double a = r->o->damping;
    const ppr_measure *found = &r->batch.found;
    gv_ppr_column *column = &r->column[c];
    const double rounding = UNIT_ROUNDOFF * MARGIN * found->rounding[c];
    const double by_start = a * column->residual * (1.0 + 4.0 * UNIT_ROUNDOFF) + rounding;
    const double by_move = (a * found->moved[c] * (1.0 + 1e-12) + rounding) / (1.0 - a);
    column->residual = by_move < by_start ? by_move : by_start;
    column->iterations++;
    if (r->o->tolerance > 0.0) {
        column->converged = column->residual <= r->o->tolerance;
        r->batch.active[c] = !column->converged && found->moved[c] > 0.0;
    }
    if (column->iterations >= r->o->max_iterations)
        r->batch.active[c] = false;
}

static bool any_active(const ppr_batch *b)
{
    for (int c = 0; c < b->n_columns; c++)
        if (b->active[c])
            return true;
    return false;
}

/* Before each sweep, in either precision. */
static gv_status tell(gv_context *ctx, void *data, gv_error *err)
{
    run *r = data;
    const int64_t expected = ppr_sweeps_expected(r->o);
    const gv_status st = r->state[0] != '\0' && gv_keep_due(ctx) ? keep(r, err) : GV_OK;
    if (st != GV_OK)
        return st;
    const int64_t now = r->sweep < expected ? r->sweep : expected;
    r->sweep++;
    return gv_progress(ctx, "ppr", r->n_done * expected + now * r->batch.n_columns,
                       r->n_columns * expected, err);
}

static gv_status iterate(run *r, gv_error *err)
{
    const bool fast = r->o->precision == GV_PPR_F32;
    while (any_active(&r->batch)) {
        gv_status st = GV_OK;
        if (fast && !r->due)
            st = ppr_refine_phase(r->ctx, &r->refine, r->column, tell, r, err);
        r->due = true;
        if (st == GV_OK)
            st = tell(r->ctx, r, err);
        if (st != GV_OK)
            return st;
        ppr_sweep(&r->walk, &r->batch, r->threads);
        r->due = false;
        if (fast)
            ppr_refine_judge(&r->refine);
        for (int c = 0; c < r->batch.n_columns; c++)
            if (r->batch.active[c])
                judge_column(r, c);
    }
    return GV_OK;
}

/* ---- batches ------------------------------------------------------------------------------ */

/* Columns that share a sweep: a power of two that the memory limit has room for. Their number bears
 * on speed alone. */
static int choose_width(const gv_context *ctx, int64_t n_nodes, const gv_teleport *t)
{
    int64_t longest = 0;
    for (int64_t c = 0; c < t->n_columns; c++)
        if (t->offset[c + 1] - t->offset[c] > longest)
            longest = t->offset[c + 1] - t->offset[c];
    const int64_t left = ctx->memory_limit - gv_context_memory_used(ctx);
    return ppr_width(n_nodes, t->n_columns, longest,
                     ctx->memory_limit == 0 ? 0
                     : left > 1             ? left
                                            : 1);
}

/* The layout, and with GV_PPR_F64 its tiles. */
static gv_status lay_out(run *r, const gv_graph *g, gv_error *err)
{
    if (r->o->precision == GV_PPR_F32)
        return ppr_refine_open(r->ctx, g, r->o, &r->walk, r->n_columns, r->threads, &r->refine,
                               err);
    gv_status st = ppr_layout_choose(r->walk.n, r->n_columns, r->o, &r->layout, err);
    if (st != GV_OK || r->layout != GV_PPR_SEGMENTS)
        return st;
    st = ppr_placed_open(r->ctx, g, r->o, &r->walk, r->threads, &r->placed, err);
    r->batch.tiles = &r->placed.tiles;
    r->batch.place = r->placed.nodes.place;
    r->batch.arriving = r->placed.arriving;
    return st;
}

static gv_status start_buffers(run *r, const gv_teleport *t, gv_error *err)
{
    ppr_batch *b = &r->batch;
    const int64_t n = r->walk.n;
    b->width = r->o->precision == GV_PPR_F32 ? r->refine.fast.width : choose_width(r->ctx, n, t);
    b->damping = r->o->damping;
    b->dangling = r->o->dangling;
    b->share = gv_alloc_zero(r->ctx, n * b->width, sizeof *b->share);
    b->part = gv_alloc(r->ctx, gv_blocks(n), sizeof *b->part);
    if (b->share == NULL || b->part == NULL)
        return gv_no_memory(r->ctx, "ppr: shares of a batch of columns", err);
    return GV_OK;
}

/* Columns [n_done, n_done + n_columns of the batch). */
static gv_status run_batch(run *r, const gv_teleport *t, double *score, gv_ppr_column *column,
                           gv_error *err)
{
    ppr_batch *b = &r->batch;
    const int64_t n = r->walk.n, left = t->n_columns - r->n_done;
    b->n_columns = left < b->width ? (int)left : b->width;
    gv_status st = ppr_teleport_take(r->ctx, t, r->n_done, b->n_columns, &b->teleport, err);
    if (st != GV_OK)
        return st;
    for (int c = 0; c < b->n_columns; c++) {
        b->score[c] = score + (r->n_done + c) * n;
        if (!r->resumed)
            ppr_teleport_fill(&b->teleport, c, b->score[c], n, r->threads);
    }
    r->sweep = 0;
    start_columns(r);
    if (r->o->precision == GV_PPR_F32)
        st = ppr_refine_begin(r->ctx, &r->refine, b, err);
    if (st == GV_OK && r->resumed)
        st = take_up(r, err);
    if (st == GV_OK)
        st = iterate(r, err);
    ppr_refine_end(r->ctx, &r->refine);
    ppr_teleport_free(r->ctx, &b->teleport);
    for (int c = 0; c < b->n_columns; c++) {
        if (column != NULL)
            column[r->n_done + c] = r->column[c];
        if (!r->column[c].converged) {
            r->failed++;
            r->worst = fmax(r->worst, r->column[c].residual);
        }
    }
    r->n_done += b->n_columns;
    return st;
}

/* Nobody to score: every column is exact as it is. */
static void no_nodes(int64_t n_columns, gv_ppr_column *column)
{
    for (int64_t c = 0; c < n_columns && column != NULL; c++)
        column[c] = (gv_ppr_column){.converged = true};
}

GV_API gv_status gv_ppr(gv_context *ctx, const gv_graph *g, const gv_teleport *teleport,
                        const gv_ppr_opts *opts, double *score, gv_ppr_column *column,
                        gv_error *err)
{
    const gv_ppr_opts o = opts != NULL ? *opts : gv_ppr_defaults();
    gv_status st = ppr_check_opts(g, &o, err);
    if (st == GV_OK)
        st = ppr_teleport_check(teleport, g->n_nodes, err);
    if (st != GV_OK)
        return st;
    if (g->n_nodes == 0) {
        no_nodes(teleport->n_columns, column);
        return GV_OK;
    }
    const int64_t blocks = gv_blocks(g->n_nodes);
    const int32_t threads = gv_context_threads(ctx);
    run r = {
        .ctx = ctx, .o = &o, .n_columns = teleport->n_columns, .score = score, .found = column};
    r.threads = blocks < threads ? (int)blocks : threads;
    st = ppr_walk_start(ctx, g, &o, &r.walk, err);
    if (st == GV_OK)
        st = lay_out(&r, g, err);
    if (st == GV_OK)
        st = start_buffers(&r, teleport, err);
    if (st == GV_OK)
        st = look_for_state(&r, teleport, err);
    while (st == GV_OK && r.n_done < r.n_columns)
        st = run_batch(&r, teleport, score, column, err);
    gv_free(ctx, r.batch.part);
    gv_free(ctx, r.batch.share);
    ppr_placed_close(ctx, &r.placed);
    ppr_refine_close(ctx, &r.refine);
    ppr_walk_free(ctx, &r.walk);
    if (st == GV_OK && r.failed > 0)
        return gv_fail(err, GV_ERR_CONVERGE,
                       "ppr: %" PRId64 " of %" PRId64
                       " columns did not reach the tolerance %g in at "
                       "most %" PRId32 " sweeps; the largest bound on an error is %g",
                       r.failed, r.n_columns, o.tolerance, o.max_iterations, r.worst);
    return st;
}

GV_API gv_status gv_ppr_choose(gv_context *ctx, const gv_graph *g, int64_t n_columns,
                               const gv_ppr_opts *opts, gv_ppr_layout *out, gv_error *err)
{
    const gv_ppr_opts o = opts != NULL ? *opts : gv_ppr_defaults();
    (void)ctx;
    const gv_status st = ppr_check_opts(g, &o, err);
    return st != GV_OK ? st : ppr_layout_choose(g->n_nodes, n_columns, &o, out, err);
}
