/* influence_level.h -- both passes of i1 and i2 for one set of instructions: a file that includes
 * this defines LEVEL, and is compiled with the options of that set (CMakeLists.txt). Topics are
 * worked on side by side in 4, 8 or 16 lanes that never meet, and what is added to what hangs on
 * the places of edges in their row alone, so all sets give the same bits. */
#include "kernels/influence_two.h"

static void pass_one(const influence_batch *b, int64_t begin, int64_t end)
{
    if (b->lanes == 4)
        rows_one(b, begin, end, 4);
    else if (b->lanes == 8)
        rows_one(b, begin, end, 8);
    else
        rows_one(b, begin, end, 16);
}

static void pass_two(const influence_batch *b, int64_t begin, int64_t end)
{
    if (b->lanes == 4)
        rows_two(b, begin, end, 4);
    else if (b->lanes == 8)
        rows_two(b, begin, end, 8);
    else
        rows_two(b, begin, end, 16);
}

const influence_level LEVEL = {pass_one, pass_two};
