/* book/lists.c - lists of rows: dealt out by a digit of the key, counted, gathered. */
#include "postgres.h"

#include "miscadmin.h"

#include "sorter.h"

/* Where the next row of a digit goes. */
typedef struct
{
	char *next;
	char *end;
} Tail;

/* A full block's count is set when the next one is taken, the last one's at the end. */
static void
ExtendOutput(Sorter *sorter, RowList *list, Tail *tail, Size stride)
{
	RowBlock *block = TakeBlock(&sorter->store->pool, stride);

	if (list->last != NULL)
		list->last->used = list->last->capacity;
	AppendBlock(list, block);
	tail->next = BlockRows(block);
	tail->end = tail->next + (Size) block->capacity * stride;
}

static void
CloseOutputs(RowList *lists, const Tail *tails, int nlists, Size stride)
{
	for (int i = 0; i < nlists; i++)
	{
		if (lists[i].last != NULL)
			lists[i].last->used = (tails[i].next - BlockRows(lists[i].last)) / stride;
	}
}

/* Deals a list's rows out by a digit of the key, or of the spread key, in order. */
static pg_attribute_always_inline void
DealRows(Sorter *sorter, const RowList *input, int shift, int bits, bool spread, RowList *lists,
		 Tail *tails, Size stride)
{
	uint64	  mask = (UINT64CONST(1) << bits) - 1;
	RowBlock *block = input->first;

	while (block != NULL)
	{
		RowBlock *next = block->next;
		char	 *row = BlockRows(block);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < block->used; i++, row += stride)
		{
			uint64 key = ((BookRow *) row)->key;
			int	   digit = ((spread ? SpreadKey(sorter->store, key) : key) >> shift) & mask;
			Tail  *tail = &tails[digit];

			if (unlikely(tail->next == tail->end))
				ExtendOutput(sorter, &lists[digit], tail, stride);
			memcpy(tail->next, row, stride);
			tail->next += stride;
		}
		GiveBlock(&sorter->store->pool, block, stride);
		block = next;
	}
}

RowList *
SplitList(Sorter *sorter, RowList *input, int shift, int bits, bool spread)
{
	int		 nlists = 1 << bits;
	RowList *lists = palloc0(nlists * sizeof(RowList));
	Tail	*tails = palloc0(nlists * sizeof(Tail));
	Size	 stride = sorter->store->stride;

	if (stride == sizeof(BookRow) && !spread)
		DealRows(sorter, input, shift, bits, false, lists, tails, sizeof(BookRow));
	else if (stride == sizeof(BookRow))
		DealRows(sorter, input, shift, bits, true, lists, tails, sizeof(BookRow));
	else
		DealRows(sorter, input, shift, bits, false, lists, tails, sizeof(BookBytesRow));
	CloseOutputs(lists, tails, nlists, stride);
	pfree(tails);
	input->first = input->last = NULL;
	return lists;
}

void
JoinLists(RowList *list, const RowList *more)
{
	if (more->first == NULL)
		return;
	if (list->last == NULL)
		list->first = more->first;
	else
		list->last->next = more->first;
	list->last = more->last;
}

Size
CountRows(const RowList *list)
{
	Size nrows = 0;

	for (RowBlock *block = list->first; block != NULL; block = block->next)
		nrows += block->used;
	return nrows;
}

uint64
RowListVarying(const RowList *list, uint64 first, Size stride)
{
	uint64 varying = 0;

	for (RowBlock *block = list->first; block != NULL; block = block->next)
	{
		char *row = BlockRows(block);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < block->used; i++, row += stride)
			varying |= ((BookRow *) row)->key ^ first;
	}
	return varying;
}

uint64
ListVarying(const RowList *list, Size stride)
{
	return RowListVarying(list, ((BookRow *) BlockRows(list->first))->key, stride);
}

void
GiveList(Sorter *sorter, RowList *list)
{
	RowBlock *block = list->first;

	while (block != NULL)
	{
		RowBlock *next = block->next;

		GiveBlock(&sorter->store->pool, block, sorter->store->stride);
		block = next;
	}
	list->first = list->last = NULL;
}

static pg_attribute_always_inline uint64
GatherStrides(const RowList *list, char *rows, Size stride)
{
	uint64 first = ((BookRow *) BlockRows(list->first))->key;
	uint64 varying = 0;

	for (RowBlock *block = list->first; block != NULL; block = block->next)
	{
		char *row = BlockRows(block);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < block->used; i++, row += stride, rows += stride)
		{
			varying |= ((BookRow *) row)->key ^ first;
			memcpy(rows, row, stride);
		}
	}
	return varying;
}

uint64
GatherRows(const RowList *list, char *rows, Size stride)
{
	if (stride == sizeof(BookRow))
		return GatherStrides(list, rows, sizeof(BookRow));
	return GatherStrides(list, rows, sizeof(BookBytesRow));
}
