/* sliced_body.h -- the simulation of a block, for one vector type and width; included several
 * times.
 *
 *   NATIVE, N        a vec is N natives
 *   NAME(x)          x with a suffix of its own
 *   V_ANY(a)         whether a native has a bit
 *   FLIP             VEC FLIP(const flip_args *), the coins of an edge in the worlds `undecided`
 *
 * With steps, which the curve needs, they are those of a breadth-first search in all worlds at
 * once: at the start of a step each queued node's fresh worlds are put aside, then their edges are
 * asked, so a bit that is set during a step waits for the next one. Without steps it does not wait;
 * the set that is reached in the end is the same. */
#define VEC NAME(vec)

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

#ifdef V_AES
#include "kernels/sliced_flip.h"
#endif

enum { NAME(WORDS) = (int)(sizeof(VEC) / 8) };

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

/* Puts the fresh worlds of the queued nodes aside, and counts them. */
static void NAME(begin_step)(gv_sliced_state *t)
{
    enum { W = NAME(WORDS) };
    const int64_t n = t->n_queue;
    for (int64_t i = 0; i < n; i++) {
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
            NAME(count8)(t->count, t->fresh + (i - 7) * W);
    }
    if (n % 8 != 0) {
        uint64_t rest[8 * NAME(WORDS)] = {0};
        memcpy(rest, t->fresh + n / 8 * 8 * W, (size_t)(n % 8) * sizeof(VEC));
        NAME(count8)(t->count, rest);
    }
}

/* Notes that the worlds `live` reach v, whose worlds were `act`. */
static inline void NAME(reach)(gv_sliced_state *t, gv_node v, VEC act, VEC live)
{
    NAME(store)(t->act + (int64_t)v * NAME(WORDS), NAME(or)(act, live));
    t->touched[t->n_touched] = v;
    t->n_touched += !NAME(any)(act);
    t->next[t->n_next] = v;
    t->n_next += !t->queued[v];
    t->queued[v] = 1;
}

/* The edges of u in the worlds `fresh`. */
static inline void NAME(expand)(const gv_sliced *s, gv_sliced_state *t, const VEC *key, int64_t u,
                                VEC fresh, bool constant)
{
    enum { W = NAME(WORDS), AHEAD = 12 };
    const gv_node *restrict target = s->target;
    const uint64_t *restrict act_of = t->act;
    const int64_t begin = s->row[u].begin, end = s->row[u + 1].begin;
    const int64_t shift = s->row[u].origin - begin;
    for (int64_t e = begin; e < end && e < begin + AHEAD; e++)
        __builtin_prefetch(act_of + (int64_t)target[e] * W);
    for (int64_t e = begin; e < end; e++) {
        if (e + AHEAD < end)
            __builtin_prefetch(act_of + (int64_t)target[e + AHEAD] * W);
        const gv_node v = target[e];
        const VEC act = NAME(load)(act_of + (int64_t)v * W);
        const VEC undecided = NAME(and_not)(fresh, act);
        if (!NAME(any)(undecided))
            continue;
        uint64_t limit = constant ? s->coins.limit : (uint64_t)s->limit[e] << 32;
        if (!constant && s->limit[e] + UINT32_C(1) <= 1) /* all bits or none: look closer */
            limit = gv_sliced_limit(s, e + shift, v);
        VEC live = undecided;
        if (limit == 0)
            continue;
        if (limit != GV_COIN_ALWAYS)
            live = FLIP(s, undecided, key, e + shift, limit, v, constant);
        if (NAME(any)(live))
            NAME(reach)(t, v, act, live);
    }
}

/* The same by linear threshold: bits keyed by v are its number, the same for all edges into v, and
 * those are live where it falls into the stretch. */
static __attribute__((noinline)) void NAME(expand_stretches)(const gv_sliced *s, gv_sliced_state *t,
                                                             const VEC *key, int64_t u, VEC fresh)
{
    enum { W = NAME(WORDS), AHEAD = 12 };
    const gv_node *restrict target = s->target;
    const int64_t begin = s->row[u].begin, end = s->row[u + 1].begin;
    for (int64_t e = begin; e < end; e++) {
        if (e + AHEAD < end)
            __builtin_prefetch(t->act + (int64_t)target[e + AHEAD] * W);
        const gv_node v = target[e];
        const gv_stretch stretch = s->stretch[e];
        const VEC act = NAME(load)(t->act + (int64_t)v * W);
        VEC live = NAME(and_not)(fresh, act);
        if (!NAME(any)(live) || stretch.first > stretch.last)
            continue;
        const int64_t x = s->node[v];
        if (stretch.last != UINT32_MAX)
            live = FLIP(s, live, key, x, (uint64_t)(stretch.last + UINT32_C(1)) << 32, v, true);
        if (stretch.first != 0 && NAME(any)(live))
            live =
                NAME(and_not)(live, FLIP(s, live, key, x, (uint64_t)stretch.first << 32, v, true));
        if (NAME(any)(live))
            NAME(reach)(t, v, act, live);
    }
}

/* The edges of u, by one of the three ways that a graph's coins fall. */
static inline void NAME(expand_by)(const gv_sliced *s, gv_sliced_state *t, const VEC *key,
                                   int64_t u, VEC fresh, gv_sliced_way way)
{
    if (way == GV_BY_STRETCH)
        NAME(expand_stretches)(s, t, key, u, fresh);
    else
        NAME(expand)(s, t, key, u, fresh, way == GV_BY_CONSTANT);
}

static inline void NAME(ask)(const gv_sliced *s, gv_sliced_state *t, const VEC *key,
                             gv_sliced_way way)
{
    enum { W = NAME(WORDS) };
    const int64_t n = t->n_queue;
    for (int64_t i = 0; i < n; i++) {
        if (i + 6 < n)
            __builtin_prefetch(&s->row[t->queue[i + 6]]);
        if (i + 2 < n)
            __builtin_prefetch(s->target + s->row[t->queue[i + 2]].begin);
        NAME(expand_by)(s, t, key, t->queue[i], NAME(load)(t->fresh + i * W), way);
    }
}

/* The same without steps: a node's edges are asked in all worlds that reached it by then, and so
 * about half as often. Ends when nobody is left. */
static inline void NAME(ask_at_once)(const gv_sliced *s, gv_sliced_state *t, const VEC *key,
                                     gv_sliced_way way)
{
    enum { W = NAME(WORDS) };
    const int64_t n = t->n_queue;
    for (int64_t i = 0; i < n; i++) {
        if (i + 6 < n) {
            const int64_t soon = t->queue[i + 6];
            __builtin_prefetch(&s->row[soon]);
            __builtin_prefetch(t->act + soon * W, 1);
            __builtin_prefetch(t->done + soon * W, 1);
        }
        if (i + 2 < n)
            __builtin_prefetch(s->target + s->row[t->queue[i + 2]].begin);
        const int64_t u = t->queue[i];
        const VEC act = NAME(load)(t->act + u * W), done = NAME(load)(t->done + u * W);
        NAME(store)(t->done + u * W, act);
        t->queued[u] = 0;
        NAME(expand_by)(s, t, key, u, NAME(and_not)(act, done), way);
    }
}

/* Counts the worlds of all touched nodes. */
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

static void NAME(seed)(const gv_sliced_block *b)
{
    enum { W = NAME(WORDS) };
    gv_sliced_state *t = b->t;
    for (int64_t i = 0; i < b->n_seeds; i++) {
        const gv_node v = b->s->label[b->seeds[i]];
        memcpy(t->act + (int64_t)v * W, b->start != NULL ? b->start + i * W : b->mask, sizeof(VEC));
        t->queue[i] = t->touched[i] = v;
    }
    t->n_queue = t->n_touched = b->n_seeds;
}

static bool NAME(run_steps)(gv_sliced_block *b, const VEC *key)
{
    gv_sliced_state *t = b->t;
    for (t->steps = 0; t->n_queue > 0 || t->steps == 0; t->steps++) {
        if (t->steps == b->levels)
            return false;
        NAME(begin_step)(t);
        gv_sliced_count_step(b, t->steps);
        if (t->step_sum != NULL)
            gv_sliced_note_step(b, t->steps);
        if (t->steps < b->max_steps && b->s->way == GV_BY_CONSTANT)
            NAME(ask)(b->s, t, key, GV_BY_CONSTANT);
        else if (t->steps < b->max_steps && b->s->way == GV_BY_LIMIT)
            NAME(ask)(b->s, t, key, GV_BY_LIMIT);
        else if (t->steps < b->max_steps)
            NAME(ask)(b->s, t, key, GV_BY_STRETCH);
        NAME(swap_queues)(t);
    }
    return true;
}

static bool NAME(run)(gv_sliced_block *b)
{
    gv_sliced_state *t = b->t;
    const VEC key = NAME(load)(b->key);
    NAME(seed)(b);
    t->n_next = 0;
    if (b->by_step)
        return NAME(run_steps)(b, &key);
    while (t->n_queue > 0) {
        if (b->s->way == GV_BY_CONSTANT)
            NAME(ask_at_once)(b->s, t, &key, GV_BY_CONSTANT);
        else if (b->s->way == GV_BY_LIMIT)
            NAME(ask_at_once)(b->s, t, &key, GV_BY_LIMIT);
        else
            NAME(ask_at_once)(b->s, t, &key, GV_BY_STRETCH);
        NAME(swap_queues)(t);
    }
    NAME(count_touched)(t);
    t->steps = 1;
    gv_sliced_count_step(b, 0);
    return true;
}

#undef VEC
