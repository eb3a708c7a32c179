/* merge_options.c -- the options that parts were made with: all alike, but for the worlds.
 *
 * A run over worlds 0 to R - 1 says `sims: R`, any other says `sims` and `sim-range`
 * (cascade_noted() in cascade_write.c). */
#include "cli/merge_work.h"

static const char stage[] = "cascade:\n", sims[] = "  sims: ", range[] = "  sim-range: ";

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end != NULL ? end + 1 : line + strlen(line);
}

static void put_worlds(FILE *to, int64_t first, int64_t n)
{
    fprintf(to, "%s%" PRId64 "\n", sims, n);
    if (first > 0)
        fprintf(to, "%s\"%" PRId64 ":%" PRId64 "\"\n", range, first, first + n);
}

char *merge_options(const char *yaml, int64_t first, int64_t n)
{
    char *text = NULL;
    size_t size = 0;
    bool within = false, found = false;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL)
        return NULL;
    for (const char *line = yaml, *end; *line != '\0'; line = end) {
        end = next_line(line);
        if (line[0] != ' ')
            within = begins(line, stage);
        if (within && begins(line, range))
            continue;
        if (!within || !begins(line, sims)) {
            fwrite(line, 1, (size_t)(end - line), to);
            continue;
        }
        found = true;
        if (n > 0)
            put_worlds(to, first, n);
    }
    if (fclose(to) == 0 && found)
        return text;
    free(text);
    return NULL;
}

bool merge_find_name(const char *yaml, char *name, size_t room)
{
    static const char key[] = "  name: \"";
    bool within = false;
    for (const char *line = yaml; *line != '\0'; line = next_line(line)) {
        if (line[0] != ' ')
            within = begins(line, stage);
        if (!within || !begins(line, key))
            continue;
        const char *value = line + sizeof key - 1;
        const size_t length = strcspn(value, "\"\n");
        if (value[length] != '"' || length >= room)
            return false;
        memcpy(name, value, length);
        name[length] = '\0';
        return true;
    }
    return false;
}
