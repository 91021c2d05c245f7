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

typedef enum
{
	SERIES_WINDOW,
	SERIES_CALENDAR,
	SERIES_SPANS
} SeriesMethod;

typedef struct SeriesState
{
	SeriesMethod method;
	int32		 active_days;	/* window method */
	bool		 has_amount;	/* some history has amounts */
	bool		 short_periods; /* none is longer than active_days; false: not known */
	Grid		 grid;			/* and the tallies behind it */
} SeriesState;

static inline Size
SeriesHeaderBytes(int nbounds)
{
	return MAXALIGN(offsetof(SeriesState, grid) + GridBytes(nbounds));
}

static inline Size
SeriesBytes(int nbounds)
{
	return SeriesHeaderBytes(nbounds) + nbounds * sizeof(SeriesTally);
}

static inline SeriesTally *
SeriesTallies(const SeriesState *state)
{
	return (SeriesTally *) ((char *) state + SeriesHeaderBytes(state->grid.nbounds));
}

/* Counts one customer; the plain form knows only plain histories, and says false of others. */
extern void SeriesAddHistory(SeriesState *state, const PurchaseHistory *history);
extern bool SeriesAddPlainHistory(SeriesState *state, const PurchaseHistory *history);
extern void SeriesAddSpans(SeriesState *state, const DaySpan *spans, int nspans);

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

extern void SeriesNextPeriod(const SeriesState *state, SeriesCursor *cursor,
							 SeriesPeriod *period);

#endif /* CRM_RETENTION_SERIES_H */
