/* test_points_simd.c -- the vectors of the kernel points and their plain twin give the same
 * numbers, whatever their count. */
#include "greatest.h"
#include "kernels/points_simd.h"

GREATEST_MAIN_DEFS();

enum { ROWS = 1000, MOST = 64 };

/* Rows with every kind of threshold, every third with sure edges. */
static void fill_rows(gv_points_row *row, int shift)
{
    for (uint64_t i = 0; i < ROWS; i++) {
        const uint32_t threshold = (uint32_t)(gv_mix(i) >> 32);
        const float lambda = (float)gv_unit(gv_mix(i + ROWS));
        row[i << (shift - GV_ROW_ALONE)] = (gv_points_row){.place = i,
                                                           .threshold = i % 7 == 0   ? 0
                                                                        : i % 7 == 1 ? UINT32_MAX
                                                                                     : threshold,
                                                           .lambda = i % 3 == 0 ? -lambda : lambda};
    }
}

TEST same_nodes(const gv_points_simd *simd, int shift)
{
    static gv_points_row row[ROWS << (GV_ROW_INLINE - GV_ROW_ALONE)];
    gv_node node[MOST], live[2][MOST + 7];
    uint64_t number[2][MOST + 7];
    fill_rows(row, shift);
    for (int n = 0; n <= MOST; n++) {
        for (int i = 0; i < n; i++)
            node[i] = (gv_node)gv_below(gv_mix((uint64_t)(n * MOST + i)), ROWS);
        const uint64_t k0 = gv_mix((uint64_t)n), k1 = gv_mix(k0);
        const int plain = gv_points_plain.live(row, shift, node, n, k0, k1, number[0], live[0]);
        ASSERT_EQ(plain, simd->live(row, shift, node, n, k0, k1, number[1], live[1]));
        ASSERT_MEM_EQ(live[0], live[1], (size_t)plain * sizeof *live[0]);
        ASSERT_MEM_EQ(number[0], number[1], (size_t)plain * sizeof *number[0]);
    }
    PASS();
}

TEST same_places(const gv_points_simd *simd)
{
    uint64_t x[MOST], slots[MOST], slot[2][MOST];
    uint32_t fraction[2][MOST];
    for (int n = 0; n <= MOST; n++) {
        for (int i = 0; i < n; i++) {
            x[i] = gv_mix((uint64_t)(n * MOST + i));
            slots[i] = i % 5 == 0 ? 0 : i % 5 == 1 ? UINT32_MAX : gv_mix(x[i]) >> (33 + i % 31);
        }
        gv_points_plain.places(x, slots, n, slot[0], fraction[0]);
        simd->places(x, slots, n, slot[1], fraction[1]);
        for (int i = 0; i < n; i++)
            ASSERT(slot[0][i] < slots[i] || slots[i] == 0);
        ASSERT_MEM_EQ(slot[0], slot[1], (size_t)n * sizeof *slot[0]);
        ASSERT_MEM_EQ(fraction[0], fraction[1], (size_t)n * sizeof *fraction[0]);
    }
    PASS();
}

SUITE(simd)
{
    RUN_TESTp(same_nodes, gv_points_best(), GV_ROW_ALONE);
    RUN_TESTp(same_nodes, gv_points_best(), GV_ROW_INLINE);
    RUN_TEST1(same_places, gv_points_best());
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(simd);
    GREATEST_MAIN_END();
}
