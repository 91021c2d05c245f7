/*
 * retention/series_plain.c - the kernel of retention_agg for customers without
 * refunds, who are nearly all.
 *
 * Whether a purchase opens a new period, and whether the customer bought in the one
 * before, are coin tosses to a processor, so nothing here branches on them: each day
 * adds zeros or ones to the counters of its period. Where every period's purchases
 * are active at its end (calendar method; periods no longer than active_days)
 * a day is counted as it is read, by a table of days where there is one. Otherwise
 * days are gathered by period first. What is counted is the same as in
 * retention/series.c.
 */
#include "postgres.h"

#include "compat.h"
#include "history_plain.h"
#include "retention/series.h"

typedef struct
{
	GridScale grid;
	int64	  active_days;
} Scale;

/* The last index at which a purchase still counts (window method), if it does at any. */
static pg_attribute_always_inline int
RunEnd(const Scale *scale, int64 last)
{
	int64 until = last + scale->active_days;

	return GridScaleReached(&scale->grid, Min(until, scale->grid.end - 1)) -
		   (until < scale->grid.end);
}

/*
 * Days before the first boundary, from *day on: they only say that the customer is
 * known. Returns how many days are left from the new *day on.
 */
static pg_attribute_always_inline uint32
SkipEarlier(const Scale *scale, PlainHistory *plain, int64 *day, int64 *last)
{
	uint32 left = plain->days;

	while (*day < Min(scale->grid.first, scale->grid.stop))
	{
		*last = *day;
		(void) PlainNext(&plain->counts);
		(void) PlainNext(&plain->amounts);
		if (--left == 0)
			break;
		*day += (int64) PlainNext(&plain->gaps);
	}
	return left;
}

/* The first choice where the condition holds, without a branch. */
static pg_attribute_always_inline uint32
Choose(bool condition, uint32 yes, uint32 no)
{
	return no ^ ((no ^ yes) & -(uint32) condition);
}

/*
 * Counts the days from `day` on, whose period and reach the table says; what came
 * before them is counted. Days are those since the first boundary.
 */
static pg_attribute_always_inline void
CountByDay(SeriesState *state, const Scale *scale, PlainHistory *plain, uint32 left, int64 day,
		   uint32 whose, bool calendar)
{
	SeriesRecent	*recents = SeriesRecents(state);
	const SeriesDay *days = SeriesDays(state);
	int64			 stop = scale->grid.stop - scale->grid.first;
	int64			 spend = plain->has_amount ? plain->spend : 0;
	SeriesDay		 now = days[day];
	bool			 same = false;

	if (unlikely(state->purchase_room < plain->purchases || state->money_room < spend))
		SeriesSettle(state);
	state->purchase_room -= plain->purchases;
	state->money_room -= spend;
	for (;;)
	{
		SeriesDay before = now;
		bool	  at_start;

		recents[now.index].cells[whose].counts +=
			PlainNext(&plain->counts) + ((uint64) !same << 32);
		recents[now.index].cells[whose].money += PlainNext(&plain->amounts) * plain->unit;
		if (--left == 0)
			break;
		day += (int64) PlainNext(&plain->gaps);
		if (unlikely(day >= stop))
			break;
		now = days[day];
		same = now.index == before.index;
		at_start = now.index <= before.lapsed;
		if (!calendar)
			recents[before.lapsed - 1].ends += !at_start;
		whose = Choose(same, whose, MONEY_REST - at_start);
	}
	if (!calendar)
		recents[now.lapsed - 1].ends++;
}

/* As CountByDay where there is no table; `day` is in period `index`. */
static pg_attribute_always_inline void
CountFrom(SeriesTally *tallies, const Scale *scale, PlainHistory *plain, uint32 left, int64 day,
		  int index, uint32 whose, bool calendar)
{
	int64 first = scale->grid.first;
	int64 stop = scale->grid.stop - first;
	int64 reach = first + scale->active_days;
	bool  same = false;

	tallies[index].acquired += whose == MONEY_NEW;
	for (;;)
	{
		SeriesCell *cell = &tallies[index].cells[whose];
		int			before = index;
		int64		last = day;
		bool		at_start;

		cell->buyers += !same;
		cell->purchases += (int64) PlainNext(&plain->counts);
		cell->money += PlainNext(&plain->amounts) * plain->unit;
		if (--left == 0)
			break;
		day += (int64) PlainNext(&plain->gaps);
		if (unlikely(day >= stop))
		{
			day = last;
			break;
		}
		index = GridScaleReached(&scale->grid, first + day);
		same = index == before;
		if (calendar)
			at_start = index - before == 1;
		else
		{
			at_start = last >= scale->grid.bounds[index - 1] - reach;
			if (!at_start)
				tallies[RunEnd(scale, first + last)].ends++;
		}
		whose = Choose(same, whose, MONEY_REST - at_start);
	}
	if (!calendar)
		tallies[RunEnd(scale, first + day)].ends++;
}

/*
 * Counts a customer whose purchases are active at the end of their period. A run
 * goes on when the customer is active at the start of the next purchase's period.
 */
static pg_attribute_always_inline void
CountDays(SeriesState *state, const Scale *scale, PlainHistory *plain, bool calendar)
{
	SeriesTally *tallies = SeriesTallies(state);
	int64		 day = plain->first;
	int64		 last = SERIES_NEVER;
	uint32		 left = plain->days;
	uint32		 whose = MONEY_NEW;
	bool		 at_start = false;

	if (unlikely(day < scale->grid.first))
		left = SkipEarlier(scale, plain, &day, &last);
	if (unlikely(last != SERIES_NEVER))
	{
		at_start = !calendar && last >= scale->grid.first - scale->active_days;
		tallies[0].acquired++;
		tallies[0].starts += at_start;
	}
	if (unlikely(left == 0 || day >= scale->grid.stop))
	{
		if (at_start)
			tallies[RunEnd(scale, last)].ends++;
		return;
	}
	if (unlikely(last != SERIES_NEVER))
	{
		int before = GridScaleReached(&scale->grid, day) - 1;

		if (at_start)
		{
			at_start = last >= scale->grid.bounds[before] - scale->active_days;
			if (!at_start)
				tallies[RunEnd(scale, last)].ends++;
		}
		whose = MONEY_REST - at_start;
	}
	if (likely(state->by_day))
		CountByDay(state, scale, plain, left, day - scale->grid.first, whose, calendar);
	else
		CountFrom(tallies, scale, plain, left, day - scale->grid.first,
				  GridScaleReached(&scale->grid, day), whose, calendar);
}

/* So many periods are gathered at a time. */
#define MAX_PERIODS 64

/* A customer's purchases in one period. */
typedef struct
{
	int	   index; /* boundaries reached; -1: no period yet */
	int64  last;  /* purchase day */
	int64  purchases;
	uint64 money; /* in the history's unit */
} PeriodPurchases;

/* What came before the period that is counted next. */
typedef struct
{
	int64 last;	 /* purchase day */
	int	  first; /* index of the first purchase, -1: none yet */
	int	  run;	 /* where the current run starts */
} Past;

/*
 * Adds days, *left of them from *day on, to periods[0], which is under way, and
 * those after it, MAX_PERIODS in all. Returns how many periods stand there now;
 * *left is 0 when the history's days, or those that count, are at an end.
 */
static int
GatherPeriods(const Scale *scale, PlainHistory *plain, uint32 *left, int64 *day,
			  PeriodPurchases *periods)
{
	PeriodPurchases now = periods[0];
	int				at = 0;

	while (at < MAX_PERIODS - 1)
	{
		int	   index;
		bool   same;
		uint64 keep;

		if (unlikely(*day >= scale->grid.stop))
		{
			*left = 0;
			break;
		}
		index = likely(*day >= scale->grid.first) ? GridScaleReached(&scale->grid, *day) : 0;
		same = index == now.index;
		keep = -(uint64) same;
		at += !same;
		now.index = index;
		now.last = *day;
		now.purchases = (int64) (((uint64) now.purchases & keep) + PlainNext(&plain->counts));
		now.money = (now.money & keep) + PlainNext(&plain->amounts);
		periods[at] = now;
		if (--*left == 0)
			break;
		*day += (int64) PlainNext(&plain->gaps);
	}
	return at + 1;
}

/* Counts the run that the past ends, if it does; it may cover no index. */
static inline void
EndRun(SeriesTally *tallies, const Past *past, int end, bool ends)
{
	bool counts = ends && end >= past->run;
	int	 from = past->run;

	end = Max(end, 0);
	tallies[from].starts += counts;
	tallies[end].ends += counts;
	tallies[from].new_active += counts && from == past->first && from > 0;
}

/* As RunEnd, for days that may lie before the first boundary. */
static inline int
PastRunEnd(const Scale *scale, const Past *past)
{
	return past->last + scale->active_days < scale->grid.first ? -1 : RunEnd(scale, past->last);
}

static inline void
CountPeriod(SeriesTally *tallies, const Scale *scale, const PeriodPurchases *now, uint64 unit,
			Past *past)
{
	const DateADT *bounds = scale->grid.bounds;
	SeriesTally	  *tally = &tallies[now->index];
	bool		   is_first = past->first < 0;
	bool at_start = past->last >= (int64) bounds[Max(now->index - 1, 0)] - scale->active_days;
	bool at_end = now->last >= (int64) bounds[now->index] - scale->active_days;

	EndRun(tallies, past, PastRunEnd(scale, past), !is_first && !at_start);
	past->run = at_start ? past->run : now->index;
	tally->acquired += is_first;
	past->first = is_first ? now->index : past->first;
	if (likely(now->index > 0))
	{
		int whose = is_first ? MONEY_NEW : MONEY_REST - (at_start & at_end);

		tally->cells[whose].purchases += now->purchases;
		tally->cells[whose].money += now->money * unit;
	}
	past->last = now->last;
}

/* Counts a customer by the window method, whatever the periods. */
static void
CountPeriods(SeriesTally *tallies, const Scale *scale, PlainHistory *plain)
{
	PeriodPurchases periods[MAX_PERIODS];
	Past			past = {SERIES_NEVER, -1, 0};
	int64			day = plain->first;
	uint32			left = plain->days;
	int				count;

	periods[0] = (PeriodPurchases){-1, SERIES_NEVER, 0, 0};
	do
	{
		count = GatherPeriods(scale, plain, &left, &day, periods);
		for (int i = periods[0].index < 0 ? 1 : 0; i < count - 1; i++)
			CountPeriod(tallies, scale, &periods[i], plain->unit, &past);
		periods[0] = periods[count - 1];
	} while (left > 0);
	if (periods[0].index < 0)
		return;
	CountPeriod(tallies, scale, &periods[0], plain->unit, &past);
	EndRun(tallies, &past, PastRunEnd(scale, &past), true);
}

bool
SeriesAddPlainHistory(SeriesState *state, const PurchaseHistory *history)
{
	Scale		 scale;
	PlainHistory plain;

	if (unlikely(!GridScaleOf(&scale.grid, &state->grid) || !PlainOpen(&plain, history)))
		return false;
	scale.active_days = state->active_days;
	state->has_amount |= plain.has_amount;
	if (!state->grid.observed_given)
		GridObserve(&state->grid, plain.last);
	if (state->method == SERIES_CALENDAR)
		CountDays(state, &scale, &plain, true);
	else if (state->short_periods)
		CountDays(state, &scale, &plain, false);
	else
	{
		/* Copies: what a function gets by address lives in memory, on the other ways too. */
		Scale		 scale_copy = scale;
		PlainHistory plain_copy = plain;

		CountPeriods(SeriesTallies(state), &scale_copy, &plain_copy);
	}
	return true;
}
