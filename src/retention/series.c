/*
 * retention/series.c - the kernel of retention_agg; series.h says how it counts.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "retention/series.h"

/* One customer's history while it is read. */
typedef struct
{
	int	   index;		 /* boundaries reached by the day read last */
	int	   first;		 /* index of the first purchase, -1: none yet */
	int	   run;			 /* where the current run starts */
	int	   last_index;	 /* index of the last purchase, -1: none yet */
	int	   before_index; /* the same as the current period began */
	int64  last;		 /* last purchase day */
	int64  before;		 /* the same as the current period began */
	int64  until;		 /* first day of the next index */
	int64  purchases;	 /* of the current period */
	int128 money;
} Walk;

/* A run from index `from` to `to`; it may turn out to cover nothing. */
static pg_attribute_always_inline void
CountRun(SeriesTally *tallies, int from, int to, int first)
{
	if (to < from)
		return;
	tallies[from].starts++;
	tallies[to].ends++;
	if (from == first && from > 0)
		tallies[from].new_active++;
}

/* Counts the run that the last purchase ends. */
static pg_attribute_always_inline void
CloseRun(const SeriesState *state, SeriesTally *tallies, const Walk *walk, bool calendar)
{
	if (calendar)
		CountRun(tallies, Max(walk->run, 1), walk->last_index, walk->first);
	else
		CountRun(tallies, walk->run,
				 GridReached(&state->grid, walk->last + state->active_days) - 1, walk->first);
}

/* Whether those who bought before the period, and in it, were active at its start and end. */
static pg_attribute_always_inline void
ActiveAtEnds(const SeriesState *state, const Walk *walk, bool calendar, bool *at_start,
			 bool *at_end)
{
	const DateADT *bounds = state->grid.bounds;
	int			   index = walk->index;

	if (calendar)
	{
		*at_start = index > 1 && walk->before_index == index - 1;
		*at_end = walk->purchases > 0;
	}
	else
	{
		*at_start = walk->before >= (int64) bounds[index - 1] - state->active_days;
		*at_end = walk->last >= (int64) bounds[index] - state->active_days;
	}
}

/* Puts the money of the period that has been read where it belongs. */
static pg_attribute_always_inline void
ClosePeriod(const SeriesState *state, SeriesTally *tallies, const Walk *walk, bool calendar)
{
	SeriesTally *tally = &tallies[walk->index];
	bool		 at_start;
	bool		 at_end;
	int			 whose;

	if (walk->index == 0)
		return;
	ActiveAtEnds(state, walk, calendar, &at_start, &at_end);
	/* No branch: which of the three it is cannot be predicted. */
	whose = MONEY_REST - (at_start & at_end);
	whose = walk->first == walk->index ? MONEY_NEW : whose;
	tally->cells[whose].purchases += walk->purchases;
	tally->cells[whose].money += walk->money;
	if (calendar && !at_end)
	{
		tally->money_idle += walk->money;
		if (at_start)
			tally->money_idle_then += walk->money;
	}
}

/* The day just read lies in a later period than the one before it. */
static pg_attribute_always_inline void
EnterPeriod(const SeriesState *state, Walk *walk, int64 day)
{
	walk->index = GridReachedInside(&state->grid, day);
	walk->until = state->grid.bounds[walk->index];
	walk->before = walk->last;
	walk->before_index = walk->last_index;
	walk->purchases = 0;
	walk->money = 0;
}

/*
 * A purchase carries the run on when the one before it still counts at the last
 * boundary passed, and so at all boundaries between the two.
 */
static pg_attribute_always_inline void
AddPurchase(const SeriesState *state, SeriesTally *tallies, Walk *walk, int64 day,
			bool calendar)
{
	int index = walk->index;

	if (unlikely(walk->first < 0))
	{
		walk->first = walk->run = index;
		tallies[index].acquired++;
	}
	else if (walk->last_index < index &&
			 (calendar ? walk->last_index < index - 1
					   : walk->last + state->active_days < state->grid.bounds[index - 1]))
	{
		CloseRun(state, tallies, walk, calendar);
		walk->run = index;
	}
	walk->last = day;
	walk->last_index = index;
}

/* The last purchase day of some days; SERIES_NEVER when there is none. */
static int64
LastPurchase(const HistoryDay *days, int n)
{
	while (n > 0 && days[n - 1].purchases == 0)
		n--;
	return n > 0 ? days[n - 1].day : SERIES_NEVER;
}

/*
 * Notes the last purchase day: `latest`, or a later one where the walk stopped short. (By
 * value: a Walk whose address were handed out would live in memory, not registers.)
 */
static void
ObserveLatest(Grid *grid, HistoryReader *reader, int64 latest, bool stopped)
{
	if (likely(reader->refund_days == 0))
	{
		if (reader->days > 0)
			GridObserve(grid, reader->last);
		return;
	}
	while (stopped && HistoryNext(reader))
	{
		if (reader->current.purchases > 0)
			latest = reader->current.day;
	}
	if (latest != SERIES_NEVER)
		GridObserve(grid, (DateADT) latest);
}

static pg_attribute_always_inline void
AddHistory(SeriesState *state, HistoryReader *reader, bool calendar)
{
	Grid		*grid = &state->grid;
	SeriesTally *tallies = SeriesTallies(state);
	int64		 stop = grid->bounds[grid->nbounds - 1];
	bool		 stopped = false;
	int64		 later = SERIES_NEVER;
	Walk		 walk = {0, -1, 0, -1, -1, SERIES_NEVER, SERIES_NEVER, grid->bounds[0], 0, 0};
	HistoryDay	 days[HISTORY_CHUNK];
	int			 n;

	if (grid->observed_given)
		stop = Min(stop, (int64) grid->observed_until + 1);
	while (!stopped && (n = HistoryNextDays(reader, days)) > 0)
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
		{
			int64 day = days[i].day;

			if (day >= stop)
			{
				stopped = true;
				later = LastPurchase(days + i, n - i);
				break;
			}
			if (day >= walk.until)
			{
				ClosePeriod(state, tallies, &walk, calendar);
				EnterPeriod(state, &walk, day);
			}
			walk.money += days[i].amount;
			walk.purchases += days[i].purchases;
			if (likely(days[i].purchases > 0))
				AddPurchase(state, tallies, &walk, day, calendar);
		}
	}
	ClosePeriod(state, tallies, &walk, calendar);
	if (walk.first >= 0)
		CloseRun(state, tallies, &walk, calendar);
	if (!grid->observed_given)
		ObserveLatest(grid, reader, Max(walk.last, later), stopped);
}

void
SeriesAddHistory(SeriesState *state, const PurchaseHistory *history)
{
	HistoryReader reader;

	if (likely(SeriesAddPlainHistory(state, history)))
		return;
	HistoryOpen(&reader, history);
	state->has_amount |= reader.has_amount;
	if (state->method == SERIES_CALENDAR)
		AddHistory(state, &reader, true);
	else
		AddHistory(state, &reader, false);
}

/* A span from day l to before day u counts at the boundaries in (l, u]. */
void
SeriesAddSpans(SeriesState *state, const DaySpan *spans, int nspans)
{
	Grid		*grid = &state->grid;
	SeriesTally *tallies = SeriesTallies(state);
	int			 first = -1;
	int			 run = 0;
	int			 run_end = -1;

	for (int i = 0; i < nspans; i++)
	{
		int from;
		int to;

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (grid->observed_given && spans[i].from > grid->observed_until)
			break;
		if (spans[i].from != SPAN_OPEN_BEGIN)
			GridObserve(grid, (DateADT) spans[i].from);
		from = GridReached(grid, spans[i].from);
		to = GridReached(grid, spans[i].until) - 1;
		if (first < 0)
		{
			if (from < grid->nbounds)
				tallies[from].acquired++;
			first = run = from;
			run_end = to;
		}
		else if (from <= run_end + 1)
			run_end = Max(run_end, to);
		else
		{
			CountRun(tallies, run, run_end, first);
			run = from;
			run_end = to;
		}
	}
	if (first >= 0)
		CountRun(tallies, run, run_end, first);
}

void
SeriesMerge(SeriesState *state, const SeriesState *other)
{
	SeriesTally		  *mine = SeriesTallies(state);
	const SeriesTally *theirs = SeriesTallies(other);

	state->has_amount |= other->has_amount;
	GridMerge(&state->grid, &other->grid);
	for (int i = 0; i < state->grid.nbounds; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		mine[i].starts += theirs[i].starts;
		mine[i].ends += theirs[i].ends;
		mine[i].acquired += theirs[i].acquired;
		mine[i].new_active += theirs[i].new_active;
		for (int k = 0; k < lengthof(mine[i].cells); k++)
		{
			mine[i].cells[k].buyers += theirs[i].cells[k].buyers;
			mine[i].cells[k].purchases += theirs[i].cells[k].purchases;
			mine[i].cells[k].money += theirs[i].cells[k].money;
		}
		mine[i].money_idle += theirs[i].money_idle;
		mine[i].money_idle_then += theirs[i].money_idle_then;
	}
}

static inline int128
TallyRevenue(const SeriesTally *tally)
{
	return tally->cells[MONEY_NEW].money + tally->cells[MONEY_RETAINED].money +
		   tally->cells[MONEY_REST].money;
}

/* Buyers who were not active at the index before. */
static inline int64
TallyArrivals(const SeriesTally *tally)
{
	return tally->cells[MONEY_NEW].buyers + tally->cells[MONEY_REST].buyers;
}

/* Runs that end at an index, the one after it being `next`. */
static inline int64
RunsEnded(const SeriesState *state, const SeriesTally *tally, const SeriesTally *next)
{
	if (state->method != SERIES_CALENDAR)
		return tally->ends;
	return tally->ends + TallyArrivals(tally) + tally->cells[MONEY_RETAINED].buyers -
		   next->cells[MONEY_RETAINED].buyers;
}

void
SeriesNextPeriod(const SeriesState *state, SeriesCursor *cursor, SeriesPeriod *period)
{
	const SeriesTally *start = SeriesTallies(state) + cursor->period;
	const SeriesTally *end = start + 1;

	if (cursor->period++ == 0)
	{
		cursor->active = start->starts;
		cursor->known = start->acquired;
	}
	period->at_start = cursor->active;
	period->churned = RunsEnded(state, start, end);
	period->retained = period->at_start - period->churned;
	period->new_customers = end->new_active + end->cells[MONEY_NEW].buyers;
	period->reactivated = end->starts + TallyArrivals(end) - period->new_customers;
	period->at_end = period->retained + period->new_customers + period->reactivated;
	period->acquired = end->acquired;
	period->lapsed = cursor->known - period->at_start;
	period->purchases = end->cells[MONEY_NEW].purchases + end->cells[MONEY_RETAINED].purchases +
						end->cells[MONEY_REST].purchases;
	period->revenue = TallyRevenue(end);
	period->revenue_new = end->cells[MONEY_NEW].money;
	period->revenue_retained = end->cells[MONEY_RETAINED].money;
	period->revenue_rest = end->cells[MONEY_REST].money;
	period->followed_then = TallyRevenue(start) - start->money_idle;
	period->followed_now = end->cells[MONEY_RETAINED].money + end->money_idle_then;
	cursor->active = period->at_end;
	cursor->known += period->acquired;
}
