/* kill_at.c -- kill_at [term] POINT COMMAND...: runs a command and kills it (SIGKILL) when it is
 * about to make its system call number POINT, from 0, of those that change files. Leaves with 137
 * then, with the command's exit code if it ended before, with 77 where processes may not be traced.
 * With "term" it sends SIGTERM and leaves with what the command makes of it. With POINT "count" the
 * command runs to its end, and the number of these calls goes to standard output. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT = 77, KILLED = 137 };

static const long changes_files[] = {
    SYS_write,     SYS_pwrite64,  SYS_pwritev,  SYS_fsync,   SYS_fallocate,
    SYS_ftruncate, SYS_renameat2, SYS_unlinkat, SYS_mkdirat,
#ifdef SYS_rename /* older names, which not every architecture has */
    SYS_rename,    SYS_renameat,  SYS_unlink,   SYS_mkdir,
#endif
};

static int start(char **command)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(CANNOT);
    raise(SIGSTOP);
    execvp(command[0], command);
    _exit(127);
}

/* Whether the stopped thread enters one of the calls that count. */
static int enters_change(pid_t thread)
{
    struct __ptrace_syscall_info info;
    const long got = ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *)sizeof info, &info);
    if (got <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return 0;
    if ((long)info.entry.nr == SYS_openat) /* a name or a nameless file is made */
        return (info.entry.args[2] & (O_CREAT | O_TMPFILE)) != 0;
    for (size_t i = 0; i < sizeof changes_files / sizeof *changes_files; i++)
        if ((long)info.entry.nr == changes_files[i])
            return 1;
    return 0;
}

/* Lets all threads of `child` run, up to the change number `point` (below 0: to the end). */
static int trace(pid_t child, long point, int with)
{
    long count = 0;
    for (;;) {
        int status, deliver = 0;
        const pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0)
            return errno == ECHILD ? KILLED : CANNOT;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (thread != child)
                continue;
            if (point < 0)
                printf("%ld\n", count);
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        const int signal = WSTOPSIG(status);
        if (signal == (SIGTRAP | 0x80)) {
            if (enters_change(thread) && count++ == point)
                kill(child, with);
        } else if (status >> 16 == 0 && signal != SIGSTOP && signal != SIGTRAP) {
            deliver = signal;
        }
        ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(long)deliver);
    }
}

int main(int argc, char **argv)
{
    int status, with = SIGKILL;
    if (argc > 1 && strcmp(argv[1], "term") == 0) {
        with = SIGTERM;
        argc--, argv++;
    }
    if (argc < 3)
        return 2;
    const long point = strcmp(argv[1], "count") == 0 ? -1 : atol(argv[1]);
    const pid_t child = fork();
    if (child == 0)
        return start(argv + 2);
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
        return CANNOT;
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)options) != 0 ||
        ptrace(PTRACE_SYSCALL, child, NULL, NULL) != 0)
        return CANNOT;
    return trace(child, point, with);
}
