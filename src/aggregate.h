/*
 * aggregate.h - what every aggregate's support functions share.
 */
#ifndef CRM_AGGREGATE_H
#define CRM_AGGREGATE_H

#include "fmgr.h"
#include "nodes/primnodes.h"
#include "utils/palloc.h"

#include "compat.h"

/* The memory context that lives as long as the aggregate's state; errors out when called by hand. */
extern MemoryContext AggregateContext(FunctionCallInfo fcinfo);

/*
 * Whether argument argno (0 = first) of the running aggregate is a constant
 * for the whole statement, so that it needs no comparison row by row. False
 * when that is not known (window aggregates, combine steps).
 */
extern bool AggregateArgumentIsConstant(FunctionCallInfo fcinfo, int argno);

/* 22023: argument `name` has changed within a group. */
pg_noreturn extern void ReportChangedArgument(const char *name);

/* 22004: argument `name` must not be NULL. */
pg_noreturn extern void ReportNullArgument(const char *name);

/* 22P03: the bytes given to a deserialize or recv function are not what serialize or send made. */
pg_noreturn extern void ReportBadBytes(const char *what);

#endif /* CRM_AGGREGATE_H */
