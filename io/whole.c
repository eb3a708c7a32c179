/* whole.c -- see whole.h. */
#define _GNU_SOURCE
#include "io/whole.h"

#include <errno.h>
#include <unistd.h>

bool gv_read_at(int fd, void *data, int64_t bytes, int64_t at)
{
    char *to = data;
    while (bytes > 0) {
        const ssize_t n = pread(fd, to, (size_t)bytes, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = 0;
        if (n <= 0)
            return false;
        to += n, at += n, bytes -= n;
    }
    return true;
}

bool gv_write_at(int fd, const void *data, int64_t bytes, int64_t at)
{
    const char *from = data;
    while (bytes > 0) {
        const ssize_t n = pwrite(fd, from, (size_t)bytes, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = ENOSPC;
        if (n <= 0)
            return false;
        from += n, at += n, bytes -= n;
    }
    return true;
}
