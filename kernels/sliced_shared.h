/* sliced_shared.h -- a block that all threads simulate together; part of sliced_body.h.
 *
 * Two phases take turns. In the first every hand takes pieces of the queue, looks at the worlds of
 * targets, and puts hits aside until it has no room; nobody writes worlds. In the second each hand
 * adds the hits on the nodes that it owns, whoever found them. So nothing is written by two threads
 * or read while it is written, but for the place in the queue, an atomic integer.
 *
 * Who asks which edge, and when, hangs on the threads; what comes of it does not. A step asks each
 * edge in the worlds that were fresh when it began; a coin is what it is; and worlds that have been
 * added meanwhile only spare coins whose outcome would add nothing. Without steps, the worlds that
 * are reached in the end are those that live edges lead to. */
enum { NAME(PIECE) = 64 }; /* nodes of the queue that a hand takes at a time */

/* Takes the next piece of the queue; whether there is any. `taken` is common to all hands. */
static inline bool NAME(take_piece)(gv_sliced_hits *x, int64_t *taken, int64_t n)
{
    int64_t at;
#pragma omp atomic capture
    {
        at = *taken;
        *taken += NAME(PIECE);
    }
    x->at = at < n ? at : n;
    x->end = at + NAME(PIECE) < n ? at + NAME(PIECE) : n;
    x->edge = -1;
    return x->at < x->end;
}

/* Puts the hits of a hand in the order of their owners. */
static inline void NAME(sort_hits)(gv_sliced_hits *x, int32_t n_hands)
{
    memset(x->begin, 0, (size_t)(n_hands + 1) * sizeof *x->begin);
    for (int64_t i = 0; i < x->n; i++) {
        x->owner[i] = gv_sliced_owner(x->target[i], n_hands);
        x->begin[x->owner[i] + 1]++;
    }
    for (int32_t k = 0; k < n_hands; k++)
        x->begin[k + 1] += x->begin[k];
    for (int64_t i = x->n - 1; i >= 0; i--) /* from their ends; begin[k + 1] becomes begin[k] */
        x->order[--x->begin[x->owner[i] + 1]] = (int32_t)i;
    for (int32_t k = 0; k < n_hands; k++)
        x->begin[k] = x->begin[k + 1];
    x->begin[n_hands] = x->n;
}

/* The first phase of hand h. */
INLINED void NAME(ask_hand)(const gv_sliced *s, const gv_sliced_state *t, gv_sliced_state *h,
                            const VEC *key, int64_t *taken, bool by_step, gv_sliced_way way)
{
    enum { W = NAME(WORDS) };
    gv_sliced_hits *x = h->hits;
    const gv_node *queue = t->queue;
    const int64_t n = t->n_queue;
    NAME(pending) p;
    p.n = 0;
    x->n = 0;
    while (x->at < x->end || NAME(take_piece)(x, taken, n)) {
        const int64_t i = x->at, u = queue[i];
        if (i + 8 < n) {
            const int64_t soon = queue[i + 8];
            gv_sliced_announce(s, soon);
            if (!by_step) {
                __builtin_prefetch(t->act + soon * W);
                __builtin_prefetch(t->done + soon * W, 1);
            }
        }
        if (i + 4 < n)
            __builtin_prefetch(s->target + gv_sliced_begin(s, queue[i + 4]));
        if (i + 2 < n)
            NAME(announce)(s, t, queue[i + 2]);
        VEC fresh;
        if (x->edge >= 0) { /* where it had no room */
            fresh = NAME(load)(x->fresh);
        } else if (by_step) {
            fresh = NAME(load)(t->fresh + i * W);
            x->edge = gv_sliced_begin(s, u);
        } else {
            const VEC act = NAME(load)(t->act + u * W), done = NAME(load)(t->done + u * W);
            fresh = NAME(and_not)(act, done);
            NAME(store)(t->done + u * W, act);
            t->queued[u] = 0;
            x->edge = gv_sliced_begin(s, u);
        }
        x->edge = NAME(expand)(s, h, key, &p, u, x->edge, fresh, way);
        if (x->edge < gv_sliced_begin(s, u + 1)) {
            NAME(store)(x->fresh, fresh);
            break;
        }
        x->at++;
        x->edge = -1;
        if (NAME(is_full)(h))
            break;
    }
    NAME(settle)(s, h, key, &p, way);
    NAME(sort_hits)(x, t->n_hands);
}

static __attribute__((noinline)) void NAME(ask_one)(const gv_sliced *s, const gv_sliced_state *t,
                                                    gv_sliced_state *h, const VEC *key,
                                                    int64_t *taken, bool by_step)
{
    switch (s->way) {
    case GV_BY_CONSTANT:
        NAME(ask_hand)(s, t, h, key, taken, by_step, GV_BY_CONSTANT);
        break;
    case GV_BY_LIMIT:
        NAME(ask_hand)(s, t, h, key, taken, by_step, GV_BY_LIMIT);
        break;
    case GV_BY_EDGE:
        NAME(ask_hand)(s, t, h, key, taken, by_step, GV_BY_EDGE);
        break;
    case GV_BY_STRETCH:
        NAME(ask_hand)(s, t, h, key, taken, by_step, GV_BY_STRETCH);
        break;
    }
}

/* The second phase of hand k. */
static void NAME(take_hits)(const gv_sliced_state *t, int32_t k)
{
    enum { W = NAME(WORDS), SOON = 12 };
    gv_sliced_state *h = t->hand[k];
    for (int32_t j = 0; j < t->n_hands; j++) {
        const gv_sliced_hits *x = t->hand[j]->hits;
        const int64_t end = x->begin[k + 1];
        for (int64_t i = x->begin[k]; i < end; i++) {
            if (i + SOON < end) {
                const int64_t soon = x->target[x->order[i + SOON]];
                __builtin_prefetch(t->act + soon * W, 1);
                __builtin_prefetch(t->queued + soon, 1);
            }
            const int64_t at = x->order[i];
            NAME(reach)(h, x->target[at], NAME(load)(x->live + at * W));
        }
    }
}

/* Asks the edges of the queue; it is replaced by the nodes that they reach. */
static void NAME(ask_shared)(const gv_sliced *s, gv_sliced_state *t, const VEC *key, bool by_step)
{
    int64_t taken = 0;
    for (int32_t k = 0; k < t->n_hands; k++) {
        t->hand[k]->hits->at = t->hand[k]->hits->end = 0;
        t->hand[k]->n_next = 0;
    }
    for (bool more = true; more;) {
#pragma omp parallel for num_threads(t->n_hands) schedule(static, 1)
        for (int32_t k = 0; k < t->n_hands; k++)
            NAME(ask_one)(s, t, t->hand[k], key, &taken, by_step);
#pragma omp parallel for num_threads(t->n_hands) schedule(static, 1)
        for (int32_t k = 0; k < t->n_hands; k++)
            NAME(take_hits)(t, k);
        more = taken < t->n_queue;
        for (int32_t k = 0; k < t->n_hands; k++)
            more |= t->hand[k]->hits->at < t->hand[k]->hits->end;
    }
    t->n_queue = 0;
    for (int32_t k = 0; k < t->n_hands; k++) {
        const gv_sliced_state *h = t->hand[k];
        memcpy(t->queue + t->n_queue, h->next, (size_t)h->n_next * sizeof *h->next);
        t->n_queue += h->n_next;
    }
}

static void NAME(begin_shared)(gv_sliced_state *t)
{
    const int64_t eights = (t->n_queue + 7) / 8, n = t->n_queue;
#pragma omp parallel for num_threads(t->n_hands) schedule(static, 1)
    for (int32_t k = 0; k < t->n_hands; k++) {
        const int64_t from = eights * k / t->n_hands * 8, to = eights * (k + 1) / t->n_hands * 8;
        NAME(begin_part)(t, t->hand[k]->count, from, to < n ? to : n);
    }
}

static void NAME(count_shared)(const gv_sliced_state *t)
{
#pragma omp parallel for num_threads(t->n_hands) schedule(static, 1)
    for (int32_t k = 0; k < t->n_hands; k++)
        NAME(count_touched)(t->hand[k]);
}
