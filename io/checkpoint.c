/* checkpoint.c -- see grapevine/checkpoint.h. State `name` is the file NAME.state of the folder;
 * job.state holds the names of the stages that are done. No other file there is touched. */
#define _GNU_SOURCE
#include "io/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/hash.h"
#include "engine/memory.h"
#include "engine/revision.h"

enum { NAME_CHARS = 64, STAGE_CHARS = 32 };

static const char suffix[] = ".state", job[] = "job";

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

const char *gv_checkpoint_path(gv_checkpoint *c, const char *name)
{
    snprintf(c->path, strlen(c->dir) + NAME_CHARS, "%s/%s%s", c->dir, name, suffix);
    return c->path;
}

/* ---- opening -------------------------------------------------------------------------------- */

static gv_status open_folder(gv_checkpoint *c, gv_error *err)
{
    c->made = mkdir(c->dir, 0777) == 0;
    if (!c->made && errno != EEXIST)
        return gv_fail(err, GV_ERR_CREATE, "%s: cannot be created: %s", c->dir, strerror(errno));
    c->folder = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->folder < 0)
        return gv_fail(err, GV_ERR_CREATE, "%s: cannot be opened: %s", c->dir, strerror(errno));
    if (flock(c->folder, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return gv_fail(err, GV_ERR_SYSTEM, "%s: another run keeps its checkpoint there", c->dir);
    return GV_OK;
}

static gv_status other_job(const gv_checkpoint *c, gv_error *err)
{
    return gv_fail(err, GV_ERR_ARG,
                   "%s: holds the checkpoint of another job: other options, inputs or version of "
                   "the program; remove it or name another folder",
                   c->dir);
}

/* Takes the marks out of part `part` of a state, if they are more than those known. */
static gv_status read_marks(gv_checkpoint *c, const char *name, int32_t part, gv_error *err)
{
    gv_state_reader r;
    bool found;
    gv_status st = gv_state_open(c->ctx, gv_checkpoint_path(c, name), &r, &found, err);
    if (st != GV_OK || !found)
        return st;
    c->resumed = true;
    if (r.identity != c->identity) {
        st = other_job(c, err);
    } else if (part >= r.n_parts) {
        st = gv_fail(err, GV_ERR_DATA, "%s: has %" PRId32 " parts", r.path, r.n_parts);
    } else if (r.bytes[part] > (int64_t)strlen(c->marks)) {
        gv_free(c->ctx, c->marks);
        c->marks = gv_alloc_zero(c->ctx, r.bytes[part] + 1, 1);
        st = c->marks == NULL ? gv_no_memory(c->ctx, c->dir, err)
                              : gv_state_read(&r, part, c->marks, err);
    }
    gv_state_close(&r);
    return st;
}

static gv_status write_marks(gv_checkpoint *c, gv_error *err)
{
    const gv_state_part text = {c->marks, (int64_t)strlen(c->marks)};
    return gv_state_write(c->ctx, gv_checkpoint_path(c, job), c->identity, &text, 1, err);
}

static gv_status start(gv_checkpoint *c, const char *dir, gv_error *err)
{
    const int64_t length = (int64_t)strlen(dir);
    c->dir = gv_alloc_zero(c->ctx, length + 1, 1);
    c->path = gv_alloc_zero(c->ctx, length + NAME_CHARS, 1);
    c->marks = gv_alloc_zero(c->ctx, 1, 1);
    if (c->dir == NULL || c->path == NULL || c->marks == NULL)
        return gv_no_memory(c->ctx, dir, err);
    memcpy(c->dir, dir, (size_t)length);
    gv_status st = open_folder(c, err);
    if (st == GV_OK)
        st = read_marks(c, job, 0, err);
    if (st == GV_OK)
        st = read_marks(c, GV_KEPT_RESULTS, GV_KEPT_MARKS, err);
    if (st == GV_OK && !c->resumed)
        st = write_marks(c, err); /* a folder that cannot be written is met before the work */
    return st;
}

GV_API gv_status gv_checkpoint_open(gv_context *ctx, const char *dir, const char *identity,
                                    int64_t every, gv_checkpoint **out, gv_error *err)
{
    if (every < 1)
        return gv_fail(err, GV_ERR_RANGE, "%s: %" PRId64 " seconds between checkpoints is below 1",
                       dir, every);
    gv_checkpoint *c = gv_alloc_zero(ctx, 1, sizeof *c);
    if (c == NULL)
        return gv_no_memory(ctx, dir, err);
    c->ctx = ctx;
    c->folder = -1;
    c->every = every;
    c->last = seconds();
    /* Another build may compute otherwise. */
    c->identity =
        gv_hash_small(identity, strlen(identity)) ^ gv_hash_small(GV_REVISION, strlen(GV_REVISION));
    const gv_status st = start(c, dir, err);
    if (st != GV_OK)
        gv_checkpoint_close(c);
    else
        *out = c;
    return st;
}

GV_API void gv_checkpoint_close(gv_checkpoint *c)
{
    if (c == NULL)
        return;
    if (c->folder >= 0)
        close(c->folder); /* and the lock with it */
    gv_free(c->ctx, c->dir);
    gv_free(c->ctx, c->path);
    gv_free(c->ctx, c->marks);
    gv_free(c->ctx, c);
}

/* ---- removing ------------------------------------------------------------------------------- */

/* Whether file `name` is a state of `stage`; of any and not the marks, when that is NULL. */
static bool is_state(const char *name, const char *stage)
{
    static const char part[] = ".part"; /* one that was being written when the run was killed */
    const size_t whole = strlen(name), cut = sizeof part - 1, tail = sizeof suffix - 1;
    const bool half = whole > cut && strcmp(name + whole - cut, part) == 0;
    const size_t length = half ? whole - cut : whole;
    if (length <= tail || strncmp(name + length - tail, suffix, tail) != 0)
        return false;
    if (stage == NULL)
        return strncmp(name, job, length - tail) != 0 || length - tail != strlen(job);
    const size_t head = strlen(stage);
    return strncmp(name, stage, head) == 0 && (name[head] == '.' || name[head] == '-');
}

/* Whether a state there was written by this program, for this job. */
static bool is_ours(const gv_checkpoint *c, const char *name)
{
    const int fd = openat(c->folder, name, O_RDONLY | O_CLOEXEC);
    const bool ours = fd >= 0 && gv_state_is_of(fd, c->identity);
    if (fd >= 0)
        close(fd);
    return ours;
}

static void remove_states(gv_checkpoint *c, const char *stage)
{
    DIR *folder = opendir(c->dir);
    if (folder == NULL)
        return;
    for (const struct dirent *e; (e = readdir(folder)) != NULL;)
        if (is_state(e->d_name, stage) && is_ours(c, e->d_name))
            unlinkat(c->folder, e->d_name, 0);
    closedir(folder);
}

GV_API void gv_checkpoint_remove(gv_checkpoint *c)
{
    if (c == NULL)
        return;
    remove_states(c, NULL);
    unlink(gv_checkpoint_path(c, job)); /* last: until here the marks say that all is done */
    if (c->made || c->resumed)
        rmdir(c->dir); /* fails when someone keeps other files there, as it should */
    gv_checkpoint_close(c);
}

/* ---- stages --------------------------------------------------------------------------------- */

GV_API bool gv_checkpoint_resumed(const gv_checkpoint *c)
{
    return c->resumed;
}

GV_API bool gv_checkpoint_empty(const gv_checkpoint *c)
{
    return !c->resumed && !c->kept && c->marks[0] == '\0';
}

GV_API bool gv_checkpoint_marked(const gv_checkpoint *c, const char *stage)
{
    const size_t length = strlen(stage);
    for (const char *line = c->marks; *line != '\0'; line = strchr(line, '\n') + 1)
        if (strncmp(line, stage, length) == 0 && line[length] == '\n')
            return true;
    return false;
}

static gv_status stopped(const gv_checkpoint *c, gv_error *err)
{
    return gv_fail(err, GV_ERR_CANCELLED,
                   "stopped; the same command goes on from the checkpoint in %s", c->dir);
}

gv_status gv_checkpoint_add_mark(gv_checkpoint *c, const char *stage, gv_error *err)
{
    const size_t length = strlen(stage), before = strlen(c->marks);
    if (length == 0 || length > STAGE_CHARS ||
        strspn(stage, "abcdefghijklmnopqrstuvwxyz") != length)
        return gv_fail(err, GV_ERR_ARG, "checkpoint: \"%s\" is not 1 to %d lower-case letters",
                       stage, STAGE_CHARS);
    if (gv_checkpoint_marked(c, stage))
        return GV_OK;
    char *longer = gv_realloc(c->ctx, c->marks, (int64_t)(before + length + 2), 1);
    if (longer == NULL)
        return gv_no_memory(c->ctx, c->dir, err);
    c->marks = longer;
    memcpy(longer + before, stage, length);
    memcpy(longer + before + length, "\n", 2);
    return GV_OK;
}

GV_API gv_status gv_checkpoint_mark(gv_checkpoint *c, const char *stage, gv_error *err)
{
    gv_status st = gv_checkpoint_add_mark(c, stage, err);
    if (st == GV_OK)
        st = write_marks(c, err);
    if (st != GV_OK)
        return st;
    remove_states(c, stage);
    c->last = seconds();
    return c->stop ? stopped(c, err) : GV_OK;
}

/* ---- states of computations ----------------------------------------------------------------- */

static bool due(void *data)
{
    const gv_checkpoint *c = data;
    return c->stop || seconds() - c->last >= (double)c->every;
}

static gv_status keep(void *data, const char *name, const gv_state_part *part, int32_t n_parts,
                      gv_error *err)
{
    gv_checkpoint *c = data;
    const gv_status st =
        gv_state_write(c->ctx, gv_checkpoint_path(c, name), c->identity, part, n_parts, err);
    c->kept = true;
    c->last = seconds();
    return st == GV_OK && c->stop ? stopped(c, err) : st;
}

static gv_status fill(gv_checkpoint *c, gv_state_reader *r, gv_state_part *part, int32_t n_parts,
                      gv_error *err)
{
    if (r->identity != c->identity)
        return other_job(c, err);
    bool fits = r->n_parts >= n_parts;
    for (int32_t i = 0; i < n_parts && fits; i++) {
        if (part[i].data == NULL)
            part[i].bytes = r->bytes[i];
        fits = r->bytes[i] == part[i].bytes;
    }
    if (!fits)
        return gv_fail(err, GV_ERR_DATA, "%s: has other parts than expected", r->path);
    gv_status st = GV_OK;
    for (int32_t i = 0; i < n_parts && st == GV_OK; i++)
        if (part[i].data != NULL)
            st = gv_state_read(r, i, part[i].data, err);
    return st;
}

static gv_status take(void *data, const char *name, gv_state_part *part, int32_t n_parts,
                      bool *found, gv_error *err)
{
    gv_checkpoint *c = data;
    gv_state_reader r;
    gv_status st = gv_state_open(c->ctx, gv_checkpoint_path(c, name), &r, found, err);
    if (st != GV_OK || !*found)
        return st;
    st = fill(c, &r, part, n_parts, err);
    gv_state_close(&r);
    return st;
}

GV_API gv_keeper gv_checkpoint_keeper(gv_checkpoint *c)
{
    return (gv_keeper){.data = c, .due = due, .keep = keep, .take = take};
}

GV_API void gv_checkpoint_stop(gv_checkpoint *c)
{
    c->stop = 1;
}

GV_API bool gv_checkpoint_stopping(const gv_checkpoint *c)
{
    return c->stop != 0;
}
