/* plan.h -- what the plans of commands share: inputs that exist or that an earlier stage of a job
 * would make, mapped files, output files. */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include "cli/session.h"

/* Each returns an exit code, after saying what is wrong. */

/* The shape of a graph: of a file, or as an earlier stage would leave it. */
int cli_plan_graph(cli_session *s, const char *path, gv_graph_shape *shape);
int cli_plan_model(cli_session *s, const char *path, gv_model_shape *shape);

/* Whether an earlier stage would make it. */
bool cli_plan_is_left(const cli_session *s, const char *path);

/* The same for the stages behind: `path` will hold a graph or model of this shape. */
void cli_plan_leave_graph(cli_session *s, const char *path, const gv_graph_shape *shape);
void cli_plan_leave_model(cli_session *s, const char *path, const gv_model_shape *shape);

/* Adds the pages of a mapped graph: all that gv_graph_check() reads for `uses`, or with --trust
 * only `touched`. In a job they stay from stage to stage. */
void cli_plan_map_graph(cli_session *s, gv_plan *plan, const char *path,
                        const gv_graph_shape *shape, unsigned uses, unsigned touched);
void cli_plan_map_model(gv_plan *plan, const gv_model_shape *shape);

/* The pages of a mapped model that stay: all but the times of last purchases, which are not
 * checked, and which prospects alone ask for. */
int64_t cli_plan_model_pages(const gv_model_shape *shape);

/* The whole plan of a command that looks into a file; `table` is that of export, else NULL. */
typedef enum cli_look { CLI_LOOK_INFO, CLI_LOOK_VERIFY, CLI_LOOK_EXPORT } cli_look;
int cli_plan_look(cli_session *s, gv_plan *plan, const char *path, cli_look look,
                  const char *table);

/* Adds "write" with an output of `bytes`. */
void cli_plan_write(gv_plan *plan, int64_t bytes);

/* Ids or rows that an option names: entries of a list, or lines of a file. */
int64_t cli_plan_count(const char *spec);

/* Bytes of the external ids that a results file repeats; 0 where an earlier stage of the job has
 * put them there. */
int64_t cli_plan_id_bytes(cli_session *s, const gv_graph_shape *shape);

/* States of `bytes` that the step at hand keeps with --checkpoint: a new one stands beside the one
 * `before` it until it is whole. */
void cli_plan_state(const cli_session *s, gv_plan *plan, int64_t before, int64_t bytes);

/* Prints the plan to stdout; CLI_NO_FIT when it exceeds the limit of the context. */
int cli_plan_print(cli_session *s, const gv_plan *plan);

#endif
