/* json.h -- writing one JSON value: texts escaped, numbers that read back the same. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_DEPTH = 16 };

typedef struct json {
    FILE *to;
    int depth;
    bool filled[JSON_DEPTH]; /* the open object or list has a member */
} json;

/* `name` is the member's name, NULL in a list and for the outermost value. */
void json_open(json *j, const char *name, char bracket); /* '{' or '[' */
void json_close(json *j, char bracket);                  /* '}' or ']' */
void json_text(json *j, const char *name, const char *text);
void json_int(json *j, const char *name, int64_t value);
void json_real(json *j, const char *name, double value); /* null when it is not finite */
void json_bool(json *j, const char *name, bool value);

#endif
