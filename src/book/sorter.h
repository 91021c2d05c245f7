/*
 * book/sorter.h - what the parts of the sort share; the rest of the extension includes kernel.h.
 */
#ifndef CRM_BOOK_SORTER_H
#define CRM_BOOK_SORTER_H

#include "kernel.h"

#define DIGITS_OF_64_BITS 64

typedef struct
{
	RowStore   *store;
	bool		consume; /* the rows are not needed afterwards */
	bool		partial; /* leave sums that do not fit apart */
	EmitGroup	emit;
	void	   *target;
	Size		cache_rows;
	char	   *rows; /* an array of so many rows, and its spare */
	char	   *spare;
	uint32	   *counts[DIGITS_OF_64_BITS]; /* one array for each level of the array sort */
	HistoryDay *days;
	Size		days_capacity;
} Sorter;

/* Rows of one 64-bit key that stand in an array. */
extern void EmitIntegerRows(Sorter *sorter, char *rows, Size nrows);
extern void EmitBytesRows(Sorter *sorter, char *rows, Size nrows);

/* A list of one key, or of none. */
extern void EmitList(Sorter *sorter, const RowList *list, bool isnull);

/* A long list of rows of one 64-bit key: a heavy customer or, seldom, several. */
extern void EmitHeavyKey(Sorter *sorter, const RowList *list, Size nrows);

/*
 * Deals a list's rows out by a digit of the key, or of the spread key; the
 * list's blocks are taken for what comes out.
 */
extern RowList *SplitList(Sorter *sorter, RowList *input, int shift, int bits, bool spread);

/* Puts a list's blocks behind those of another. */
extern void JoinLists(RowList *list, const RowList *more);

extern Size	  CountRows(const RowList *list);
extern uint64 ListVarying(const RowList *list, Size stride);

/* Gives a list's blocks back. */
extern void GiveList(Sorter *sorter, RowList *list);

/* Copies a list's rows to an array and returns the bits in which their keys differ. */
extern uint64 GatherRows(const RowList *list, char *rows, Size stride);

#endif /* CRM_BOOK_SORTER_H */
