/*
 * rowarray.h - a table as one value: an array of a composite type.
 *
 * For final functions whose declared result is such an array; the row type is
 * found by the function's own OID.
 */
#ifndef CRM_ROWARRAY_H
#define CRM_ROWARRAY_H

#include "access/tupdesc.h"
#include "fmgr.h"

#include "money.h"
#include "retention.h"

typedef struct RowArray
{
	TupleDesc row;
	Datum	 *elements;
	Size	  used;
	Size	  capacity;
	Datum	 *values; /* of the row to add next, one for each column */
	bool	 *nulls;
} RowArray;

/* Begins an array for about that many rows. */
extern RowArray *RowArrayOpen(FunctionCallInfo fcinfo, Size expected);

/* Adds the row in values and nulls, then sets all nulls to false again. */
extern void RowArrayAdd(RowArray *rows);

/* The array; 54000 when it would be too large for a value. */
extern Datum RowArrayClose(RowArray *rows);

/* One column of the row to add next; NULL when the value is not known. */
static inline void
RowArraySetInt64(RowArray *rows, int column, int64 value, bool known)
{
	rows->values[column] = Int64GetDatum(value);
	rows->nulls[column] = !known;
}

static inline void
RowArraySetMoney(RowArray *rows, int column, int128 ticks, bool known)
{
	rows->nulls[column] = !known;
	if (known)
		rows->values[column] = NumericGetDatum(NumericFromMoney(ticks));
}

static inline void
RowArraySetFloat8(RowArray *rows, int column, float8 value, bool known)
{
	rows->values[column] = Float8GetDatum(value);
	rows->nulls[column] = !known;
}

/* 100 x part / whole; NULL when whole is 0. */
static inline void
RowArraySetPercent(RowArray *rows, int column, float8 part, float8 whole)
{
	rows->nulls[column] = whole == 0;
	if (whole != 0)
		rows->values[column] = Float8GetDatum(Percent(part, whole));
}

#endif /* CRM_ROWARRAY_H */
