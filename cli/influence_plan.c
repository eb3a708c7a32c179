/* influence_plan.c -- see influence_plan.h. */
#include "cli/influence_plan.h"

#include <stdlib.h>
#include <string.h>

const char *const influence_measure[INFLUENCE_MEASURES] = {"i1", "i2", "reach", "ppr"};

enum { WORD_CHARS = 256 };

/* The next word of a comma-separated list into `word`; false at the end. */
static bool next_word(const char **list, char word[WORD_CHARS])
{
    if (*list == NULL)
        return false;
    const size_t length = strcspn(*list, ",");
    snprintf(word, WORD_CHARS, "%.*s", (int)length, *list);
    *list = (*list)[length] == ',' ? *list + length + 1 : NULL;
    return true;
}

static int read_measures(const cli_session *s, const char *list, influence_plan *plan)
{
    char word[WORD_CHARS];
    plan->ranking = -1;
    while (next_word(&list, word)) {
        int32_t i = 0;
        while (i < INFLUENCE_MEASURES && strcmp(word, influence_measure[i]) != 0)
            i++;
        if (i == INFLUENCE_MEASURES)
            return cli_fail_text(s, CLI_USAGE, "--measure: '%s' is not one of i1, i2, reach, ppr",
                                 word);
        if (plan->measure[i])
            return cli_fail_text(s, CLI_USAGE, "--measure: '%s' is named twice", word);
        plan->measure[i] = true;
        plan->ranking = plan->ranking < 0 ? i : plan->ranking;
    }
    return CLI_OK;
}

static int read_store(const cli_session *s, const char *list, influence_plan *plan)
{
    char word[WORD_CHARS];
    while (next_word(&list, word)) {
        if (strcmp(word, "scores") == 0)
            plan->scores = true;
        else if (strcmp(word, "rank") == 0)
            plan->ranks = true;
        else if (strcmp(word, "flags") == 0)
            plan->flags = true;
        else if (strcmp(word, "influencers") != 0) /* always written */
            return cli_fail_text(
                s, CLI_USAGE, "--store: '%s' is not one of scores, rank, flags, influencers", word);
    }
    return CLI_OK;
}

/* Marks the topics of a list in wanted [topics of the model]. A topic whose name holds a comma can
 * be asked for alone. */
static int mark_topics(const cli_session *s, const char *list, const gv_model *m, bool *wanted)
{
    char word[WORD_CHARS];
    const int32_t whole = gv_model_find_topic(m, list);
    if (whole >= 0) {
        wanted[whole] = true;
        return CLI_OK;
    }
    while (next_word(&list, word)) {
        const int32_t z = gv_model_find_topic(m, word);
        if (z < 0)
            return cli_fail_text(s, CLI_USAGE, "--topics: the model has no topic '%s'", word);
        if (wanted[z])
            return cli_fail_text(s, CLI_USAGE, "--topics: '%s' is named twice", word);
        wanted[z] = true;
    }
    return CLI_OK;
}

static int read_topics(const cli_session *s, const char *list, const gv_model *m,
                       influence_plan *plan)
{
    const int32_t n_topics = gv_model_topics(m);
    const bool all = strcmp(list, "all") == 0;
    bool *wanted = calloc((size_t)n_topics + 1, sizeof *wanted);
    plan->topic = calloc((size_t)n_topics + 1, sizeof *plan->topic);
    if (wanted == NULL || plan->topic == NULL) {
        free(wanted);
        return cli_fail_text(s, CLI_NO_RESOURCES, "out of memory");
    }
    const int code = all ? CLI_OK : mark_topics(s, list, m, wanted);
    for (int32_t z = 0; z < n_topics; z++)
        if (all || wanted[z])
            plan->topic[plan->n_topics++] = z;
    free(wanted);
    return code;
}

int influence_plan_read(const cli_session *s, const influence_opts *o, const gv_model *m,
                        influence_plan *plan)
{
    *plan = (influence_plan){0};
    int code = read_measures(s, o->measure, plan);
    if (code == CLI_OK)
        code = read_store(s, o->store, plan);
    if (code == CLI_OK)
        code = read_topics(s, o->topics, m, plan);
    return code;
}

void influence_plan_free(influence_plan *plan)
{
    free(plan->topic);
    plan->topic = NULL;
}
