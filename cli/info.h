/* info.h -- inside `grapevine info`: what it found, and its two ways to say it. */
#ifndef CLI_INFO_H
#define CLI_INFO_H

#include "cli/cli.h"

typedef struct info_opts {
    const char *file, *topic, *truth;
    int64_t top;
    bool json;
} info_opts;

/* Influencers of one topic. */
typedef struct info_topic {
    int32_t topic;
    int64_t n_flagged, n_best;
    gv_influencer *best;  /* [n_best] */
    gv_truth_check check; /* with --truth */
} info_topic;

typedef struct info_work {
    cli_session *s;
    const info_opts *o;
    FILE *to;
    gv_file *f, *truth; /* truth: NULL without --truth */
    gv_file_info info;
    int32_t topic; /* --topic, or -1 */
} info_work;

/* Words. Each returns an exit code. */
int info_graph_text(info_work *w);
int info_model_text(info_work *w);
int info_truth_text(info_work *w);
int info_layout_text(info_work *w);
int info_results_text(info_work *w);

/* One JSON object about any kind of file. */
int info_json(info_work *w);

/* Influencers of the topics asked for: list [*n], to be freed with info_topics_free(). */
int info_topics(info_work *w, info_topic **list, int32_t *n);
void info_topics_free(info_topic *list, int32_t n);

const char *info_rule_name(gv_probability_rule rule);

#endif
