/*
 * subscription/movements.c - the kernel of mrr_agg.
 *
 * A movement compares the two ends of a period, m0 and m1. What happens and is
 * undone in between is not seen.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "subscription/movements.h"

/* One customer's steps while they are read. */
typedef struct
{
	int	  index;   /* boundaries reached by the step read last */
	int64 before;  /* m0 of the period in which that step lies */
	int64 now;	   /* the amount since that step */
	bool  paid;	   /* ever, before that period */
	bool  paid_in; /* in it */
} Walk;

static void
AddMovement(MrrTally *tally, const Walk *walk)
{
	int64		difference = walk->now - walk->before;
	MrrMovement movement;

	if (difference == 0)
		return;
	if (walk->before == 0)
		movement = walk->paid ? MRR_REACTIVATION : MRR_NEW;
	else if (walk->now == 0)
		movement = MRR_CHURNED;
	else
		movement = difference > 0 ? MRR_EXPANSION : MRR_CONTRACTION;
	tally->money[movement] += difference > 0 ? difference : -difference;
	tally->customers[movement]++;
}

/* The steps of one period have been read. */
static void
ClosePeriod(MrrState *state, Walk *walk)
{
	if (walk->index == 0)
	{
		state->mrr_start += walk->now;
		state->customers_start += walk->now > 0;
	}
	else if (walk->index < state->grid.nbounds)
		AddMovement(&MrrTallies(state)[walk->index - 1], walk);
	walk->before = walk->now;
	walk->paid |= walk->paid_in;
	walk->paid_in = false;
}

void
MrrAddHistory(MrrState *state, const SubscriptionHistory *history)
{
	SubscriptionReader reader;
	Grid			  *grid = &state->grid;
	Walk			   walk = {0, 0, 0, false, false};

	SubscriptionOpen(&reader, history);
	if (!grid->observed_given && reader.has_latest)
		GridObserve(grid, reader.latest);
	while (walk.index < grid->nbounds && SubscriptionNext(&reader))
	{
		int index;

		CHECK_FOR_INTERRUPTS();
		/* What began later is ignored; a fall ends what was known, also where it lies ahead. */
		if (grid->observed_given && reader.current.day > grid->observed_until &&
			reader.current.mrr >= walk.now)
			continue;
		index = GridReached(grid, reader.current.day);
		if (index != walk.index)
		{
			ClosePeriod(state, &walk);
			walk.index = index;
		}
		walk.now = reader.current.mrr;
		walk.paid_in |= walk.now > 0;
	}
	ClosePeriod(state, &walk);
}

void
MrrMerge(MrrState *state, const MrrState *other)
{
	MrrTally	   *mine = MrrTallies(state);
	const MrrTally *theirs = MrrTallies(other);

	GridMerge(&state->grid, &other->grid);
	state->mrr_start += other->mrr_start;
	state->customers_start += other->customers_start;
	for (int i = 0; i < state->grid.nbounds - 1; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		for (int k = 0; k < MRR_MOVEMENTS; k++)
		{
			mine[i].money[k] += theirs[i].money[k];
			mine[i].customers[k] += theirs[i].customers[k];
		}
	}
}
