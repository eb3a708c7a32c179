/* job.c -- reads a job file through libcyaml, with a schema made from the commands' option tables.
 *
 * Every value is loaded as text and then set through the same function as a command-line option, so
 * a job accepts exactly what the command accepts. */
#include "cli/job.h"

#include <ctype.h>
#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const cli_command *const job_commands[JOB_STAGES] = {
    &cmd_import, &cmd_learn, &cmd_influence, &cmd_ppr, &cmd_cascade,
};

enum { MAX_KEYS = 40 };

/* Where libcyaml puts the value of one key: a text, or a list of texts. */
typedef struct slot {
    void *value;
    uint64_t count;
} slot;

typedef struct loaded_stage {
    slot key[MAX_KEYS];
} loaded_stage;

typedef struct loaded_job {
    char *output, *graph, *seed;
    loaded_stage *stage[JOB_STAGES];
} loaded_job;

typedef struct schema {
    cyaml_schema_value_t text, top;
    cyaml_schema_field_t top_field[JOB_STAGES + 4];
    cyaml_schema_field_t stage_field[JOB_STAGES][MAX_KEYS + 1];
    cyaml_config_t config;
} schema;

/* ---- schema -------------------------------------------------------------------------------- */

static cyaml_schema_value_t text_value(void)
{
    return (cyaml_schema_value_t){.type = CYAML_STRING,
                                  .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                                  .data_size = 1,
                                  .string = {.min = 1, .max = 65536}};
}

static cyaml_schema_field_t text_field(const char *key, size_t offset)
{
    return (cyaml_schema_field_t){
        .key = key, .data_offset = (uint32_t)offset, .value = text_value()};
}

static cyaml_schema_field_t option_field(const schema *sc, const cli_option *o, int index)
{
    const size_t at = offsetof(loaded_stage, key) + (size_t)index * sizeof(slot);
    cyaml_schema_field_t field = text_field(o->name, at + offsetof(slot, value));
    if (o->type == CLI_PATHS) {
        field.count_offset = (uint32_t)(at + offsetof(slot, count));
        field.count_size = sizeof(uint64_t);
        field.value =
            (cyaml_schema_value_t){.type = CYAML_SEQUENCE,
                                   .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                                   .data_size = sizeof(char *),
                                   .sequence = {.entry = &sc->text, .min = 1, .max = 65536}};
    }
    return field;
}

static void add_stage(schema *sc, int i)
{
    int n = 0;
    for (const cli_option *o = job_commands[i]->options; o->name != NULL && n < MAX_KEYS; o++, n++)
        sc->stage_field[i][n] = option_field(sc, o, n);
    sc->top_field[3 + i] = (cyaml_schema_field_t){
        .key = job_commands[i]->name,
        .data_offset = (uint32_t)(offsetof(loaded_job, stage) + (size_t)i * sizeof(void *)),
        .value = {.type = CYAML_MAPPING,
                  .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                  .data_size = sizeof(loaded_stage),
                  .mapping = {.fields = sc->stage_field[i]}}};
}

static void make_schema(schema *sc)
{
    sc->text = text_value();
    sc->text.flags = CYAML_FLAG_POINTER;
    sc->top_field[0] = text_field("output", offsetof(loaded_job, output));
    sc->top_field[1] = text_field("graph", offsetof(loaded_job, graph));
    sc->top_field[2] = text_field("seed", offsetof(loaded_job, seed));
    for (int i = 0; i < JOB_STAGES; i++)
        add_stage(sc, i);
    sc->top = (cyaml_schema_value_t){.type = CYAML_MAPPING,
                                     .flags = CYAML_FLAG_POINTER,
                                     .data_size = sizeof(loaded_job),
                                     .mapping = {.fields = sc->top_field}};
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* Whether a line of YAML begins with "key:". */
static bool is_key(const char *line, const char *key)
{
    const size_t n = strlen(key);
    const char *end = line + n;
    return strncmp(line, key, n) == 0 && end[strspn(end, " ")] == ':';
}

/* The line, from 1, of a key within a stage (NULL: at the top level); 0 if it is not found, as in
 * mappings written in one line. */
static int line_of(const char *path, const char *stage, const char *key)
{
    char *line = NULL;
    size_t room = 0;
    bool within = stage == NULL;
    int number = 0, found = 0;
    FILE *from = fopen(path, "r");
    while (from != NULL && found == 0 && getline(&line, &room, from) >= 0) {
        const size_t indent = strspn(line, " ");
        number++;
        if (stage != NULL && indent == 0 && strchr("#\r\n", line[0]) == NULL)
            within = is_key(line, stage);
        else if (within && (indent == 0) == (stage == NULL) && is_key(line + indent, key))
            found = number;
    }
    free(line);
    if (from != NULL)
        fclose(from);
    return found;
}

/* The first line from `begin` on that starts with the key, else `begin`. */
static int line_from(const char *path, int begin, const char *key)
{
    char *line = NULL;
    size_t room = 0;
    int number = 0, found = 0;
    FILE *from = fopen(path, "r");
    while (from != NULL && found == 0 && getline(&line, &room, from) >= 0)
        if (++number >= begin && is_key(line + strspn(line, " "), key))
            found = number;
    free(line);
    if (from != NULL)
        fclose(from);
    return found > 0 ? found : begin;
}

/* ---- messages ------------------------------------------------------------------------------ */

typedef struct complaint {
    char text[512];
    int line; /* 0: not known */
} complaint;

/* libcyaml says what is wrong first and then, from inside out, where. */
static void listen(cyaml_log_t level, void *context, const char *format, va_list args)
{
    complaint *c = context;
    char message[512];
    (void)level;
    vsnprintf(message, sizeof message, format, args);
    const char *line = strstr(message, "line: ");
    if (line != NULL && c->line == 0)
        c->line = atoi(line + strlen("line: "));
    if (c->text[0] != '\0')
        return;
    const char *from = strncmp(message, "Load: ", 6) == 0 ? message + 6 : message;
    snprintf(c->text, sizeof c->text, "%s", from);
    c->text[strcspn(c->text, "\n")] = '\0';
    c->text[0] = (char)tolower((unsigned char)c->text[0]);
}

/* The library's words for a list where a value belongs, and the other way round, in the user's. */
static const char *plain_words(const char *text)
{
    if (strncmp(text, "expecting SEQUENCE", strlen("expecting SEQUENCE")) == 0)
        return "a list is expected here, such as [a, b]";
    if (strncmp(text, "expecting STRING", strlen("expecting STRING")) == 0)
        return "a single value is expected here, not a list or a mapping";
    if (strncmp(text, "expecting MAPPING", strlen("expecting MAPPING")) == 0)
        return "a mapping of keys to values is expected here";
    return text;
}

static int complain(const cli_session *s, const char *path, const complaint *c, cyaml_err_t status)
{
    const char *text = c->text[0] != '\0' ? plain_words(c->text) : cyaml_strerror(status);
    if (status == CYAML_ERR_FILE_OPEN)
        return cli_fail_text(s, CLI_NO_INPUT, "%s: cannot be opened", path);
    static const char unexpected[] = "unexpected key: ";
    const size_t n = strlen(unexpected);
    int line = c->line; /* for a key that is not known: where its mapping begins */
    if (line > 0 && strncmp(text, unexpected, n) == 0)
        line = line_from(path, line, text + n);
    if (line > 0)
        return cli_fail_text(s, CLI_USAGE, "%s:%d: %s", path, line, text);
    return cli_fail_text(s, CLI_USAGE, "%s: %s", path, text);
}

int job_refuse(const cli_session *s, const char *path, const char *stage, const char *key,
               const gv_error *err)
{
    char place[32] = "";
    const int line = line_of(path, stage, key);
    if (line > 0)
        snprintf(place, sizeof place, "%d:", line);
    return cli_fail_text(s, CLI_USAGE, "%s:%s %s%s%s", path, place, stage != NULL ? stage : "",
                         stage != NULL ? ": " : "", err->message);
}

/* ---- values -------------------------------------------------------------------------------- */

static bool set_slot(const cli_option *o, void *opts, const slot *from, gv_error *err)
{
    if (o->type != CLI_PATHS)
        return from->value == NULL || cli_option_set(o, opts, from->value, err);
    const char *const *item = from->value;
    for (uint64_t i = 0; i < from->count; i++)
        if (!cli_option_set(o, opts, item[i], err))
            return false;
    return true;
}

static int fill_stage(const cli_session *s, const char *path, job *j, int i,
                      const loaded_stage *from)
{
    gv_error err;
    const cli_command *command = job_commands[i];
    j->stage[i].present = from != NULL;
    if (command->defaults != NULL)
        command->defaults(j->stage[i].opts);
    for (int k = 0; from != NULL && command->options[k].name != NULL && k < MAX_KEYS; k++)
        if (!set_slot(&command->options[k], j->stage[i].opts, &from->key[k], &err))
            return job_refuse(s, path, command->name, command->options[k].name, &err);
    return CLI_OK;
}

int job_load(cli_session *s, const char *path, job *j)
{
    complaint c = {.text = ""};
    memset(j, 0, sizeof *j);
    schema *sc = calloc(1, sizeof *sc);
    if (sc == NULL)
        return cli_fail_text(s, CLI_NO_RESOURCES, "out of memory");
    make_schema(sc);
    sc->config = (cyaml_config_t){
        .log_fn = listen, .log_ctx = &c, .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR};
    j->schema = sc;
    loaded_job *loaded = NULL;
    const cyaml_err_t status =
        cyaml_load_file(path, &sc->config, &sc->top, (cyaml_data_t **)&loaded, NULL);
    sc->config.log_ctx = NULL;
    sc->config.log_fn = NULL;
    if (status != CYAML_OK) {
        job_free(j);
        return complain(s, path, &c, status);
    }
    if (loaded == NULL) { /* libcyaml's word for a file that holds nothing */
        job_free(j);
        return cli_fail_text(s, CLI_USAGE, "%s: is empty", path);
    }
    j->loaded = loaded;
    j->output = loaded->output, j->graph = loaded->graph, j->seed = loaded->seed;
    int code = CLI_OK;
    for (int i = 0; i < JOB_STAGES && code == CLI_OK; i++)
        code = fill_stage(s, path, j, i, loaded->stage[i]);
    if (code != CLI_OK)
        job_free(j);
    return code;
}

void job_free(job *j)
{
    schema *sc = j->schema;
    for (int i = 0; i < JOB_STAGES; i++)
        cli_options_free(job_commands[i]->options, j->stage[i].opts);
    if (j->loaded != NULL)
        cyaml_free(&sc->config, &sc->top, j->loaded, 0);
    free(sc);
    memset(j, 0, sizeof *j);
}
