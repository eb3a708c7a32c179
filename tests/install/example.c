/* example.c -- what a user of the installed library writes: who hears of a friend's purchase? */
#include <grapevine/grapevine.h>
#include <stdio.h>

int main(void)
{
    const gv_node from[] = {0, 1, 1}, to[] = {1, 2, 3};
    const int64_t start[] = {0, 1};
    const gv_node source[] = {0};
    const gv_teleport teleport = {.n_columns = 1, .offset = start, .node = source};
    double score[4];
    gv_context *ctx = NULL;
    gv_graph *g = NULL;
    gv_error err;
    gv_status st = gv_context_create(NULL, &ctx, &err);
    if (st == GV_OK)
        st = gv_graph_build(ctx, 4, from, to, NULL, 3, NULL, NULL, &g, NULL, &err);
    if (st == GV_OK)
        st = gv_ppr(ctx, g, &teleport, NULL, score, NULL, &err);
    if (st == GV_OK)
        printf("%.6f %.6f %.6f %.6f\n", score[0], score[1], score[2], score[3]);
    else
        fprintf(stderr, "%s\n", err.message);
    gv_graph_free(g);
    gv_context_free(ctx);
    return st == GV_OK ? 0 : 1;
}
