/*
 * subscription/movements.h - the kernel of mrr_agg: how recurring revenue moves.
 *
 * Period p lies between the boundaries p and p + 1; the revenue at a boundary is
 * that of the day before it. A customer moves only in periods in which it has a
 * step, so a customer costs its steps, whatever the number of periods.
 */
#ifndef CRM_SUBSCRIPTION_MOVEMENTS_H
#define CRM_SUBSCRIPTION_MOVEMENTS_H

#include "compat.h"
#include "grid.h"
#include "subscription.h"

typedef enum
{
	MRR_NEW,
	MRR_EXPANSION,
	MRR_CONTRACTION,
	MRR_CHURNED,
	MRR_REACTIVATION
} MrrMovement;

#define MRR_MOVEMENTS 5

/* All movements of a period; money in ticks, never negative. */
typedef struct MrrTally
{
	int128 money[MRR_MOVEMENTS];
	int64  customers[MRR_MOVEMENTS];
} MrrTally;

typedef struct MrrState
{
	int128 mrr_start; /* at the first boundary */
	int64  customers_start;
	Grid   grid; /* and the tallies of the periods behind it */
} MrrState;

static inline Size
MrrHeaderBytes(int nbounds)
{
	return MAXALIGN(offsetof(MrrState, grid) + GridBytes(nbounds));
}

static inline Size
MrrBytes(int nbounds)
{
	return MrrHeaderBytes(nbounds) + (nbounds - 1) * sizeof(MrrTally);
}

static inline MrrTally *
MrrTallies(const MrrState *state)
{
	return (MrrTally *) ((char *) state + MrrHeaderBytes(state->grid.nbounds));
}

/* Counts one customer. */
extern void MrrAddHistory(MrrState *state, const SubscriptionHistory *history);

extern void MrrMerge(MrrState *state, const MrrState *other);

#endif /* CRM_SUBSCRIPTION_MOVEMENTS_H */
