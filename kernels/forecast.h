/* forecast.h -- the chance of an edge by a forecast; see evaluate.h. */
#ifndef KERNELS_FORECAST_H
#define KERNELS_FORECAST_H

#include "engine/csr.h"
#include "engine/model.h"
#include "grapevine/evaluate.h"

/* Whether `f` fits the graph and `n_topics` topics. */
GV_CHECKED gv_status forecast_check(const gv_forecast *f, const gv_graph *g, int32_t n_topics,
                                    gv_error *err);

/* The chance that v's purchase in topic z makes u buy, by factors or alike for all; e is the
 * out-edge v -> u. */
double forecast_factors(const gv_forecast *f, int64_t n_nodes, gv_node v, gv_node u, int64_t e,
                        int32_t z);

/* The same by whatever the forecast has; the edge v -> u exists. */
double forecast_edge(const gv_forecast *f, const gv_graph *g, gv_node v, gv_node u, int32_t z);

#endif
