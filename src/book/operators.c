/*
 * book/operators.c - comparison and hashing of books.
 *
 * The stored form is canonical: these are the functions of canonical.c, under the
 * names by which the script of 0.1.0 knows them.
 */
#include "postgres.h"

#include "canonical.h"

PG_FUNCTION_INFO_V1(purchase_book_eq);
PG_FUNCTION_INFO_V1(purchase_book_ne);
PG_FUNCTION_INFO_V1(purchase_book_lt);
PG_FUNCTION_INFO_V1(purchase_book_le);
PG_FUNCTION_INFO_V1(purchase_book_gt);
PG_FUNCTION_INFO_V1(purchase_book_ge);
PG_FUNCTION_INFO_V1(purchase_book_cmp);
PG_FUNCTION_INFO_V1(purchase_book_hash);
PG_FUNCTION_INFO_V1(purchase_book_hash_extended);

Datum
purchase_book_eq(PG_FUNCTION_ARGS)
{
	return canonical_eq(fcinfo);
}

Datum
purchase_book_ne(PG_FUNCTION_ARGS)
{
	return canonical_ne(fcinfo);
}

Datum
purchase_book_lt(PG_FUNCTION_ARGS)
{
	return canonical_lt(fcinfo);
}

Datum
purchase_book_le(PG_FUNCTION_ARGS)
{
	return canonical_le(fcinfo);
}

Datum
purchase_book_gt(PG_FUNCTION_ARGS)
{
	return canonical_gt(fcinfo);
}

Datum
purchase_book_ge(PG_FUNCTION_ARGS)
{
	return canonical_ge(fcinfo);
}

Datum
purchase_book_cmp(PG_FUNCTION_ARGS)
{
	return canonical_cmp(fcinfo);
}

Datum
purchase_book_hash(PG_FUNCTION_ARGS)
{
	return canonical_hash(fcinfo);
}

Datum
purchase_book_hash_extended(PG_FUNCTION_ARGS)
{
	return canonical_hash_extended(fcinfo);
}
