/* checkpoint.h -- what a gv_checkpoint holds, for those in io/ that keep states of their own. */
#ifndef IO_CHECKPOINT_H
#define IO_CHECKPOINT_H

#include <signal.h>

#include "grapevine/checkpoint.h"
#include "io/state_file.h"

struct gv_checkpoint {
    gv_context *ctx;
    int folder;       /* open, and locked */
    char *dir, *path; /* `path` has room for the name of a state in `dir` */
    uint64_t identity;
    int64_t every;
    double last;        /* when the last state was kept */
    bool made;          /* the folder, by this run */
    bool resumed, kept; /* something was found; something was kept */
    char *marks;        /* names of the stages done, each with a newline behind it */
    volatile sig_atomic_t stop;
};

/* Parts of the state of results, in this order; GV_KEPT_MARKS are the marks that hold with it. */
enum { GV_KEPT_MARKS, GV_KEPT_FACTS, GV_KEPT_YAML, GV_KEPT_RANGES, GV_KEPT_BYTES, GV_KEPT_PARTS };
#define GV_KEPT_RESULTS "results"

/* Adds a stage to the marks in memory, unless it is there. */
GV_CHECKED gv_status gv_checkpoint_add_mark(gv_checkpoint *c, const char *stage, gv_error *err);

/* The path of state `name`, until the next call. */
const char *gv_checkpoint_path(gv_checkpoint *c, const char *name);

#endif
