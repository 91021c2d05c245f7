/*
 * retention/period.c - aggregates crr and churn_rate: one period, counted.
 *
 * Both read the same state: the period and four counters. A customer comes as
 * a history (active at boundary b: a purchase day in [b - active_days, b)), as
 * spans of a contract (active at b: a span holds the day before b), or as two
 * booleans, which cannot tell the new from the reactivated: there crr counts
 * the retained only.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "day.h"
#include "history.h"
#include "retention.h"
#include "retention/period.h"
#include "span.h"
#include "state.h"

PG_FUNCTION_INFO_V1(period_counts_transfn_history);
PG_FUNCTION_INFO_V1(period_counts_transfn_spans);
PG_FUNCTION_INFO_V1(period_counts_transfn_booleans);
PG_FUNCTION_INFO_V1(period_counts_combinefn);
PG_FUNCTION_INFO_V1(period_counts_serialfn);
PG_FUNCTION_INFO_V1(period_counts_deserialfn);
PG_FUNCTION_INFO_V1(crr_finalfn);
PG_FUNCTION_INFO_V1(churn_rate_finalfn);

#define STATE_VERSION 1

typedef struct
{
	PeriodArguments arguments;
	int64			at_start;
	int64			at_end;
	int64			new_customers; /* of those at the end */
	int64			lost;
} PeriodCounts;

/* Whether one customer counts. */
typedef struct
{
	bool at_start;
	bool at_end;
	bool is_new; /* first seen within the period; counts if at_end */
} Standing;

static Standing
StandingFromHistory(const PurchaseHistory *history, DateADT start, DateADT end,
					int32 active_days)
{
	HistoryReader reader;
	Standing	  standing = {false, false, false};
	int64		  start_window = (int64) start - active_days;
	int64		  end_window = (int64) end - active_days;
	bool		  known = false;
	int128		  skipped = 0;

	HistoryOpen(&reader, history);
	while (HistoryNextPurchase(&reader, &skipped) && reader.current.day < end)
	{
		DateADT day = reader.current.day;

		if (!known)
			standing.is_new = day >= start;
		known = true;
		standing.at_start |= day >= start_window && day < start;
		standing.at_end |= day >= end_window;
	}
	return standing;
}

static Standing
StandingFromSpans(const DaySpan *spans, int nspans, DateADT start, DateADT end)
{
	Standing standing = {false, false, false};

	for (int i = 0; i < nspans && spans[i].from < end; i++)
	{
		if (i == 0)
			standing.is_new = spans[i].from >= start;
		standing.at_start |= spans[i].from < start && spans[i].until >= start;
		standing.at_end |= spans[i].until >= end;
	}
	return standing;
}

static inline void
CountCustomer(PeriodCounts *counts, const Standing *standing)
{
	counts->at_start += standing->at_start;
	counts->at_end += standing->at_end;
	counts->new_customers += standing->at_end && standing->is_new;
	counts->lost += standing->at_start && !standing->at_end;
}

/* A period that ends before it can start is no period; nor is one without end. */
static void
ReadPeriod(FunctionCallInfo fcinfo, int argno, PeriodArguments *arguments)
{
	DaySpan period;

	if (PG_ARGISNULL(argno))
		ReportNullArgument("period");
	period = SpanFromRange(PG_GETARG_RANGE_P(argno));
	if (period.from == SPAN_OPEN_BEGIN || period.until == SPAN_OPEN_END ||
		period.from > PG_INT32_MAX - 1 || period.until < PG_INT32_MIN + 1)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("period must be bounded, not \"%s\"",
					   OidOutputFunctionCall(F_RANGE_OUT, PG_GETARG_DATUM(argno))),
				errhint("A period runs from its first day to the day after its last, as in "
						"daterange('2024-01-01', '2025-01-01')."));
	if (period.from >= period.until)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("period must not be empty"),
				errhint("A period runs from its first day to the day after its last, as in "
						"daterange('2024-01-01', '2025-01-01')."));
	arguments->start = (DateADT) period.from;
	arguments->end = (DateADT) period.until;
}

static void
ReadActiveDays(FunctionCallInfo fcinfo, int argno, PeriodArguments *arguments)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("argument \"%s\" must not be null", "active_days"),
				errhint("The calendar method needs a period before this one: use "
						"retention_agg, where active_days may be NULL."));
	arguments->active_days = PG_GETARG_INT32(argno);
	if (arguments->active_days < 1)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("active_days must be at least 1, not %d", arguments->active_days));
}

void
PeriodArgumentsRead(PeriodArguments *arguments, FunctionCallInfo fcinfo)
{
	memset(arguments, 0, sizeof(*arguments));
	ReadPeriod(fcinfo, 2, arguments);
	if (PG_NARGS() > 3)
		ReadActiveDays(fcinfo, 3, arguments);
	arguments->constant = AggregateArgumentIsConstant(fcinfo, 1) &&
						  (PG_NARGS() == 3 || AggregateArgumentIsConstant(fcinfo, 2));
}

void
PeriodArgumentsRequireSame(const PeriodArguments *a, const PeriodArguments *b)
{
	if (a->start != b->start || a->end != b->end)
		ReportChangedArgument("period");
	if (a->active_days != b->active_days)
		ReportChangedArgument("active_days");
}

static PeriodCounts *
NewCounts(MemoryContext context)
{
	return MemoryContextAllocZero(context, sizeof(PeriodCounts));
}

/* The state, after a look at the arguments. Only an aggregate can pass one. */
static PeriodCounts *
TransitionCounts(FunctionCallInfo fcinfo)
{
	PeriodCounts   *counts = PG_ARGISNULL(0) ? NULL : (PeriodCounts *) PG_GETARG_POINTER(0);
	PeriodArguments given;

	if (counts != NULL && counts->arguments.constant)
		return counts;
	if (counts == NULL)
	{
		counts = NewCounts(AggregateContext(fcinfo));
		PeriodArgumentsRead(&counts->arguments, fcinfo);
		return counts;
	}
	PeriodArgumentsRead(&given, fcinfo);
	PeriodArgumentsRequireSame(&counts->arguments, &given);
	return counts;
}

Datum
period_counts_transfn_history(PG_FUNCTION_ARGS)
{
	PeriodCounts *counts;
	Standing	  standing;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	counts = TransitionCounts(fcinfo);
	standing = StandingFromHistory(PG_GETARG_PURCHASE_HISTORY_P(1), counts->arguments.start,
								   counts->arguments.end, counts->arguments.active_days);
	CountCustomer(counts, &standing);
	PG_RETURN_POINTER(counts);
}

Datum
period_counts_transfn_spans(PG_FUNCTION_ARGS)
{
	PeriodCounts *counts;
	Standing	  standing;
	DaySpan		 *spans;
	int			  nspans;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	counts = TransitionCounts(fcinfo);
	spans = SpansFromMultirange(PG_GETARG_MULTIRANGE_P(1), &nspans);
	standing = StandingFromSpans(spans, nspans, counts->arguments.start, counts->arguments.end);
	CountCustomer(counts, &standing);
	PG_RETURN_POINTER(counts);
}

Datum
period_counts_transfn_booleans(PG_FUNCTION_ARGS)
{
	PeriodCounts *counts;
	Standing	  standing;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return UnchangedState(fcinfo);
	counts = PG_ARGISNULL(0) ? NewCounts(AggregateContext(fcinfo))
							 : (PeriodCounts *) PG_GETARG_POINTER(0);
	standing.at_start = PG_GETARG_BOOL(1);
	standing.at_end = PG_GETARG_BOOL(2);
	/* New or reactivated: both are taken out, so that the retained are left. */
	standing.is_new = !standing.at_start;
	CountCustomer(counts, &standing);
	PG_RETURN_POINTER(counts);
}

Datum
crr_finalfn(PG_FUNCTION_ARGS)
{
	PeriodCounts *counts;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	counts = (PeriodCounts *) PG_GETARG_POINTER(0);
	if (counts->at_start == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(
		Percent((float8) (counts->at_end - counts->new_customers), (float8) counts->at_start));
}

Datum
churn_rate_finalfn(PG_FUNCTION_ARGS)
{
	PeriodCounts *counts;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	counts = (PeriodCounts *) PG_GETARG_POINTER(0);
	if (counts->at_start == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(Percent((float8) counts->lost, (float8) counts->at_start));
}

Datum
period_counts_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	PeriodCounts *counts;
	PeriodCounts *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (PeriodCounts *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
	{
		counts = NewCounts(context);
		*counts = *other;
		PG_RETURN_POINTER(counts);
	}
	counts = (PeriodCounts *) PG_GETARG_POINTER(0);
	PeriodArgumentsRequireSame(&counts->arguments, &other->arguments);
	counts->at_start += other->at_start;
	counts->at_end += other->at_end;
	counts->new_customers += other->new_customers;
	counts->lost += other->lost;
	PG_RETURN_POINTER(counts);
}

Datum
period_counts_serialfn(PG_FUNCTION_ARGS)
{
	PeriodCounts  *counts = (PeriodCounts *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendint32(&message, counts->arguments.start);
	pq_sendint32(&message, counts->arguments.end);
	pq_sendint32(&message, counts->arguments.active_days);
	pq_sendint64(&message, counts->at_start);
	pq_sendint64(&message, counts->at_end);
	pq_sendint64(&message, counts->new_customers);
	pq_sendint64(&message, counts->lost);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static bool
CountsAreSound(const PeriodCounts *counts)
{
	return counts->arguments.start <= counts->arguments.end &&
		   counts->arguments.active_days >= 0 && counts->lost >= 0 &&
		   counts->lost <= counts->at_start && counts->new_customers >= 0 &&
		   counts->new_customers <= counts->at_end;
}

Datum
period_counts_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	PeriodCounts  *counts;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len != 45 || pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes("crr state");
	counts = NewCounts(CurrentMemoryContext);
	counts->arguments.start = (DateADT) pq_getmsgint(&message, 4);
	counts->arguments.end = (DateADT) pq_getmsgint(&message, 4);
	counts->arguments.active_days = (int32) pq_getmsgint(&message, 4);
	counts->at_start = pq_getmsgint64(&message);
	counts->at_end = pq_getmsgint64(&message);
	counts->new_customers = pq_getmsgint64(&message);
	counts->lost = pq_getmsgint64(&message);
	if (!CountsAreSound(counts))
		ReportBadBytes("crr state");
	PG_RETURN_POINTER(counts);
}
