/*
 * clv/memo.c - a hash table without collisions to resolve: a newcomer takes the
 * place of whoever is there. It grows with the number of newcomers.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "clv/memo.h"

#define FIRST_PLACES 64
#define MOST_PLACES 262144

typedef struct MemoPlace
{
	float8 frequency; /* -1: nobody is here */
	float8 age;
	float8 result;
} MemoPlace;

struct Memo
{
	MemoryContext context;
	MemoSubject	  subject;
	MemoPlace	 *places;
	uint32		  nplaces; /* a power of two */
	uint32		  newcomers;
};

static MemoPlace *
EmptyPlaces(MemoryContext context, uint32 n)
{
	MemoPlace *places = MemoryContextAlloc(context, n * sizeof(MemoPlace));

	for (uint32 i = 0; i < n; i++)
		places[i].frequency = -1;
	return places;
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
		pfree(memo->places);
	memo->subject = *subject;
	memo->nplaces = FIRST_PLACES;
	memo->newcomers = 0;
	memo->places = EmptyPlaces(memo->context, FIRST_PLACES);
	return memo;
}

static inline MemoPlace *
PlaceOf(const Memo *memo, float8 frequency, float8 age)
{
	uint64 bits;

	memcpy(&bits, &age, sizeof(bits));
	bits ^= (uint64) frequency * UINT64CONST(0x9E3779B97F4A7C15);
	return &memo->places[murmurhash32((uint32) bits ^ (uint32) (bits >> 32)) &
						 (memo->nplaces - 1)];
}

static void
Grow(Memo *memo)
{
	MemoPlace *old = memo->places;
	uint32	   nold = memo->nplaces;

	memo->nplaces *= 4;
	memo->places = EmptyPlaces(memo->context, memo->nplaces);
	for (uint32 i = 0; i < nold; i++)
		if (old[i].frequency >= 0)
			*PlaceOf(memo, old[i].frequency, old[i].age) = old[i];
	pfree(old);
}

const float8 *
MemoFind(const Memo *memo, float8 frequency, float8 age)
{
	const MemoPlace *place = PlaceOf(memo, frequency, age);

	return place->frequency == frequency && place->age == age ? &place->result : NULL;
}

void
MemoKeep(Memo *memo, float8 frequency, float8 age, float8 result)
{
	MemoPlace *place;

	if (++memo->newcomers > memo->nplaces / 2 && memo->nplaces < MOST_PLACES)
		Grow(memo);
	place = PlaceOf(memo, frequency, age);
	place->frequency = frequency;
	place->age = age;
	place->result = result;
}
