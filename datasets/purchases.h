/* purchases.h -- the purchase log of a population. */
#ifndef DATASETS_PURCHASES_H
#define DATASETS_PURCHASES_H

#include "engine/population.h"

/* Makes the log of a population that has its graph and truth. GV_OK; GV_ERR_NOMEM;
 * GV_ERR_CANCELLED. */
GV_CHECKED gv_status gv_purchases_make(gv_context *ctx, gv_population *p, gv_error *err);

#endif
