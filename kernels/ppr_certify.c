/* ppr_certify.c -- bounds of personalized PageRank between rounds of pushes, and the list of the
 * best that follows from them.
 *
 * With settled scores s and residuals r (ppr_push.c) the exact scores of a leaking walk are
 *
 *   x = s + e,   e(v) = sum over u of r[u] pi_u(v) = (1 - a) r[v] + a sum over u -> v of P(u,v)
 * e(u)
 *
 * so s + (1 - a) r is a lower bound. Upper bounds:
 *
 *   any graph        e(v) <= r[v] + a (R - r[v]),  R the sum of r: a walk from elsewhere has to
 *                    follow an edge to get to v, and pi_v(v) <= 1
 *   symmetric graph  d(u) pi_u(v) = d(v) pi_v(u) (d the degree; walks back and forth are equally
 *                    likely), so e(v) / d(v) = sum over u of (r[u] / d(u)) pi_v(u) is a mean of
 *                    densities r / d, at most their maximum D; in the first term r[v] is known:
 *                    e(v) <= (1 - a) r[v] + a D d(v)
 *                    (Andersen, Chung, Lang, FOCS 2006; Lofgren, Banerjee, Goel, WSDM 2016)
 *
 * Who was not pushed has s = 0, hence e(v) <= D d(v) <= D times the largest degree of the graph.
 *
 * Dangling consumers: the leaking walk is the true one for LEAK and SELF (a walk that stays is
 * settled at once). For TELEPORT scores are those of the leaking walk over their sum, which is 1 -
 * leaked - what may still leak: at most a R, and nothing in a symmetric graph, where only a source
 * without edges is dangling. For UNIFORM what leaks comes back somewhere: it is added to upper
 * bounds. */
#include "kernels/ppr_certify.h"

#include <math.h>

/* Makes up for the rounding of the bounds themselves. */
#define UP   (1.0 + 0x1p-48)
#define DOWN (1.0 - 0x1p-48)

/* ---- what is known ------------------------------------------------------------------------ */

/* The largest residual / degree. Spots that have not been counted are at most at the threshold,
 * unless edges ran out. */
static gv_status max_density(ppr_push *p, double *density, gv_error *err)
{
    gv_status st = GV_OK;
    *density = p->threshold;
    if (!p->out_of_edges)
        return GV_OK;
    for (int64_t i = 0; i < p->n && st == GV_OK; i++) {
        ppr_spot *s = &p->spot[i];
        if (s->residual <= *density * s->degree)
            continue;
        st = ppr_push_count(p, s, err);
        *density = fmax(*density, s->residual / s->degree);
    }
    *density *= UP;
    return st;
}

static gv_status take_stock(ppr_push *p, ppr_known *k, gv_error *err)
{
    const ppr_rows *rows = p->rows;
    ppr_sum sum = {0.0, 0.0};
    for (int64_t i = 0; i < p->n; i++)
        ppr_add(&sum, p->spot[i].residual);
    const double leaves = rows->symmetric ? 0.0 : rows->damping;
    k->residual = ppr_total(&sum) * UP;
    k->slack = 1.01 * 0x1p-53 * p->rounding;
    k->sum_most = k->sum_least = 1.0;
    k->from_others = 0.0;
    const double may_leak = leaves * k->residual + k->slack;
    if (rows->dangling == GV_DANGLING_TELEPORT) {
        k->sum_most = fmin(1.0, (1.0 - p->leaked) * UP + k->slack);
        k->sum_least = fmax(0.0, (1.0 - p->leaked) * DOWN - may_leak);
    } else if (rows->dangling == GV_DANGLING_UNIFORM) {
        k->from_others = p->leaked + may_leak;
    }
    return max_density(p, &k->density, err);
}

/* Bounds of the leaking walk; `degree` may be an upper bound. */
static double upper_of(const ppr_push *p, const ppr_known *k, double settled, double residual,
                       double degree)
{
    const double a = p->rows->damping;
    const double any = residual + a * fmax(0.0, k->residual - residual);
    const double alike = (1.0 - a) * residual + a * k->density * degree;
    return (settled + (p->rows->symmetric ? fmin(any, alike) : any)) * UP + k->slack;
}

/* Of the walk as the dangling rule has it. */
static double scaled_upper(const ppr_known *k, double upper)
{
    const double scaled = k->sum_least > 0.0 ? upper / k->sum_least * UP : 1.0;
    return fmin(1.0, (scaled + k->from_others) * UP);
}

static void judge(const ppr_push *p, const ppr_known *k, ppr_entry *e)
{
    const ppr_spot *s = &p->spot[e->place];
    const double degree = s->counted ? s->degree : (double)p->rows->max_degree;
    const double lower = s->settled + (1.0 - p->rows->damping) * s->residual;
    const double upper = upper_of(p, k, s->settled, s->residual, degree);
    e->lower = fmax(0.0, (lower * DOWN - k->slack) / k->sum_most * DOWN);
    e->upper = scaled_upper(k, upper);
    e->score = e->lower + 0.5 * (e->upper - e->lower);
    e->node = s->node;
}

/* ---- the best ----------------------------------------------------------------------------- */

static inline bool is_worse(const ppr_entry *x, const ppr_entry *y)
{
    return x->score != y->score ? x->score < y->score : x->node > y->node;
}

/* entry [n] is a heap, the worst on top, but for place `i`. */
static void sift(ppr_entry *entry, int64_t n, int64_t i)
{
    const ppr_entry moved = entry[i];
    for (int64_t child = 2 * i + 1; child < n; child = 2 * i + 1) {
        if (child + 1 < n && is_worse(&entry[child + 1], &entry[child]))
            child++;
        if (!is_worse(&entry[child], &moved))
            break;
        entry[i] = entry[child];
        i = child;
    }
    entry[i] = moved;
}

static void make_heap(ppr_entry *entry, int64_t n)
{
    for (int64_t i = n / 2; i-- > 0;)
        sift(entry, n, i);
}

/* The best first. */
static void sort_best(ppr_entry *entry, int64_t n)
{
    make_heap(entry, n);
    for (int64_t last = n - 1; last > 0; last--) {
        const ppr_entry worst = entry[0];
        entry[0] = entry[last];
        entry[last] = worst;
        sift(entry, last, 0);
    }
}

/* Spots by a score that counts an edge for those whose edges were not counted: k + 1 of them. */
static int64_t pick(const ppr_push *p, const ppr_known *k, ppr_entry *entry, int64_t room)
{
    const double a = p->rows->damping;
    const double half = p->rows->symmetric ? 0.5 * a * k->density : 0.0;
    int64_t n = 0;
    for (int64_t i = 0; i < p->n; i++) {
        const ppr_spot *s = &p->spot[i];
        const ppr_entry e = {.score = s->settled + (1.0 - a) * s->residual + half * s->degree,
                             .node = s->node,
                             .place = (int32_t)i};
        if (n < room) {
            entry[n++] = e;
            if (n == room)
                make_heap(entry, n);
        } else if (is_worse(&entry[0], &e)) {
            entry[0] = e;
            sift(entry, n, 0);
        }
    }
    return n;
}

/* The highest score that anybody outside the list may have. */
static double bound_of_others(ppr_push *p, const ppr_list *list)
{
    const ppr_known *k = &list->known;
    const double most = (double)p->rows->max_degree;
    double highest = p->n < p->rows->g->n_nodes ? upper_of(p, k, 0.0, 0.0, most) : 0.0;
    for (int64_t i = 0; i < list->n; i++)
        p->spot[list->entry[i].place].waiting = 1;
    for (int64_t i = 0; i < p->n; i++) {
        const ppr_spot *s = &p->spot[i];
        const double degree = s->counted ? s->degree : most;
        if (s->waiting == 0)
            highest = fmax(highest, upper_of(p, k, s->settled, s->residual, degree));
    }
    for (int64_t i = 0; i < list->n; i++)
        p->spot[list->entry[i].place].waiting = 0;
    return highest > 0.0 ? scaled_upper(k, highest) : 0.0;
}

gv_status ppr_list_make(ppr_push *p, ppr_list *list, gv_error *err)
{
    gv_status st = take_stock(p, &list->known, err);
    const int64_t n = st == GV_OK ? pick(p, &list->known, list->entry, list->k + 1) : 0;
    for (int64_t i = 0; i < n && st == GV_OK; i++) {
        st = ppr_push_count(p, &p->spot[list->entry[i].place], err);
        if (st == GV_OK)
            judge(p, &list->known, &list->entry[i]);
    }
    if (st != GV_OK)
        return st;
    sort_best(list->entry, n);
    list->has_next = n > list->k;
    list->n = n > list->k ? list->k : n;
    list->others = bound_of_others(p, list);
    return GV_OK;
}

/* ---- the verdict -------------------------------------------------------------------------- */

bool ppr_list_settled(const ppr_list *list, const gv_ppr_local_opts *o, gv_ppr_reason *reason)
{
    double lowest = list->n == list->k ? 1.0 : 0.0;
    bool narrow = true;
    for (int64_t i = 0; i < list->n; i++) {
        const ppr_entry *e = &list->entry[i];
        lowest = fmin(lowest, e->lower);
        narrow = narrow && (e->upper - e->lower <= o->accuracy * e->score ||
                            e->upper - e->lower <= o->tolerance);
    }
    *reason = list->others <= lowest ? GV_PPR_CERTIFIED : GV_PPR_WITHIN;
    return narrow && list->others <= lowest + o->tolerance;
}
