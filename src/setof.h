/*
 * setof.h - set-returning functions, in both of the executor's modes.
 *
 * A function hands in how to open its source and how to make the next row;
 * whether rows go out one per call (in a target list) or into a tuplestore at
 * once (in FROM) is decided here, as the caller prefers.
 */
#ifndef CRM_SETOF_H
#define CRM_SETOF_H

#include "fmgr.h"

/* Reads the arguments and returns the source; runs in a context that lives until the last row. */
typedef void *(*OpenRows)(FunctionCallInfo fcinfo);

/*
 * Makes the next row; false when there is none. Runs in a context reset after
 * each row. The arrays are as long as the result has columns.
 */
typedef bool (*NextRow)(void *source, Datum *values, bool *nulls);

extern Datum ReturnRows(FunctionCallInfo fcinfo, OpenRows open, NextRow next);

#endif /* CRM_SETOF_H */
