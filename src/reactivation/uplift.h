/*
 * reactivation/uplift.h - what the two aggregates named uplift share.
 */
#ifndef CRM_UPLIFT_H
#define CRM_UPLIFT_H

#include "fmgr.h"

/* The treated in one place, the control group in the other. */
#define CONTROL 0
#define TREATED 1

/* One row as it is made: a value for each column, NULL where it is not set. */
typedef struct UpliftRow
{
	Datum values[16];
	bool  nulls[16];
} UpliftRow;

extern void UpliftRowBegin(UpliftRow *row);
extern void UpliftRowCount(UpliftRow *row, int column, int64 value);

/* 22003 for an infinite value; NaN, where something is divided by 0, is left NULL. */
extern void UpliftRowNumber(UpliftRow *row, int column, float8 value);

/* The row as a value of the running function's result type. */
extern Datum UpliftRowClose(UpliftRow *row, FunctionCallInfo fcinfo, int columns);

#endif /* CRM_UPLIFT_H */
