/* grapevine.h -- a parallel graph engine for word-of-mouth at population scale. */
#ifndef GRAPEVINE_GRAPEVINE_H
#define GRAPEVINE_GRAPEVINE_H

#include "grapevine/cascade.h"
#include "grapevine/checkpoint.h"
#include "grapevine/context.h"
#include "grapevine/error.h"
#include "grapevine/evaluate.h"
#include "grapevine/generate.h"
#include "grapevine/graph.h"
#include "grapevine/influence.h"
#include "grapevine/info.h"
#include "grapevine/io.h"
#include "grapevine/layouts.h"
#include "grapevine/learn.h"
#include "grapevine/machine.h"
#include "grapevine/parts.h"
#include "grapevine/plan.h"
#include "grapevine/ppr.h"
#include "grapevine/ppr_local.h"
#include "grapevine/reach.h"
#include "grapevine/topic_graph.h"
#include "grapevine/version.h"

#endif
