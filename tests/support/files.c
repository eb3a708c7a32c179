/* files.c -- see files.h. */
#define _GNU_SOURCE
#include "tests/support/files.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
/* A scrambled file may make HDF5 ask for absurd amounts of memory: let it be refused. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
#endif

const char *test_folder(char *text)
{
    const char *tmp = getenv("TMPDIR");
    if (tmp == NULL) /* in memory where that is possible: each file written is synced */
        tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(text, TEST_PATH, "%s/grapevine-test-XXXXXX", tmp);
    if (mkdtemp(text) == NULL) {
        perror(text);
        exit(EXIT_FAILURE);
    }
    return text;
}

const char *test_path(const char *folder, const char *name, char *text)
{
    if (snprintf(text, TEST_PATH, "%s/%s", folder, name) >= TEST_PATH)
        exit(EXIT_FAILURE);
    return text;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

void test_remove(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

char *test_bytes(const char *path, int64_t *size)
{
    struct stat info;
    FILE *f = fopen(path, "rb");
    if (f == NULL || fstat(fileno(f), &info) != 0) {
        if (f != NULL)
            fclose(f);
        return NULL;
    }
    char *bytes = malloc((size_t)info.st_size + 1);
    if (bytes != NULL && fread(bytes, 1, (size_t)info.st_size, f) != (size_t)info.st_size) {
        free(bytes);
        bytes = NULL;
    }
    fclose(f);
    *size = (int64_t)info.st_size;
    return bytes;
}

bool test_write(const char *path, const void *data, int64_t size)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL)
        return false;
    const bool ok = fwrite(data, 1, (size_t)size, f) == (size_t)size;
    return fclose(f) == 0 && ok;
}

bool test_patch(const char *path, int64_t offset, const void *data, int64_t size)
{
    const int fd = open(path, O_WRONLY);
    if (fd < 0)
        return false;
    const bool ok = pwrite(fd, data, (size_t)size, offset) == size;
    return close(fd) == 0 && ok;
}

bool test_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool test_same(const char *a, const char *b)
{
    int64_t size_a = 0, size_b = 0;
    char *x = test_bytes(a, &size_a), *y = test_bytes(b, &size_b);
    const bool same =
        x != NULL && y != NULL && size_a == size_b && memcmp(x, y, (size_t)size_a) == 0;
    free(x);
    free(y);
    return same;
}

bool test_small_disk(const char *folder, int kilobytes)
{
    char options[64];
    snprintf(options, sizeof options, "size=%dk", kilobytes);
    return mkdir(folder, 0777) == 0 && mount("none", folder, "tmpfs", 0, options) == 0;
}

void test_unmount(const char *folder)
{
    umount2(folder, MNT_DETACH);
}
