/* keep.c -- see keep.h. */
#include "tests/support/keep.h"

#include <stdlib.h>
#include <string.h>

#include "engine/error.h"

static bool due(void *data)
{
    test_keeper *k = data;
    return ++k->calls == k->stop_at;
}

static test_state *find(test_keeper *k, const char *name)
{
    for (int i = 0; i < k->n_states; i++)
        if (strcmp(k->state[i].name, name) == 0)
            return &k->state[i];
    return NULL;
}

static void drop(test_state *s)
{
    for (int32_t i = 0; i < s->n_parts; i++)
        free(s->part[i].data);
    s->n_parts = 0;
}

static gv_status keep(void *data, const char *name, const gv_state_part *part, int32_t n_parts,
                      gv_error *err)
{
    test_keeper *k = data;
    test_state *s = find(k, name);
    if (s == NULL && k->n_states < TEST_STATES)
        s = &k->state[k->n_states++];
    if (s == NULL || n_parts > TEST_PARTS)
        return gv_fail(err, GV_ERR_NOMEM, "too many states or parts for a test");
    drop(s);
    strncpy(s->name, name, sizeof s->name - 1);
    for (int32_t i = 0; i < n_parts; i++) {
        s->part[i] = (gv_state_part){malloc((size_t)part[i].bytes + 1), part[i].bytes};
        if (part[i].bytes > 0)
            memcpy(s->part[i].data, part[i].data, (size_t)part[i].bytes);
    }
    s->n_parts = n_parts;
    return gv_fail(err, GV_ERR_CANCELLED, "stopped");
}

static gv_status take(void *data, const char *name, gv_state_part *part, int32_t n_parts,
                      bool *found, gv_error *err)
{
    test_keeper *k = data;
    const test_state *s = find(k, name);
    *found = s != NULL;
    if (s == NULL)
        return GV_OK;
    if (s->n_parts < n_parts)
        return gv_fail(err, GV_ERR_DATA, "fewer parts");
    for (int32_t i = 0; i < n_parts; i++) {
        if (part[i].data == NULL)
            part[i].bytes = s->part[i].bytes;
        else if (part[i].bytes != s->part[i].bytes)
            return gv_fail(err, GV_ERR_DATA, "another size");
        else
            memcpy(part[i].data, s->part[i].data, (size_t)part[i].bytes);
    }
    k->n_taken++;
    return GV_OK;
}

void test_keep(gv_context *ctx, test_keeper *k, int stop_at)
{
    const gv_keeper keeper = {.data = k, .due = due, .keep = keep, .take = take};
    k->calls = 0;
    k->stop_at = stop_at;
    gv_context_keep(ctx, &keeper);
}

void test_keeper_free(test_keeper *k)
{
    for (int i = 0; i < k->n_states; i++)
        drop(&k->state[i]);
    k->n_states = 0;
}
