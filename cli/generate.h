/* generate.h -- what the files of grapevine generate share. */
#ifndef CLI_GENERATE_H
#define CLI_GENERATE_H

#include "cli/cli.h"

typedef struct generate_opts {
    const char *kind, *output;
    int64_t consumers, topics, items, days;
    double mean_degree, influencer_share;
    int32_t influence, purchases; /* indices into their choices */
    int64_t scale, edge_factor;   /* kron, and what follows */
    bool undirected;
    int32_t format; /* GENERATE_... */
    const char *tmpdir;
} generate_opts;

enum { GENERATE_H5 = 0, GENERATE_TSV = 1 };

/* An exit code. */
int generate_kron(const generate_opts *o, cli_session *s);
void plan_kron(const generate_opts *o, cli_session *s, gv_plan *plan);

#endif
