/* ppr_refine.c -- sweeps in single precision between sweeps in double precision that certify.
 *
 * The solution is x* = x + sum over k >= 0 of (a P')^k d with d = F(x) - x, for any x. A sweep in
 * double precision takes x to y = F(x), proves how far y is from x* (ppr.c) and leaves d. Where
 * that is too far, single precision solves e = d + a P' e, which needs few digits, and the next x
 * is y + (e - d). The first x comes from single precision as well, started at the teleport vector.
 *
 * A column decides by itself when it goes back to double precision, at most every CHECK sweeps:
 * when what is left is below half the tolerance, below what single precision can tell, or no longer
 * shrinks. If a correction did not help, the column goes on in double precision alone, so whatever
 * plain sweeps reach is reached here. */
#include <math.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"
#include "engine/sort.h"
#include "kernels/ppr_refine.h"

enum { CHECK = 2 };

static const double telling = 3e-7; /* what single precision can tell of a vector, in L1 */

/* ---- teleport columns by place ------------------------------------------------------------ */

static gv_status place_column(gv_context *ctx, ppr_refine *r, int c, gv_record *record,
                              gv_error *err)
{
    const ppr_teleport *from = &r->batch->teleport;
    ppr_teleport *to = &r->teleport;
    const int64_t begin = from->offset[c], n = from->offset[c + 1] - begin;
    for (int64_t i = 0; i < n; i++)
        record[i] = (gv_record){(uint64_t)r->fast.nodes.place[from->node[begin + i]], (uint64_t)i};
    const gv_status st = gv_sort_records(ctx, record, n, err);
    for (int64_t i = 0; i < n && st == GV_OK; i++) {
        to->node[begin + i] = (gv_node)record[i].key;
        to->value[begin + i] = from->value[begin + (int64_t)record[i].value];
    }
    to->offset[c + 1] = from->offset[c + 1];
    return st;
}

static gv_status place_teleport(gv_context *ctx, ppr_refine *r, gv_error *err)
{
    const ppr_teleport *from = &r->batch->teleport;
    const int columns = r->batch->n_columns;
    const int64_t entries = from->offset[columns];
    gv_record *record = gv_alloc(ctx, entries, sizeof *record);
    r->teleport.node = gv_alloc(ctx, entries, sizeof *r->teleport.node);
    r->teleport.value = gv_alloc(ctx, entries, sizeof *r->teleport.value);
    gv_status st = GV_OK;
    if (record == NULL || r->teleport.node == NULL || r->teleport.value == NULL)
        st = gv_no_memory(ctx, "ppr: teleport columns by place", err);
    for (int c = 0; c < columns && st == GV_OK; c++)
        st = place_column(ctx, r, c, record, err);
    gv_free(ctx, record);
    return st;
}

/* ---- opening ------------------------------------------------------------------------------ */

gv_status ppr_refine_open(gv_context *ctx, const gv_graph *g, const gv_ppr_opts *o,
                          const ppr_walk *walk, int64_t columns, int threads, ppr_refine *r,
                          gv_error *err)
{
    *r = (ppr_refine){.o = o};
    const gv_status st = ppr_fast_open(ctx, g, o, walk, columns, threads, &r->fast, err);
    if (st != GV_OK)
        return st;
    const bool tiles = r->fast.layout == GV_PPR_SEGMENTS;
    r->fast.right = gv_alloc_zero(ctx, walk->n * r->fast.width, sizeof *r->fast.right);
    if (tiles)
        r->arriving = gv_alloc(ctx, walk->n, sizeof *r->arriving);
    if (r->fast.right != NULL && (!tiles || r->arriving != NULL))
        return GV_OK;
    ppr_refine_close(ctx, r);
    return gv_no_memory(ctx, "ppr: corrections", err);
}

void ppr_refine_close(gv_context *ctx, ppr_refine *r)
{
    gv_free(ctx, r->arriving);
    r->arriving = NULL;
    gv_free(ctx, r->fast.right);
    r->fast.right = NULL;
    ppr_fast_close(ctx, &r->fast);
}

gv_status ppr_refine_begin(gv_context *ctx, ppr_refine *r, ppr_batch *b, gv_error *err)
{
    r->batch = b;
    r->turn = (ppr_turn){.phase = 0};
    for (int c = 0; c < PPR_COLUMNS; c++) {
        r->turn.spent[c] = false;
        r->turn.moved[c] = HUGE_VAL;
    }
    r->fast.n_columns = b->n_columns;
    r->fast.part = b->part;
    r->fast.from = (float *)(void *)b->share; /* the two never hold shares at the same time */
    r->fast.to = r->fast.from + r->fast.n * r->fast.width;
    b->delta = r->fast.right;
    b->place = r->fast.nodes.place;
    b->tiles = r->arriving != NULL ? &r->fast.tiles : NULL;
    b->arriving = r->arriving;
    r->teleport = (ppr_teleport){.node = NULL};
    return r->fast.nodes.place != NULL ? place_teleport(ctx, r, err) : GV_OK;
}

void ppr_refine_end(gv_context *ctx, ppr_refine *r)
{
    ppr_teleport_free(ctx, &r->teleport);
}

/* ---- a phase in single precision ---------------------------------------------------------- */

typedef ppr_phase phase;

static bool any(const bool *flag)
{
    for (int c = 0; c < PPR_COLUMNS; c++)
        if (flag[c])
            return true;
    return false;
}

/* Walks that restart anywhere alike end up at a node about in proportion to the edges into it, once
 * they have taken some steps: that is a better first guess than the teleport vector, and costs no
 * sweep. It goes to the constant terms, which the first phase has no other use for. */
static bool guess(const ppr_refine *r, const ppr_teleport *t)
{
    const ppr_fast *f = &r->fast;
    const ppr_walk *walk = f->walk;
    const int64_t edges = walk->offset[f->n] - walk->offset[0];
    bool any = false;
    for (int c = 0; c < f->n_columns; c++)
        any = any || t->offset[c] == t->offset[c + 1];
    if (!any || r->o->tolerance == 0.0 || walk->p != NULL || walk->by_degree || edges == 0)
        return false;
    const double scale = r->o->damping / (double)edges;
#pragma omp parallel for num_threads(f->threads) schedule(static)
    for (int64_t k = 0; k < f->n; k++) {
        const int64_t v = f->nodes.order != NULL ? f->nodes.order[k] : k;
        const float share = (float)(scale * (double)(walk->offset[v + 1] - walk->offset[v]));
        for (int c = 0; c < f->width; c++)
            f->right[k * f->width + c] =
                c < f->n_columns && t->offset[c] == t->offset[c + 1] ? share : 0.0F;
    }
    return true;
}

static void set_recipe(const ppr_refine *r, phase *p, const ppr_teleport *t, bool start)
{
    const ppr_fast *f = &r->fast;
    const double a = start ? 0.0 : r->o->damping, n = (double)f->n;
    const bool guessed = start && r->turn.phase == 0 && guess(r, t);
    p->recipe.damping = (float)a;
    p->recipe.right = r->turn.phase > 0 || guessed;
    p->recipe.stay = r->o->dangling == GV_DANGLING_SELF && !start; /* there is nothing before */
    for (int c = 0; c < f->n_columns; c++) {
        const double again = start ? 0.0 : a * f->found.lost[c];
        const bool uniform = t->offset[c] == t->offset[c + 1];
        double jump = r->turn.phase == 0 ? 1.0 - (guessed && uniform ? r->o->damping : a) : 0.0;
        double base = 0.0;
        if (r->o->dangling == GV_DANGLING_TELEPORT)
            jump += again;
        if (r->o->dangling == GV_DANGLING_UNIFORM)
            base = again / n;
        if (uniform)
            base += jump / n;
        p->recipe.base[c] = (float)base;
        p->recipe.jump[c] = (float)jump;
        p->recipe.live[c] = !p->mine[c] || p->live[c];
    }
}

/* What the next sweep will move, going by the last two looks; sweeps that renew rows as they go
 * shrink about as much as two that do not, and the one that certifies does not. */
static double rate_of(const phase *p, int c, double moved, double a)
{
    const double before = p->before[c];
    double rate = before < HUGE_VAL ? pow(moved / before, 1.0 / p->between[c]) : a;
    if (p->recipe.renew)
        rate = sqrt(rate);
    return fmin(fmax(rate, 0.1), a);
}

/* Settles columns for which further sweeps of this phase are no use: the sweep that certifies will
 * do what is left, as far as single precision can tell. */
static void look(const ppr_refine *r, phase *p, int c)
{
    const double a = r->o->damping, tolerance = r->o->tolerance;
    const double norm = r->turn.phase == 0 ? 1.0 : r->turn.moved[c] / (1.0 - a);
    const double moved = r->fast.found.moved[c], floor = telling * norm;
    const double wanted = fmax(fmax(tolerance - floor, 0.5 * tolerance), floor) * (1.0 - a);
    const double rate = rate_of(p, c, moved, a), next = a * moved * rate;
    const double shrink = p->recipe.renew ? rate * rate : rate;
    const bool close = next * shrink <= wanted;
    p->live[c] = next > wanted && moved < 0.95 * p->before[c];
    p->before[c] = moved;
    p->between[c] = close ? 1 : CHECK;
    p->next_look[c] += p->between[c];
}

/* After sweep k. The next look at a column is CHECK sweeps later, or after one that is likely to
 * suffice. */
static void judge(const ppr_refine *r, phase *p, const gv_ppr_column *column, int k)
{
    for (int c = 0; c < r->fast.n_columns; c++) {
        if (!p->live[c])
            continue;
        if (k == p->next_look[c] && r->o->tolerance > 0.0)
            look(r, p, c);
        if (column[c].iterations + 1 >= r->o->max_iterations)
            p->live[c] = false;
    }
}

static bool any_looks(const phase *p, int k)
{
    for (int c = 0; c < PPR_COLUMNS; c++)
        if (p->live[c] && p->next_look[c] == k)
            return true;
    return false;
}

static void begin_phase(const ppr_refine *r, phase *p, const gv_ppr_column *column)
{
    const bool exact = r->o->tolerance == 0.0;
    *p = (phase){.mine = {false}};
    for (int c = 0; c < r->fast.n_columns; c++) {
        p->mine[c] = r->batch->active[c] && !r->turn.spent[c] && !(exact && r->turn.phase > 0) &&
                     column[c].iterations + 1 < r->o->max_iterations;
        p->live[c] = p->mine[c];
        p->before[c] = HUGE_VAL;
        p->next_look[c] = p->between[c] = CHECK;
    }
}

static bool any_settled(const phase *p)
{
    for (int c = 0; c < PPR_COLUMNS; c++)
        if (p->mine[c] && !p->live[c])
            return true;
    return false;
}

gv_status ppr_refine_phase(gv_context *ctx, ppr_refine *r, gv_ppr_column *column,
                           ppr_progress_fn *progress, void *data, gv_error *err)
{
    ppr_fast *f = &r->fast;
    const ppr_teleport *t = f->nodes.place != NULL ? &r->teleport : &r->batch->teleport;
    const bool exact = r->o->tolerance == 0.0;
    phase *p = &r->turn.now;
    if (p->sweep == 0) {
        begin_phase(r, p, column);
        if (!any(p->mine))
            return GV_OK;
        set_recipe(r, p, t, true);
        ppr_fast_start(f, &p->recipe, t);
        p->sweep = 1;
    }
    for (; any(p->live); p->sweep++) {
        const gv_status st = progress(ctx, data, err);
        if (st != GV_OK)
            return st;
        set_recipe(r, p, t, false);
        p->recipe.renew = !exact && r->turn.phase == 0 && ppr_fast_renews(f);
        p->recipe.even = p->recipe.renew && r->o->dangling != GV_DANGLING_LEAK;
        p->recipe.measure = (!exact && any_looks(p, p->sweep)) || any_settled(p);
        ppr_fast_sweep(f, &p->recipe, t);
        for (int c = 0; c < f->n_columns; c++)
            column[c].iterations += p->live[c];
        judge(r, p, column, p->sweep);
    }
    p->sweep = 0;
    for (int c = 0; c < f->n_columns; c++)
        if (p->mine[c]) {
            ppr_fast_take(f, c, r->batch->score[c], r->turn.phase > 0);
            column[c].residual = HUGE_VAL; /* nothing is proven of these scores */
        }
    return GV_OK;
}

void ppr_refine_judge(ppr_refine *r)
{
    for (int c = 0; c < r->fast.n_columns; c++) {
        if (!r->batch->active[c])
            continue;
        const double moved = r->batch->found.moved[c];
        r->turn.spent[c] =
            r->turn.spent[c] || (r->turn.phase > 0 && moved > 0.25 * r->turn.moved[c]);
        r->turn.moved[c] = moved;
    }
    r->turn.phase++;
}
