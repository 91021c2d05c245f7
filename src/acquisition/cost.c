/*
 * acquisition/cost.c - what a new customer costs, and what that brings.
 *
 * Ratios of figures that are already counted or estimated. A divisor of 0 gives
 * NULL; sums of money, counts and rates are checked, a margin or a lifetime value
 * may be negative.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "fmgr.h"
#include "utils/float.h"

#include "argument.h"
#include "clv/contract.h"
#include "math/contract.h"

PG_FUNCTION_INFO_V1(cac);
PG_FUNCTION_INFO_V1(ltv_to_cac);
PG_FUNCTION_INFO_V1(payback_periods);
PG_FUNCTION_INFO_V1(acquisition_to_retention_cost);
PG_FUNCTION_INFO_V1(profit_gain);
PG_FUNCTION_INFO_V1(campaign_roi);

/* The argument, a finite number of 0 or more. */
static double
AmountArgument(FunctionCallInfo fcinfo, int argno, const char *name)
{
	double value = PG_GETARG_FLOAT8(argno);

	if (!(value >= 0 && value <= DBL_MAX))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be a finite number, 0 or more, not %s", name,
					   float8out_internal(value)));
	return value;
}

/* 22003 rather than infinity. */
static double
InRange(double value)
{
	if (unlikely(isinf(value)))
		float_overflow_error();
	return value;
}

Datum
cac(PG_FUNCTION_ARGS)
{
	double spend = AmountArgument(fcinfo, 0, "spend");
	double customers = AmountArgument(fcinfo, 1, "new_customers");

	if (customers == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(InRange(spend / customers));
}

Datum
ltv_to_cac(PG_FUNCTION_ARGS)
{
	double value = FiniteArgument(fcinfo, 0, "clv");
	double cost = AmountArgument(fcinfo, 1, "cac");

	if (cost == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(InRange(value / cost));
}

/* A margin of 0 or less never pays anything back. */
Datum
payback_periods(PG_FUNCTION_ARGS)
{
	double cost = AmountArgument(fcinfo, 0, "cac");
	double margin = FiniteArgument(fcinfo, 1, "margin_per_period");
	double retention_rate = PG_GETARG_FLOAT8(2);
	double discount_rate = PG_GETARG_FLOAT8(3);
	double periods;

	CheckRetentionRate(retention_rate);
	CheckDiscountRate(discount_rate);
	if (cost == 0)
		PG_RETURN_FLOAT8(0);
	if (margin <= 0)
		PG_RETURN_NULL();
	periods = CrmRetentionPeriods(retention_rate, discount_rate, cost / margin);
	if (isinf(periods))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(periods);
}

Datum
acquisition_to_retention_cost(PG_FUNCTION_ARGS)
{
	double acquisition_spend = AmountArgument(fcinfo, 0, "acquisition_spend");
	double new_customers = AmountArgument(fcinfo, 1, "new_customers");
	double retention_spend = AmountArgument(fcinfo, 2, "retention_spend");
	double retained_customers = AmountArgument(fcinfo, 3, "retained_customers");

	if (new_customers == 0 || retention_spend == 0 || retained_customers == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(InRange(InRange(acquisition_spend / new_customers) /
							 (retention_spend / retained_customers)));
}

static double
ImprovementArgument(FunctionCallInfo fcinfo, int argno, double retention_rate)
{
	double improvement = PG_GETARG_FLOAT8(argno);

	if (!(improvement >= 0 && improvement <= 1))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("improvement must be between 0 and 1, not %s",
					   float8out_internal(improvement)),
				improvement > 1
					? errhint("Write it as a fraction: 5 percentage points are 0.05.")
					: 0);
	if (retention_rate + improvement > 1 + DBL_EPSILON)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("retention_rate %s and improvement %s are more than 1 together",
					   float8out_internal(retention_rate), float8out_internal(improvement)),
				errhint("Nobody retains more than all customers."));
	return improvement;
}

Datum
profit_gain(PG_FUNCTION_ARGS)
{
	double retention_rate = PG_GETARG_FLOAT8(0);
	double discount_rate = PG_GETARG_FLOAT8(1);
	double improvement;
	double gain;

	CheckRetentionRate(retention_rate);
	CheckDiscountRate(discount_rate);
	improvement = ImprovementArgument(fcinfo, 2, retention_rate);
	if (retention_rate == 0)
		PG_RETURN_NULL();
	gain = 100 * CrmRetentionGain(retention_rate, discount_rate, improvement);
	if (isinf(gain))
		ereport(
			ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			errmsg("lifetime value diverges: retention_rate %s + improvement %s is not below "
				   "1 + discount_rate %s",
				   float8out_internal(retention_rate), float8out_internal(improvement),
				   float8out_internal(discount_rate)),
			errhint("Give a smaller improvement, or a higher discount rate."));
	PG_RETURN_FLOAT8(gain);
}

Datum
campaign_roi(PG_FUNCTION_ARGS)
{
	double extra_value = FiniteArgument(fcinfo, 0, "extra_value");
	double cost = AmountArgument(fcinfo, 1, "cost");

	if (cost == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(InRange((extra_value - cost) / cost));
}
