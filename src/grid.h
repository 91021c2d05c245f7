/*
 * grid.h - the periods of a series, and how far the data was observed.
 *
 * n boundaries b[0] < ... < b[n - 1] make n - 1 half-open periods; period p is
 * [b[p], b[p + 1]). A grid is the part of an aggregate's state that its
 * arguments boundaries and observed_until fill: read and checked with the first
 * row, only compared with later ones.
 *
 * A grid ends in its boundaries, so its size depends on their number; what an
 * aggregate counts for each comes after it in the same chunk.
 */
#ifndef CRM_GRID_H
#define CRM_GRID_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/date.h"

typedef struct Grid
{
	int32	nbounds;
	int32	shift;			/* a slot is 2^shift days, the fewer the better; -1: no slots */
	bool	constant;		/* the arguments are constants of the statement */
	bool	observed_given; /* observed_until is not NULL */
	bool	observed_any;	/* latest is known */
	DateADT observed_until;
	DateADT latest; /* last day seen in the data, for observed_until = NULL */
	DateADT bounds[FLEXIBLE_ARRAY_MEMBER];
	/* int32 slots[GRID_SLOTS(nbounds)]: boundaries reached by each slot's first day */
} Grid;

/*
 * Enough for a slot a day where periods are months or shorter. Longer ones of about the
 * same length have longer slots; of others, there are none.
 */
#define GRID_SLOTS(nbounds) (32 * (Size) (nbounds))

static inline Size
GridBytes(int nbounds)
{
	return MAXALIGN(offsetof(Grid, bounds) + nbounds * sizeof(DateADT) +
					GRID_SLOTS(nbounds) * sizeof(int32));
}

/* The number of boundaries in argument argno, checked for NULL and shape. */
extern int GridArgumentCount(FunctionCallInfo fcinfo, int argno);

/*
 * Fills a zeroed grid of GridBytes(GridArgumentCount()) from the arguments.
 * observed_argno is that of observed_until, which the call may not have.
 * Errors: 22004 NULL, 22023 not increasing or fewer than two, 22008 infinite.
 */
extern void GridRead(Grid *grid, FunctionCallInfo fcinfo, int argno, int observed_argno);

/* 22023 when a later row comes with other arguments. */
extern void GridRequireSameArguments(const Grid *grid, FunctionCallInfo fcinfo, int argno,
									 int observed_argno);

/* 22023 when two partial states were made with different arguments. */
extern void GridRequireSame(const Grid *a, const Grid *b);

/* Notes a day on which something was seen. */
static inline void
GridObserve(Grid *grid, DateADT day)
{
	if (unlikely(!grid->observed_any || day > grid->latest))
	{
		grid->observed_any = true;
		grid->latest = day;
	}
}

/* What two states observed, together. */
extern void GridMerge(Grid *grid, const Grid *other);

/* The last observed day; false when the data holds none and none was given. */
static inline bool
GridObservedUntil(const Grid *grid, DateADT *day)
{
	*day = grid->observed_given ? grid->observed_until : grid->latest;
	return grid->observed_given || grid->observed_any;
}

/* Whether a period was observed to its end. */
static inline bool
GridComplete(const Grid *grid, int period)
{
	DateADT day;

	return GridObservedUntil(grid, &day) && grid->bounds[period + 1] <= (int64) day + 1;
}

/* Days of the longest period. */
extern int64 GridLongest(const Grid *grid);

extern int GridSearch(const Grid *grid, int64 day);

static inline int32 *
GridSlots(const Grid *grid)
{
	return (int32 *) &grid->bounds[grid->nbounds];
}

/* As GridReached, for a day from the first boundary on and before the last. */
static inline int
GridReachedInside(const Grid *grid, int64 day)
{
	int reached;

	if (unlikely(grid->shift < 0))
		return GridSearch(grid, day);
	reached = GridSlots(grid)[(day - grid->bounds[0]) >> grid->shift];
	return reached + (day >= grid->bounds[reached]);
}

/*
 * How many boundaries are at or before a day: 0 before the first period, p + 1
 * within period p, nbounds after the last.
 */
static inline int
GridReached(const Grid *grid, int64 day)
{
	if (day < grid->bounds[0])
		return 0;
	if (day >= grid->bounds[grid->nbounds - 1])
		return grid->nbounds;
	return GridReachedInside(grid, day);
}

/*
 * A grid with slots, and where counting stops, for loops over many short histories:
 * in a variable of their own these fields are not read again after every store.
 */
typedef struct GridScale
{
	const DateADT *bounds;
	const int32
		 *slots; /* if shift is 0, boundaries reached by each day from the first one on */
	int	  shift;
	int64 first; /* the first boundary */
	int64 end;	 /* the last one */
	int64 stop;	 /* the first day that is past it or was not observed */
} GridScale;

/* False when the grid has no slots. */
static pg_attribute_always_inline bool
GridScaleOf(GridScale *scale, const Grid *grid)
{
	scale->bounds = grid->bounds;
	scale->slots = GridSlots(grid);
	scale->shift = grid->shift;
	scale->first = grid->bounds[0];
	scale->end = grid->bounds[grid->nbounds - 1];
	scale->stop =
		grid->observed_given ? Min(scale->end, (int64) grid->observed_until + 1) : scale->end;
	return grid->shift >= 0;
}

/* As GridReachedInside. */
static pg_attribute_always_inline int
GridScaleReached(const GridScale *scale, int64 day)
{
	int reached = scale->slots[(day - scale->first) >> scale->shift];

	return reached + (day >= scale->bounds[reached]);
}

/* What GridSend writes. */
static inline Size
GridMessageBytes(int nbounds)
{
	return 4 + nbounds * 4 + 10;
}

extern void GridSend(const Grid *grid, StringInfo message);

/* The number of boundaries of the grid that follows in the message; what = the state's name. */
extern int	GridPeekCount(StringInfo message, const char *what);
extern void GridReceive(Grid *grid, StringInfo message, const char *what);

#endif /* CRM_GRID_H */
