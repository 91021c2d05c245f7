/*
 * subscription.h - one customer's recurring revenue as a value.
 *
 * A subscription_history is a step function: from each step's day on the
 * customer pays mrr, until the next step. The stored form is canonical: steps
 * in order, each other than the one before, the first above 0.
 *
 *   byte  0      version (1)
 *   byte  1      flags: bits 0-2 decimals of the money (0-4), 8 has a latest start
 *   bytes 2-5    latest start of a subscription (else 0)
 *   bytes 6-9    number of steps
 *   bytes 10-13  day of the first step, -infinity when it has no start
 *   then for each step: varint days since the one before (not for the first),
 *   varint mrr in units of 10^-decimals.
 *
 * The latest start is kept beside the steps, because a renewal at the same
 * price is no step, yet shows how far the data goes.
 */
#ifndef CRM_SUBSCRIPTION_H
#define CRM_SUBSCRIPTION_H

#include "fmgr.h"
#include "utils/date.h"

#include "compat.h"
#include "money.h"
#include "varint.h"

#define SUBSCRIPTION_VERSION 1
#define SUBSCRIPTION_SCALE_MASK 0x07
#define SUBSCRIPTION_HAS_LATEST 0x08

typedef struct varlena SubscriptionHistory;

#define DatumGetSubscriptionHistoryP(X) ((SubscriptionHistory *) PG_DETOAST_DATUM_PACKED(X))
#define PG_GETARG_SUBSCRIPTION_HISTORY_P(n) DatumGetSubscriptionHistoryP(PG_GETARG_DATUM(n))
#define PG_RETURN_SUBSCRIPTION_HISTORY_P(x) PG_RETURN_POINTER(x)

/* From this day on the customer pays so much. */
typedef struct MrrStep
{
	DateADT day;
	int64	mrr; /* ticks, see money.h */
} MrrStep;

typedef struct SubscriptionReader
{
	const uint8 *next;
	const uint8 *end;
	int64		 unit; /* ticks in one unit of stored money */
	int			 decimals;
	uint32		 left; /* steps not read yet */
	uint32		 nsteps;
	bool		 started;
	bool		 has_latest;
	DateADT		 latest;
	MrrStep		 current; /* the step read last */
} SubscriptionReader;

/* Prepares to read; bytes that are no such value are 22P03. */
extern void SubscriptionOpen(SubscriptionReader *reader, const SubscriptionHistory *history);

/* Moves to the next step, in reader->current; false at the end. */
extern bool SubscriptionNext(SubscriptionReader *reader);

/* Leaves out steps that change nothing; returns how many are left. */
extern Size SubscriptionNormalize(MrrStep *steps, Size nsteps);

/* The day of the last rise: a start at least as late must have been seen. False: none, or open. */
extern bool SubscriptionLastRise(const MrrStep *steps, Size nsteps, DateADT *day);

/* A palloc'd value of normalized steps. */
extern SubscriptionHistory *SubscriptionFromSteps(const MrrStep *steps, Size nsteps,
												  bool has_latest, DateADT latest);

pg_noreturn extern void ReportBadSubscription(void);

#endif /* CRM_SUBSCRIPTION_H */
