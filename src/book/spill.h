/*
 * book/spill.h - rows of any number to customers within a memory budget.
 *
 * As long as the rows fit they stay in a store. Past the budget they go to
 * temporary files by a hash of their keys, and each file is then read back as
 * if it were the input, by further bits of the hash where it must. A customer
 * larger than the budget is kept as sums by day. The files belong to the
 * current resource owner: an error or a cancel removes them.
 */
#ifndef CRM_BOOK_SPILL_H
#define CRM_BOOK_SPILL_H

#include "storage/buffile.h"

#include "kernel.h"

/* Rows of one range of the hash, or without a key. */
typedef struct SpillPart
{
	BufFile *file; /* NULL: no rows */
	uint64	 nrows;
	uint64	 first_key;
	uint64	 varying;
} SpillPart;

/* One input being dealt out: the query's rows, or a file of such. */
typedef struct SpillLevel
{
	bool	   spilling;
	bool	   divisible; /* more files would part the rows further */
	int		   shift;	  /* hash bits from here up decide the part */
	SpillPart  nulls;
	SpillPart *parts; /* NULL until needed */
} SpillLevel;

typedef struct Grouper
{
	MemoryContext context;
	RowStore	  store; /* add rows here */
	SpillLevel	  top;
	Size		  budget;
	int			  bits; /* of the hash that each level takes */
	EmitGroup	  emit;
	void		 *target;
} Grouper;

extern void GrouperInit(Grouper *grouper, MemoryContext context, Size budget, bool integers,
						int fixed_length);

/* To be called after each row added when the store is full. */
extern void GrouperMakeRoom(Grouper *grouper);

/* Whether the rows did not fit. */
static inline bool
GrouperHasSpilled(const Grouper *grouper)
{
	return grouper->top.spilling;
}

/* Hands each customer to emit once all rows are in, and forgets them. */
extern void GrouperEmit(Grouper *grouper, EmitGroup emit, void *target);

#endif /* CRM_BOOK_SPILL_H */
