/* ppr_certify.h -- bounds of scores between rounds of pushes, and the list that follows. */
#ifndef KERNELS_PPR_CERTIFY_H
#define KERNELS_PPR_CERTIFY_H

#include "kernels/ppr_push.h"

/* A place in the list, or the one behind it. */
typedef struct ppr_entry {
    double score, lower, upper;
    gv_node node;
    int32_t place; /* of its spot */
} ppr_entry;

/* What is known of all scores at a moment. */
typedef struct ppr_known {
    double density;     /* residual / degree is at most this everywhere */
    double residual;    /* in all */
    double slack;       /* what rounding may have taken or added, of one score */
    double sum_most;    /* all scores of the leaking walk sum to at most this */
    double sum_least;   /* ... and at least this */
    double from_others; /* what scores may gain from walks that go on anywhere (UNIFORM) */
} ppr_known;

typedef struct ppr_list {
    int64_t k, n;     /* n <= k places are filled */
    ppr_entry *entry; /* [k + 1] */
    bool has_next;    /* entry[n] is the one behind the list */
    double others;    /* no consumer outside has a higher score */
    ppr_known known;
} ppr_list;

/* Makes the list as it stands after a round. */
GV_CHECKED gv_status ppr_list_make(ppr_push *p, ppr_list *list, gv_error *err);

/* True with the reason when there is no need to go on. */
bool ppr_list_settled(const ppr_list *list, const gv_ppr_local_opts *o, gv_ppr_reason *reason);

#endif
