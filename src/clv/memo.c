/*
 * clv/memo.c - results by frequency and age in days, in blocks of neighbouring
 * days that a hash table finds: those of the many customers who bought once or
 * twice stay in the processor's cache.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"

#include "clv/memo.h"

#define BLOCK_DAYS 64
#define FIRST_ENTRIES 16
#define MOST_ENTRIES 8192 /* 128 kB, and 2 MB of blocks: then all is forgotten */

typedef struct MemoEntry
{
	uint32	frequency;
	uint32	block;
	float8 *results; /* BLOCK_DAYS of them; NULL: nobody is here */
} MemoEntry;

struct Memo
{
	MemoryContext context;
	MemoSubject	  subject;
	MemoEntry	 *entries;
	uint32		  nentries; /* a power of two */
	uint32		  nblocks;	/* at most half of it */
};

static MemoEntry *
EmptyEntries(MemoryContext context, uint32 n)
{
	return MemoryContextAllocZero(context, n * sizeof(MemoEntry));
}

static void
ForgetAll(Memo *memo)
{
	for (uint32 i = 0; i < memo->nentries; i++)
		if (memo->entries[i].results != NULL)
			pfree(memo->entries[i].results);
	pfree(memo->entries);
}

Memo *
CallMemo(FunctionCallInfo fcinfo, const MemoSubject *subject)
{
	Memo *memo = fcinfo->flinfo->fn_extra;

	if (likely(memo != NULL && memcmp(&memo->subject, subject, sizeof(MemoSubject)) == 0))
		return memo;
	if (memo == NULL)
	{
		memo = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(Memo));
		memo->context = fcinfo->flinfo->fn_mcxt;
		fcinfo->flinfo->fn_extra = memo;
	}
	else
		ForgetAll(memo);
	memo->subject = *subject;
	memo->nentries = FIRST_ENTRIES;
	memo->nblocks = 0;
	memo->entries = EmptyEntries(memo->context, FIRST_ENTRIES);
	return memo;
}

/* The entry of a block, or the free one where it belongs. */
static inline MemoEntry *
EntryOf(const Memo *memo, uint32 frequency, uint32 block)
{
	uint32 i = murmurhash32(frequency << 16 ^ block);

	for (;; i++)
	{
		MemoEntry *entry = &memo->entries[i & (memo->nentries - 1)];

		if (entry->results == NULL || (entry->frequency == frequency && entry->block == block))
			return entry;
	}
}

/* Room for one more block: more entries, or none of the old. */
static void
MakeRoom(Memo *memo)
{
	MemoEntry *old = memo->entries;
	uint32	   nold = memo->nentries;

	if (nold == MOST_ENTRIES)
	{
		ForgetAll(memo);
		memo->nblocks = 0;
		memo->entries = EmptyEntries(memo->context, nold);
		return;
	}
	memo->nentries = Min(nold * 4, MOST_ENTRIES);
	memo->entries = EmptyEntries(memo->context, memo->nentries);
	for (uint32 i = 0; i < nold; i++)
		if (old[i].results != NULL)
			*EntryOf(memo, old[i].frequency, old[i].block) = old[i];
	pfree(old);
}

static MemoEntry *
AddBlock(Memo *memo, uint32 frequency, uint32 block)
{
	MemoEntry *entry;

	if (memo->nblocks == memo->nentries / 2)
		MakeRoom(memo);
	entry = EntryOf(memo, frequency, block);
	*entry = (MemoEntry){frequency, block,
						 MemoryContextAlloc(memo->context, BLOCK_DAYS * sizeof(float8))};
	for (int i = 0; i < BLOCK_DAYS; i++)
		entry->results[i] = NAN;
	memo->nblocks++;
	return entry;
}

float8 *
MemoPlace(Memo *memo, float8 frequency, float8 age)
{
	float8	   days = age * memo->subject.unit_days;
	uint32	   day;
	MemoEntry *entry;

	if (!(days < PG_INT32_MAX) || frequency > PG_UINT32_MAX)
		return NULL;
	day = (uint32) (days + 0.5);
	if (day / memo->subject.unit_days != age)
		return NULL;
	entry = EntryOf(memo, (uint32) frequency, day / BLOCK_DAYS);
	if (unlikely(entry->results == NULL))
		entry = AddBlock(memo, (uint32) frequency, day / BLOCK_DAYS);
	return &entry->results[day % BLOCK_DAYS];
}
