/* peak.c -- runs a command and prints the largest resident size that it had, in bytes, on standard
 * output; the command's own output goes to standard error. Leaves with the command's exit code. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int status;
    struct rusage usage;
    if (argc < 2)
        return 2;
    const pid_t child = fork();
    if (child == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return 126;
    if (getrusage(RUSAGE_CHILDREN, &usage) != 0)
        return 125;
    printf("%lld\n", (long long)usage.ru_maxrss * 1024);
    return WEXITSTATUS(status);
}
