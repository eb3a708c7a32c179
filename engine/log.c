/* log.c -- access to a purchase log. */
#include "engine/log.h"

#include <sys/mman.h>

#include "engine/memory.h"

GV_API void gv_log_free(gv_log *log)
{
    if (log == NULL)
        return;
    gv_free(log->ctx, log->topic_name);
    gv_free(log->ctx, log->topic_items);
    gv_free(log->ctx, log->item_topic);
    gv_free(log->ctx, log->item_key);
    gv_free(log->ctx, log->item_share);
    gv_free(log->ctx, log->indptr);
    if (log->mapping != NULL) {
        munmap(log->mapping, (size_t)log->mapped);
    } else {
        gv_free(log->ctx, log->user);
        gv_free(log->ctx, log->time);
    }
    gv_free(log->ctx, log);
}

static void rest_pages(const void *data, int64_t bytes)
{
    enum { PAGE = 4096 };
    const uintptr_t begin = (uintptr_t)data, askew = begin % PAGE;
    if (bytes > 0)
        madvise((void *)(begin - askew), (size_t)bytes + askew, MADV_DONTNEED);
}

void gv_log_rest(const gv_log *log, int64_t first, int64_t end)
{
    if (log->mapping == NULL)
        return;
    rest_pages(log->user + first, (end - first) * (int64_t)sizeof *log->user);
    rest_pages(log->time + first, (end - first) * (int64_t)sizeof *log->time);
}

GV_API gv_log_info gv_log_describe(const gv_log *log)
{
    return log->info;
}

GV_API const char *gv_log_topic(const gv_log *log, int32_t z)
{
    return z >= 0 && z < log->info.n_topics ? log->topic_name[z] : NULL;
}
