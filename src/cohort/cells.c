/*
 * cohort/cells.c - the kernel of cohort_agg.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "cohort/cells.h"
#include "compat.h"
#include "history_plain.h"

CohortState *
CohortNew(MemoryContext context, int nbounds)
{
	Size		 bytes = CohortBytes(nbounds, 0);
	CohortState *state = MemoryContextAllocHuge(context, bytes);

	memset(state, 0, bytes);
	return state;
}

void
CohortInit(CohortState *state)
{
	CohortHead *heads = CohortHeads(state);

	for (int i = 0; i < CohortPeriods(state); i++)
		heads[i].first_cell = -1;
}

CohortState *
CohortReserve(CohortState *state, int cohort)
{
	int	  nbounds = state->grid.nbounds;
	int64 cells = CohortPeriods(state) - cohort;
	int64 used = state->ncells;

	if (likely(CohortHeads(state)[cohort].first_cell >= 0))
		return state;
	if (used + cells > state->capacity)
	{
		int64 capacity = Max(used + cells, state->capacity * 2);

		state = repalloc_huge(state, CohortBytes(nbounds, capacity));
		state->capacity = capacity;
	}
	memset(CohortCells(state) + used, 0, cells * sizeof(CohortCell));
	CohortHeads(state)[cohort].first_cell = used;
	state->ncells = used + cells;
	return state;
}

/* One customer's history while it is read. */
typedef struct
{
	int			index;		  /* boundaries reached by the day read last */
	int			cohort;		  /* period of the first purchase */
	bool		known;		  /* something was bought */
	bool		counted;	  /* as active in the current period (bounded) */
	int64		until;		  /* first day of the next index */
	int64		last;		  /* last purchase day */
	int			last_index;	  /* its index */
	int128		money_before; /* of the current period, before the first purchase */
	CohortCell *cells;		  /* of the cohort, NULL outside the boundaries */
} Walk;

/* Gives the customer its cohort, if the first purchase lies within the boundaries. */
static CohortState *
EnterCohort(CohortState *state, Walk *walk)
{
	walk->known = true;
	walk->cohort = walk->index - 1;
	if (walk->cohort < 0 || walk->cohort >= CohortPeriods(state))
		return state;
	state = CohortReserve(state, walk->cohort);
	CohortHeads(state)[walk->cohort].size++;
	walk->cells = CohortCells(state) + CohortHeads(state)[walk->cohort].first_cell;
	walk->cells[0].money += walk->money_before;
	return state;
}

/* The day just read lies in a later period, or past the last one. */
static inline void
EnterPeriod(const Grid *grid, Walk *walk, int64 day)
{
	walk->index = GridReached(grid, day);
	walk->until = walk->index < grid->nbounds ? grid->bounds[walk->index] : PG_INT64_MAX;
	walk->counted = false;
	walk->money_before = 0;
}

static inline CohortState *
AddDay(CohortState *state, Walk *walk, const HistoryDay *day)
{
	CohortCell *cell;

	if (day->day >= walk->until)
		EnterPeriod(&state->grid, walk, day->day);
	if (day->purchases > 0)
	{
		walk->last = day->day;
		walk->last_index = walk->index;
		if (!walk->known)
			state = EnterCohort(state, walk);
	}
	if (!walk->known)
		walk->money_before += day->amount;
	if (walk->cells == NULL || walk->index > CohortPeriods(state))
		return state;
	cell = &walk->cells[walk->index - 1 - walk->cohort];
	cell->money += day->amount;
	cell->active += !state->unbounded && day->purchases > 0 && !walk->counted;
	walk->counted |= day->purchases > 0;
	return state;
}

/* Adds days from *day on, which is in a cohort's period, to its cells; returns the last cell. */
static pg_attribute_always_inline int
CountFrom(CohortCell *cells, const GridScale *scale, PlainHistory *plain, int cohort,
		  bool bounded, bool by_day)
{
	int64  day = plain->first - scale->first;
	int64  stop = scale->stop - scale->first;
	uint32 left = plain->days;
	int	   period = 0;
	bool   fresh = bounded;

	for (;;)
	{
		int before = period;

		cells[period].active += fresh;
		cells[period].money += PlainNext(&plain->amounts) * plain->unit;
		if (--left == 0)
			break;
		day += (int64) PlainNext(&plain->gaps);
		if (unlikely(day >= stop))
			break;
		period = (by_day ? scale->slots[day] : GridScaleReached(scale, scale->first + day)) -
				 1 - cohort;
		fresh = bounded && period != before;
	}
	return period;
}

/*
 * Counts a plain customer without a branch on whether a purchase opens a new period. False
 * when CohortAddHistory has to walk: that goes for whoever bought after the last boundary
 * too, where the mode is unbounded.
 */
static pg_attribute_always_inline bool
AddPlainHistory(CohortState **state, const PurchaseHistory *history)
{
	Grid		*grid = &(*state)->grid;
	bool		 unbounded = (*state)->unbounded;
	GridScale	 scale;
	PlainHistory plain;
	CohortCell	*cells;
	int			 cohort;
	int			 last;

	if (unlikely(!GridScaleOf(&scale, grid) || !PlainOpen(&plain, history) ||
				 (unbounded && plain.last >= scale.end)))
		return false;
	(*state)->has_amount |= plain.has_amount;
	if (!grid->observed_given)
		GridObserve(grid, plain.last);
	if (plain.first < scale.first || plain.first >= scale.stop)
		return true;
	cohort = GridScaleReached(&scale, plain.first) - 1;
	*state = CohortReserve(*state, cohort);
	if (unlikely(&(*state)->grid != grid)) /* it moved, and took the slots along */
		(void) GridScaleOf(&scale, &(*state)->grid);
	CohortHeads(*state)[cohort].size++;
	cells = CohortCells(*state) + CohortHeads(*state)[cohort].first_cell;
	last = likely(scale.shift == 0)
			   ? CountFrom(cells, &scale, &plain, cohort, !unbounded, true)
			   : CountFrom(cells, &scale, &plain, cohort, !unbounded, false);
	cells[last].active += unbounded;
	return true;
}

CohortState *
CohortAddHistory(CohortState *state, const PurchaseHistory *history)
{
	HistoryReader reader;
	HistoryDay	  days[HISTORY_CHUNK];
	bool		  given = state->grid.observed_given;
	DateADT		  observed_until = state->grid.observed_until;
	Walk		  walk = {0};
	int			  n;

	if (likely(AddPlainHistory(&state, history)))
		return state;
	walk.until = state->grid.bounds[0];
	HistoryOpen(&reader, history);
	state->has_amount |= reader.has_amount;
	while ((n = HistoryNextDays(&reader, days)) > 0)
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
		{
			if (unlikely(given && days[i].day > observed_until))
				goto done;
			state = AddDay(state, &walk, &days[i]);
		}
	}
done:
	if (walk.known && !given)
		GridObserve(&state->grid, (DateADT) walk.last);
	if (state->unbounded && walk.cells != NULL)
		walk.cells[Min(walk.last_index, CohortPeriods(state)) - 1 - walk.cohort].active++;
	return state;
}

CohortState *
CohortMerge(CohortState *state, const CohortState *other)
{
	state->has_amount |= other->has_amount;
	GridMerge(&state->grid, &other->grid);
	for (int i = 0; i < CohortPeriods(other); i++)
	{
		const CohortHead *theirs = &CohortHeads(other)[i];
		const CohortCell *from;
		CohortCell		 *to;

		CHECK_FOR_INTERRUPTS();
		if (theirs->size == 0)
			continue;
		state = CohortReserve(state, i);
		CohortHeads(state)[i].size += theirs->size;
		from = CohortCells(other) + theirs->first_cell;
		to = CohortCells(state) + CohortHeads(state)[i].first_cell;
		for (int k = 0; k < CohortPeriods(other) - i; k++)
		{
			to[k].active += from[k].active;
			to[k].money += from[k].money;
		}
	}
	return state;
}
