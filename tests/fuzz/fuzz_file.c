/* fuzz_file.c -- files of ours with some of their parts changed: graphs, a model, planted truth,
 * results, a sidecar.
 *
 * Byte 0 chooses a sound file, made at the start; what follows are changes to its arrays and
 * attributes. The file is written anew with them, checksums right, and then everything is done with
 * it that a program may do. Raw bytes of HDF5's own structures are left alone, but for the end of
 * the file, which may be cut off: libhdf5 1.10 itself crashes on scrambled structures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grapevine/info.h"
#include "grapevine/layouts.h"
#include "io/h5.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/graphs.h"
#include "tests/support/models.h"
#include "tests/support/results.h"

enum { KINDS = 7, MOST_ARRAYS = 64, MOST_ATTRIBUTES = 96, TEXT = 256, MOST_EDITS = 12 };

typedef struct array {
    char path[TEXT];
    gv_h5_shape shape;
    char *data;
    int64_t bytes, offset;
    bool left_out, changed;
} array;

typedef struct attribute {
    char path[TEXT], name[TEXT], text[TEXT];
    gv_h5_value kind; /* GV_H5_UNKNOWN: a pair */
    int64_t pair[2];  /* or the first of it */
    double number;
    bool left_out;
} attribute;

typedef struct content {
    char schema[TEXT];
    int n_arrays, n_attributes;
    array array[MOST_ARRAYS];
    attribute attribute[MOST_ATTRIBUTES];
} content;

static content sound[KINDS];
static char folder[TEST_PATH], changed_path[TEST_PATH];
static const char hash[] = "0123456789abcdef", key[] = "points 1"; /* of the sidecar */
static gv_error err;

static void need(bool fine, const char *what)
{
    fuzz_promise(fine, what, err.message);
}

/* ---- sound files into memory ----------------------------------------------------------------- */

typedef struct reader {
    gv_h5 *h5;
    content *c;
    const char *path;
} reader;

static gv_status keep_attribute(void *arg, const char *name, gv_error *e)
{
    reader *r = arg;
    attribute *a = &r->c->attribute[r->c->n_attributes];
    if (strcmp(name, "checksum") == 0 || strcmp(name, "complete") == 0 ||
        strcmp(name, "schema_version") == 0)
        return GV_OK;
    need(r->c->n_attributes < MOST_ATTRIBUTES, "few attributes");
    snprintf(a->path, TEXT, "%s", r->path);
    snprintf(a->name, TEXT, "%s", name);
    if (!gv_h5_has(r->h5, r->path, name, &a->kind))
        return GV_OK;
    gv_status st = GV_OK;
    if (a->kind == GV_H5_I64)
        st = gv_h5_get_i64(r->h5, r->path, name, a->pair, e);
    else if (a->kind == GV_H5_F64)
        st = gv_h5_get_f64(r->h5, r->path, name, &a->number, e);
    else if (a->kind == GV_H5_STRING)
        st = gv_h5_get_text(r->h5, r->path, name, a->text, TEXT, e);
    else
        st = gv_h5_get_pair(r->h5, r->path, name, a->pair, e);
    if (strcmp(name, "schema") == 0)
        snprintf(r->c->schema, TEXT, "%s", a->text);
    else if (st == GV_OK)
        r->c->n_attributes++;
    return GV_OK; /* others are of no interest */
}

static void keep_attributes(reader *r, const char *path)
{
    r->path = path;
    need(gv_h5_attributes(r->h5, path, keep_attribute, r, &err) == GV_OK, path);
}

/* The group of entry i, unless the entry before it lies in the same one. */
static bool new_group(const gv_file *f, int64_t i, char *group)
{
    const char *path = gv_file_entry_at(f, i)->path;
    const int length = (int)(strrchr(path, '/') - path);
    snprintf(group, TEXT, "%.*s", length, path);
    return length > 0 &&
           (i == 0 || strncmp(gv_file_entry_at(f, i - 1)->path, path, (size_t)length + 1) != 0);
}

static void keep_array(reader *r, const char *path)
{
    gv_h5_info at;
    array *a = &r->c->array[r->c->n_arrays];
    need(gv_h5_look(r->h5, path, &at, &err) == GV_OK, path);
    if (at.kind != GV_H5_ARRAY)
        return;
    need(r->c->n_arrays < MOST_ARRAYS, "few arrays");
    *a = (array){.shape = at.shape, .bytes = at.bytes, .offset = at.offset};
    snprintf(a->path, TEXT, "%s", path);
    a->data = calloc((size_t)at.bytes + 1, 1);
    need(a->data != NULL && gv_h5_read(r->h5, path, a->data, &err) == GV_OK, path);
    r->c->n_arrays++;
}

static void keep_file(gv_context *ctx, const char *path, content *c)
{
    gv_file *f = NULL;
    reader r = {.c = c};
    char group[TEXT];
    need(gv_file_open(ctx, path, &f, &err) == GV_OK && gv_h5_open(ctx, path, &r.h5, &err) == GV_OK,
         path);
    keep_attributes(&r, "/");
    for (int64_t i = 0; i < gv_file_describe(f).n_entries; i++) {
        keep_array(&r, gv_file_entry_at(f, i)->path);
        if (new_group(f, i, group))
            keep_attributes(&r, group);
        keep_attributes(&r, gv_file_entry_at(f, i)->path);
    }
    gv_h5_close(r.h5);
    gv_file_close(f);
}

static void keep_graph(gv_context *ctx, gv_graph *g, content *c)
{
    char path[TEST_PATH];
    need(g != NULL &&
             gv_graph_save(ctx, g, test_path(folder, "sound.h5", path), true, &err) == GV_OK,
         "save");
    keep_file(ctx, path, c);
}

/* The sidecar of a graph file `name`, which need not be there. */
static gv_layouts *sidecar_of(gv_context *ctx, const char *name, bool keep)
{
    char path[TEST_PATH];
    gv_layouts *l = NULL;
    const gv_status st =
        gv_layouts_open(ctx, test_path(folder, name, path), hash, keep, false, &l, &err);
    need(st == GV_OK || !keep, "sidecar");
    return st == GV_OK ? l : NULL;
}

static void keep_sidecar(gv_context *ctx, content *c)
{
    static const int64_t offset[3] = {0, 2, 5};
    static const int32_t column[5] = {1, 2, 0, 1, 2};
    const gv_layout_array array[] = {{.name = "offset", .size = 8, .n = 3, .data = offset},
                                     {.name = "column", .size = 4, .n = 5, .data = column}};
    gv_layouts *l = sidecar_of(ctx, "sound.h5", true);
    const gv_shelf shelf = gv_layouts_shelf(l);
    need(shelf.keep(shelf.data, hash, key, array, 2, &err) == GV_OK, "keep");
    keep_file(ctx, gv_layouts_path(l), c);
    gv_layouts_close(l);
}

static void drop_folder(void)
{
    test_remove(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char path[TEST_PATH];
    (void)argc, (void)argv;
    gv_context *ctx = fuzz_context();
    test_folder(folder);
    atexit(drop_folder);
    test_path(folder, "changed.h5", changed_path);
    edge_list e = edges_gnp(20, .2, 5);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    keep_graph(ctx, g, &sound[0]);
    gv_model *m = model_random(ctx, g, 2, 3);
    need(gv_model_save(ctx, m, test_path(folder, "model.h5", path), true, &err) == GV_OK, "model");
    keep_file(ctx, path, &sound[1]);
    gv_model_free(m), gv_graph_free(g);
    gv_build_opts o = gv_build_defaults();
    o.undirected = true;
    o.source = GV_FROM_WC;
    g = edges_graph(ctx, &e, &o);
    keep_graph(ctx, g, &sound[2]);
    gv_graph_free(g), edges_free(&e);
    test_results *t = results_make(ctx, 40, 2);
    keep_file(ctx, t->graph, &sound[3]);
    keep_file(ctx, t->truth, &sound[4]);
    keep_file(ctx, t->results, &sound[5]);
    results_drop(t);
    keep_sidecar(ctx, &sound[6]);
    need(symlink(changed_path, test_path(folder, "changed.layout.h5", path)) == 0, "link");
    fuzz_done(ctx);
    return 0;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* A copy of `from` whose arrays have their own bytes. */
static content *copy_of(const content *from)
{
    content *c = malloc(sizeof *c);
    need(c != NULL, "memory");
    *c = *from;
    for (int i = 0; i < c->n_arrays; i++) {
        c->array[i].data = malloc((size_t)c->array[i].bytes + 1);
        need(c->array[i].data != NULL, "memory");
        memcpy(c->array[i].data, from->array[i].data, (size_t)c->array[i].bytes + 1);
    }
    return c;
}

static void drop(content *c)
{
    for (int i = 0; i < c->n_arrays; i++)
        free(c->array[i].data);
    free(c);
}

/* A new shape: bytes that are not there are zero. */
static void reshape(array *a, const gv_h5_shape *shape)
{
    const int64_t bytes = gv_h5_bytes(shape);
    char *data = calloc((size_t)bytes + 1, 1);
    need(data != NULL, "memory");
    memcpy(data, a->data, (size_t)(bytes < a->bytes ? bytes : a->bytes));
    free(a->data);
    a->data = data, a->bytes = bytes, a->shape = *shape;
}

static void change_shape(array *a, unsigned how, uint64_t value)
{
    gv_h5_shape s = a->shape;
    if (how == 0 && s.rank > 0)
        s.dims[(value >> 16) % (uint64_t)s.rank] = (int64_t)(value & 0xffff) % 200;
    else if (how == 1) {
        s.type = (gv_type)(value % 7);
        s.width = (int32_t)(value >> 8 & 0xff) % 70 + 1;
    } else {
        const int rank = (int)(value % 3);
        for (int d = s.rank; d < rank; d++)
            s.dims[d] = 1 + (int64_t)(value >> 8 & 3);
        s.rank = rank;
    }
    reshape(a, &s);
}

static void change_array(content *c, unsigned op, fuzz_bytes *in)
{
    array *a = &c->array[fuzz_take(in, 1) % (uint64_t)c->n_arrays];
    a->changed = true;
    if (op == 0 && a->bytes > 0) {
        const int64_t at = (int64_t)(fuzz_take(in, 2) % (uint64_t)a->bytes);
        const size_t most = (size_t)fuzz_take(in, 1) % 8 + 1;
        for (size_t i = 0; i < most && at + (int64_t)i < a->bytes; i++)
            a->data[at + (int64_t)i] = (char)fuzz_take(in, 1);
    } else if (op == 1) {
        a->left_out = true;
    } else if (op > 1) {
        change_shape(a, op - 2, fuzz_take(in, 4));
    }
}

static void change_attribute(content *c, fuzz_bytes *in)
{
    attribute *a = &c->attribute[fuzz_take(in, 1) % (uint64_t)c->n_attributes];
    const unsigned how = (unsigned)fuzz_take(in, 1);
    if (how % 8 == 0) {
        a->left_out = true;
        return;
    }
    if (how % 8 == 1)
        a->kind = (gv_h5_value)(how / 8 % 4);
    const uint64_t bits = fuzz_take(in, how % 8 < 4 ? 1 : 8);
    a->pair[0] = (int64_t)bits, a->pair[1] = how % 8 < 6 ? a->pair[1] : (int64_t)bits;
    memcpy(&a->number, &bits, sizeof a->number);
    if (a->kind == GV_H5_STRING)
        snprintf(a->text, TEXT, "%.8s", (const char *)&bits);
}

static void change(content *c, fuzz_bytes *in)
{
    for (int i = 0; i < MOST_EDITS && in->size > 0; i++) {
        const unsigned op = (unsigned)fuzz_take(in, 1) % 8;
        if (op < 5)
            change_array(c, op, in);
        else if (c->n_attributes > 0)
            change_attribute(c, in);
    }
}

/* ---- the file anew --------------------------------------------------------------------------- */

static gv_status put_array(gv_h5 *to, const content *c, int i)
{
    const array *a = &c->array[i];
    for (int k = 0; k < i; k++) {
        const array *b = &c->array[k];
        if (a->offset >= 0 && a->offset == b->offset && !a->changed && !b->changed)
            return gv_h5_link(to, b->path, a->path, &err);
    }
    return gv_h5_write(to, a->path, &a->shape, a->data, NULL, &err);
}

static gv_status put_attribute(gv_h5 *to, const attribute *a)
{
    switch (a->kind) {
    case GV_H5_I64:
        return gv_h5_set_i64(to, a->path, a->name, a->pair[0], &err);
    case GV_H5_F64:
        return gv_h5_set_f64(to, a->path, a->name, a->number, &err);
    case GV_H5_STRING:
        return gv_h5_set_text(to, a->path, a->name, a->text, &err);
    case GV_H5_UNKNOWN:
        return gv_h5_set_pair(to, a->path, a->name, a->pair[0], a->pair[1], &err);
    }
    return GV_OK;
}

static bool write_file(gv_context *ctx, const content *c)
{
    gv_h5 *to = NULL;
    gv_status st = gv_h5_create(ctx, changed_path, true, c->schema, 1, &to, &err);
    need(st == GV_OK, "create");
    for (int i = 0; i < c->n_arrays && st == GV_OK; i++)
        if (!c->array[i].left_out)
            st = put_array(to, c, i);
    for (int i = 0; i < c->n_attributes && st == GV_OK; i++) {
        const attribute *a = &c->attribute[i];
        gv_h5_info at;
        if (!a->left_out && gv_h5_look(to, a->path, &at, &err) == GV_OK && at.kind != GV_H5_NOTHING)
            st = put_attribute(to, a);
    }
    if (st == GV_OK)
        return gv_h5_commit(&to, &err) == GV_OK;
    gv_h5_close(to);
    return false;
}

/* ---- what a program does with a file --------------------------------------------------------- */

static bool ignore(void *data, const char *text, int64_t bytes)
{
    int64_t *sum = data;
    for (int64_t i = 0; i < bytes; i++)
        *sum += text[i];
    return true;
}

static void use_graph(gv_context *ctx, bool verified)
{
    gv_graph *g = NULL;
    gv_graph_info info;
    const gv_status st = gv_graph_open(ctx, changed_path, &g, &err);
    if (st != GV_OK) {
        fuzz_promise(!verified, "a verified graph opens", err.message);
        return;
    }
    const gv_status checked =
        gv_graph_check(ctx, g, GV_USES_OUT | GV_USES_IN | GV_USES_PROBABILITY | GV_USES_IDS, &err);
    fuzz_promise(!verified || checked == GV_OK, "a verified graph passes the check", err.message);
    if (checked == GV_OK)
        need(gv_graph_describe(ctx, g, &info, &err) == GV_OK, "describe");
    gv_graph_free(g);
}

static void use_model(gv_context *ctx)
{
    gv_model *m = NULL;
    if (gv_model_open(ctx, changed_path, NULL, &m, &err) == GV_OK)
        for (int32_t z = 0; z < gv_model_topics(m); z++)
            need(gv_model_describe_topic(m, z).name != NULL, "name of a topic");
    gv_model_free(m);
}

static void use_truth(gv_context *ctx, gv_file *f, const gv_file_info *i)
{
    gv_truth *t = NULL;
    gv_planted p;
    for (int32_t z = 0; z < i->n_topics && z < 8; z++)
        (void)!gv_file_planted(f, z, &p, &err);
    if (gv_truth_open(ctx, changed_path, NULL, &t, &err) == GV_OK)
        (void)gv_truth_find_topic(t, "a");
    gv_truth_free(t);
}

static void use_curve(gv_file *f, int64_t i)
{
    gv_cascade_info c;
    if (gv_file_cascade(f, i, &c, &err) != GV_OK || c.curve_length > 100000)
        return;
    double *mean = calloc(2 * (size_t)c.curve_length + 1, sizeof *mean);
    need(mean != NULL, "memory");
    (void)!gv_file_curve(f, i, mean, mean + c.curve_length, &err);
    free(mean);
}

static void use_results(gv_file *f, const gv_file_info *i)
{
    gv_influencer best[8];
    gv_ppr_info ppr;
    int64_t count, flagged;
    for (int32_t z = 0; z < i->n_topics && z < 8; z++)
        (void)!gv_file_influencers(f, z, 8, best, &count, &flagged, &err);
    for (int64_t k = 0; k < i->n_cascades && k < 8; k++)
        use_curve(f, k);
    for (int64_t k = 0; k < i->n_ppr && k < 8; k++)
        (void)!gv_file_ppr(f, k, &ppr, &err);
}

static void use_sidecar(gv_context *ctx)
{
    gv_layouts *l = sidecar_of(ctx, "changed.h5", false); /* changed.layout.h5 is the file */
    gv_layout_array array[] = {{.name = "offset", .size = 8, .n = 3, .data = NULL},
                               {.name = "column", .size = 4, .n = -1, .data = NULL}};
    bool found = false;
    int64_t sum = 0;
    if (l == NULL)
        return;
    const gv_shelf shelf = gv_layouts_shelf(l);
    if (shelf.take(shelf.data, hash, key, array, 2, &found, &err) == GV_OK && found)
        for (int64_t i = 0; i < array[1].n; i++)
            sum += ((const int32_t *)array[1].data)[i];
    fuzz_promise(!found || sum != INT64_MIN, "a column that was taken can be read", "");
    gv_layouts_close(l);
}

static void export_all(gv_file *f)
{
    static const char *const table[] = {"edges",   "nodes",     "influencers",
                                        "cascade", "prospects", "topk/i1"};
    int64_t sum = 0;
    for (size_t t = 0; t < sizeof table / sizeof *table; t++)
        (void)!gv_file_export(f, table[t], -1, ignore, &sum, NULL, &err);
}

static void use_file(gv_context *ctx)
{
    gv_file *f = NULL;
    const bool verified = gv_file_verify(ctx, changed_path, NULL, NULL, &err) == GV_OK;
    if (gv_file_open(ctx, changed_path, &f, &err) != GV_OK) {
        fuzz_promise(!verified, "a verified file opens", err.message);
        return;
    }
    const gv_file_info i = gv_file_describe(f);
    switch (i.kind) {
    case GV_FILE_GRAPH:
        use_graph(ctx, verified);
        break;
    case GV_FILE_MODEL:
        use_model(ctx);
        break;
    case GV_FILE_TRUTH:
        use_truth(ctx, f, &i);
        break;
    case GV_FILE_RESULTS:
        use_results(f, &i);
        break;
    case GV_FILE_LAYOUT:
        use_sidecar(ctx);
        break;
    }
    export_all(f);
    gv_file_close(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes in = {data, size};
    const unsigned kind = (unsigned)fuzz_take(&in, 1);
    const unsigned cut = (unsigned)fuzz_take(&in, 1); /* of 4 inputs, 1 loses its end */
    gv_context *ctx = fuzz_context();
    content *c = copy_of(&sound[kind % KINDS]);
    change(c, &in);
    if (write_file(ctx, c)) {
        if (cut % 4 == 3) {
            int64_t bytes = 0;
            free(test_bytes(changed_path, &bytes));
            need(truncate(changed_path, bytes * (cut / 4) / 64) == 0, "cut");
        }
        use_file(ctx);
    }
    drop(c);
    fuzz_done(ctx);
    return 0;
}
