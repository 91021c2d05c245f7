/*
 * argument.h - arguments of plain functions and of what configures aggregates, checked.
 */
#ifndef CRM_ARGUMENT_H
#define CRM_ARGUMENT_H

#include "fmgr.h"

/* 22023 unless from 0 to 1; the hint for what looks like a percent says how it is written. */
extern float8 FractionArgument(FunctionCallInfo fcinfo, int argno, const char *name);

/* 22023 for NaN and the infinities. */
extern float8 FiniteArgument(FunctionCallInfo fcinfo, int argno, const char *name);

#endif /* CRM_ARGUMENT_H */
