/*
 * retention/series_plain.c - the kernel of retention_agg for customers without
 * refunds, who are nearly all.
 *
 * Whether a purchase opens a new period, and whether the customer had been
 * away, are coin tosses to a processor, so nothing here branches on them: days
 * are gathered by period, and each period's counters get zeros or ones. What is
 * counted is the same as in retention/series.c.
 */
#include "postgres.h"

#include "compat.h"
#include "retention/series.h"

/* So many periods are gathered at a time. */
#define MAX_PERIODS 64

/* A customer's purchases in one period. */
typedef struct
{
	int	   index; /* boundaries reached */
	int64  last;  /* purchase day */
	int64  purchases;
	uint64 money; /* in the history's unit */
} PeriodPurchases;

/* What came before the period that is counted next. */
typedef struct
{
	int	  index; /* of the last purchase, -1: none */
	int64 last;	 /* purchase day */
	int	  first; /* index of the first purchase */
	int	  run;	 /* where the current run starts (window method) */
} Past;

/*
 * Adds a history's days before `stop`, from number `from` on, to periods[0],
 * which is under way, and those after it, MAX_PERIODS in all; returns the number
 * of the first day not added, and in *count how many periods stand there now.
 * An index of -1 is no period yet.
 */
static pg_attribute_always_inline uint32
GatherPeriods(const Grid *grid, const HistoryReader *reader, uint32 from, int64 *day_before,
			  int64 stop, PeriodPurchases *periods, int *count)
{
	int64			first = grid->bounds[0];
	PeriodPurchases now = periods[0];
	int64			day = *day_before;
	int				at = 0;
	uint32			i;

	for (i = from; i < reader->days && at < MAX_PERIODS - 1; i++)
	{
		int64 next =
			i > 0 ? day + (int64) HistoryColumnBits(reader->gaps, i - 1, reader->gap_width)
				  : reader->first;
		int	   index;
		bool   same;
		uint64 keep;

		if (unlikely(next >= stop))
			break;
		day = next;
		index = likely(day >= first) ? GridReachedInside(grid, day) : 0;
		same = index == now.index;
		keep = -(uint64) same;
		at += !same;
		now.index = index;
		now.last = day;
		now.purchases = (int64) ((uint64) now.purchases & keep) +
						(reader->has_counts
							 ? (int64) HistoryColumnBits(reader->counts, i, reader->count_width)
							 : 1);
		now.money =
			(now.money & keep) +
			(reader->has_amount ? HistoryColumnBits(reader->amounts, i, reader->amount_width)
								: 0);
		periods[at] = now;
	}
	*day_before = day;
	*count = at + 1;
	return i;
}

/* The last index at which a purchase of that day still counts (window method). */
static inline int
RunEnd(const SeriesState *state, int64 last)
{
	return GridReached(&state->grid, last + state->active_days) - 1;
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

static pg_attribute_always_inline void
CountPeriod(const SeriesState *state, SeriesTally *tallies, const PeriodPurchases *now,
			int64 unit, Past *past, bool calendar)
{
	const DateADT *bounds = state->grid.bounds;
	SeriesTally	  *tally = &tallies[now->index];
	bool		   is_first = past->index < 0;
	int			   before = Max(now->index - 1, 0);
	bool		   at_start;
	bool		   at_end = true;

	if (calendar)
	{
		at_start = now->index > 1 && past->index == now->index - 1;
		tally->starts += !at_start && now->index > 0;
		tally->new_active += is_first && now->index > 0;
		tallies[Max(past->index, 0)].ends += !at_start && past->index > 0;
	}
	else
	{
		at_start = past->last >= (int64) bounds[before] - state->active_days;
		at_end = now->last >= (int64) bounds[now->index] - state->active_days;
		EndRun(tallies, past, RunEnd(state, past->last), !is_first && !at_start);
		past->run = at_start ? past->run : now->index;
	}
	tally->acquired += is_first;
	past->first = is_first ? now->index : past->first;
	if (likely(now->index > 0))
	{
		int whose = is_first ? MONEY_NEW : MONEY_REST - (at_start & at_end);

		tally->purchases += now->purchases;
		tally->money[whose] += (int64) (now->money * (uint64) unit);
	}
	past->index = now->index;
	past->last = now->last;
}

static pg_attribute_always_inline void
AddPlainHistory(SeriesState *state, HistoryReader *reader, bool calendar)
{
	Grid		   *grid = &state->grid;
	SeriesTally	   *tallies = SeriesTallies(state);
	int64			stop = grid->bounds[grid->nbounds - 1];
	Past			past = {-1, SERIES_NEVER, -1, 0};
	PeriodPurchases periods[MAX_PERIODS];
	int64			day = 0;
	uint32			from = 0;
	uint32			until;
	int				count;

	if (grid->observed_given)
		stop = Min(stop, (int64) grid->observed_until + 1);
	else if (reader->days > 0)
		GridObserve(grid, reader->last);
	periods[0] = (PeriodPurchases){-1, SERIES_NEVER, 0, 0};
	do
	{
		until = from;
		from = GatherPeriods(grid, reader, from, &day, stop, periods, &count);
		for (int i = periods[0].index < 0 ? 1 : 0; i < count - 1; i++)
			CountPeriod(state, tallies, &periods[i], reader->unit, &past, calendar);
		periods[0] = periods[count - 1];
	} while (from < reader->days && from > until);
	if (periods[0].index < 0)
		return;
	CountPeriod(state, tallies, &periods[0], reader->unit, &past, calendar);
	if (calendar)
		tallies[past.index].ends += past.index > 0;
	else
		EndRun(tallies, &past, RunEnd(state, past.last), true);
}

void
SeriesAddPlainHistory(SeriesState *state, HistoryReader *reader)
{
	if (state->method == SERIES_CALENDAR)
		AddPlainHistory(state, reader, true);
	else
		AddPlainHistory(state, reader, false);
}
