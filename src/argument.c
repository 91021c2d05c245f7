/*
 * argument.c - arguments of plain functions and of what configures aggregates, checked.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "argument.h"

float8
FractionArgument(FunctionCallInfo fcinfo, int argno, const char *name)
{
	float8 value = PG_GETARG_FLOAT8(argno);

	if (!(value >= 0 && value <= 1))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be between 0 and 1, not %s", name, float8out_internal(value)),
				value > 1 && value <= 100
					? errhint("It is a fraction: %g percent is %g.", value, value / 100)
					: 0);
	return value;
}

float8
FiniteArgument(FunctionCallInfo fcinfo, int argno, const char *name)
{
	float8 value = PG_GETARG_FLOAT8(argno);

	if (!isfinite(value))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be a finite number, not %s", name, float8out_internal(value)));
	return value;
}
