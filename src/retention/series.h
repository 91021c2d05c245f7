/*
 * retention/series.h - the kernel of retention_agg: who is active at which
 * boundary, counted.
 *
 * Index j stands for boundary j, j = 0 .. nbounds - 1; period p lies between
 * the indexes p and p + 1. A customer is active at an index when
 *   window method    a purchase day lies in [b[j] - active_days, b[j])
 *   calendar method  a purchase day lies in period j - 1 (index 0: unknown)
 *   spans            a span holds the day before b[j]
 * In all three a purchase or span covers consecutive indexes, so a customer is
 * a few runs of indexes. Only where runs start and end is counted; everything
 * else follows from sums of these counters. A customer costs its days, whatever
 * the number of periods.
 */
#ifndef CRM_RETENTION_SERIES_H
#define CRM_RETENTION_SERIES_H

#include "compat.h"
#include "grid.h"
#include "history.h"
#include "span.h"

/* Before any day; a number of days may be added. */
#define SERIES_NEVER (PG_INT64_MIN / 2)

/* Whose money it is. */
enum SeriesMoney
{
	MONEY_NEW,		/* customers acquired in the period */
	MONEY_RETAINED, /* those active at both its ends */
	MONEY_REST
};

/* Purchases of a period, by whose they are. */
typedef struct SeriesCell
{
	int64  buyers; /* customers, where each is counted once (series_plain.c), else 0 */
	int64  purchases;
	int128 money;
} SeriesCell;

/*
 * Counters of one index; those of a period p stand under index p + 1. Buyers are not
 * among starts, ends and new_active: all but retained ones start a run at this index,
 * new ones are new and active, and by the calendar method those who are not retained
 * at the next index end their run here. SeriesNextPeriod adds them up.
 */
typedef struct SeriesTally
{
	SeriesCell cells[3];   /* by SeriesMoney */
	int64	   starts;	   /* runs that begin here */
	int64	   ends;	   /* runs whose last index this is */
	int64	   acquired;   /* first purchase or span in the period; index 0: before all */
	int64	   new_active; /* of these, active at this index */
	int128	   money_idle; /* of those who bought nothing in the period (calendar method) */
	int128	   money_idle_then; /* of these, those active in the period before */
} SeriesTally;

/*
 * What a day of the series says. Four bytes, so that it takes one load and that a table of
 * all days stays in the processor's nearest cache.
 */
typedef struct SeriesDay
{
	uint16 index;  /* boundaries reached */
	uint16 lapsed; /* the first index at which a purchase of the day no longer counts */
} SeriesDay;

/*
 * Counters of one index on the quick way (series_plain.c), a cache line of them.
 * SeriesSettle adds them to the tally before they overflow and before tallies are read.
 */
typedef struct SeriesRecent
{
	struct
	{
		uint64 counts; /* purchases in the lower half, buyers in the upper */
		int64  money;
	} cells[3]; /* by SeriesMoney */
	int64 ends;
	int64 unused;
} SeriesRecent;

typedef enum
{
	SERIES_WINDOW,
	SERIES_CALENDAR,
	SERIES_SPANS
} SeriesMethod;

typedef struct SeriesState
{
	SeriesMethod method;
	int32		 active_days;	   /* window method */
	bool		 has_amount;	   /* some history has amounts */
	bool		 short_periods;	   /* none is longer than active_days; false: not known */
	bool		 by_day;		   /* there are SeriesDays */
	int64		 recent_purchases; /* since SeriesSettle, at most; and ticks */
	int64		 recent_money;
	Grid		 grid; /* behind it come the tallies, what is recent, and the days */
} SeriesState;

static inline Size
SeriesHeaderBytes(int nbounds)
{
	return MAXALIGN(offsetof(SeriesState, grid) + GridBytes(nbounds));
}

static inline Size
SeriesBytes(int nbounds)
{
	return SeriesHeaderBytes(nbounds) + nbounds * (sizeof(SeriesTally) + sizeof(SeriesRecent)) +
		   GRID_SLOTS(nbounds) * sizeof(SeriesDay);
}

static inline SeriesTally *
SeriesTallies(const SeriesState *state)
{
	return (SeriesTally *) ((char *) state + SeriesHeaderBytes(state->grid.nbounds));
}

static inline SeriesRecent *
SeriesRecents(const SeriesState *state)
{
	return (SeriesRecent *) (SeriesTallies(state) + state->grid.nbounds);
}

/* From the first boundary on to before the last. */
static inline SeriesDay *
SeriesDays(const SeriesState *state)
{
	return (SeriesDay *) (SeriesRecents(state) + state->grid.nbounds);
}

/* To be called with a new state, once its arguments are read. */
extern void SeriesPrepare(SeriesState *state);

/* Brings the tallies up to date. */
extern void SeriesSettle(SeriesState *state);

/* Counts one customer; the plain form knows only plain histories, and says false of others. */
extern void SeriesAddHistory(SeriesState *state, const PurchaseHistory *history);
extern bool SeriesAddPlainHistory(SeriesState *state, const PurchaseHistory *history);
extern void SeriesAddSpans(SeriesState *state, const DaySpan *spans, int nspans);

/* Both are settled. */
extern void SeriesMerge(SeriesState *state, const SeriesState *other);

/* What a period comes to. */
typedef struct SeriesPeriod
{
	int64  at_start;
	int64  at_end;
	int64  new_customers;
	int64  acquired;
	int64  retained;
	int64  reactivated;
	int64  churned;
	int64  lapsed;
	int64  purchases;
	int128 revenue;
	int128 revenue_new;
	int128 revenue_retained;
	int128 revenue_rest;
	int128 followed_then; /* revenue in the period before of those active in it */
	int128 followed_now;  /* revenue of the same customers in this period */
} SeriesPeriod;

/* Running totals while the periods are read in order; begin with zeros. */
typedef struct SeriesCursor
{
	int	  period; /* the next one */
	int64 active; /* at its start */
	int64 known;  /* first seen before its start */
} SeriesCursor;

/* The state is settled. */
extern void SeriesNextPeriod(const SeriesState *state, SeriesCursor *cursor,
							 SeriesPeriod *period);

#endif /* CRM_RETENTION_SERIES_H */
