/*
 * retention/periods.c - periods(): boundaries at equal steps of the calendar.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "day.h"

PG_FUNCTION_INFO_V1(periods);

/* A step: months first, then days, as date + interval has it. */
typedef struct
{
	int64 months;
	int64 days;
} Step;

/* A step that leads nowhere, backwards, or into the middle of a day. */
static void
ReportBadStep(Interval *step)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("step must be a positive interval of whole days, not \"%s\"",
				   DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(step)))),
			errhint("Use '1 day', '1 week', '1 month', '3 months', '1 year' and the like."));
}

static Step
ReadStep(Interval *interval)
{
	Step step = {interval->month, (int64) interval->day + interval->time / USECS_PER_DAY};

	if (interval->time % USECS_PER_DAY != 0)
		ReportBadStep(interval);
	return step;
}

/*
 * first + i x step. Months count from `first` itself, so that a month's end
 * that is cut (January 31 to February 29) is no cut for the months after it.
 * False when the result is no date.
 */
static bool
AddSteps(DateADT first, const Step *step, int64 i, DateADT *day)
{
	int	  year;
	int	  month;
	int	  mday;
	int64 months;
	int64 years;
	int64 result;

	j2date(first + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	months = month - 1 + i * step->months;
	years = year + months / MONTHS_PER_YEAR;
	months %= MONTHS_PER_YEAR;
	if (months < 0)
	{
		months += MONTHS_PER_YEAR;
		years--;
	}
	if (years < -5000 || years > JULIAN_MAXYEAR)
		return false;
	mday = Min(mday, day_tab[isleap((int) years)][months]);
	if (!IS_VALID_JULIAN((int) years, (int) months + 1, mday))
		return false;
	result = (int64) date2j((int) years, (int) months + 1, mday) - POSTGRES_EPOCH_JDATE +
			 i * step->days;
	if (result < PG_INT32_MIN || result > PG_INT32_MAX || !IS_VALID_DATE((DateADT) result))
		return false;
	*day = (DateADT) result;
	return true;
}

/* The boundaries up to the first one after `last`, palloc'd. */
static DateADT *
ListBoundaries(DateADT first, DateADT last, Interval *interval, int *count)
{
	Step	 step = ReadStep(interval);
	Size	 capacity = 64;
	DateADT *bounds = palloc(capacity * sizeof(DateADT));
	Size	 n = 1;

	bounds[0] = first;
	while (bounds[n - 1] <= last)
	{
		CHECK_FOR_INTERRUPTS();
		if (n == MaxAllocSize / sizeof(DateADT) - 64)
			ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("too many periods: %zu", n));
		if (n == capacity)
		{
			capacity *= 2;
			bounds = repalloc_huge(bounds, capacity * sizeof(DateADT));
		}
		if (!AddSteps(first, &step, (int64) n, &bounds[n]))
			ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					errmsg("date out of range"),
					errdetail("The last period ends after the last date there is."));
		if (bounds[n] <= bounds[n - 1])
			ReportBadStep(interval);
		n++;
	}
	*count = (int) n;
	return bounds;
}

Datum
periods(PG_FUNCTION_ARGS)
{
	DateADT	   first = PG_GETARG_DATEADT(0);
	DateADT	   last = PG_GETARG_DATEADT(1);
	DateADT	  *bounds;
	ArrayType *array;
	int		   count;
	Size	   bytes;

	RequireFiniteDate(first, "first");
	RequireFiniteDate(last, "last");
	if (last < first)
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("last (%s) must not come before first (%s)", DayText(last), DayText(first)));
	bounds = ListBoundaries(first, last, PG_GETARG_INTERVAL_P(2), &count);
	bytes = ARR_OVERHEAD_NONULLS(1) + count * sizeof(DateADT);
	array = palloc(bytes);
	SET_VARSIZE(array, bytes);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = DATEOID;
	ARR_DIMS(array)[0] = count;
	ARR_LBOUND(array)[0] = 1;
	memcpy(ARR_DATA_PTR(array), bounds, count * sizeof(DateADT));
	PG_RETURN_ARRAYTYPE_P(array);
}
