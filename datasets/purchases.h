/* purchases.h -- who buys what in a population. */
#ifndef DATASETS_PURCHASES_H
#define DATASETS_PURCHASES_H

#include "engine/population.h"

/* Simulates items: gv_population_plan.sell. GV_OK; GV_ERR_NOMEM. */
GV_CHECKED gv_status gv_purchases_sell(gv_population_plan *plan, const gv_population *made,
                                       int64_t first, int64_t n, gv_sale *sale, gv_error *err);

/* Makes the log of a population that has its graph and truth. GV_OK; GV_ERR_NOMEM;
 * GV_ERR_CANCELLED. */
GV_CHECKED gv_status gv_purchases_make(gv_context *ctx, gv_population_plan *plan, gv_population *p,
                                       gv_error *err);

#endif
