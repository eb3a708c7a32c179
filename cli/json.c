/* json.c -- see json.h. */
#include "cli/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static void put_escaped(FILE *to, const char *text)
{
    fputc('"', to);
    for (const char *c = text; *c != '\0'; c++) {
        const unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\')
            fprintf(to, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(to, "\\u%04x", (unsigned)byte);
        else
            fputc(byte, to);
    }
    fputc('"', to);
}

/* Comma, line and indentation, name: what stands before a value. */
static void begin(json *j, const char *name)
{
    if (j->depth > 0) {
        if (j->filled[j->depth])
            fputc(',', j->to);
        fprintf(j->to, "\n%*s", 2 * j->depth, "");
        j->filled[j->depth] = true;
    }
    if (name != NULL) {
        put_escaped(j->to, name);
        fputs(": ", j->to);
    }
}

void json_open(json *j, const char *name, char bracket)
{
    begin(j, name);
    fputc(bracket, j->to);
    if (j->depth + 1 < JSON_DEPTH)
        j->filled[++j->depth] = false;
}

void json_close(json *j, char bracket)
{
    const bool filled = j->filled[j->depth];
    j->depth--;
    if (filled)
        fprintf(j->to, "\n%*s", 2 * j->depth, "");
    fputc(bracket, j->to);
    if (j->depth == 0)
        fputc('\n', j->to);
}

void json_text(json *j, const char *name, const char *text)
{
    begin(j, name);
    put_escaped(j->to, text);
}

void json_int(json *j, const char *name, int64_t value)
{
    begin(j, name);
    fprintf(j->to, "%" PRId64, value);
}

void json_real(json *j, const char *name, double value)
{
    char text[32];
    begin(j, name);
    if (!isfinite(value)) {
        fputs("null", j->to);
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fputs(text, j->to);
}

void json_bool(json *j, const char *name, bool value)
{
    begin(j, name);
    fputs(value ? "true" : "false", j->to);
}
