/* import_plan.c -- what gv_import() will take: sizes from a sample of the edge lists, then the
 * allocations of import_lanes.c and import_lanes_file.c, or of import_batch.c, import_graph.c and
 * the engine's build.c and items.c, in their order. Where the latter exceed the memory limit, the
 * edges go to disk (import_disk.c), which takes what there is.
 *
 * The number of consumers is that of the ids in the sample if it is the whole; else an estimate of
 * different ids, not above the range they lie in, and the range itself where ids lie densely in it.
 * Duplicates are known only from whole samples; else none are expected, which plans for the worst.
 */
#include <inttypes.h>
#include <string.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "engine/sort.h"
#include "grapevine/plan.h"
#include "io/import_formats.h"
#include "io/import_lanes.h"
#include "io/sample.h"

/* Bytes of text, and edges sorted or numbered, a second and thread. Docs: plan.md. */
static const double bytes_read = 1.5e8, edges_numbered = 3e7, edges_sorted = 1e7;

enum { DENSE = 4, SPARSE = 4 };

/* ---- looking --------------------------------------------------------------------------------- */

typedef struct looker {
    importer *im;
    uint64_t *end;  /* [2 * n] ids met, or hashes of them */
    uint64_t *pair; /* [n] hashes of (source, target) */
    int64_t n, room, loops, text_bytes;
} looker;

/* What is to be imported. */
typedef struct extent {
    int64_t rows, bytes;        /* of all edge files */
    int64_t nodes, kept;        /* consumers; edges after merging, both ways when undirected */
    int64_t block, widest_rows; /* bytes and rows of a block of text */
    int64_t range, id_bytes;    /* of ids: how far apart they lie; mean length of text */
    double row_bytes;
    int32_t attributes;
    int64_t node_rows;
    bool weights;
    bool wide;      /* ids need more than 32 bits */
    bool marked;    /* they go into a bitmap */
    bool spilled;   /* edges go to disk */
    int64_t bitmap; /* bytes */
    bool quick;     /* they go the way of import_lanes.h: buckets, and bytes of an extent */
    int64_t buckets, piece, limit;
} extent;

static gv_status more_room(looker *l, int64_t n, gv_error *err)
{
    if (l->n + n <= l->room)
        return GV_OK;
    const int64_t room = l->n + n > 2 * l->room ? l->n + n : 2 * l->room;
    uint64_t *end = gv_realloc(l->im->ctx, l->end, 2 * room, sizeof *end);
    l->end = end != NULL ? end : l->end;
    uint64_t *pair = gv_realloc(l->im->ctx, l->pair, room, sizeof *pair);
    l->pair = pair != NULL ? pair : l->pair;
    if (end == NULL || pair == NULL)
        return gv_no_memory(l->im->ctx, "import", err);
    l->room = room;
    return GV_OK;
}

static uint64_t key_of(looker *l, gv_column column, int64_t i)
{
    if (l->im->ids != GV_FIELD_TEXT)
        return gv_id_key(column.i64[i]);
    l->text_bytes += column.text[i].length;
    return gv_hash_small(column.text[i].text, (size_t)column.text[i].length);
}

static gv_status take_rows(void *arg, const gv_column *column, int64_t n, gv_error *err)
{
    looker *l = arg;
    const gv_status st = more_room(l, n, err);
    for (int64_t i = 0; i < n && st == GV_OK; i++) {
        const uint64_t a = key_of(l, column[0], i), b = key_of(l, column[1], i);
        const bool swap = l->im->o.build.undirected && a > b;
        const uint64_t both[2] = {swap ? b : a, swap ? a : b};
        if (a == b)
            l->loops++;
        else
            l->pair[l->n - l->loops] = gv_hash_small(both, sizeof both);
        l->end[2 * l->n] = a, l->end[2 * l->n + 1] = b;
        l->n++;
    }
    return st;
}

static gv_status look_at_file(looker *l, int64_t path, gv_sample *s, bool *weights, gv_error *err)
{
    import_source source;
    importer *im = l->im;
    if (strcmp(im->paths[path], "-") == 0)
        return gv_fail(err, GV_ERR_ARG, "standard input cannot be planned: its size is not known");
    import_format format;
    gv_status st = import_format_of(im, path, &format, err);
    if (st == GV_OK && format != IMPORT_TEXT)
        st =
            gv_fail(err, GV_ERR_ARG, "%s: only edge lists of text can be planned", im->paths[path]);
    if (st != GV_OK)
        return st;
    st = import_open(im, path, gv_sample_block(im->paths[path]), &source, err);
    if (st == GV_OK)
        st = gv_sample_table(source.table, take_rows, l, s, err);
    if (st == GV_OK)
        *weights |= gv_table_has(source.table, 2);
    gv_table_close(source.table);
    return st;
}

static gv_status ignore_rows(void *arg, const gv_column *column, int64_t n, gv_error *err)
{
    (void)arg, (void)column, (void)n, (void)err;
    return GV_OK;
}

/* The table of consumers: how many, with how many attributes. */
static gv_status look_at_nodes(importer *im, extent *x, gv_error *err)
{
    const gv_role role = {.name = "id", .field = GV_FIELD_TEXT};
    const gv_table_opts with = {
        .lenient = true, .header = true, .block = gv_sample_block(im->o.nodes)};
    gv_table *t = NULL;
    gv_sample s;
    gv_status st = gv_table_open(im->ctx, im->o.nodes, &with, &t, err);
    if (st == GV_OK)
        st = gv_table_bind(t, &role, 1, NULL, NULL, err);
    if (st == GV_OK)
        st = gv_sample_table(t, ignore_rows, NULL, &s, err);
    if (st == GV_OK) {
        x->node_rows = s.rows_expected;
        x->attributes = gv_table_width(t) > 1 ? gv_table_width(t) - 1 : 0;
    }
    gv_table_close(t);
    return st;
}

/* Whether some of the sorted keys come again much oftener than others, by the squared coefficient
 * of variation of Chao and Lee (Journal of the American Statistical Association 1992): then Chao's
 * bound is far below the truth. */
static bool uneven(const uint64_t *key, int64_t n)
{
    double found = 0.0, once = 0.0, again = 0.0;
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && key[end] == key[i]; end++)
            ;
        const double times = (double)(end - i);
        found += 1.0;
        once += times == 1.0;
        again += times * (times - 1.0);
    }
    const double all = (double)n, covered = 1.0 - once / all;
    return covered > 0.0 && found / covered * again / (all * (all - 1.0)) - 1.0 > 1.0;
}

/* Consumers and edges from the keys of all samples. */
static gv_status judge(looker *l, double share, extent *x, gv_error *err)
{
    importer *im = l->im;
    int64_t pairs = 0;
    const int64_t unlooped = l->n - l->loops;
    gv_status st = gv_sample_distinct(im->ctx, l->end, 2 * l->n, share, &x->nodes, err);
    if (st == GV_OK)
        st = gv_sample_distinct(im->ctx, l->pair, unlooped, 1.0, &pairs, err);
    if (st != GV_OK)
        return st;
    if (im->ids != GV_FIELD_TEXT && l->n > 0) {
        const uint64_t range = l->end[2 * l->n - 1] - l->end[0];
        x->range = range < INT64_MAX / 2 ? (int64_t)range + 1 : INT64_MAX / 2;
        if (share < 1.0 && (x->range / DENSE <= x->nodes ||
                            (x->range / SPARSE <= x->rows && uneven(l->end, 2 * l->n))))
            x->nodes = x->range;
        const int64_t least = gv_id_of_key(l->end[0]), most = gv_id_of_key(l->end[2 * l->n - 1]);
        x->wide = least < 0 || most > UINT32_MAX;
        for (x->bitmap = 1 << 20; 8 * x->bitmap <= most && !x->wide;)
            x->bitmap *= 2;
        x->marked = !x->wide && (x->bitmap <= 1 << 20 || x->bitmap <= 32 * x->rows);
    }
    x->nodes = x->nodes < 2 * x->rows ? x->nodes : 2 * x->rows;
    x->nodes = x->nodes > x->node_rows ? x->nodes : x->node_rows;
    x->kept = share >= 1.0 ? pairs : x->rows;
    x->kept *= im->o.build.undirected ? 2 : 1;
    x->id_bytes = l->n > 0 ? l->text_bytes / (2 * l->n) + 1 : 1;
    return GV_OK;
}

static gv_status look_at_all(looker *l, int64_t n_paths, extent *x, gv_error *err)
{
    importer *im = l->im;
    gv_status st = import_check_options(im, n_paths, err);
    double share = 1.0;
    for (int64_t i = 0; i < n_paths && st == GV_OK; i++) {
        gv_sample s;
        st = look_at_file(l, i, &s, &x->weights, err);
        if (st != GV_OK)
            break;
        share = s.share < share ? s.share : share;
        x->rows += s.rows_expected;
        x->bytes += s.bytes_expected;
        const int64_t block = s.bytes_expected < x->block ? s.bytes_expected : x->block;
        const double each = s.rows > 0 ? (double)s.bytes / (double)s.rows : 1.0;
        const int64_t rows = (int64_t)((double)block / each);
        x->widest_rows = rows > x->widest_rows ? rows : x->widest_rows;
    }
    if (st == GV_OK && im->o.nodes != NULL)
        st = look_at_nodes(im, x, err);
    return st == GV_OK ? judge(l, share, x, err) : st;
}

/* ---- planning -------------------------------------------------------------------------------- */

/* What outlives its phase. */
typedef struct held {
    int32_t segments, ids, index, records;
} held;

static int64_t edge_bytes(const importer *im, const extent *x)
{
    return (x->wide ? 16 : 8) + (x->weights ? 4 : 0) + (import_keeps_lines(im) ? 8 : 0);
}

/* Bytes of an item as it is sorted by source, and later when it has a probability. */
static int64_t item_bytes(const importer *im, const extent *x)
{
    return x->weights && gv_wants_weights(&im->o.build) ? 12 : 8;
}

/* Texts of ids, their offsets and hashes, and the slots of their table. */
static int64_t name_bytes(const extent *x)
{
    int64_t slots = 1024;
    while (slots < 2 * x->nodes)
        slots *= 2;
    return x->nodes * (x->id_bytes + 12) + 4 * slots;
}

static int64_t blocks_bytes(const extent *x)
{
    return x->bytes < x->block ? x->bytes : 2 * x->block;
}

static int64_t columns_bytes(const importer *im, const extent *x)
{
    return x->widest_rows * ((im->ids == GV_FIELD_TEXT ? 32 : 16) + (x->weights ? 8 : 0));
}

static int64_t index_bytes(const extent *x)
{
    int64_t buckets = x->range;
    if ((buckets - 1) / GV_ID_DENSE < x->nodes)
        return (int64_t)sizeof(gv_id_word) * ((buckets - 1) / 64 + 1);
    while (buckets >= 2 * x->nodes && buckets > 1)
        buckets /= 2;
    return 4 * (buckets + 2);
}

/* Edges of the quick way: all strands end in extents that are not full. */
static void plan_strands(const importer *im, const extent *x, int32_t threads, gv_plan *plan,
                         held *h)
{
    const int64_t limit = x->limit, extents = threads * x->buckets * x->piece;
    const int64_t items = x->rows * (im->o.build.undirected ? 2 : 1);
    const int64_t all = 8 * items + (extents / 2 < 8 * items ? extents / 2 : 8 * items);
    const int64_t reading = blocks_bytes(x) + columns_bytes(im, x);
    const int64_t left = limit - limit / 16 - 20 * x->nodes - reading;
    const int64_t room = left > 4 * extents ? left : 4 * extents; /* set_cap(), import_lanes.c */
    const int64_t memory = limit == 0 || all < room ? all : room;
    h->segments = gv_plan_hold(plan, GV_PLAN_MEMORY, "edges by ranges of ids", memory);
    if (memory < all)
        gv_plan_hold(plan, GV_PLAN_DISK, "edges by ranges of ids", all - memory);
}

/* Ranges of rows are sorted, one a thread. */
static void plan_ranges(const importer *im, const extent *x, int32_t threads, gv_plan *plan,
                        held *h)
{
    const int64_t items = x->rows * (im->o.build.undirected ? 2 : 1);
    const int64_t range = 2 * items / x->buckets < items ? 2 * items / x->buckets : items;
    const int64_t some = range < LANES_BIG_BUCKET ? range : LANES_BIG_BUCKET;
    gv_plan_begin(plan, "number and sort by source", (double)items / (edges_sorted * threads));
    h->index = gv_plan_hold(plan, GV_PLAN_MEMORY, "index of ids", index_bytes(x));
    gv_plan_hold(plan, GV_PLAN_MEMORY, "offsets of rows", 8 * (x->nodes + 1));
    gv_plan_use(plan, GV_PLAN_MEMORY, "ranges of rows", 16 * some * threads);
    gv_plan_begin(plan, "write, and sort by target", (double)x->kept / (edges_sorted * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "columns of a range", 4 * range * threads);
    gv_plan_drop(plan, h->segments);
}

static void plan_reading(const importer *im, const extent *x, int32_t threads, gv_plan *plan,
                         held *h)
{
    const bool text = im->ids == GV_FIELD_TEXT;
    gv_plan_begin(plan, "read", (double)x->bytes / (bytes_read * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "blocks of text", blocks_bytes(x));
    gv_plan_use(plan, GV_PLAN_MEMORY, "columns of a block", columns_bytes(im, x));
    if (x->quick)
        plan_strands(im, x, threads, plan, h);
    else
        h->segments = gv_plan_hold(plan, x->spilled ? GV_PLAN_DISK : GV_PLAN_MEMORY,
                                   "edges as pairs of ids", x->rows * edge_bytes(im, x));
    if (text) {
        h->ids = gv_plan_hold(plan, GV_PLAN_MEMORY, "names", name_bytes(x));
        return;
    }
    if (x->marked) {
        gv_plan_use(plan, GV_PLAN_MEMORY, "bitmap of ids", x->bitmap);
    } else {
        gv_plan_use(plan, GV_PLAN_MEMORY, "ids of a block, and scratch of their sort",
                    2 * 16 * x->widest_rows);
        gv_plan_use(plan, GV_PLAN_MEMORY, "merging of ids", 8 * x->nodes);
    }
    h->ids = gv_plan_hold(plan, GV_PLAN_MEMORY, "ids", 8 * x->nodes);
}

static void plan_numbering(const importer *im, const extent *x, int32_t threads, gv_plan *plan,
                           held *h)
{
    if (im->ids == GV_FIELD_TEXT) {
        gv_plan_begin(plan, "order names", (double)x->nodes / (edges_sorted * threads));
        h->index = gv_plan_hold(plan, GV_PLAN_MEMORY, "places of names", 8 * x->nodes);
        gv_plan_use(plan, GV_PLAN_MEMORY, "names to sort, and scratch",
                    16 * x->nodes + gv_sort_bytes(x->nodes, 16, threads));
    }
    gv_plan_begin(plan, "number", (double)x->rows / (edges_numbered * threads));
    if (im->ids != GV_FIELD_TEXT)
        h->index = gv_plan_hold(plan, GV_PLAN_MEMORY, "index of ids", index_bytes(x));
    const int64_t items = x->rows * (im->o.build.undirected ? 2 : 1);
    h->records = gv_plan_hold(plan, GV_PLAN_MEMORY, "edges as numbers", items * item_bytes(im, x));
    gv_plan_drop(plan, h->segments);
    gv_plan_begin(plan, "sort by source", (double)x->kept / (edges_sorted * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "scratch of the sort", items * item_bytes(im, x));
}

static void plan_rows(const extent *x, bool stored, const char *name, gv_plan *plan)
{
    gv_plan_hold(plan, GV_PLAN_MEMORY, name,
                 8 * (x->nodes + 1) + 4 * x->kept + (stored ? 4 * x->kept : 0));
}

static void plan_building(const importer *im, const extent *x, const gv_graph_shape *g,
                          int32_t threads, gv_plan *plan, held *h)
{
    const bool undirected = im->o.build.undirected, stored = g->rule == GV_PROBABILITY_STORED;
    const bool symmetric = undirected && (!stored || im->o.build.source == GV_FROM_WEIGHT);
    const bool shared = stored && im->o.build.source == GV_FROM_WC;
    const int64_t item = stored ? 12 : 8;
    gv_plan_begin(plan, "rows by source", (double)x->kept / (edges_numbered * threads));
    gv_plan_hold(plan, GV_PLAN_MEMORY, "ids of the graph", 8 * x->nodes);
    if (im->o.build.source == GV_FROM_TRIVALENCY)
        gv_plan_use(plan, GV_PLAN_MEMORY, "draws", 4 * x->kept);
    plan_rows(x, stored && !shared, "rows by source", plan);
    for (int turn = 0; turn < (symmetric ? 0 : shared ? 2 : 1); turn++) {
        gv_plan_begin(plan, "turn", (double)x->kept / (edges_numbered * threads));
        const int32_t turned =
            gv_plan_hold(plan, GV_PLAN_MEMORY, "edges as numbers, turned", x->kept * item);
        gv_plan_drop(plan, h->records);
        h->records = turned;
        gv_plan_begin(plan, turn == 0 ? "sort by target" : "sort by source again",
                      (double)x->kept / (edges_sorted * threads));
        gv_plan_use(plan, GV_PLAN_MEMORY, "scratch of the sort", x->kept * item);
        gv_plan_begin(plan, turn == 0 ? "rows by target" : "probabilities by source",
                      (double)x->kept / (edges_numbered * threads));
        if (turn == 0 && !undirected)
            plan_rows(x, stored, "rows by target", plan);
        else
            gv_plan_hold(plan, GV_PLAN_MEMORY, "probabilities", 4 * x->kept);
    }
    gv_plan_drop(plan, h->records);
}

static void plan_attributes(const importer *im, const extent *x, gv_plan *plan, const held *h)
{
    if (im->o.nodes != NULL) {
        gv_plan_begin(plan, "attributes", 0.0);
        gv_plan_use(plan, GV_PLAN_MEMORY, "rows of consumers",
                    x->node_rows * (16 + 8 * x->attributes) + 8 * x->nodes);
        gv_plan_hold(plan, GV_PLAN_MEMORY, "attributes", 4 * x->nodes * x->attributes);
    }
    if (im->ids == GV_FIELD_TEXT)
        gv_plan_hold(plan, GV_PLAN_MEMORY, "names of the graph", x->nodes * x->id_bytes);
    gv_plan_drop(plan, h->index);
    gv_plan_drop(plan, h->ids);
}

/* What import_batch.c looks for before it sends the edges to disk. */
static bool spills(const importer *im, const extent *x, bool stored, int64_t limit)
{
    const int64_t items = x->rows * (im->o.build.undirected ? 2 : 1);
    const int64_t item = stored ? 12 : 8, rows = stored ? 16 : 4;
    const int64_t reading = blocks_bytes(x) + columns_bytes(im, x);
    return limit > 0 && items * (2 * item + rows) + 40 * x->nodes + reading > limit;
}

/* Everything beside the ids takes turns in what the limit leaves. */
static void plan_disk(const importer *im, const extent *x, bool stored, int64_t limit,
                      int32_t threads, gv_plan *plan, const held *h)
{
    const int64_t items = x->rows * (im->o.build.undirected ? 2 : 1);
    const int64_t item = stored ? 12 : 8, pairs = x->rows * edge_bytes(im, x);
    const int64_t offsets = 8 * (x->nodes + 1);
    const int64_t left = limit - offsets - 8 * x->nodes - index_bytes(x);
    gv_plan_begin(plan, "number", (double)x->rows / (edges_numbered * threads));
    gv_plan_hold(plan, GV_PLAN_MEMORY, "index of ids", index_bytes(x));
    gv_plan_drop(plan, h->segments);
    gv_plan_hold(plan, GV_PLAN_MEMORY, "offsets of rows", offsets);
    gv_plan_use(plan, GV_PLAN_DISK, "edges", pairs > items * item ? pairs : items * item);
    gv_plan_begin(plan, "ranges of rows", 4.0 * (double)x->kept / (edges_sorted * threads));
    gv_plan_use(plan, GV_PLAN_MEMORY, "ranges of rows", left > 0 ? left / 2 : 0);
    gv_plan_use(plan, GV_PLAN_DISK, "edges, and rows by source",
                items * item + x->kept * (stored ? 8 : 4));
}

GV_API gv_status gv_import_plan(gv_context *ctx, const char *const *paths, int64_t n_paths,
                                const gv_import_opts *opts, int64_t limit, gv_plan *plan,
                                gv_graph_shape *graph, gv_error *err)
{
    importer im = {.ctx = ctx, .paths = paths};
    im.o = opts != NULL ? *opts : gv_import_defaults();
    im.o.bad_row = NULL;
    im.o.lenient = true;
    im.ids = import_field(im.o.ids);
    looker l = {.im = &im};
    extent x = {.block = gv_text_block(limit)};
    held h = {-1, -1, -1, -1};
    const gv_status st = look_at_all(&l, n_paths, &x, err);
    gv_free(ctx, l.pair);
    gv_free(ctx, l.end);
    if (st != GV_OK)
        return st;
    const bool text = im.ids == GV_FIELD_TEXT;
    *graph = (gv_graph_shape){.n_nodes = x.nodes,
                              .n_edges = x.kept,
                              .directed = !im.o.build.undirected,
                              .rule = gv_rule_of(&im.o.build, x.weights),
                              .id_kind = text ? GV_ID_STRING : GV_ID_INT,
                              .id_width = text ? (int32_t)x.id_bytes : 0,
                              .n_attributes = x.attributes};
    const int32_t threads = gv_context_threads(ctx);
    const bool stored = graph->rule == GV_PROBABILITY_STORED;
    im.folder = ".";
    x.limit = limit;
    x.quick = x.marked && !x.weights && import_lanes_wanted(&im) &&
              import_lanes_sizes((x.bytes / 12) << im.o.build.undirected, limit, threads,
                                 &x.buckets, &x.piece);
    if (x.quick) {
        plan_reading(&im, &x, threads, plan, &h);
        plan_ranges(&im, &x, threads, plan, &h);
    } else if (spills(&im, &x, stored, limit)) {
        x.spilled = true;
        plan_reading(&im, &x, threads, plan, &h);
        plan_disk(&im, &x, stored, limit, threads, plan, &h);
    } else {
        plan_reading(&im, &x, threads, plan, &h);
        plan_numbering(&im, &x, threads, plan, &h);
        plan_building(&im, &x, graph, threads, plan, &h);
    }
    plan_attributes(&im, &x, plan, &h);
    return GV_OK;
}
