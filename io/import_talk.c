/* import_talk.c -- interactions: rows of who said something to whom, when, about what, at which
 * stage of buying, through which channel, to how many.
 *
 *   w = 2^(-(T - t) / H) * s / max(1, g - 1)      p = 1 - (1 - P1)^w
 *
 * t is the row's time, T the latest one, H the half-life; s is .5 for awareness, 2 for decision and
 * 1 for consideration and all else; g is the size of the group that was talked to, of which the
 * speaker is one. P1 = .05 is the chance that one fresh message to one person moves them. Rows of
 * the same two people combine as chances do, 1 - prod (1 - p): with the strength S = sum of w that
 * is 1 - (1 - P1)^S. */
#include "io/import_talk.h"

#include <inttypes.h>
#include <math.h>
#include <strings.h>

#include "engine/error.h"
#include "engine/memory.h"
#include "engine/parallel.h"

enum { SOURCE, TARGET, TIME, STAGE, GROUP, ROLES };

static const double chance = .05;
static const char columns[] = "1,2,3,5,7";

static void set_roles(const importer *im, gv_role *role)
{
    const gv_field id = im->o.ids != GV_IDS_AUTO ? im->ids : GV_FIELD_AUTO;
    const char *hint = "; ids of text need --id string";
    role[SOURCE] = (gv_role){.name = "source", .field = id, .hint = hint};
    role[TARGET] = (gv_role){.name = "target", .field = id, .hint = hint};
    role[TIME] = (gv_role){.name = "time", .field = GV_FIELD_TIME};
    role[STAGE] = (gv_role){.name = "stage", .field = GV_FIELD_TEXT};
    role[GROUP] = (gv_role){.name = "group size",
                            .field = GV_FIELD_NUMBER,
                            .min = 0.0,
                            .max = INFINITY,
                            .missing = true};
}

gv_status import_talk_options(importer *im, gv_error *err)
{
    gv_import_opts *o = &im->o;
    if (o->half_life <= 0)
        return gv_fail(err, GV_ERR_RANGE, "half-life of %" PRId64 " seconds is not above 0",
                       o->half_life);
    if (o->build.source != GV_FROM_NONE || o->probability_column != NULL)
        return gv_fail(err, GV_ERR_ARG, "interactions have probabilities of their own");
    if (o->build.duplicates != GV_DUPLICATES_COMBINE)
        return gv_fail(err, GV_ERR_ARG, "interactions of the same two are always combined");
    o->build.source = GV_FROM_WEIGHT;
    return GV_OK;
}

static gv_status open_talk(importer *im, int64_t path, bool count, gv_role *role, gv_table **t,
                           gv_error *err)
{
    gv_table_opts opts = import_table_opts(im);
    opts.skip_lines = im->o.skip_lines;
    opts.lines = im->o.build.self_loops_error;
    if (!count) { /* the first of two readings says nothing */
        opts.lenient = true;
        opts.complain = NULL;
        opts.complaints = NULL;
    }
    set_roles(im, role);
    gv_field ids = im->ids;
    gv_status st = gv_table_open(im->ctx, im->paths[path], &opts, t, err);
    if (st == GV_OK)
        st = gv_table_bind(*t, role, ROLES, im->o.columns != NULL ? im->o.columns : columns, &ids,
                           err);
    if (count)
        im->ids = ids;
    return st;
}

gv_status import_talk_latest(importer *im, int64_t n_paths, gv_error *err)
{
    gv_status st = GV_OK;
    im->latest = INT64_MIN;
    for (int64_t i = 0; st == GV_OK && i < n_paths; i++) {
        gv_role role[ROLES];
        gv_table *t = NULL;
        gv_batch batch = {.n_chunks = 1};
        if (strcmp(im->paths[i], "-") == 0)
            return gv_fail(err, GV_ERR_ARG,
                           "interactions are read twice, standard input cannot be");
        st = open_talk(im, i, false, role, &t, err);
        while (st == GV_OK && batch.n_chunks > 0) {
            st = gv_table_next(t, &batch, err);
            for (int64_t c = 0; st == GV_OK && c < batch.n_chunks; c++)
                for (int64_t k = 0; k < batch.chunk[c]->n_rows; k++)
                    if (batch.chunk[c]->column[TIME].i64[k] > im->latest)
                        im->latest = batch.chunk[c]->column[TIME].i64[k];
        }
        gv_table_close(t);
    }
    return st;
}

static bool is_word(gv_piece s, const char *word)
{
    return (size_t)s.length == strlen(word) && strncasecmp(s.text, word, (size_t)s.length) == 0;
}

static double probability(const importer *im, const gv_chunk *c, int64_t k)
{
    const gv_piece stage = c->column[STAGE].text[k];
    const double group = c->column[GROUP].f64[k], others = group > 2.0 ? group - 1.0 : 1.0;
    const double s = is_word(stage, "awareness") ? .5 : is_word(stage, "decision") ? 2.0 : 1.0;
    const double age = (double)(im->latest - c->column[TIME].i64[k]) / (double)im->o.half_life;
    return -expm1(log1p(-chance) * exp2(-age) * s / others);
}

/* Group sizes become probabilities, in the place where the importer looks for weights. */
static gv_status take_batch(importer *im, const gv_batch *batch, int64_t path, gv_error *err)
{
    gv_chunk *chunk = gv_alloc(im->ctx, batch->n_chunks, sizeof *chunk);
    const gv_chunk **list = gv_alloc(im->ctx, batch->n_chunks, sizeof *list);
    gv_column(*column)[3] = gv_alloc(im->ctx, batch->n_chunks, sizeof *column);
    gv_status st = GV_OK;
    if (chunk == NULL || list == NULL || column == NULL)
        st = gv_no_memory(im->ctx, "import", err);
    for (int64_t i = 0; st == GV_OK && i < batch->n_chunks; i++) {
        const gv_chunk *c = batch->chunk[i];
        for (int64_t k = 0; k < c->n_rows; k++)
            c->column[GROUP].f64[k] = probability(im, c, k);
        column[i][0] = c->column[SOURCE];
        column[i][1] = c->column[TARGET];
        column[i][2] = c->column[GROUP];
        chunk[i] = *c;
        chunk[i].column = column[i];
        list[i] = &chunk[i];
    }
    const gv_batch edges = {.chunk = list, .n_chunks = batch->n_chunks, .n_rows = batch->n_rows};
    if (st == GV_OK)
        st = import_take_batch(im, &edges, true, path, err);
    gv_free(im->ctx, column);
    gv_free(im->ctx, list);
    gv_free(im->ctx, chunk);
    return st;
}

gv_status import_talk(importer *im, int64_t path, gv_error *err)
{
    gv_role role[ROLES];
    gv_table *t = NULL;
    gv_batch batch = {.n_chunks = 1};
    gv_status st = open_talk(im, path, true, role, &t, err);
    while (st == GV_OK && batch.n_chunks > 0) {
        st = gv_table_next(t, &batch, err);
        if (st == GV_OK && batch.n_chunks > 0)
            st = take_batch(im, &batch, path, err);
    }
    if (st == GV_OK) {
        const gv_table_info info = gv_table_describe(t);
        im->info.rows_read += info.rows;
        im->info.rows_bad += info.bad;
        im->info.bytes_read += info.bytes;
    }
    gv_table_close(t);
    return st;
}
