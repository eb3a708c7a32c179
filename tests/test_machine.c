/* test_machine.c -- topologies that are not this machine, limits from made-up control groups, and
 * the context's use of both. */
#include "greatest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/context.h"
#include "engine/memory.h"
#include "engine/topology.h"
#include "support/graphs.h"

static gv_topology *load(const char *synthetic, const char *allowed)
{
    const gv_topology_source s = {.synthetic = synthetic, .allowed = allowed};
    return gv_topology_load(&s);
}

static const char two_by_eight[] = "pack:2 [numa] l3:1(size=33554432) l2:8(size=1048576) "
                                   "l1:1(size=49152) core:1 pu:1";
static const char four_by_sixteen[] = "pack:4 [numa] l3:1(size=67108864) l2:16(size=2097152) core:1 pu:2";
static const char no_caches[] = "pack:2 core:8 pu:1";

/* ---- topologies ----------------------------------------------------------------------------- */

TEST describes_two_by_eight(void)
{
    gv_topology *t = load(two_by_eight, NULL);
    ASSERT(t != NULL);
    const gv_machine m = gv_topology_describe(t);
    ASSERT_EQ(2, m.packages);
    ASSERT_EQ(2, m.nodes);
    ASSERT_EQ(16, m.cores);
    ASSERT_EQ(16, m.cpus);
    ASSERT_EQ(48 << 10, m.l1);
    ASSERT_EQ(1 << 20, m.l2);
    ASSERT_EQ(32 << 20, m.l3);
    ASSERT(gv_topology_has_nodes(t));
    gv_topology_free(t);
    PASS();
}

TEST describes_four_by_sixteen(void)
{
    gv_topology *t = load(four_by_sixteen, NULL);
    ASSERT(t != NULL);
    const gv_machine m = gv_topology_describe(t);
    ASSERT_EQ(4, m.packages);
    ASSERT_EQ(4, m.nodes);
    ASSERT_EQ(64, m.cores);
    ASSERT_EQ(128, m.cpus);
    ASSERT_EQ(0, m.l1);
    gv_topology_free(t);
    PASS();
}

TEST describes_a_machine_without_caches(void)
{
    gv_topology *t = load(no_caches, NULL);
    ASSERT(t != NULL);
    const gv_machine m = gv_topology_describe(t);
    ASSERT_EQ(16, m.cores);
    ASSERT_EQ(1, m.nodes);
    ASSERT_EQ(0, m.l1 + m.l2 + m.l3);
    ASSERT_FALSE(gv_topology_has_nodes(t));
    gv_topology_free(t);
    PASS();
}

TEST keeps_to_a_cpuset(void)
{
    gv_topology *t = load(two_by_eight, "11");
    ASSERT(t != NULL);
    const gv_machine m = gv_topology_describe(t);
    ASSERT_EQ(1, m.cores);
    ASSERT_EQ(1, m.cpus);
    ASSERT_EQ(1, m.nodes);
    ASSERT_FALSE(gv_topology_has_nodes(t));
    char text[64];
    ASSERT(gv_topology_places(t, 1, text, sizeof text));
    ASSERT_STR_EQ("{11}", text);
    ASSERT_FALSE(gv_topology_places(t, 2, text, sizeof text));
    ASSERT_STR_EQ("", text);
    gv_topology_free(t);
    PASS();
}

TEST refuses_what_is_no_topology(void)
{
    ASSERT(load("nothing of the kind", NULL) == NULL);
    ASSERT(load(no_caches, "99") == NULL);
    const gv_topology_source missing = {.xml = "/nonexistent/machine.xml"};
    ASSERT(gv_topology_load(&missing) == NULL);
    gv_topology_free(NULL);
    PASS();
}

/* One thread a core, dealt to the nodes evenly, neighbours on one node. */
TEST places_threads_by_node(void)
{
    char text[1024];
    gv_topology *t = load(two_by_eight, NULL);
    ASSERT(gv_topology_places(t, 4, text, sizeof text));
    ASSERT_STR_EQ("{0},{1},{8},{9}", text);
    ASSERT(gv_topology_places(t, 5, text, sizeof text));
    ASSERT_STR_EQ("{0},{1},{2},{8},{9}", text);
    ASSERT(gv_topology_places(t, 16, text, sizeof text));
    ASSERT_EQ(0, strncmp(text, "{0},{1},{2},{3},{4},{5},{6},{7},{8}", 34));
    ASSERT_FALSE(gv_topology_places(t, 17, text, sizeof text));
    ASSERT_FALSE(gv_topology_places(t, 0, text, sizeof text));
    ASSERT_FALSE(gv_topology_places(t, 16, text, 20));
    ASSERT_STR_EQ("", text);
    gv_topology_free(t);
    t = load(four_by_sixteen, NULL);
    ASSERT(gv_topology_places(t, 4, text, sizeof text));
    ASSERT_STR_EQ("{0,1},{32,33},{64,65},{96,97}", text);
    gv_topology_free(t);
    PASS();
}

/* A node with few cores gives what it has. */
TEST places_threads_on_uneven_nodes(void)
{
    char text[256];
    gv_topology *t = load(two_by_eight, "0-7,8");
    ASSERT(gv_topology_places(t, 6, text, sizeof text));
    ASSERT_STR_EQ("{0},{1},{2},{3},{4},{8}", text);
    ASSERT_FALSE(gv_topology_places(t, 10, text, sizeof text));
    gv_topology_free(t);
    PASS();
}

/* A recorded machine is described, but pages are never placed by it. */
TEST interleaves_on_this_machine_alone(void)
{
    char block[4096];
    gv_topology *t = load(two_by_eight, NULL);
    ASSERT_FALSE(gv_topology_interleave(t, block, sizeof block));
    gv_topology_free(t);
    t = gv_topology_load(NULL);
    ASSERT(t != NULL);
    if (!gv_topology_has_nodes(t))
        ASSERT_FALSE(gv_topology_interleave(t, block, sizeof block));
    gv_topology_free(t);
    PASS();
}

TEST looks_at_this_machine(void)
{
    char text[256];
    const gv_machine m = gv_machine_look();
    ASSERT_GTE(m.cores, 1);
    ASSERT_GTE(m.cpus, m.cores);
    ASSERT_GTE(m.nodes, 1);
    ASSERT_EQ(1, gv_machine_threads(1));
    ASSERT_LTE(gv_machine_threads(0), m.cores);
    ASSERT(gv_machine_places(1, text, sizeof text));
    ASSERT_EQ('{', text[0]);
    ASSERT_FALSE(gv_machine_places(m.cores + 1, text, sizeof text));
    PASS();
}

/* ---- contexts ------------------------------------------------------------------------------- */

TEST context_takes_the_options(void)
{
    gv_context *ctx;
    gv_error err;
    gv_context_opts o = gv_context_defaults();
    o.most_threads = 1;
    o.placement = GV_PLACE_INTERLEAVE;
    o.memory_limit = 8 << 20;
    ASSERT_EQ(GV_OK, gv_context_create(&o, &ctx, &err));
    ASSERT_EQ(1, gv_context_threads(ctx));
    ASSERT_EQ(8 << 20, gv_context_memory_limit(ctx));
    char *mine = gv_context_take(ctx, 5 << 20, 1);
    ASSERT(mine != NULL);
    ASSERT_EQ(0, mine[0] | mine[(5 << 20) - 1]);
    ASSERT_EQ(5 << 20, gv_context_memory_used(ctx));
    ASSERT(gv_context_take(ctx, 5 << 20, 1) == NULL);
    gv_context_release(ctx, mine);
    gv_context_release(ctx, NULL);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    o.most_threads = -1;
    ASSERT_EQ(GV_ERR_RANGE, gv_context_create(&o, &ctx, &err));
    ASSERT_STR_EQ("most_threads -1 is negative", err.message);
    o.most_threads = 0, o.placement = (gv_placement)7;
    ASSERT_EQ(GV_ERR_ARG, gv_context_create(&o, &ctx, &err));
    ASSERT_STR_EQ("placement 7 is not 0 or 1", err.message);
    gv_context_free(NULL);
    PASS();
}

/* ---- limits --------------------------------------------------------------------------------- */

enum { PATH_ROOM = 512 };
static char root[64];

/* Writes a file of the made-up machine, with its folders. */
static void put(const char *path, const char *text)
{
    char full[PATH_ROOM];
    snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *p = full + strlen(root) + 1; *p != '\0'; p++)
        if (*p == '/') {
            *p = '\0';
            mkdir(full, 0777);
            *p = '/';
        }
    FILE *to = fopen(full, "w");
    if (to != NULL) {
        fputs(text, to);
        fclose(to);
    }
}

static bool new_root(void)
{
    strcpy(root, "/tmp/gv_machine_XXXXXX");
    return mkdtemp(root) != NULL;
}

static void drop_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", root);
    if (system(command) != 0)
        fprintf(stderr, "%s was not removed\n", root);
}

static const char meminfo[] = "MemTotal:       16000000 kB\nMemFree:  1 kB\n"
                              "MemAvailable:    8000000 kB\n";

TEST limits_without_groups(void)
{
    ASSERT(new_root());
    put("proc/meminfo", meminfo);
    const gv_limits l = gv_limits_read(root);
    ASSERT_EQ(INT64_C(16384000000), l.total);
    ASSERT_EQ(INT64_C(8192000000), l.available);
    ASSERT_EQ(INT64_MAX, l.group_limit);
    ASSERT_EQ(INT64_MAX, l.group_left);
    ASSERT_EQ(INT64_C(7680000000), l.memory);
    ASSERT_EQ(0.0, l.group_cpus);
    drop_root();
    PASS();
}

TEST limits_of_nothing(void)
{
    const gv_limits l = gv_limits_read("/nonexistent");
    ASSERT_EQ(0, l.total);
    ASSERT_EQ(0, l.memory);
    ASSERT_EQ(INT64_MAX, l.group_limit);
    PASS();
}

/* The parent's limit is tighter than the group's own; file cache counts as free. */
TEST limits_of_version_two(void)
{
    ASSERT(new_root());
    put("proc/meminfo", meminfo);
    put("proc/self/cgroup", "0::/batch/job_7\n");
    put("sys/fs/cgroup/batch/job_7/memory.max", "max\n");
    put("sys/fs/cgroup/batch/memory.max", "4096000000\n");
    put("sys/fs/cgroup/batch/memory.current", "1500000000\n");
    put("sys/fs/cgroup/batch/memory.stat", "anon 5\ninactive_file 500000000\nslab 7\n");
    put("sys/fs/cgroup/batch/job_7/cpu.max", "250000 100000\n");
    put("sys/fs/cgroup/batch/cpu.max", "max 100000\n");
    const gv_limits l = gv_limits_read(root);
    ASSERT_EQ(INT64_C(4096000000), l.group_limit);
    ASSERT_EQ(INT64_C(3096000000), l.group_left);
    ASSERT_EQ(INT64_C(3096000000) - INT64_C(3096000000) / 16, l.memory);
    ASSERT_EQ(2.5, l.group_cpus);
    drop_root();
    PASS();
}

/* A container names the path outside, but sees its own group at the root. */
TEST limits_of_a_container(void)
{
    ASSERT(new_root());
    put("proc/meminfo", meminfo);
    put("proc/self/cgroup", "0::/docker/0123abcd\n");
    put("sys/fs/cgroup/memory.max", "1600000000\n");
    put("sys/fs/cgroup/memory.current", "1700000000\n");
    const gv_limits l = gv_limits_read(root);
    ASSERT_EQ(INT64_C(1600000000), l.group_limit);
    ASSERT_EQ(0, l.group_left);
    ASSERT_EQ(0, l.memory);
    drop_root();
    PASS();
}

TEST limits_of_version_one(void)
{
    ASSERT(new_root());
    put("proc/meminfo", meminfo);
    put("proc/self/cgroup", "5:memory:/slurm/job_9/step_0\n4:cpu,cpuacct:/slurm\n3:cpuset:/x\n");
    put("sys/fs/cgroup/memory/slurm/job_9/memory.limit_in_bytes", "2000000000\n");
    put("sys/fs/cgroup/memory/slurm/job_9/memory.usage_in_bytes", "400000000\n");
    put("sys/fs/cgroup/memory/slurm/job_9/memory.stat", "total_inactive_file 0\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_quota_us", "400000\n");
    put("sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    const gv_limits l = gv_limits_read(root);
    ASSERT_EQ(2000000000, l.group_limit);
    ASSERT_EQ(1600000000, l.group_left);
    ASSERT_EQ(1500000000, l.memory);
    ASSERT_EQ(4.0, l.group_cpus);
    drop_root();
    PASS();
}

TEST limits_that_make_no_sense(void)
{
    ASSERT(new_root());
    put("proc/meminfo", "MemTotal kB\nMemAvailable:\n");
    put("proc/self/cgroup", "no colons\n0:\n1::x\n0::/a\n");
    put("sys/fs/cgroup/a/memory.max", "twelve\n");
    put("sys/fs/cgroup/a/cpu.max", "\n");
    const gv_limits l = gv_limits_read(root);
    ASSERT_EQ(0, l.total);
    ASSERT_EQ(INT64_MAX, l.group_limit);
    ASSERT_EQ(0, l.memory);
    drop_root();
    PASS();
}

SUITE(machine)
{
    RUN_TEST(describes_two_by_eight);
    RUN_TEST(describes_four_by_sixteen);
    RUN_TEST(describes_a_machine_without_caches);
    RUN_TEST(keeps_to_a_cpuset);
    RUN_TEST(refuses_what_is_no_topology);
    RUN_TEST(places_threads_by_node);
    RUN_TEST(places_threads_on_uneven_nodes);
    RUN_TEST(interleaves_on_this_machine_alone);
    RUN_TEST(looks_at_this_machine);
    RUN_TEST(context_takes_the_options);
    RUN_TEST(limits_without_groups);
    RUN_TEST(limits_of_nothing);
    RUN_TEST(limits_of_version_two);
    RUN_TEST(limits_of_a_container);
    RUN_TEST(limits_of_version_one);
    RUN_TEST(limits_that_make_no_sense);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(machine);
    GREATEST_MAIN_END();
}
