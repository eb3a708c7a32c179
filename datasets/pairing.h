/* pairing.h -- keyed permutations of 0 .. n - 1 that can be undone, and matchings made of them.
 *
 * In a matching the numbers at positions 2j and 2j + 1 of the permuted order are partners, so each
 * of two partners finds the other by arithmetic alone: no list of pairs exists anywhere. */
#ifndef DATASETS_PAIRING_H
#define DATASETS_PAIRING_H

#include <stdint.h>

typedef struct gv_pairing {
    uint64_t key;
    int64_t n;
    int32_t low_bits, high_bits; /* the Feistel halves; together at least the bits of n - 1 */
} gv_pairing;

/* n in [1, 2^62]. */
gv_pairing gv_pairing_make(uint64_t key, int64_t n);

/* Where number i in [0, n) stands in the permuted order. */
int64_t gv_pairing_position(const gv_pairing *p, int64_t i);

/* The number that stands at `position` in [0, n). */
int64_t gv_pairing_number(const gv_pairing *p, int64_t position);

/* The partner of number i, or -1 for the one number that an odd n leaves alone. */
int64_t gv_pairing_partner(const gv_pairing *p, int64_t i);

#endif
