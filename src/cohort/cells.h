/*
 * cohort/cells.h - the kernel of cohort_agg: cohorts and their cells.
 *
 * Only cohorts that somebody belongs to have cells. These lie one cohort after
 * the other behind the grid, in the order in which the cohorts were met.
 */
#ifndef CRM_COHORT_CELLS_H
#define CRM_COHORT_CELLS_H

#include "compat.h"
#include "grid.h"
#include "history.h"

typedef struct CohortCell
{
	int64  active; /* bounded: bought in the period; unbounded: bought last in it */
	int128 money;
} CohortCell;

typedef struct CohortHead
{
	int64 size;
	int64 first_cell; /* index of its first cell, -1: no cells yet */
} CohortHead;

typedef struct CohortState
{
	bool  unbounded;
	bool  has_amount; /* some history has amounts */
	int64 ncells;
	int64 capacity;
	Grid  grid; /* and behind it a head for each period, then the cells */
} CohortState;

static inline int
CohortPeriods(const CohortState *state)
{
	return state->grid.nbounds - 1;
}

static inline CohortHead *
CohortHeads(const CohortState *state)
{
	return (CohortHead *) ((char *) &state->grid + GridBytes(state->grid.nbounds));
}

static inline CohortCell *
CohortCells(const CohortState *state)
{
	return (CohortCell *) (CohortHeads(state) + CohortPeriods(state));
}

static inline Size
CohortBytes(int nbounds, int64 capacity)
{
	return offsetof(CohortState, grid) + GridBytes(nbounds) +
		   (nbounds - 1) * sizeof(CohortHead) + capacity * sizeof(CohortCell);
}

/* An empty state, its grid to be filled. */
extern CohortState *CohortNew(MemoryContext context, int nbounds);

/* To be called when the grid is there. */
extern void CohortInit(CohortState *state);

/* Sees to it that a cohort has cells; the state may move. */
extern CohortState *CohortReserve(CohortState *state, int cohort);

/* Counts one customer; the state may move. */
extern CohortState *CohortAddHistory(CohortState *state, const PurchaseHistory *history);

extern CohortState *CohortMerge(CohortState *state, const CohortState *other);

#endif /* CRM_COHORT_CELLS_H */
