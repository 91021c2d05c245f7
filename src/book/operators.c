/*
 * book/operators.c - comparison and hashing of books.
 *
 * The stored form is canonical, so equality is equality of bytes; the order is
 * that of the bytes, for DISTINCT, GROUP BY and ORDER BY to have one.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"

#include "book.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(purchase_book_eq);
PG_FUNCTION_INFO_V1(purchase_book_ne);
PG_FUNCTION_INFO_V1(purchase_book_lt);
PG_FUNCTION_INFO_V1(purchase_book_le);
PG_FUNCTION_INFO_V1(purchase_book_gt);
PG_FUNCTION_INFO_V1(purchase_book_ge);
PG_FUNCTION_INFO_V1(purchase_book_cmp);
PG_FUNCTION_INFO_V1(purchase_book_hash);
PG_FUNCTION_INFO_V1(purchase_book_hash_extended);

static int
CompareBooks(const PurchaseBook *a, const PurchaseBook *b)
{
	Size a_length = VARSIZE_ANY_EXHDR(a);
	Size b_length = VARSIZE_ANY_EXHDR(b);
	int	 order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_length, b_length));

	if (order != 0)
		return order < 0 ? -1 : 1;
	return a_length < b_length ? -1 : a_length > b_length;
}

Datum
purchase_book_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(CompareBooks(PG_GETARG_PURCHASE_BOOK_P(0), PG_GETARG_PURCHASE_BOOK_P(1)));
}

Datum
purchase_book_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(purchase_book_cmp(fcinfo)) == 0);
}

Datum
purchase_book_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(purchase_book_cmp(fcinfo)) != 0);
}

Datum
purchase_book_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(purchase_book_cmp(fcinfo)) < 0);
}

Datum
purchase_book_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(purchase_book_cmp(fcinfo)) <= 0);
}

Datum
purchase_book_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(purchase_book_cmp(fcinfo)) > 0);
}

Datum
purchase_book_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(purchase_book_cmp(fcinfo)) >= 0);
}

Datum
purchase_book_hash(PG_FUNCTION_ARGS)
{
	PurchaseBook *book = PG_GETARG_PURCHASE_BOOK_P(0);

	return hash_any((unsigned char *) VARDATA_ANY(book), VARSIZE_ANY_EXHDR(book));
}

Datum
purchase_book_hash_extended(PG_FUNCTION_ARGS)
{
	PurchaseBook *book = PG_GETARG_PURCHASE_BOOK_P(0);

	return hash_any_extended((unsigned char *) VARDATA_ANY(book), VARSIZE_ANY_EXHDR(book),
							 PG_GETARG_INT64(1));
}
