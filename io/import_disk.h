/* import_disk.h -- what the two halves of the build on disk share: import_shelf.c parts items by
 * rows and gives them back a range of rows at a time, import_disk.c makes rows of them. */
#ifndef IO_IMPORT_DISK_H
#define IO_IMPORT_DISK_H

#include "io/import.h"

enum { SHELF_BUCKETS = 256 };

/* Items parted by ranges of rows: item `key` lies in bucket (key - base) >> shift. */
typedef struct shelf {
    importer *im;
    bool values;
    uint64_t base;
    int shift; /* at least the bits of a column, so that no row is torn */
    int64_t n_buckets;
    gv_pile key[SHELF_BUCKETS], value[SHELF_BUCKETS];
} shelf;

/* For about `n` items with rows in [base, base + rows), of which `most` may be taken at a time. */
void shelf_begin(importer *im, int64_t base, int64_t rows, bool values, int64_t n, int64_t most,
                 shelf *s);
void shelf_end(shelf *s);

/* Puts items on the shelf. Scratch: as much as the items. */
GV_CHECKED gv_status shelf_put(shelf *s, const gv_items *items, gv_error *err);

/* Hands over all items, rows ascending, in groups of whole rows, unsorted; the shelf is empty
 * afterwards. `use` may change the items and take them. */
typedef gv_status shelf_fn(void *arg, gv_items *items, gv_error *err);
GV_CHECKED gv_status shelf_empty(shelf *s, int64_t most, shelf_fn *use, void *arg, gv_error *err);

#endif
