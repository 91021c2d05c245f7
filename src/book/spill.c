/*
 * book/spill.c - the grouper: in memory while it fits, through files when not.
 *
 * A file is a sequence of blocks: number of rows, the rows, then row by row the
 * day and the bytes of the key where they do not fit.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "spill.h"

#define HASH_BITS 64
#define MIN_SPILL_BITS 2
#define MAX_SPILL_BITS 7
#define FILE_SHARE 8 /* file buffers take at most this part of the budget */
#define READ_ROWS 64

void
GrouperInit(Grouper *grouper, MemoryContext context, Size budget, bool integers,
			int fixed_length)
{
	memset(grouper, 0, sizeof(Grouper));
	grouper->context = context;
	grouper->bits = MIN_SPILL_BITS;
	while (grouper->bits < MAX_SPILL_BITS &&
		   (Size) BLCKSZ << (grouper->bits + 1) <= budget / FILE_SHARE)
		grouper->bits++;
	grouper->budget = budget - Min(budget / 2, (Size) BLCKSZ << grouper->bits);
	StoreInit(&grouper->store, context, grouper->budget, integers, fixed_length);
	grouper->top.divisible = true;
	grouper->top.shift = HASH_BITS - grouper->bits;
}

/* ----------------------------------------------------------------- writing */

static void
WriteElsewhere(const RowStore *store, BufFile *file, const RowBlock *block)
{
	bool  long_keys = store->stride == sizeof(BookBytesRow) && store->fixed_length == 0;
	char *row = BlockRows(block);

	for (uint32 i = 0; i < block->used; i++, row += store->stride)
	{
		RowDay			day = ((const BookRow *) row)->day;
		const KeyBytes *key = &((const BookBytesRow *) row)->bytes;

		if (unlikely(!RowDayIsHere(day)))
			BufFileWrite(file, unconstify(HistoryDay *, RowDayPlace(day)), sizeof(HistoryDay));
		if (long_keys && key->elsewhere.tag == KEY_ELSEWHERE)
			BufFileWrite(file, unconstify(uint8 *, key->elsewhere.place),
						 key->elsewhere.length);
	}
}

static void
WriteList(Grouper *grouper, SpillPart *part, const RowList *list)
{
	Size stride = grouper->store.stride;

	if (list->first == NULL)
		return;
	if (part->file == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(grouper->context);

		part->file = BufFileCreateTemp(false);
		part->first_key = ((BookRow *) BlockRows(list->first))->key;
		MemoryContextSwitchTo(caller);
	}
	part->varying |= RowListVarying(list, part->first_key, stride);
	for (RowBlock *block = list->first; block != NULL; block = block->next)
	{
		CHECK_FOR_INTERRUPTS();
		BufFileWrite(part->file, &block->used, sizeof(block->used));
		BufFileWrite(part->file, BlockRows(block), block->used * stride);
		WriteElsewhere(&grouper->store, part->file, block);
		part->nrows += block->used;
	}
}

/* All rows in the store go to the level's files. */
static void
FlushStore(Grouper *grouper, SpillLevel *level)
{
	int nparts = 1 << grouper->bits;

	if (level->parts == NULL)
		level->parts = MemoryContextAllocZero(grouper->context, nparts * sizeof(SpillPart));
	WriteList(grouper, &level->nulls, &grouper->store.nulls);
	if (grouper->store.nrows > 0)
	{
		RowList *lists = StoreSplit(&grouper->store, level->shift, grouper->bits);

		for (int i = 0; i < nparts; i++)
			WriteList(grouper, &level->parts[i], &lists[i]);
		pfree(lists);
	}
	StoreReset(&grouper->store);
}

/*
 * Sums by day where that helps; else to files; and where neither does, because
 * all rows are of one customer and on different days, more memory.
 */
static void
MakeRoom(Grouper *grouper, SpillLevel *level)
{
	RowStore *store = &grouper->store;

	if (!level->spilling && (!level->divisible || StoreIsWorthCompacting(store)))
	{
		Size before = StoreRows(store);

		StoreCompact(store);
		if (StoreRows(store) <= before / 2 && !store->full)
			return;
	}
	if (level->divisible)
	{
		level->spilling = true;
		FlushStore(grouper, level);
		return;
	}
	store->budget = Max(store->budget, StoreBytes(store) * 2);
	store->full = false;
}

void
GrouperMakeRoom(Grouper *grouper)
{
	MemoryContext caller = MemoryContextSwitchTo(grouper->context);

	MakeRoom(grouper, &grouper->top);
	MemoryContextSwitchTo(caller);
}

/* ----------------------------------------------------------------- reading */

static void
ReadExactly(BufFile *file, void *bytes, Size length)
{
	if (BufFileRead(file, bytes, length) != length)
		/* not reached: needs a broken disk */
		ereport(ERROR, errcode_for_file_access(),
				errmsg("could not read from temporary file: %m"));
}

/* The bytes of a key; grows the buffer they are read into. */
static const uint8 *
ReadLongKey(BufFile *file, StringInfo space, Size length)
{
	resetStringInfo(space);
	enlargeStringInfo(space, (int) length);
	ReadExactly(file, space->data, length);
	return (const uint8 *) space->data;
}

static void
AddRow(RowStore *store, BufFile *file, StringInfo space, bool isnull, const char *row)
{
	const BookBytesRow *bytes_row = (const BookBytesRow *) row;
	RowDay				word = ((const BookRow *) row)->day;
	HistoryDay			day;
	const uint8		   *key;
	Size				length;

	if (likely(RowDayIsHere(word)))
		day = RowDayUnpack(word);
	else
		ReadExactly(file, &day, sizeof(day));
	if (isnull)
		StoreAddNull(store, &day);
	else if (store->stride == sizeof(BookRow))
		StoreAddInteger(store, ((const BookRow *) row)->key, &day);
	else
	{
		key = RowKey(store, bytes_row, &length);
		if (store->fixed_length == 0 && bytes_row->bytes.elsewhere.tag == KEY_ELSEWHERE)
			key = ReadLongKey(file, space, length);
		StoreAddBytes(store, bytes_row->key, key, length, &day);
	}
}

/* A file's rows back into the store, which may send them on to the level's files. */
static void
LoadPart(Grouper *grouper, SpillPart *part, SpillLevel *level, bool isnull)
{
	Size		   stride = grouper->store.stride;
	Size		   room = READ_ROWS;
	char		  *rows = palloc(room * stride);
	StringInfoData space;

	initStringInfo(&space);
	if (BufFileSeek(part->file, 0, 0, SEEK_SET) != 0)
		/* not reached: needs a broken disk */
		ereport(ERROR, errcode_for_file_access(),
				errmsg("could not rewind temporary file: %m"));
	for (uint64 left = part->nrows; left > 0;)
	{
		uint32 n;

		CHECK_FOR_INTERRUPTS();
		ReadExactly(part->file, &n, sizeof(n));
		if (n > room)
			rows = repalloc(rows, (room = n) * stride);
		ReadExactly(part->file, rows, n * stride);
		for (uint32 i = 0; i < n; i++)
		{
			AddRow(&grouper->store, part->file, &space, isnull, rows + i * stride);
			if (unlikely(grouper->store.full))
				MakeRoom(grouper, level);
		}
		left -= n;
	}
	BufFileClose(part->file);
	part->file = NULL;
	pfree(rows);
	pfree(space.data);
}

/* ---------------------------------------------------------------- emission */

static void EmitLevel(Grouper *grouper, SpillLevel *level);

static void
EmitPart(Grouper *grouper, SpillPart *part, int shift, bool isnull)
{
	SpillLevel level = {0};

	if (part->file == NULL)
		return;
	level.shift = shift - grouper->bits;
	level.divisible = part->varying != 0 && level.shift >= 0;
	grouper->store.budget = grouper->budget;
	LoadPart(grouper, part, &level, isnull);
	EmitLevel(grouper, &level);
}

static void
EmitLevel(Grouper *grouper, SpillLevel *level)
{
	if (!level->spilling)
	{
		StoreEmit(&grouper->store, true, grouper->emit, grouper->target);
		return;
	}
	FlushStore(grouper, level);
	for (int i = 0; i < 1 << grouper->bits; i++)
		EmitPart(grouper, &level->parts[i], level->shift, false);
	EmitPart(grouper, &level->nulls, 0, true);
	pfree(level->parts);
}

void
GrouperEmit(Grouper *grouper, EmitGroup emit, void *target)
{
	MemoryContext caller = MemoryContextSwitchTo(grouper->context);

	grouper->emit = emit;
	grouper->target = target;
	EmitLevel(grouper, &grouper->top);
	MemoryContextSwitchTo(caller);
}
