/*
 * expansion/trend.c - spend_slope and spend_trend: where a customer's own spend is going.
 *
 * Periods of equal length end as of a date, so that the last one is whole; those
 * that begin before the first purchase day are no periods of this customer's.
 * The slope is that of ordinary least squares over their numbers 1 to n:
 * b = 6 x sum of (2 i - n - 1) y_i / (n (n^2 - 1)). Sums of money are exact.
 */
#include "postgres.h"

#include <float.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/float.h"

#include "argument.h"
#include "compat.h"
#include "day.h"
#include "history.h"

PG_FUNCTION_INFO_V1(spend_slope);
PG_FUNCTION_INFO_V1(spend_trend);

#define LEAST_PERIODS 3 /* two points always lie on a line */
#define MOST_PERIODS 120

typedef struct
{
	int64  first;  /* day on which the first period begins */
	int32  length; /* of a period, in days */
	int32  n;
	int128 amounts[MOST_PERIODS];
} SpendPeriods;

static int32
PeriodsArgument(FunctionCallInfo fcinfo, int argno, const char *name, int32 least, int32 most)
{
	int32 value = PG_GETARG_INT32(argno);

	if (value < least || value > most)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				most < PG_INT32_MAX
					? errmsg("%s must be between %d and %d, not %d", name, least, most, value)
					: errmsg("%s must be at least %d, not %d", name, least, value));
	return value;
}

/* The first purchase day by as_of; false when there is none, or no amounts. */
static bool
FindFirstPurchase(const PurchaseHistory *history, DateADT as_of, DateADT *first)
{
	HistoryReader reader;
	int128		  skipped = 0;

	HistoryOpen(&reader, history);
	if (!reader.has_amount || !HistoryNextPurchase(&reader, &skipped))
		return false;
	*first = reader.current.day;
	return *first <= as_of;
}

static void
AddAmounts(SpendPeriods *periods, const PurchaseHistory *history, DateADT as_of)
{
	HistoryReader reader;

	HistoryOpen(&reader, history);
	while (HistoryNext(&reader) && reader.current.day <= as_of)
	{
		if (reader.current.day >= periods->first)
			periods->amounts[(reader.current.day - periods->first) / periods->length] +=
				reader.current.amount;
	}
}

/* The customer's periods with their money; false when there are too few. */
static bool
FillPeriods(SpendPeriods *periods, FunctionCallInfo fcinfo)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	DateADT			 as_of = PG_GETARG_DATEADT(1);
	int32			 most = PeriodsArgument(fcinfo, 3, "periods", LEAST_PERIODS, MOST_PERIODS);
	DateADT			 first;

	RequireFiniteDate(as_of, "as-of date");
	periods->length = PeriodsArgument(fcinfo, 2, "period_days", 1, PG_INT32_MAX);
	if (!FindFirstPurchase(history, as_of, &first))
		return false;
	periods->n = (int32) Min((int64) most, ((int64) as_of - first + 1) / periods->length);
	if (periods->n < LEAST_PERIODS)
		return false;
	periods->first = (int64) as_of + 1 - (int64) periods->n * periods->length;
	memset(periods->amounts, 0, periods->n * sizeof(int128));
	AddAmounts(periods, history, as_of);
	return true;
}

/* Ticks a period; half of the sum would do, were it not for odd ones. */
static float8
Slope(const SpendPeriods *periods)
{
	int64  n = periods->n;
	int128 sum = 0;

	for (int64 i = 1; i <= n; i++)
		sum += (2 * i - n - 1) * periods->amounts[i - 1];
	return 6 * (float8) sum / ((float8) n * (float8) (n * n - 1));
}

Datum
spend_slope(PG_FUNCTION_ARGS)
{
	SpendPeriods periods;

	if (!FillPeriods(&periods, fcinfo))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(Slope(&periods) / MONEY_UNIT);
}

Datum
spend_trend(PG_FUNCTION_ARGS)
{
	float8		 tolerance = FractionArgument(fcinfo, 4, "tolerance");
	SpendPeriods periods;
	int128		 total = 0;
	float8		 bound;
	float8		 slope;
	const char	*trend = "steady";

	if (!FillPeriods(&periods, fcinfo))
		PG_RETURN_NULL();
	for (int32 i = 0; i < periods.n; i++)
		total += periods.amounts[i] < 0 ? -periods.amounts[i] : periods.amounts[i];
	if (total == 0)
		PG_RETURN_NULL();
	bound = tolerance * (float8) total / periods.n;
	slope = Slope(&periods);
	if (slope > bound)
		trend = "growing";
	else if (slope < -bound)
		trend = "shrinking";
	PG_RETURN_TEXT_P(cstring_to_text(trend));
}
