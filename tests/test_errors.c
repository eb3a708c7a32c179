/* test_errors.c -- docs/errors.md has every status and exit code, with the texts of the code. */
#include "greatest.h"

#include "cli/cli.h"
#include "grapevine/error.h"
#include "tests/support/files.h"

typedef struct row {
    const char *name;
    int code;
    const char *text;
} row;

#define ROW(name, code, text) {#name, code, text},
static const row statuses[] = {GV_STATUS_MAP(ROW)};
static const int n_statuses = (int)(sizeof statuses / sizeof *statuses);

static const int exit_codes[] = {CLI_OK,          CLI_USAGE,        CLI_NOT_CONVERGED, CLI_BAD_DATA,
                                 CLI_NO_INPUT,    CLI_NO_RESOURCES, CLI_CANNOT_CREATE, CLI_IO_ERROR,
                                 CLI_INTERRUPTED, CLI_NO_FIT};
static const int n_exit_codes = (int)(sizeof exit_codes / sizeof *exit_codes);

static char *page; /* docs/errors.md */

/* Lines that start with `start`. */
static int lines_with(const char *start)
{
    int n = 0;
    for (const char *line = page; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        n += strncmp(line, start, strlen(start)) == 0;
    }
    return n;
}

TEST every_status_has_its_row(void)
{
    char start[256];
    for (int i = 0; i < n_statuses; i++) {
        const row *r = &statuses[i];
        snprintf(start, sizeof start, "| `%s` | %d | %s | ", r->name, r->code, r->text);
        ASSERT_EQm(start, 1, lines_with(start));
        ASSERT_STR_EQ(r->text, gv_status_text((gv_status)r->code));
    }
    ASSERT_EQ(n_statuses, lines_with("| `GV_"));
    PASS();
}

TEST every_exit_code_has_its_row(void)
{
    char start[64];
    int rows = 0;
    for (int i = 0; i < n_exit_codes; i++) {
        snprintf(start, sizeof start, "| %d | ", exit_codes[i]);
        ASSERT_EQm(start, 1, lines_with(start));
    }
    for (int digit = 0; digit < 10; digit++) {
        snprintf(start, sizeof start, "| %d", digit);
        rows += lines_with(start);
    }
    ASSERT_EQ(n_exit_codes, rows);
    PASS();
}

TEST an_unknown_status_has_a_text(void)
{
    ASSERT(gv_status_text((gv_status)-999) != NULL);
    ASSERT(gv_status_text((gv_status)7) != NULL);
    PASS();
}

SUITE(errors)
{
    int64_t size = 0;
    char *bytes = test_bytes("docs/errors.md", &size);
    page = bytes != NULL ? realloc(bytes, (size_t)size + 1) : NULL;
    if (page == NULL) {
        printf("docs/errors.md cannot be read\n");
        exit(EXIT_FAILURE);
    }
    page[size] = '\0';
    RUN_TEST(every_status_has_its_row);
    RUN_TEST(every_exit_code_has_its_row);
    RUN_TEST(an_unknown_status_has_a_text);
    free(page);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(errors);
    GREATEST_MAIN_END();
}
