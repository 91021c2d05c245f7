/*
 * key_figures.c - key_figures_agg: the figures of a dashboard's first
 * row, of one period and as of its end, in one pass over the histories.
 *
 * Who is a customer when is defined as for crr and churn_rate (retention/period.c).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "history_plain.h"
#include "money.h"
#include "retention.h"
#include "retention/period.h"
#include "state.h"

PG_FUNCTION_INFO_V1(key_figures_agg_transfn);
PG_FUNCTION_INFO_V1(key_figures_agg_finalfn);
PG_FUNCTION_INFO_V1(key_figures_agg_combinefn);
PG_FUNCTION_INFO_V1(key_figures_agg_serialfn);
PG_FUNCTION_INFO_V1(key_figures_agg_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "key_figures_agg state"

/* What is counted, as an array so that states add up and travel in one loop. */
enum
{
	CUSTOMERS, /* at least one purchase by the end */
	REPEATERS, /* two purchase days by then, or more */
	AT_START,
	AT_END,
	ACQUIRED,
	NEW, /* acquired and active at the end */
	CHURNED,
	PURCHASES, /* in the period */
	NCOUNTS
};

#define STATE_BYTES (1 + 3 * 4 + 1 + NCOUNTS * 8 + 16)

typedef struct
{
	PeriodArguments arguments;
	bool			has_amount;
	int64			counts[NCOUNTS];
	int128			revenue; /* of the period, ticks */
} KeyFigures;

/* Before any day; a number of days may be taken away. */
#define NEVER (PG_INT64_MIN / 2)

/* What one customer did by the end of the period. */
typedef struct
{
	int64  first;  /* purchase days; NEVER where there is none */
	int64  before; /* the last one before the period */
	int64  last;
	int64  purchases; /* of the period */
	int128 revenue;
} Customer;

/*
 * What lies before the period is read; what ends within it is then the rest of the fixed
 * fields' sums. Only the days of those who went on after it are read one by one.
 */
static pg_attribute_always_inline void
ReadPlain(Customer *customer, PlainHistory *plain, int64 start, int64 end, bool has_counts)
{
	int64  day = plain->first;
	int64  before = NEVER;
	int64  last = plain->last;
	uint64 spend = plain->has_amount ? (uint64) plain->spend : 0;
	uint64 purchases = 0;
	uint64 money = 0;
	uint32 left = plain->days;

	while (day < start)
	{
		before = day;
		purchases += has_counts ? PlainNext(&plain->counts) : 1;
		money += PlainNext(&plain->amounts);
		if (--left == 0)
			break;
		day += (int64) PlainNext(&plain->gaps);
	}
	if (last < end)
	{
		purchases = plain->purchases - purchases;
		money = spend - money * plain->unit;
	}
	else
	{
		last = before;
		purchases = money = 0;
		while (day < end && left > 0)
		{
			last = day;
			purchases += has_counts ? PlainNext(&plain->counts) : 1;
			money += PlainNext(&plain->amounts);
			if (--left == 0)
				break;
			day += (int64) PlainNext(&plain->gaps);
		}
		money *= plain->unit;
	}
	customer->first = plain->first;
	customer->before = before;
	customer->last = last;
	customer->purchases = (int64) purchases;
	customer->revenue = (int64) money;
}

/* The same for any history: a refund is money of its own day, and no purchase. */
static void
ReadAny(Customer *customer, HistoryReader *reader, int64 start, int64 end)
{
	uint32 read = 0;

	*customer = (Customer){NEVER, NEVER, NEVER, 0, 0};
	while (HistoryNext(reader) && reader->current.day < end)
	{
		const HistoryDay *day = &reader->current;

		if ((++read & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (day->purchases > 0)
		{
			customer->first = customer->first == NEVER ? day->day : customer->first;
			customer->before = day->day < start ? day->day : customer->before;
			customer->last = day->day;
		}
		if (day->day >= start)
		{
			customer->purchases += day->purchases;
			customer->revenue += day->amount;
		}
	}
}

static pg_attribute_always_inline void
CountCustomer(KeyFigures *figures, const Customer *customer)
{
	int64  start = figures->arguments.start;
	int32  active_days = figures->arguments.active_days;
	bool   known = customer->first != NEVER;
	bool   at_start = customer->before >= start - active_days;
	bool   at_end = customer->last >= (int64) figures->arguments.end - active_days;
	bool   acquired = customer->first >= start;
	int64 *counts = figures->counts;

	counts[CUSTOMERS] += known;
	counts[REPEATERS] += customer->last > customer->first;
	counts[AT_START] += at_start;
	counts[AT_END] += at_end;
	counts[ACQUIRED] += acquired;
	counts[NEW] += acquired & at_end;
	counts[CHURNED] += at_start & !at_end;
	counts[PURCHASES] += customer->purchases;
	figures->revenue += customer->revenue;
}

/* Whether a history begins after the period, as its fixed fields say at once: nothing counts. */
static pg_attribute_always_inline bool
BeginsLater(KeyFigures *figures, const PurchaseHistory *history)
{
	DateADT first;
	bool	has_amount;

	if (unlikely(!HistoryReadFirst(&first, &has_amount, history)) ||
		first < figures->arguments.end)
		return false;
	figures->has_amount |= has_amount;
	return true;
}

static pg_attribute_always_inline bool
AddPlainHistory(KeyFigures *figures, const PurchaseHistory *history)
{
	int64		 start = figures->arguments.start;
	int64		 end = figures->arguments.end;
	Customer	 customer;
	PlainHistory plain = {0};

	if (unlikely(!PlainOpen(&plain, history)))
		return false;
	figures->has_amount |= plain.has_amount;
	if (likely(!plain.has_counts))
		ReadPlain(&customer, &plain, start, end, false);
	else
		ReadPlain(&customer, &plain, start, end, true);
	CountCustomer(figures, &customer);
	return true;
}

/* Not inline, nor is the next: whoever can do without comes without a large frame. */
static pg_noinline void
AddAnyHistory(KeyFigures *figures, const PurchaseHistory *history)
{
	Customer	  customer;
	HistoryReader reader;

	HistoryOpen(&reader, history);
	figures->has_amount |= reader.has_amount;
	ReadAny(&customer, &reader, figures->arguments.start, figures->arguments.end);
	CountCustomer(figures, &customer);
}

static pg_noinline void
AddHistory(KeyFigures *figures, const PurchaseHistory *history)
{
	if (unlikely(!AddPlainHistory(figures, history)))
		AddAnyHistory(figures, history);
}

static KeyFigures *
NewFigures(MemoryContext context)
{
	return MemoryContextAllocZero(context, sizeof(KeyFigures));
}

static pg_noinline void
CompareArguments(const KeyFigures *figures, FunctionCallInfo fcinfo)
{
	PeriodArguments given;

	PeriodArgumentsRead(&given, fcinfo);
	PeriodArgumentsRequireSame(&figures->arguments, &given);
}

/* Only an aggregate can pass a state, so only the first row asks who calls. */
Datum
key_figures_agg_transfn(PG_FUNCTION_ARGS)
{
	KeyFigures			  *figures;
	const PurchaseHistory *history;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	if (PG_ARGISNULL(0))
	{
		figures = NewFigures(AggregateContext(fcinfo));
		PeriodArgumentsRead(&figures->arguments, fcinfo);
	}
	else
		figures = (KeyFigures *) PG_GETARG_POINTER(0);
	if (unlikely(!figures->arguments.constant))
		CompareArguments(figures, fcinfo);
	history = PG_GETARG_PURCHASE_HISTORY_P(1);
	if (!BeginsLater(figures, history))
		AddHistory(figures, history);
	PG_RETURN_POINTER(figures);
}

/* The columns of key_figures, in order. */
enum
{
	COLUMN_PERIOD_START,
	COLUMN_PERIOD_END,
	COLUMN_CUSTOMERS,
	COLUMN_REPEAT_CUSTOMERS,
	COLUMN_REPEAT_RATE,
	COLUMN_CUSTOMERS_AT_START,
	COLUMN_CUSTOMERS_AT_END,
	COLUMN_ACQUIRED,
	COLUMN_NEW_CUSTOMERS,
	COLUMN_CHURNED,
	COLUMN_CRR,
	COLUMN_CHURN_RATE,
	COLUMN_PURCHASES,
	COLUMN_REVENUE,
	COLUMN_REVENUE_PER_CUSTOMER,
	NCOLUMNS
};

static void
SetRate(Datum *values, bool *nulls, int column, int64 part, int64 whole)
{
	nulls[column] = whole == 0;
	if (whole != 0)
		values[column] = Float8GetDatum(Percent((float8) part, (float8) whole));
}

static void
SetRevenue(Datum *values, bool *nulls, const KeyFigures *figures)
{
	int64 customers = figures->counts[CUSTOMERS];

	nulls[COLUMN_REVENUE] = !figures->has_amount;
	nulls[COLUMN_REVENUE_PER_CUSTOMER] = !figures->has_amount || customers == 0;
	if (!nulls[COLUMN_REVENUE])
		values[COLUMN_REVENUE] = NumericGetDatum(NumericFromMoney(figures->revenue));
	if (!nulls[COLUMN_REVENUE_PER_CUSTOMER])
		values[COLUMN_REVENUE_PER_CUSTOMER] = DirectFunctionCall2(
			numeric_div, values[COLUMN_REVENUE], NumericGetDatum(int64_to_numeric(customers)));
}

Datum
key_figures_agg_finalfn(PG_FUNCTION_ARGS)
{
	static const struct
	{
		int column;
		int count;
	} counted[] = {{COLUMN_CUSTOMERS, CUSTOMERS},
				   {COLUMN_REPEAT_CUSTOMERS, REPEATERS},
				   {COLUMN_CUSTOMERS_AT_START, AT_START},
				   {COLUMN_CUSTOMERS_AT_END, AT_END},
				   {COLUMN_ACQUIRED, ACQUIRED},
				   {COLUMN_NEW_CUSTOMERS, NEW},
				   {COLUMN_CHURNED, CHURNED},
				   {COLUMN_PURCHASES, PURCHASES}};
	KeyFigures	*figures;
	const int64 *counts;
	TupleDesc	 row;
	Datum		 values[NCOLUMNS];
	bool		 nulls[NCOLUMNS] = {false};

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	figures = (KeyFigures *) PG_GETARG_POINTER(0);
	counts = figures->counts;
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE || row->natts < NCOLUMNS)
		elog(ERROR, "key_figures is not a composite type of %d columns", NCOLUMNS);
	values[COLUMN_PERIOD_START] = DateADTGetDatum(figures->arguments.start);
	values[COLUMN_PERIOD_END] = DateADTGetDatum(figures->arguments.end);
	for (int i = 0; i < lengthof(counted); i++)
		values[counted[i].column] = Int64GetDatum(counts[counted[i].count]);
	SetRate(values, nulls, COLUMN_REPEAT_RATE, counts[REPEATERS], counts[CUSTOMERS]);
	SetRate(values, nulls, COLUMN_CRR, counts[AT_END] - counts[NEW], counts[AT_START]);
	SetRate(values, nulls, COLUMN_CHURN_RATE, counts[CHURNED], counts[AT_START]);
	SetRevenue(values, nulls, figures);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}

Datum
key_figures_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	KeyFigures	 *figures;
	KeyFigures	 *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (KeyFigures *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
	{
		figures = NewFigures(context);
		*figures = *other;
		PG_RETURN_POINTER(figures);
	}
	figures = (KeyFigures *) PG_GETARG_POINTER(0);
	PeriodArgumentsRequireSame(&figures->arguments, &other->arguments);
	figures->has_amount |= other->has_amount;
	for (int i = 0; i < NCOUNTS; i++)
		figures->counts[i] += other->counts[i];
	figures->revenue += other->revenue;
	PG_RETURN_POINTER(figures);
}

Datum
key_figures_agg_serialfn(PG_FUNCTION_ARGS)
{
	KeyFigures	  *figures = (KeyFigures *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendint32(&message, figures->arguments.start);
	pq_sendint32(&message, figures->arguments.end);
	pq_sendint32(&message, figures->arguments.active_days);
	pq_sendbyte(&message, figures->has_amount);
	for (int i = 0; i < NCOUNTS; i++)
		pq_sendint64(&message, figures->counts[i]);
	SendInt128(&message, figures->revenue);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* Nobody is counted who is no customer. */
static bool
FiguresAreSound(const KeyFigures *figures)
{
	const int64 *counts = figures->counts;

	for (int i = 0; i < NCOUNTS; i++)
	{
		if (counts[i] < 0 || (i != PURCHASES && counts[i] > counts[CUSTOMERS]))
			return false;
	}
	return figures->arguments.start < figures->arguments.end &&
		   figures->arguments.active_days >= 1 && counts[NEW] <= counts[AT_END] &&
		   counts[NEW] <= counts[ACQUIRED] && counts[CHURNED] <= counts[AT_START];
}

Datum
key_figures_agg_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	KeyFigures	  *figures;
	int			   has_amount;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len != STATE_BYTES || pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(STATE_NAME);
	figures = NewFigures(CurrentMemoryContext);
	figures->arguments.start = (DateADT) pq_getmsgint(&message, 4);
	figures->arguments.end = (DateADT) pq_getmsgint(&message, 4);
	figures->arguments.active_days = (int32) pq_getmsgint(&message, 4);
	has_amount = pq_getmsgbyte(&message);
	for (int i = 0; i < NCOUNTS; i++)
		figures->counts[i] = pq_getmsgint64(&message);
	figures->revenue = ReceiveInt128(&message);
	if (has_amount > 1 || !FiguresAreSound(figures))
		ReportBadBytes(STATE_NAME);
	figures->has_amount = has_amount != 0;
	PG_RETURN_POINTER(figures);
}
