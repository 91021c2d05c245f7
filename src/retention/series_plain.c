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

#include "miscadmin.h"

#include "compat.h"
#include "history_plain.h"
#include "retention/series.h"

typedef struct
{
	GridScale		 grid;
	int64			 active_days;
	const SeriesDay *days; /* if the state has any */
} Scale;

/* The last index at which a purchase still counts (window method), if it does at any. */
static pg_attribute_always_inline int
RunEnd(const Scale *scale, int64 last)
{
	int64 until = last + scale->active_days;

	return GridScaleReached(&scale->grid, Min(until, scale->grid.end - 1)) -
		   (until < scale->grid.end);
}

/* A SeriesDay, of any number of boundaries. */
typedef struct
{
	int index;
	int lapsed;
} Reach;

/* Of a day since the first boundary. */
static pg_attribute_always_inline Reach
ReachOf(const Scale *scale, int64 day, bool calendar, bool by_day)
{
	int index;

	if (by_day)
		return (Reach){scale->days[day].index, scale->days[day].lapsed};
	day += scale->grid.first;
	index = GridScaleReached(&scale->grid, day);
	return (Reach){index, calendar ? index + 1 : RunEnd(scale, day) + 1};
}

void
SeriesPrepare(SeriesState *state)
{
	Scale	   scale = {.active_days = state->active_days};
	SeriesDay *days = SeriesDays(state);
	bool	   calendar = state->method == SERIES_CALENDAR;

	state->short_periods = GridLongest(&state->grid) <= state->active_days;
	state->by_day = (calendar || state->short_periods) &&
					GridScaleOf(&scale.grid, &state->grid) && scale.grid.shift == 0 &&
					state->grid.nbounds <= PG_UINT16_MAX;
	if (!state->by_day)
		return;
	for (int64 i = 0; i < scale.grid.end - scale.grid.first; i++)
	{
		Reach reach = ReachOf(&scale, i, calendar, false);

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		days[i] = (SeriesDay){(uint16) reach.index, (uint16) reach.lapsed};
	}
}

void
SeriesSettle(SeriesState *state)
{
	SeriesRecent *recents = SeriesRecents(state);

	for (int i = 0; i < state->grid.nbounds; i++)
	{
		SeriesTally *tally = &SeriesTallies(state)[i];

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		for (int k = 0; k < lengthof(tally->cells); k++)
		{
			tally->cells[k].buyers += (int64) (recents[i].cells[k].counts >> 32);
			tally->cells[k].purchases += (int64) (recents[i].cells[k].counts & PG_UINT32_MAX);
			tally->cells[k].money += recents[i].cells[k].money;
		}
		tally->acquired += (int64) (recents[i].cells[MONEY_NEW].counts >> 32);
		tally->ends += recents[i].ends;
		recents[i] = (SeriesRecent){0};
	}
	state->recent_purchases = state->recent_money = 0;
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

/* Counts the days from `day` since the first boundary on; what came before them is counted. */
static pg_attribute_always_inline void
CountFrom(SeriesState *state, const Scale *scale, PlainHistory *plain, uint32 left, int64 day,
		  uint32 whose, bool calendar, bool by_day)
{
	SeriesRecent *recents = SeriesRecents(state);
	int64		  stop = scale->grid.stop - scale->grid.first;
	int64		  spend = plain->has_amount ? plain->spend : 0;
	Reach		  now = ReachOf(scale, day, calendar, by_day);
	bool		  same = false;

	if (unlikely(plain->purchases > PG_UINT32_MAX - state->recent_purchases ||
				 spend > PG_INT64_MAX - state->recent_money))
		SeriesSettle(state);
	state->recent_purchases += plain->purchases;
	state->recent_money += spend;
	for (;;)
	{
		Reach before = now;
		bool  at_start;

		recents[now.index].cells[whose].counts +=
			PlainNext(&plain->counts) + ((uint64) !same << 32);
		recents[now.index].cells[whose].money += PlainNext(&plain->amounts) * plain->unit;
		if (--left == 0)
			break;
		day += (int64) PlainNext(&plain->gaps);
		if (unlikely(day >= stop))
			break;
		now = ReachOf(scale, day, calendar, by_day);
		same = now.index == before.index;
		at_start = now.index <= before.lapsed;
		if (!calendar)
			recents[before.lapsed - 1].ends += !at_start;
		whose = Choose(same, whose, MONEY_REST - at_start);
	}
	if (!calendar)
		recents[now.lapsed - 1].ends++;
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
	day -= scale->grid.first;
	if (likely(state->by_day))
		CountFrom(state, scale, plain, left, day, whose, calendar, true);
	else
		CountFrom(state, scale, plain, left, day, whose, calendar, false);
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
	scale.days = SeriesDays(state);
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
