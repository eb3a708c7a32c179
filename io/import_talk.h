/* import_talk.h -- rows of messages and shopping talk as edges. */
#ifndef IO_IMPORT_TALK_H
#define IO_IMPORT_TALK_H

#include "io/import.h"

/* Checks the options of interactions, and fills in what they say about others. */
GV_CHECKED gv_status import_talk_options(importer *im, gv_error *err);
/* The latest time of all files, unless the options say up to when to count. */
GV_CHECKED gv_status import_talk_latest(importer *im, int64_t n_paths, gv_error *err);
/* Reads one file. */
GV_CHECKED gv_status import_talk(importer *im, int64_t path, gv_error *err);

#endif
