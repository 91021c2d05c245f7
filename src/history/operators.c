/*
 * history/operators.c - comparison, hashing and merging of histories.
 *
 * The stored form is canonical, so equality is equality of bytes. Order is by
 * the days, one after the other (date, then purchases, then money), a shorter
 * history before a longer one that begins with it, without amounts first.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"

#include "compat.h"
#include "history.h"

PG_FUNCTION_INFO_V1(purchase_history_eq);
PG_FUNCTION_INFO_V1(purchase_history_ne);
PG_FUNCTION_INFO_V1(purchase_history_lt);
PG_FUNCTION_INFO_V1(purchase_history_le);
PG_FUNCTION_INFO_V1(purchase_history_gt);
PG_FUNCTION_INFO_V1(purchase_history_ge);
PG_FUNCTION_INFO_V1(purchase_history_cmp);
PG_FUNCTION_INFO_V1(purchase_history_hash);
PG_FUNCTION_INFO_V1(purchase_history_hash_extended);
PG_FUNCTION_INFO_V1(purchase_history_concat);

static bool
HistoriesEqual(const PurchaseHistory *a, const PurchaseHistory *b)
{
	Size length = VARSIZE_ANY_EXHDR(a);

	return length == VARSIZE_ANY_EXHDR(b) &&
		   memcmp(VARDATA_ANY(a), VARDATA_ANY(b), length) == 0;
}

static int
CompareDays(const HistoryDay *a, const HistoryDay *b)
{
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	if (a->purchases != b->purchases)
		return a->purchases < b->purchases ? -1 : 1;
	if (a->amount != b->amount)
		return a->amount < b->amount ? -1 : 1;
	return 0;
}

static int
CompareHistories(const PurchaseHistory *a, const PurchaseHistory *b)
{
	HistoryReader left;
	HistoryReader right;

	HistoryOpen(&left, a);
	HistoryOpen(&right, b);
	for (;;)
	{
		bool more_left = HistoryNext(&left);
		bool more_right = HistoryNext(&right);
		int	 order;

		if (!more_left && !more_right)
			return (int) left.has_amount - (int) right.has_amount;
		if (more_left != more_right)
			return more_left ? 1 : -1;
		order = CompareDays(&left.current, &right.current);
		if (order != 0)
			return order;
	}
}

Datum
purchase_history_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(
		HistoriesEqual(PG_GETARG_PURCHASE_HISTORY_P(0), PG_GETARG_PURCHASE_HISTORY_P(1)));
}

Datum
purchase_history_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(
		!HistoriesEqual(PG_GETARG_PURCHASE_HISTORY_P(0), PG_GETARG_PURCHASE_HISTORY_P(1)));
}

Datum
purchase_history_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(
		CompareHistories(PG_GETARG_PURCHASE_HISTORY_P(0), PG_GETARG_PURCHASE_HISTORY_P(1)));
}

Datum
purchase_history_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(purchase_history_cmp(fcinfo)) < 0);
}

Datum
purchase_history_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(purchase_history_cmp(fcinfo)) <= 0);
}

Datum
purchase_history_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(purchase_history_cmp(fcinfo)) > 0);
}

Datum
purchase_history_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(purchase_history_cmp(fcinfo)) >= 0);
}

Datum
purchase_history_hash(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);

	return hash_any((unsigned char *) VARDATA_ANY(history), VARSIZE_ANY_EXHDR(history));
}

Datum
purchase_history_hash_extended(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);

	return hash_any_extended((unsigned char *) VARDATA_ANY(history), VARSIZE_ANY_EXHDR(history),
							 PG_GETARG_INT64(1));
}

static PurchaseHistory *
MergeHistories(const PurchaseHistory *a, const PurchaseHistory *b)
{
	Size		left_days;
	Size		right_days;
	bool		left_amount;
	bool		right_amount;
	HistoryDay *left = HistoryDays(a, &left_days, &left_amount);
	HistoryDay *right = HistoryDays(b, &right_days, &right_amount);

	left = repalloc_huge(left, (left_days + right_days + 1) * sizeof(HistoryDay));
	memcpy(left + left_days, right, right_days * sizeof(HistoryDay));
	left_days = HistoryNormalize(left, left_days + right_days, false);
	return HistoryFromDays(left, left_days, left_amount || right_amount);
}

/* NULL counts as empty, so that merging into a row that is not there yet works. */
Datum
purchase_history_concat(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_PURCHASE_HISTORY_P(HistoryFromDays(NULL, 0, false));
	if (PG_ARGISNULL(0))
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	PG_RETURN_PURCHASE_HISTORY_P(
		MergeHistories(PG_GETARG_PURCHASE_HISTORY_P(0), PG_GETARG_PURCHASE_HISTORY_P(1)));
}
