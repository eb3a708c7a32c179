/* fuzz_job.c -- job files: any bytes are read as a job or refused with a line; nothing runs. Run it
 * with -close_fd_mask=2, or be shown a line for nearly every input. */
#include <unistd.h>

#include "cli/job.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static job j;
    static cli_session session;
    char path[32];
    const int fd = fuzz_file(data, size, path);
    if (job_load(&session, path, &j) == CLI_OK)
        job_free(&j);
    close(fd);
    return 0;
}
