/* ppr_columns.h -- the teleport columns of `grapevine ppr`, with their names. */
#ifndef CLI_PPR_COLUMNS_H
#define CLI_PPR_COLUMNS_H

#include "cli/cli.h"

typedef struct ppr_columns {
    int64_t n;
    char *name;      /* [n][GV_COLUMN_CHARS], zero-padded, not terminated at full length */
    int64_t *offset; /* [n + 1] */
    gv_node *node;
    double *weight;          /* NULL: all alike */
    gv_context *ctx;         /* of `table`; NULL: there is none */
    gv_teleport_table table; /* owns the arrays of columns from a file */
} ppr_columns;

/* Each returns an exit code, after saying what is wrong; ppr_columns_free() is due in any case. */

/* One column that restarts everywhere alike. */
int ppr_columns_global(const cli_session *s, ppr_columns *c);
/* One column for each id of "id,id,...", or of a file of that name, named by the id. */
int ppr_columns_sources(cli_session *s, const gv_graph *g, const char *ids, ppr_columns *c);
/* One column for each topic: who bought in it, by the number of their purchases. */
int ppr_columns_topics(const cli_session *s, const gv_model *m, ppr_columns *c);
/* The columns of a file of column name, id and weight. */
int ppr_columns_file(cli_session *s, const gv_graph *g, const char *path, ppr_columns *c);

void ppr_columns_free(ppr_columns *c);

#endif
