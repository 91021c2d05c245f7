/*
 * subscription/operators.c - comparison and hashing of subscription histories.
 *
 * The stored form is canonical, so equality is equality of bytes. Order is step
 * by step (day, then mrr), a shorter history before a longer one that begins
 * with it, then by the latest start.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"

#include "compat.h"
#include "subscription.h"

PG_FUNCTION_INFO_V1(subscription_history_eq);
PG_FUNCTION_INFO_V1(subscription_history_ne);
PG_FUNCTION_INFO_V1(subscription_history_lt);
PG_FUNCTION_INFO_V1(subscription_history_le);
PG_FUNCTION_INFO_V1(subscription_history_gt);
PG_FUNCTION_INFO_V1(subscription_history_ge);
PG_FUNCTION_INFO_V1(subscription_history_cmp);
PG_FUNCTION_INFO_V1(subscription_history_hash);
PG_FUNCTION_INFO_V1(subscription_history_hash_extended);

static int
CompareLatest(const SubscriptionReader *a, const SubscriptionReader *b)
{
	if (a->has_latest != b->has_latest)
		return a->has_latest ? 1 : -1;
	if (a->latest != b->latest)
		return a->latest < b->latest ? -1 : 1;
	return 0;
}

static int
Compare(FunctionCallInfo fcinfo)
{
	SubscriptionReader a;
	SubscriptionReader b;

	SubscriptionOpen(&a, PG_GETARG_SUBSCRIPTION_HISTORY_P(0));
	SubscriptionOpen(&b, PG_GETARG_SUBSCRIPTION_HISTORY_P(1));
	for (;;)
	{
		bool more_a = SubscriptionNext(&a);
		bool more_b = SubscriptionNext(&b);

		CHECK_FOR_INTERRUPTS();
		if (!more_a && !more_b)
			return CompareLatest(&a, &b);
		if (more_a != more_b)
			return more_a ? 1 : -1;
		if (a.current.day != b.current.day)
			return a.current.day < b.current.day ? -1 : 1;
		if (a.current.mrr != b.current.mrr)
			return a.current.mrr < b.current.mrr ? -1 : 1;
	}
}

static bool
Equal(FunctionCallInfo fcinfo)
{
	SubscriptionHistory *a = PG_GETARG_SUBSCRIPTION_HISTORY_P(0);
	SubscriptionHistory *b = PG_GETARG_SUBSCRIPTION_HISTORY_P(1);
	Size				 length = VARSIZE_ANY_EXHDR(a);

	return length == VARSIZE_ANY_EXHDR(b) &&
		   memcmp(VARDATA_ANY(a), VARDATA_ANY(b), length) == 0;
}

Datum
subscription_history_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(Equal(fcinfo));
}

Datum
subscription_history_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!Equal(fcinfo));
}

Datum
subscription_history_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(Compare(fcinfo) < 0);
}

Datum
subscription_history_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(Compare(fcinfo) <= 0);
}

Datum
subscription_history_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(Compare(fcinfo) > 0);
}

Datum
subscription_history_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(Compare(fcinfo) >= 0);
}

Datum
subscription_history_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(Compare(fcinfo));
}

Datum
subscription_history_hash(PG_FUNCTION_ARGS)
{
	SubscriptionHistory *history = PG_GETARG_SUBSCRIPTION_HISTORY_P(0);

	return hash_any((unsigned char *) VARDATA_ANY(history), VARSIZE_ANY_EXHDR(history));
}

Datum
subscription_history_hash_extended(PG_FUNCTION_ARGS)
{
	SubscriptionHistory *history = PG_GETARG_SUBSCRIPTION_HISTORY_P(0);

	return hash_any_extended((unsigned char *) VARDATA_ANY(history), VARSIZE_ANY_EXHDR(history),
							 PG_GETARG_INT64(1));
}
