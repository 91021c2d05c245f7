/*
 * retention/rate.c - crr and churn_rate from figures that are already counted.
 *
 * Customer retention rate over a period: 100 x (E - N) / S, where S customers
 * at its start, E at its end, N of those at the end new during it; churn rate:
 * 100 x lost / S.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "fmgr.h"
#include "utils/float.h"

#include "retention.h"

PG_FUNCTION_INFO_V1(crr);
PG_FUNCTION_INFO_V1(churn_rate);

static void
RequireCount(float8 value, const char *name)
{
	if (!(value >= 0 && value <= DBL_MAX))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be a number of customers, not %s", name,
					   float8out_internal(value)));
}

static void
RequireAtMost(float8 value, const char *name, float8 limit, const char *limit_name,
			  const char *hint)
{
	if (value > limit)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s (%s) must not exceed %s (%s)", name, float8out_internal(value),
					   limit_name, float8out_internal(limit)),
				errhint("%s", hint));
}

/* 22003 rather than infinity, for counts that no population has. */
static float8
PercentInRange(float8 part, float8 whole)
{
	float8 percent = Percent(part, whole);

	if (unlikely(isinf(percent)))
		float_overflow_error();
	return percent;
}

Datum
crr(PG_FUNCTION_ARGS)
{
	float8 at_start = PG_GETARG_FLOAT8(0);
	float8 at_end = PG_GETARG_FLOAT8(1);
	float8 new_customers = PG_GETARG_FLOAT8(2);

	RequireCount(at_start, "customers_at_start");
	RequireCount(at_end, "customers_at_end");
	RequireCount(new_customers, "new_customers");
	RequireAtMost(new_customers, "new_customers", at_end, "customers_at_end",
				  "New customers are counted only if they are still customers at the end of "
				  "the period.");
	if (at_start == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(PercentInRange(at_end - new_customers, at_start));
}

Datum
churn_rate(PG_FUNCTION_ARGS)
{
	float8 at_start = PG_GETARG_FLOAT8(0);
	float8 lost = PG_GETARG_FLOAT8(1);

	RequireCount(at_start, "customers_at_start");
	RequireCount(lost, "customers_lost");
	RequireAtMost(
		lost, "customers_lost", at_start, "customers_at_start",
		"Only customers of the start can be lost; new customers count only if they "
		"are still customers at the end of the period, and are never among the lost.");
	if (at_start == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(PercentInRange(lost, at_start));
}
