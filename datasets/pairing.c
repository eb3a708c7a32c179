/* pairing.c -- see pairing.h.
 *
 * A Feistel network of six rounds (Luby, Rackoff, SIAM J. Computing 17, 1988) permutes the numbers
 * of as many bits as n - 1 has; a number that lands outside [0, n) is sent through again until it
 * lands inside ("cycle walking", Black, Rogaway, CT-RSA 2002), twice on average at most, save for n
 * below 3. */
#include "datasets/pairing.h"

#include "engine/rng.h"

enum { ROUNDS = 6 };

gv_pairing gv_pairing_make(uint64_t key, int64_t n)
{
    int32_t bits = 2;
    while (bits < 62 && INT64_C(1) << bits < n)
        bits++;
    return (gv_pairing){.key = key, .n = n, .low_bits = bits / 2, .high_bits = bits - bits / 2};
}

static uint64_t scramble(const gv_pairing *p, int round, uint64_t half)
{
    return gv_mix(p->key + half * ROUNDS + (uint64_t)round);
}

/* One pass through the rounds in either direction: each round changes one half by a function of the
 * other, so that running the rounds backwards undoes them. */
static uint64_t network(const gv_pairing *p, uint64_t x, int first, int step)
{
    const uint64_t low_mask = (UINT64_C(1) << p->low_bits) - 1;
    const uint64_t high_mask = (UINT64_C(1) << p->high_bits) - 1;
    uint64_t low = x & low_mask, high = x >> p->low_bits;
    for (int i = 0, round = first; i < ROUNDS; i++, round += step) {
        if (round % 2 == 0)
            low ^= scramble(p, round, high) & low_mask;
        else
            high ^= scramble(p, round, low) & high_mask;
    }
    return high << p->low_bits | low;
}

static int64_t walk(const gv_pairing *p, int64_t i, int first, int step)
{
    uint64_t x = (uint64_t)i;
    do
        x = network(p, x, first, step);
    while (x >= (uint64_t)p->n);
    return (int64_t)x;
}

int64_t gv_pairing_position(const gv_pairing *p, int64_t i)
{
    return walk(p, i, 0, 1);
}

int64_t gv_pairing_number(const gv_pairing *p, int64_t position)
{
    return walk(p, position, ROUNDS - 1, -1);
}

int64_t gv_pairing_partner(const gv_pairing *p, int64_t i)
{
    const int64_t across = gv_pairing_position(p, i) ^ 1;
    return across < p->n ? gv_pairing_number(p, across) : -1;
}
