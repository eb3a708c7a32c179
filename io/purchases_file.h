/* purchases_file.h -- the purchases of a population, item by item into a file. */
#ifndef IO_PURCHASES_FILE_H
#define IO_PURCHASES_FILE_H

#include "engine/population.h"

/* Simulates all items of a population and writes DIR/purchases.tsv, or DIR/purchases.h5.
 *
 *   made       borrowed; graph and truth
 *   n_bought   out, rows
 */
GV_CHECKED gv_status gv_purchases_write_text(gv_population_plan *plan, const gv_population *made,
                                             const char *path, bool overwrite, int64_t *n_bought,
                                             gv_error *err);
GV_CHECKED gv_status gv_purchases_write_h5(gv_population_plan *plan, const gv_population *made,
                                           const char *path, bool overwrite, int64_t *n_bought,
                                           gv_error *err);

#endif
