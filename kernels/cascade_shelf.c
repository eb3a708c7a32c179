/* cascade_shelf.c -- see cascade_shelf.h.
 *
 * Keys name the probabilities: a constant by its limit, weighted cascade by its name (it follows
 * from the graph), the graph's own by "graph", a model's by its hash and the topic, others by the
 * hash of all of them. Rows of points hang on all of that; those of slices at constant p do not
 * hang on p. Seeds of the draws bear on neither. Kernels that use the graph's own rows in place
 * neither take nor keep any.
 *
 * Records of points are an array of their own, or lie in the words, each before its short row. All
 * of these are kept as records then, so that they lie straight, and the array of words is empty.
 *
 * Numbers out of a file are checked before kernels follow them: places within the words, targets
 * within the graph. Whether they are the right ones, the checksums say. Checks are passes over
 * blocks, each by one thread; the first fault is the one in the lowest block. */
#include "kernels/cascade_shelf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum { KEY_CHARS = 128, PARTS = 3, SHAPE_NUMBERS = 3 };

/* To be raised with any change of what the arrays mean. */
static const char points_name[] = "cascade-points 2", sliced_name[] = "cascade-sliced 1",
                  pilot_name[] = "cascade-pilot 2";

/* Whether rows can be told from those of other probabilities. */
static bool has_key(const gv_coins *c)
{
    return c->rule != GV_PROBABILITY_MODEL || (c->view.m != NULL && c->view.m->hash[0] != '\0');
}

/* A model's by the model and the topic, or the weights of topics. */
static gv_status make_model_key(gv_context *ctx, const gv_model_view *view, const char *name,
                                char *key, gv_error *err)
{
    char hash[GV_HASH_CHARS + 1];
    uint64_t sum = 0;
    if (view->mix == NULL) {
        snprintf(key, KEY_CHARS, "%s model %s topic %" PRId32, name, view->m->hash, view->topic);
        return GV_OK;
    }
    const gv_status st =
        gv_hash(ctx, view->mix, view->m->n_topics * (int64_t)sizeof *view->mix, &sum, err);
    snprintf(key, KEY_CHARS, "%s model %s mix %s", name, view->m->hash,
             st == GV_OK ? gv_hash_text(sum, hash) : "");
    return st;
}

static gv_status make_key(gv_context *ctx, const gv_graph *g, const gv_coins *c, const char *name,
                          char *key, gv_error *err)
{
    char hash[GV_HASH_CHARS + 1];
    uint64_t sum = 0;
    if (c->rule == GV_PROBABILITY_CONSTANT) {
        snprintf(key, KEY_CHARS, "%s constant %016" PRIx64, name, c->limit);
        return GV_OK;
    }
    if (c->rule == GV_PROBABILITY_MODEL)
        return make_model_key(ctx, &c->view, name, key, err);
    if (c->rule == GV_PROBABILITY_WEIGHTED_CASCADE || c->stored == g->out.probability) {
        snprintf(key, KEY_CHARS, "%s %s", name,
                 c->rule == GV_PROBABILITY_STORED ? "graph" : "weighted-cascade");
        return GV_OK;
    }
    const gv_status st =
        gv_hash(ctx, c->stored, g->n_edges * (int64_t)sizeof *c->stored, &sum, err);
    snprintf(key, KEY_CHARS, "%s stored %s", name, st == GV_OK ? gv_hash_text(sum, hash) : "");
    return st;
}

static gv_status wrong(const char *key, const char *what, int64_t at, gv_error *err)
{
    return gv_fail(err, GV_ERR_DATA,
                   "cascade: layout '%s' is damaged: %s %" PRId64 " leads nowhere; its file can be "
                   "removed",
                   key, what, at);
}

/* ---- the pilot ------------------------------------------------------------------------------- */

gv_status gv_pilot_take(gv_context *ctx, const gv_graph *g, const gv_coins *coins, gv_pilot *pilot,
                        bool *found, gv_error *err)
{
    char key[KEY_CHARS];
    gv_layout_array array = {.name = "pilot", .size = 8, .n = 2};
    *found = false;
    if (!gv_layout_shelved(ctx) || !has_key(coins))
        return GV_OK;
    gv_status st = make_key(ctx, g, coins, pilot_name, key, err);
    if (st == GV_OK)
        st = gv_layout_take(ctx, g->hash, key, &array, 1, found, err);
    if (st == GV_OK && *found)
        memcpy(pilot, array.data, sizeof *pilot);
    return st;
}

gv_status gv_pilot_shelve(gv_context *ctx, const gv_graph *g, const gv_coins *coins,
                          const gv_pilot *pilot, gv_error *err)
{
    char key[KEY_CHARS];
    const gv_layout_array array = {.name = "pilot", .size = 8, .n = 2, .data = pilot};
    if (!gv_layout_keeps(ctx) || !has_key(coins))
        return GV_OK;
    const gv_status st = make_key(ctx, g, coins, pilot_name, key, err);
    return st == GV_OK ? gv_layout_keep(ctx, g->hash, key, &array, 1, err) : st;
}

/* ---- rows of points -------------------------------------------------------------------------- */

static bool targets_fit(const uint32_t *word, int64_t n, int64_t stride, int64_t n_nodes)
{
    uint32_t most = 0;
    for (int64_t i = 0; i < n; i++)
        most = word[i * stride] > most ? word[i * stride] : most;
    return n == 0 || (int64_t)most < n_nodes;
}

/* Words of the records, and of the short rows behind them. */
static int64_t record_words(const gv_points *p)
{
    return p->row_shift == GV_ROW_INLINE ? p->n_nodes << (GV_ROW_INLINE - 2) : 0;
}

/* Where the words of row u have to end that begin at word `at`; -1 where no row can begin. */
static int64_t room_of(const gv_points *p, int64_t u, int64_t at)
{
    if (at >= record_words(p))
        return at <= p->n_words ? p->n_words : -1;
    const int64_t behind = (u + 1) << (GV_ROW_INLINE - 2);
    return at == behind - GV_INLINE_WORDS ? behind : -1;
}

/* Whether the words of row u lie where they can and name nodes, and its numbers are those of a row:
 * no edge weighs more than -ln .3. */
static bool row_fits(const gv_points *p, int64_t u)
{
    const gv_points_row *row = gv_points_row_of(p, u);
    const int64_t at = (int64_t)(row->place & ((UINT64_C(1) << GV_ROW_OFFSET_BITS) - 1));
    const bool header = row->place >> GV_ROW_HEADER & 1;
    int64_t slots = (int64_t)(row->place >> GV_ROW_SLOTS) & GV_ROW_MAX_SLOTS;
    int64_t sure = (int64_t)(row->place >> GV_ROW_SURE) & GV_ROW_MAX_SURE;
    int64_t coins = 0, begin = at;
    const int64_t end = room_of(p, u, at);
    if (end < 0)
        return false;
    if (header) {
        if (at > end - GV_HEADER_WORDS)
            return false;
        sure = p->word[at], slots = p->word[at + 1], coins = p->word[at + 2];
        begin += GV_HEADER_WORDS;
    }
    const int64_t shape = (int64_t)p->shape, words = (sure + slots) * shape;
    if (words + coins * GV_COIN_WORDS > end - begin)
        return false;
    const double lambda = gv_points_lambda(row);
    if (!(lambda <= 1.25 * (double)slots) ||
        ((header || lambda > GV_HUB_LAMBDA) && row->threshold != UINT32_MAX) ||
        (slots == 0 && row->threshold != 0 && row->threshold != UINT32_MAX))
        return false;
    const uint32_t *slot = p->word + begin, *coin = slot + words;
    if (p->shape == GV_POINTS_ALIAS)
        return targets_fit(slot + 1, sure + slots, shape, p->n_nodes) &&
               targets_fit(slot + 2, sure + slots, shape, p->n_nodes) &&
               targets_fit(coin, coins, GV_COIN_WORDS, p->n_nodes);
    return targets_fit(slot, sure + slots, shape, p->n_nodes) &&
           targets_fit(coin, coins, GV_COIN_WORDS, p->n_nodes);
}

static gv_status check_points(const gv_points *p, const char *key, gv_error *err)
{
    const int64_t n = p->n_nodes;
    int64_t bad = n;
#pragma omp parallel for num_threads(gv_context_threads(p->ctx)) schedule(dynamic, 1)              \
    reduction(min                                                                                  \
              : bad)
    for (int64_t b = 0; b < gv_blocks(n); b++)
        for (int64_t u = b * GV_BLOCK; u < gv_block_end(b, n) && u < bad; u++)
            if (!row_fits(p, u))
                bad = u;
    return bad == n ? GV_OK : wrong(key, "the row of node", bad, err);
}

/* Takes the arrays, if there are as many records and words as there have to be. */
static bool use_points(gv_points *p, const gv_layout_array *array)
{
    const int64_t *shape = array[0].data, n_row = array[1].n, n_words = array[2].n;
    const bool in_line = shape[2] == GV_ROW_INLINE;
    p->mapped = true;
    p->shape = (gv_points_shape)shape[0];
    p->row_shift = (int)shape[2];
    p->n_words = shape[1];
    p->row = array[1].data;
    p->word = in_line ? array[1].data : array[2].data;
    if (shape[0] != GV_POINTS_EQUAL && shape[0] != GV_POINTS_ALIAS)
        return false;
    if (in_line)
        return n_words == 0 && shape[1] == 2 * n_row && shape[1] >= record_words(p);
    return shape[2] == GV_ROW_ALONE && n_row == 2 * p->n_nodes && shape[1] == n_words;
}

gv_status gv_points_take(gv_points *p, gv_context *ctx, const gv_graph *g, const gv_coins *coins,
                         uint64_t seed, bool *found, gv_error *err)
{
    char key[KEY_CHARS];
    gv_layout_array array[PARTS] = {{.name = "shape", .size = 8, .n = SHAPE_NUMBERS},
                                    {.name = "row", .size = 8, .n = -1},
                                    {.name = "word", .size = 4, .n = -1}};
    *found = false;
    if (g->n_edges > GV_MAX_COPIED || !gv_layout_shelved(ctx) || !has_key(coins))
        return GV_OK;
    gv_status st = make_key(ctx, g, coins, points_name, key, err);
    if (st == GV_OK)
        st = gv_layout_take(ctx, g->hash, key, array, PARTS, found, err);
    if (st != GV_OK || !*found)
        return st;
    gv_points_begin(p, ctx, g, seed);
    if (!use_points(p, array))
        return wrong(key, "shape", p->shape, err);
    return check_points(p, key, err);
}

gv_status gv_points_shelve(const gv_points *p, const gv_graph *g, const gv_coins *coins,
                           gv_error *err)
{
    char key[KEY_CHARS];
    const int64_t shape[SHAPE_NUMBERS] = {p->shape, p->n_words, p->row_shift};
    const bool in_line = p->row_shift == GV_ROW_INLINE;
    const gv_layout_array array[PARTS] = {
        {.name = "shape", .size = 8, .n = SHAPE_NUMBERS, .data = shape},
        {.name = "row", .size = 8, .n = in_line ? p->n_words / 2 : 2 * p->n_nodes, .data = p->row},
        {.name = "word", .size = 4, .n = in_line ? 0 : p->n_words, .data = p->word}};
    if (p->mapped || p->in_place != NULL || !gv_layout_keeps(p->ctx) || !has_key(coins))
        return GV_OK;
    const gv_status st = make_key(p->ctx, g, coins, points_name, key, err);
    return st == GV_OK ? gv_layout_keep(p->ctx, g->hash, key, array, PARTS, err) : st;
}

/* ---- rows of slices -------------------------------------------------------------------------- */

static gv_status sliced_key(const gv_sliced *s, const gv_graph *g, char *key, gv_error *err)
{
    if (s->way != GV_BY_CONSTANT)
        return make_key(s->ctx, g, &s->coins, sliced_name, key, err);
    snprintf(key, KEY_CHARS, "%s constant", sliced_name);
    return GV_OK;
}

/* label, node, row, target, limit: how many of them there are. */
static int32_t sliced_arrays(const gv_sliced *s, const gv_graph *g, gv_layout_array *array)
{
    const int64_t n = g->n_nodes, m = g->n_edges;
    array[0] = (gv_layout_array){.name = "label", .size = 4, .n = n, .data = s->label};
    array[1] = (gv_layout_array){.name = "node", .size = 4, .n = n, .data = s->node};
    array[2] = (gv_layout_array){.name = "row", .size = 8, .n = 2 * (n + 1), .data = s->row};
    array[3] = (gv_layout_array){.name = "target", .size = 4, .n = m, .data = s->target};
    array[4] = (gv_layout_array){.name = "limit", .size = 4, .n = m, .data = s->limit};
    return s->way == GV_BY_LIMIT ? 5 : 4;
}

static bool label_fits(const gv_sliced *s, const gv_graph *g, int64_t u)
{
    const gv_node x = s->node[u];
    return x >= 0 && x < g->n_nodes && s->label[x] == u && s->row[u].begin >= 0 &&
           s->row[u + 1].begin <= g->n_edges && s->row[u].origin == g->out.indptr[x] &&
           s->row[u + 1].begin - s->row[u].begin == gv_csr_degree(&g->out, x);
}

static gv_status check_sliced(const gv_sliced *s, const gv_graph *g, const char *key, gv_error *err)
{
    const int64_t n = g->n_nodes, m = g->n_edges;
    int64_t bad = n, bad_edge = m;
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(static) reduction(min    \
                                                                                            : bad)
    for (int64_t u = 0; u < n; u++)
        if (u < bad && !label_fits(s, g, u))
            bad = u;
#pragma omp parallel for num_threads(gv_context_threads(s->ctx)) schedule(static)                  \
    reduction(min                                                                                  \
              : bad_edge)
    for (int64_t e = 0; e < m; e++)
        if (e < bad_edge && (s->target[e] < 0 || s->target[e] >= n))
            bad_edge = e;
    return bad < n        ? wrong(key, "label", bad, err)
           : bad_edge < m ? wrong(key, "edge", bad_edge, err)
                          : GV_OK;
}

gv_status gv_sliced_take(gv_sliced *s, const gv_graph *g, bool *found, gv_error *err)
{
    char key[KEY_CHARS];
    gv_layout_array array[5];
    *found = false;
    if (s->in_place != NULL || s->way == GV_BY_STRETCH || !gv_layout_shelved(s->ctx) ||
        !has_key(&s->coins))
        return GV_OK;
    const int32_t n = sliced_arrays(s, g, array);
    gv_status st = sliced_key(s, g, key, err);
    if (st == GV_OK)
        st = gv_layout_take(s->ctx, g->hash, key, array, n, found, err);
    if (st != GV_OK || !*found)
        return st;
    s->mapped = true; /* and only read from now on, though the pointers would allow more */
    s->label = (gv_node *)(uintptr_t)array[0].data;
    s->node = (gv_node *)(uintptr_t)array[1].data;
    s->row = (gv_sliced_row *)(uintptr_t)array[2].data;
    s->target = array[3].data;
    s->limit = n > 4 ? (uint32_t *)(uintptr_t)array[4].data : NULL;
    return check_sliced(s, g, key, err);
}

gv_status gv_sliced_shelve(const gv_sliced *s, const gv_graph *g, gv_error *err)
{
    char key[KEY_CHARS];
    gv_layout_array array[5];
    if (s->mapped || s->in_place != NULL || s->way == GV_BY_STRETCH || !gv_layout_keeps(s->ctx) ||
        !has_key(&s->coins))
        return GV_OK;
    const int32_t n = sliced_arrays(s, g, array);
    const gv_status st = sliced_key(s, g, key, err);
    return st == GV_OK ? gv_layout_keep(s->ctx, g->hash, key, array, n, err) : st;
}

/* ---- for plans ------------------------------------------------------------------------------- */

static gv_coins coins_of(const gv_graph *g, gv_probability_rule rule, double p)
{
    return (gv_coins){.rule = rule, .limit = gv_coin_limit(p), .stored = g->out.probability};
}

bool gv_pilot_find(gv_context *ctx, const gv_graph *g, gv_probability_rule rule, double p,
                   gv_pilot *pilot)
{
    bool found = false;
    if (g == NULL)
        return false;
    const gv_coins coins = coins_of(g, rule, p);
    return gv_pilot_take(ctx, g, &coins, pilot, &found, NULL) == GV_OK && found;
}

static bool find(gv_context *ctx, const gv_graph *g, const char *key, gv_layout_array *array,
                 int32_t n)
{
    bool found = false;
    return gv_layout_take(ctx, g->hash, key, array, n, &found, NULL) == GV_OK && found;
}

bool gv_points_find(gv_context *ctx, const gv_graph *g, gv_probability_rule rule, double p)
{
    char key[KEY_CHARS];
    gv_layout_array array = {.name = "row", .size = 8, .n = -1};
    if (g == NULL || g->n_edges > GV_MAX_COPIED)
        return false;
    const gv_coins coins = coins_of(g, rule, p);
    return has_key(&coins) && make_key(ctx, g, &coins, points_name, key, NULL) == GV_OK &&
           find(ctx, g, key, &array, 1);
}

bool gv_sliced_find(gv_context *ctx, const gv_graph *g, gv_probability_rule rule, double p)
{
    char key[KEY_CHARS];
    gv_layout_array array = {.name = "row", .size = 8, .n = -1};
    if (g == NULL || g->n_edges > GV_MAX_COPIED)
        return false;
    const gv_sliced s = {.ctx = ctx,
                         .coins = coins_of(g, rule, p),
                         .way = rule == GV_PROBABILITY_CONSTANT ? GV_BY_CONSTANT : GV_BY_LIMIT};
    return has_key(&s.coins) && sliced_key(&s, g, key, NULL) == GV_OK &&
           find(ctx, g, key, &array, 1);
}
