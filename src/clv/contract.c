/*
 * clv/contract.c - lifetime value under a contract: clv(margin, retention_rate,
 * discount_rate, periods).
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/float.h"

#include "clv/contract.h"
#include "math/contract.h"

PG_FUNCTION_INFO_V1(clv_contractual);

static void
CheckFinite(const char *name, double value)
{
	if (!isfinite(value))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must be a finite number, got %s", name,
							   float8out_internal(value))));
}

void
CheckRetentionRate(double retention_rate)
{
	CheckFinite("retention_rate", retention_rate);
	if (!(retention_rate >= 0 && retention_rate <= 1))
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("retention_rate must be between 0 and 1, got %s",
					float8out_internal(retention_rate)),
			 retention_rate > 1 ? errhint("Write a rate as a fraction: 80 %% is 0.80.") : 0));
}

void
CheckDiscountRate(double discount_rate)
{
	CheckFinite("discount_rate", discount_rate);
	if (!(discount_rate > -1 && discount_rate <= 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("discount_rate must be above -1 and at most 1, got %s",
							   float8out_internal(discount_rate)),
						discount_rate > 1
							? errhint("Write a rate as a fraction: 10 %% a period is 0.10.")
							: 0));
}

/*
 * margin x sum over t = 1..periods (NULL: for ever) of
 * (retention_rate / (1 + discount_rate))^t
 */
Datum
clv_contractual(PG_FUNCTION_ARGS)
{
	double margin;
	double retention_rate;
	double discount_rate;
	double result;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	margin = PG_GETARG_FLOAT8(0);
	retention_rate = PG_GETARG_FLOAT8(1);
	discount_rate = PG_GETARG_FLOAT8(2);
	CheckFinite("margin", margin);
	CheckRetentionRate(retention_rate);
	CheckDiscountRate(discount_rate);
	if (!PG_ARGISNULL(3) && PG_GETARG_INT32(3) < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("periods must not be negative, got %d", PG_GETARG_INT32(3))));

	if (PG_ARGISNULL(3))
		result = CrmRetentionSumForever(retention_rate, discount_rate);
	else
		result = CrmRetentionSum(retention_rate, discount_rate, PG_GETARG_INT32(3));
	if (isinf(result) && PG_ARGISNULL(3))
		ereport(
			ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg(
				 "lifetime value diverges: retention_rate %s is not below 1 + discount_rate %s",
				 float8out_internal(retention_rate), float8out_internal(discount_rate)),
			 errhint("Give a number of periods, or a higher discount rate.")));
	result *= margin;
	if (!isfinite(result))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("lifetime value is out of range: margin %s, retention_rate %s, "
							   "discount_rate %s",
							   float8out_internal(margin), float8out_internal(retention_rate),
							   float8out_internal(discount_rate))));
	PG_RETURN_FLOAT8(result);
}
