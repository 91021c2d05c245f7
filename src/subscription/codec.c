/*
 * subscription/codec.c - steps to bytes and back; subscription.h has the layout.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "subscription.h"

#define HEADER_BYTES 10
#define STEP_MAX_BYTES (5 + VARINT_MAX_BYTES)

static const int64 units[SUBSCRIPTION_SCALE_MASK + 1] = {10000, 1000, 100, 10, 1, 1, 1, 1};

void
ReportBadSubscription(void)
{
	ReportBadBytes("subscription history");
}

Size
SubscriptionNormalize(MrrStep *steps, Size nsteps)
{
	Size  kept = 0;
	int64 mrr = 0;

	for (Size i = 0; i < nsteps; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (steps[i].mrr != mrr)
			steps[kept++] = steps[i];
		mrr = steps[i].mrr;
	}
	return kept;
}

bool
SubscriptionLastRise(const MrrStep *steps, Size nsteps, DateADT *day)
{
	for (Size i = nsteps; i > 0; i--)
	{
		if (i == 1 || steps[i - 1].mrr > steps[i - 2].mrr)
		{
			*day = steps[i - 1].day;
			return !DATE_IS_NOBEGIN(*day);
		}
	}
	return false;
}

static int
ScaleOfSteps(const MrrStep *steps, Size nsteps)
{
	int scale = 0;

	for (Size i = 0; i < nsteps; i++)
	{
		while (steps[i].mrr % units[scale] != 0)
			scale++;
	}
	return scale;
}

SubscriptionHistory *
SubscriptionFromSteps(const MrrStep *steps, Size nsteps, bool has_latest, DateADT latest)
{
	Size				 bound = HEADER_BYTES + sizeof(DateADT) + nsteps * STEP_MAX_BYTES;
	SubscriptionHistory *history = palloc_extended(VARHDRSZ + bound, MCXT_ALLOC_HUGE);
	int					 scale = ScaleOfSteps(steps, nsteps);
	uint32				 number = (uint32) nsteps;
	uint8				*start = (uint8 *) VARDATA(history);
	uint8				*out = start;

	*out++ = SUBSCRIPTION_VERSION;
	*out++ = scale | (has_latest ? SUBSCRIPTION_HAS_LATEST : 0);
	latest = has_latest ? latest : 0;
	memcpy(out, &latest, sizeof(latest));
	memcpy(out + 4, &number, sizeof(number));
	out += 8;
	for (Size i = 0; i < nsteps; i++)
	{
		if (i == 0)
		{
			memcpy(out, &steps[0].day, sizeof(DateADT));
			out += sizeof(DateADT);
		}
		else
			out = PutVarint(out, (uint64) ((int64) steps[i].day - steps[i - 1].day));
		out = PutVarint(out, (uint64) (steps[i].mrr / units[scale]));
	}
	if ((Size) (out - start) > MaxAllocSize - VARHDRSZ)
		/* not reached: takes 70 million steps of one customer */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("subscription history too large: %zu steps", nsteps));
	SET_VARSIZE(history, VARHDRSZ + (out - start));
	return history;
}

void
SubscriptionOpen(SubscriptionReader *reader, const SubscriptionHistory *history)
{
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(history);
	Size		 length = VARSIZE_ANY_EXHDR(history);

	if (length < HEADER_BYTES || bytes[0] != SUBSCRIPTION_VERSION)
		ReportBadSubscription();
	reader->decimals = Min(bytes[1] & SUBSCRIPTION_SCALE_MASK, MONEY_SCALE);
	reader->unit = units[reader->decimals];
	reader->has_latest = (bytes[1] & SUBSCRIPTION_HAS_LATEST) != 0;
	memcpy(&reader->latest, bytes + 2, sizeof(DateADT));
	memcpy(&reader->nsteps, bytes + 6, sizeof(uint32));
	reader->left = reader->nsteps;
	reader->next = bytes + HEADER_BYTES;
	reader->end = bytes + length;
	reader->started = false;
}

bool
SubscriptionNext(SubscriptionReader *reader)
{
	uint64 value;

	if (reader->left == 0)
		return false;
	reader->left--;
	if (reader->started)
	{
		if ((reader->next = GetVarint(reader->next, reader->end, &value)) == NULL)
			ReportBadSubscription();
		reader->current.day = (DateADT) ((int64) reader->current.day + (int64) value);
	}
	else
	{
		if (reader->end - reader->next < (int) sizeof(DateADT))
			ReportBadSubscription();
		memcpy(&reader->current.day, reader->next, sizeof(DateADT));
		reader->next += sizeof(DateADT);
		reader->started = true;
	}
	if ((reader->next = GetVarint(reader->next, reader->end, &value)) == NULL)
		ReportBadSubscription();
	reader->current.mrr = (int64) (value * (uint64) reader->unit);
	return true;
}
