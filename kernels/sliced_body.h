/* sliced_body.h -- the simulation of a block, for one vector type and width; included several
 * times.
 *
 *   NATIVE, N        a vec is N natives
 *   NAME(x)          x with a suffix of its own
 *   V_ANY(a)         whether a native has a bit
 *   GROUP            edges whose coins are drawn side by side
 *   FLIP             FLIP(s, key, pending, i, way): the coins of pending edges i to
 *                    i + GROUP - 1; the worlds in which they fall on live replace `undecided`
 *
 * With steps, which the curve needs, they are those of a breadth-first search in all worlds at
 * once: at the start of a step each queued node's fresh worlds are put aside, then their edges are
 * asked, so a bit that is set during a step waits for the next one. Without steps it does not wait;
 * the set that is reached in the end is the same. */
#define VEC NAME(vec)
/* Where the way has to be known to the compiler. */
#define INLINED static inline __attribute__((always_inline))

static inline VEC NAME(load)(const uint64_t *word)
{
    VEC a;
    for (int i = 0; i < N; i++) /* one by one: a struct would go through the stack */
        memcpy(&a.v[i], word + i * (int)(sizeof(NATIVE) / 8), sizeof(NATIVE));
    return a;
}

static inline void NAME(store)(uint64_t *word, VEC a)
{
    for (int i = 0; i < N; i++)
        memcpy(word + i * (int)(sizeof(NATIVE) / 8), &a.v[i], sizeof(NATIVE));
}

static inline VEC NAME (and)(VEC a, VEC b)
{
    for (int i = 0; i < N; i++)
        a.v[i] &= b.v[i];
    return a;
}

static inline VEC NAME(and_not)(VEC a, VEC b)
{
    for (int i = 0; i < N; i++)
        a.v[i] &= ~b.v[i];
    return a;
}

static inline VEC NAME(or)(VEC a, VEC b)
{
    for (int i = 0; i < N; i++)
        a.v[i] |= b.v[i];
    return a;
}

static inline VEC NAME (xor)(VEC a, VEC b)
{
    for (int i = 0; i < N; i++)
        a.v[i] ^= b.v[i];
    return a;
}

static inline bool NAME(any)(VEC a)
{
    for (int i = 1; i < N; i++)
        a.v[0] |= a.v[i];
    return V_ANY(a.v[0]);
}

enum { NAME(WORDS) = (int)(sizeof(VEC) / 8) };

/* Edges whose coins are still to be drawn. That they come from rows of several nodes, and that some
 * target may have been reached since, makes no difference: a coin is what it is. */
typedef struct NAME(pending) {
    VEC undecided[GV_PENDING];  /* worlds to draw for; replaced by those that fall on live */
    int64_t edge[GV_PENDING];   /* position in the graph */
    gv_node source[GV_PENDING]; /* label; by limit and by edge */
    gv_node target[GV_PENDING]; /* label */
    uint32_t limit[GV_PENDING]; /* upper half; by constant 0 */
    uint32_t first[GV_PENDING]; /* of the stretch */
    int n;
} NAME(pending);

#ifdef V_AES
#include "kernels/sliced_flip.h"
#endif

/* Adds eight vectors to the counters: a tree of full adders, then one carry through the planes. */
static inline void NAME(count8)(uint64_t *count, const uint64_t *fresh)
{
    enum { W = NAME(WORDS) };
    VEC low[3], carry[4];
    for (int k = 0; k < 3; k++)
        low[k] = NAME(load)(count + k * W);
    int n = 8;
    VEC in[8];
    for (int k = 0; k < 8; k++)
        in[k] = NAME(load)(fresh + k * W);
    for (int k = 0; k < 3; k++) {
        n /= 2;
        for (int i = 0; i < n; i++) {
            const VEC a = in[2 * i], b = in[2 * i + 1], half = NAME(xor)(a, b);
            carry[i] = NAME(or)(NAME(and)(a, b), NAME(and)(half, low[k]));
            low[k] = NAME(xor)(half, low[k]);
        }
        for (int i = 0; i < n; i++)
            in[i] = carry[i];
    }
    for (int k = 0; k < 3; k++)
        NAME(store)(count + k * W, low[k]);
    VEC up = in[0];
    for (int k = 3; k < GV_COUNT_BITS && NAME(any)(up); k++) {
        const VEC plane = NAME(load)(count + k * W);
        NAME(store)(count + k * W, NAME(xor)(plane, up));
        up = NAME(and)(plane, up);
    }
}

/* Puts the fresh worlds of the nodes queue[from, n) aside, and counts them; `from` is a multiple of
 * eight. */
static void NAME(begin_part)(gv_sliced_state *t, uint64_t *count, int64_t from, int64_t n)
{
    enum { W = NAME(WORDS) };
    for (int64_t i = from; i < n; i++) {
        if (i + 8 < n) {
            __builtin_prefetch(t->act + (int64_t)t->queue[i + 8] * W, 0);
            __builtin_prefetch(t->done + (int64_t)t->queue[i + 8] * W, 1);
        }
        const int64_t u = t->queue[i];
        const VEC act = NAME(load)(t->act + u * W), done = NAME(load)(t->done + u * W);
        NAME(store)(t->fresh + i * W, NAME(and_not)(act, done));
        NAME(store)(t->done + u * W, act);
        t->queued[u] = 0;
        if (i % 8 == 7)
            NAME(count8)(count, t->fresh + (i - 7) * W);
    }
    if (n % 8 != 0) {
        uint64_t rest[8 * NAME(WORDS)] = {0};
        memcpy(rest, t->fresh + n / 8 * 8 * W, (size_t)(n % 8) * sizeof(VEC));
        NAME(count8)(count, rest);
    }
}

/* Notes that the worlds `live` reach v. */
static inline void NAME(reach)(gv_sliced_state *t, gv_node v, VEC live)
{
    uint64_t *word = t->act + (int64_t)v * NAME(WORDS);
    const VEC act = NAME(load)(word);
    NAME(store)(word, NAME(or)(act, live));
    t->touched[t->n_touched] = v;
    t->n_touched += !NAME(any)(act);
    t->next[t->n_next] = v;
    t->n_next += !t->queued[v];
    t->queued[v] = 1;
}

/* The coins of all pending edges. */
INLINED void NAME(draw_coins)(const gv_sliced *s, const VEC *key, NAME(pending) * p,
                              gv_sliced_way way)
{
    for (int i = 0; i < p->n; i += GROUP)
        FLIP(s, key, p, i, way);
}

/* By linear threshold the bits are the number of the target, and those worlds are live where it
 * falls into the stretch: at most at its last, and not below its first. */
INLINED void NAME(draw_stretches)(const gv_sliced *s, const VEC *key, NAME(pending) * p)
{
    VEC upto[GV_PENDING];
    for (int i = 0; i < p->n; i++)
        upto[i] = p->undecided[i];
    NAME(draw_coins)(s, key, p, GV_BY_STRETCH);
    for (int i = 0; i < p->n; i++) {
        if (p->limit[i] != 0) /* else the stretch has no end */
            upto[i] = p->undecided[i];
        p->undecided[i] = upto[i];
        p->limit[i] = p->first[i];
    }
    NAME(draw_coins)(s, key, p, GV_BY_STRETCH);
    for (int i = 0; i < p->n; i++)
        p->undecided[i] = NAME(and_not)(upto[i], p->undecided[i]);
}

/* In place limits are looked up now. */
INLINED void NAME(draw_looked_up)(const gv_sliced *s, const VEC *key, NAME(pending) * p)
{
    VEC asked[GV_PENDING];
    bool sure[GV_PENDING];
    for (int i = 0; i < p->n; i++) {
        const uint64_t limit = gv_sliced_limit(s, p->source[i], p->edge[i], p->target[i]);
        p->limit[i] = (uint32_t)(limit >> 32);
        sure[i] = limit == GV_COIN_ALWAYS;
        asked[i] = p->undecided[i];
    }
    NAME(draw_coins)(s, key, p, GV_BY_LIMIT);
    for (int i = 0; i < p->n; i++)
        if (sure[i])
            p->undecided[i] = asked[i];
}

/* Notes a hit, of a hand for the owner of v. */
static inline void NAME(hit)(gv_sliced_state *t, gv_node v, VEC live)
{
    gv_sliced_hits *x = t->hits;
    if (x == NULL) {
        NAME(reach)(t, v, live);
        return;
    }
    x->target[x->n] = v;
    NAME(store)(x->live + x->n * NAME(WORDS), live);
    x->n++;
}

/* Whether a hand has room for the hits of no more edges than may be pending now and once more. */
static inline bool NAME(is_full)(const gv_sliced_state *t)
{
    return t->hits != NULL && t->hits->n + 2 * GV_PENDING > t->hits->room;
}

/* Draws the coins of the pending edges, and notes whom they reach. */
INLINED void NAME(draw)(const gv_sliced *s, gv_sliced_state *t, const VEC *key, NAME(pending) * p,
                        gv_sliced_way way)
{
    int hit[GV_PENDING], n_hit = 0;
    for (int i = p->n; i % GROUP != 0; i++) { /* the last group may be short */
        p->undecided[i] = NAME(and_not)(*key, *key);
        p->edge[i] = 0, p->source[i] = 0, p->target[i] = 0, p->limit[i] = 0;
    }
    if (way == GV_BY_STRETCH)
        NAME(draw_stretches)(s, key, p);
    else if (way == GV_BY_EDGE)
        NAME(draw_looked_up)(s, key, p);
    else if (way == GV_BY_LIMIT || s->coins.limit != GV_COIN_ALWAYS)
        NAME(draw_coins)(s, key, p, way);
    for (int i = 0; i < p->n; i++) {
        hit[n_hit] = i;
        n_hit += NAME(any)(p->undecided[i]);
    }
    for (int i = 0; i < n_hit; i++)
        NAME(hit)(t, p->target[hit[i]], p->undecided[hit[i]]);
    p->n = 0;
}

static __attribute__((noinline)) void NAME(settle_constant)(const gv_sliced *s, gv_sliced_state *t,
                                                            const VEC *key, NAME(pending) * p)
{
    NAME(draw)(s, t, key, p, GV_BY_CONSTANT);
}

static __attribute__((noinline)) void NAME(settle_limit)(const gv_sliced *s, gv_sliced_state *t,
                                                         const VEC *key, NAME(pending) * p)
{
    NAME(draw)(s, t, key, p, GV_BY_LIMIT);
}

static __attribute__((noinline)) void NAME(settle_edge)(const gv_sliced *s, gv_sliced_state *t,
                                                        const VEC *key, NAME(pending) * p)
{
    NAME(draw)(s, t, key, p, GV_BY_EDGE);
}

static __attribute__((noinline)) void NAME(settle_stretch)(const gv_sliced *s, gv_sliced_state *t,
                                                           const VEC *key, NAME(pending) * p)
{
    NAME(draw)(s, t, key, p, GV_BY_STRETCH);
}

INLINED void NAME(settle)(const gv_sliced *s, gv_sliced_state *t, const VEC *key, NAME(pending) * p,
                          gv_sliced_way way)
{
    if (way == GV_BY_CONSTANT)
        NAME(settle_constant)(s, t, key, p);
    else if (way == GV_BY_LIMIT)
        NAME(settle_limit)(s, t, key, p);
    else if (way == GV_BY_EDGE)
        NAME(settle_edge)(s, t, key, p);
    else
        NAME(settle_stretch)(s, t, key, p);
}

/* Asks for the worlds of the first targets of u. */
static inline void NAME(announce)(const gv_sliced *s, const gv_sliced_state *t, int64_t u)
{
    const int64_t begin = gv_sliced_begin(s, u), end = gv_sliced_begin(s, u + 1);
    for (int64_t e = begin; e < end && e < begin + GV_AHEAD; e++)
        __builtin_prefetch(t->act + (int64_t)s->target[e] * NAME(WORDS));
}

/* Notes the edges of u, from edge `from` on, that have worlds among `fresh` in which their target
 * is not active. Whether one has takes no branch, as nobody could foretell it. Returns the edge at
 * which it ended: that of the row, or the first for which a hand has no room. */
INLINED int64_t NAME(expand)(const gv_sliced *s, gv_sliced_state *t, const VEC *key,
                             NAME(pending) * p, int64_t u, int64_t from, VEC fresh,
                             gv_sliced_way way)
{
    enum { W = NAME(WORDS) };
    const gv_node *restrict target = s->target;
    const uint64_t *act = t->act;
    const int64_t end = gv_sliced_begin(s, u + 1), shift = gv_sliced_shift(s, u);
    int n = p->n;
    for (int64_t e = from; e < end; e++) {
        if (e + GV_AHEAD < end)
            __builtin_prefetch(act + (int64_t)target[e + GV_AHEAD] * W);
        const gv_node v = target[e];
        const VEC undecided = NAME(and_not)(fresh, NAME(load)(act + (int64_t)v * W));
        if (way == GV_BY_LIMIT && s->limit[e] + UINT32_C(1) <= 1) { /* all bits or none: look */
            const uint64_t limit = gv_sliced_limit(s, (gv_node)u, e + shift, v);
            if (limit == GV_COIN_ALWAYS && NAME(any)(undecided)) {
                NAME(hit)(t, v, undecided);
                if (NAME(is_full)(t)) {
                    p->n = n;
                    return e + 1;
                }
            }
            if (limit == 0 || limit == GV_COIN_ALWAYS)
                continue;
        }
        if (way == GV_BY_STRETCH && s->stretch[e].first > s->stretch[e].last)
            continue;
        p->undecided[n] = undecided;
        p->edge[n] = way == GV_BY_STRETCH ? gv_sliced_node(s, v) : e + shift;
        p->target[n] = v;
        if (way == GV_BY_LIMIT || way == GV_BY_EDGE)
            p->source[n] = (gv_node)u;
        p->limit[n] = way == GV_BY_LIMIT     ? s->limit[e]
                      : way == GV_BY_STRETCH ? s->stretch[e].last + UINT32_C(1)
                                             : 0;
        if (way == GV_BY_STRETCH)
            p->first[n] = s->stretch[e].first;
        n += NAME(any)(undecided);
        if (n == GV_PENDING) {
            p->n = n;
            NAME(settle)(s, t, key, p, way);
            n = 0;
            if (NAME(is_full)(t))
                return e + 1;
        }
    }
    p->n = n;
    return end;
}

INLINED void NAME(ask)(const gv_sliced *s, gv_sliced_state *t, const VEC *key, gv_sliced_way way)
{
    enum { W = NAME(WORDS) };
    const int64_t n = t->n_queue;
    NAME(pending) p;
    p.n = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i + 8 < n)
            gv_sliced_announce(s, t->queue[i + 8]);
        if (i + 4 < n)
            __builtin_prefetch(s->target + gv_sliced_begin(s, t->queue[i + 4]));
        if (i + 2 < n)
            NAME(announce)(s, t, t->queue[i + 2]);
        const int64_t u = t->queue[i];
        NAME(expand)
        (s, t, key, &p, u, gv_sliced_begin(s, u), NAME(load)(t->fresh + i * W), way);
    }
    NAME(settle)(s, t, key, &p, way);
}

/* The same without steps: a node's edges are asked in all worlds that reached it by then, and so
 * about half as often. Ends when nobody is left. */
INLINED void NAME(ask_at_once)(const gv_sliced *s, gv_sliced_state *t, const VEC *key,
                               gv_sliced_way way)
{
    enum { W = NAME(WORDS) };
    const int64_t n = t->n_queue;
    NAME(pending) p;
    p.n = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i + 8 < n) {
            const int64_t soon = t->queue[i + 8];
            gv_sliced_announce(s, soon);
            __builtin_prefetch(t->act + soon * W, 1);
            __builtin_prefetch(t->done + soon * W, 1);
        }
        if (i + 4 < n)
            __builtin_prefetch(s->target + gv_sliced_begin(s, t->queue[i + 4]));
        if (i + 2 < n)
            NAME(announce)(s, t, t->queue[i + 2]);
        const int64_t u = t->queue[i];
        const VEC act = NAME(load)(t->act + u * W), done = NAME(load)(t->done + u * W);
        NAME(store)(t->done + u * W, act);
        t->queued[u] = 0;
        NAME(expand)(s, t, key, &p, u, gv_sliced_begin(s, u), NAME(and_not)(act, done), way);
    }
    NAME(settle)(s, t, key, &p, way);
}

/* Counts the worlds of all touched nodes, or of those that a hand owns. */
static void NAME(count_touched)(gv_sliced_state *t)
{
    enum { W = NAME(WORDS) };
    uint64_t eight[8 * NAME(WORDS)];
    for (int64_t i = 0; i < t->n_touched; i += 8) {
        for (int k = 0; k < 8; k++) {
            if (i + k < t->n_touched)
                memcpy(eight + k * W, t->act + (int64_t)t->touched[i + k] * W, sizeof(VEC));
            else
                memset(eight + k * W, 0, sizeof(VEC));
        }
        NAME(count8)(t->count, eight);
    }
}

static inline void NAME(swap_queues)(gv_sliced_state *t)
{
    gv_node *next = t->next;
    t->next = t->queue;
    t->queue = next, t->n_queue = t->n_next;
    t->n_next = 0;
}

#include "kernels/sliced_shared.h"

static void NAME(seed)(const gv_sliced_block *b)
{
    enum { W = NAME(WORDS) };
    gv_sliced_state *t = b->t;
    t->n_touched = t->n_next = 0;
    for (int32_t k = 0; k < t->n_hands; k++)
        t->hand[k]->n_touched = 0;
    for (int64_t i = 0; i < b->n_seeds; i++) {
        const gv_node v = gv_sliced_label(b->s, b->seeds[i]);
        memcpy(t->act + (int64_t)v * W, b->start != NULL ? b->start + i * W : b->mask, sizeof(VEC));
        gv_sliced_state *owner = t->n_hands > 0 ? t->hand[gv_sliced_owner(v, t->n_hands)] : t;
        t->queue[i] = owner->touched[owner->n_touched++] = v;
    }
    t->n_queue = b->n_seeds;
}

/* Asks the edges of the queued nodes, of a step or at once; queues those that they reach. */
static void NAME(ask_queue)(const gv_sliced_block *b, const VEC *key)
{
    const gv_sliced *s = b->s;
    gv_sliced_state *t = b->t;
    if (t->n_hands > 0) {
        NAME(ask_shared)(s, t, key, b->by_step);
        return;
    }
    switch (s->way) {
    case GV_BY_CONSTANT:
        b->by_step ? NAME(ask)(s, t, key, GV_BY_CONSTANT)
                   : NAME(ask_at_once)(s, t, key, GV_BY_CONSTANT);
        break;
    case GV_BY_LIMIT:
        b->by_step ? NAME(ask)(s, t, key, GV_BY_LIMIT) : NAME(ask_at_once)(s, t, key, GV_BY_LIMIT);
        break;
    case GV_BY_EDGE:
        b->by_step ? NAME(ask)(s, t, key, GV_BY_EDGE) : NAME(ask_at_once)(s, t, key, GV_BY_EDGE);
        break;
    case GV_BY_STRETCH:
        b->by_step ? NAME(ask)(s, t, key, GV_BY_STRETCH)
                   : NAME(ask_at_once)(s, t, key, GV_BY_STRETCH);
        break;
    }
    NAME(swap_queues)(t);
}

static bool NAME(run_steps)(gv_sliced_block *b, const VEC *key)
{
    gv_sliced_state *t = b->t;
    for (t->steps = 0; t->n_queue > 0 || t->steps == 0; t->steps++) {
        if (t->steps == b->levels)
            return false;
        if (t->n_hands > 0)
            NAME(begin_shared)(t);
        else
            NAME(begin_part)(t, t->count, 0, t->n_queue);
        gv_sliced_count_step(b, t->steps);
        if (t->step_sum != NULL)
            gv_sliced_note_step(b, t->steps);
        if (t->steps < b->max_steps)
            NAME(ask_queue)(b, key);
        else
            t->n_queue = 0;
    }
    return true;
}

static bool NAME(run)(gv_sliced_block *b)
{
    gv_sliced_state *t = b->t;
    const VEC key = NAME(load)(b->key);
    NAME(seed)(b);
    if (b->by_step)
        return NAME(run_steps)(b, &key);
    while (t->n_queue > 0)
        NAME(ask_queue)(b, &key);
    if (t->n_hands > 0)
        NAME(count_shared)(t);
    else
        NAME(count_touched)(t);
    t->steps = 1;
    gv_sliced_count_step(b, 0);
    return true;
}

#undef VEC
#undef INLINED
