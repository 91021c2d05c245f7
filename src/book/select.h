/*
 * book/select.h - a caller's SELECT, its rows handed over one by one.
 */
#ifndef CRM_BOOK_SELECT_H
#define CRM_BOOK_SELECT_H

#include "access/tupdesc.h"
#include "executor/tuptable.h"
#include "tcop/dest.h"

/* Judges what the query returns, before any row comes. */
typedef void (*CheckColumnsOf)(void *target, TupleDesc row);

/* Takes one row. */
typedef void (*TakeRow)(void *target, TupleTableSlot *slot);

/*
 * Runs one SELECT, read-only, with the caller's rights and snapshot; its rows
 * are never stored. Anything else is 22023, with `columns` as the hint at what
 * to select.
 */
extern void RunSelect(const char *sql, const char *columns, CheckColumnsOf check, TakeRow take,
					  void *target);

/* 42804: a column is not of the type it must be. */
pg_noreturn extern void ReportBadColumn(TupleDesc row, int column, const char *expected,
										const char *columns);

#endif /* CRM_BOOK_SELECT_H */
