/* whole.h -- all of so many bytes at a place of a file: signals interrupt calls, and calls move
 * fewer bytes than they were asked to. */
#ifndef IO_WHOLE_H
#define IO_WHOLE_H

#include <stdbool.h>
#include <stdint.h>

/* False with errno, which is 0 where the file ends too early. */
bool gv_read_at(int fd, void *data, int64_t bytes, int64_t at);
/* False with errno, which is ENOSPC where nothing more is taken. */
bool gv_write_at(int fd, const void *data, int64_t bytes, int64_t at);

#endif
