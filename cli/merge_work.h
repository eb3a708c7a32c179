/* merge_work.h -- the running `grapevine merge`: the parts, and how they fit together. */
#ifndef CLI_MERGE_WORK_H
#define CLI_MERGE_WORK_H

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cascade_record.h"
#include "cli/plan.h"

typedef struct merge_opts {
    cli_list parts;
    const char *output;
} merge_opts;

typedef struct merge_file {
    const char *path; /* borrowed */
    gv_file *f;
    gv_file_origin origin;
    char *yaml; /* to be freed with gv_context_release() */
} merge_file;

typedef struct merge_run {
    cli_session *s;
    const merge_opts *o;
    int64_t n;
    merge_file *file;                /* [n] */
    gv_cascade_part *part;           /* [n] of the cascade at hand */
    const gv_cascade_result **joint; /* [n] results of `part` */
    int64_t n_cascades, *order;      /* [n_cascades] as a run writes them */
    int64_t first_world, n_worlds;   /* of the whole */
} merge_run;

/* Opens and checks all parts, each against the first. An exit code, as of all below. To be closed
 * in any case. */
int merge_open(merge_run *m);
void merge_close(merge_run *m);

/* Reads cascade `i`, in order of name, from all parts, and checks that they are ranges of worlds of
 * one run that follow each other. */
int merge_take_cascade(merge_run *m, int64_t i);

/* The options of a part as those of a run over worlds [first, first + n); n = 0: without any
 * worlds, for comparing. To be freed; NULL when memory is short or there are no such options. */
char *merge_options(const char *yaml, int64_t first, int64_t n);

/* Value of --name in the options, into name [room]. */
bool merge_find_name(const char *yaml, char *name, size_t room);

#endif
