/*
 * conversation/codec.c - contacts to bytes and back; engagement.h has the layout.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "conversation/engagement.h"

#define CONTACT_MAX_BYTES (2 * VARINT_MAX_BYTES)
#define CHECK_EVERY 0x10000

static int
CompareNames(const EngagementName *a, const EngagementName *b)
{
	int order = memcmp(a->data, b->data, Min(a->length, b->length));

	if (order == 0 && a->length != b->length)
		order = a->length < b->length ? -1 : 1;
	return order;
}

#define ST_SORT SortNames
#define ST_ELEMENT_TYPE EngagementName
#define ST_COMPARE(a, b) CompareNames(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* A contact as it is stored. */
typedef struct
{
	TimestampTz at;
	uint64		code;
} CodedContact;

#define ST_SORT SortCoded
#define ST_ELEMENT_TYPE CodedContact
#define ST_COMPARE(a, b)                                    \
	((a)->at != (b)->at		 ? ((a)->at < (b)->at ? -1 : 1) \
	 : (a)->code < (b)->code ? -1                           \
							 : (a)->code > (b)->code)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Names that occur, sorted, each once. */
typedef struct
{
	EngagementName *names;
	Size			n;
	Size			bytes; /* of all of them, with their lengths */
} NameList;

void
ReportBadEngagement(void)
{
	ReportBadBytes("engagement");
}

void
RequireContactTime(TimestampTz at)
{
	if (unlikely(TIMESTAMP_NOT_FINITE(at)))
		ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("contact time must be finite, not \"%s\"",
					   TIMESTAMP_IS_NOBEGIN(at) ? "-infinity" : "infinity"));
}

/* --- to bytes --- */

/* Takes the names that are there out of the list, which has been filled with all. */
static void
NormalizeNames(NameList *list)
{
	Size kept = 0;

	for (Size i = 0; i < list->n; i++)
	{
		if (list->names[i].data != NULL)
			list->names[kept++] = list->names[i];
	}
	SortNames(list->names, kept);
	list->n = 0;
	list->bytes = VARINT_MAX_BYTES;
	for (Size i = 0; i < kept; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (list->n > 0 && CompareNames(&list->names[i], &list->names[list->n - 1]) == 0)
			continue;
		list->bytes += list->names[i].length + VARINT_MAX_BYTES;
		list->names[list->n++] = list->names[i];
	}
}

/* Its number from 1 on; 0 for none. */
static uint64
NumberOfName(const NameList *list, const EngagementName *name)
{
	Size low = 0;
	Size high = list->n;

	if (name->data == NULL)
		return 0;
	while (high - low > 1)
	{
		Size middle = (low + high) / 2;

		if (CompareNames(name, &list->names[middle]) < 0)
			high = middle;
		else
			low = middle;
	}
	return low + 1;
}

static CodedContact *
CodeContacts(const NewContact *contacts, Size n, const NameList *channels,
			 const NameList *kinds)
{
	CodedContact *coded = palloc_extended(Max(n, 1) * sizeof(CodedContact), MCXT_ALLOC_HUGE);

	for (Size i = 0; i < n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		coded[i].at = contacts[i].at;
		coded[i].code = 2 * ((kinds->n + 1) * NumberOfName(channels, &contacts[i].channel) +
							 NumberOfName(kinds, &contacts[i].kind)) +
						(contacts[i].inbound ? 1 : 0);
	}
	SortCoded(coded, n);
	return coded;
}

static uint8 *
PutName(uint8 *out, const EngagementName *name)
{
	out = PutVarint(out, name->length);
	memcpy(out, name->data, name->length);
	return out + name->length;
}

static uint8 *
PutNames(uint8 *out, const NameList *list)
{
	out = PutVarint(out, list->n);
	for (Size i = 0; i < list->n; i++)
		out = PutName(out, &list->names[i]);
	return out;
}

static uint8 *
PutContacts(uint8 *out, const CodedContact *coded, Size n)
{
	out = PutVarint(out, n);
	for (Size i = 0; i < n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (i == 0)
		{
			memcpy(out, &coded[0].at, sizeof(TimestampTz));
			out += sizeof(TimestampTz);
		}
		else
			out = PutVarint(out, (uint64) coded[i].at - (uint64) coded[i - 1].at);
		out = PutVarint(out, coded[i].code);
	}
	return out;
}

Engagement *
EngagementFromContacts(EngagementName zone, const NewContact *contacts, Size n)
{
	NameList channels = {palloc_extended(Max(n, 1) * sizeof(EngagementName), MCXT_ALLOC_HUGE),
						 n, 0};
	NameList kinds = {palloc_extended(Max(n, 1) * sizeof(EngagementName), MCXT_ALLOC_HUGE), n,
					  0};
	CodedContact *coded;
	Engagement	 *engagement;
	uint8		 *start;
	uint8		 *out;

	for (Size i = 0; i < n; i++)
	{
		channels.names[i] = contacts[i].channel;
		kinds.names[i] = contacts[i].kind;
	}
	NormalizeNames(&channels);
	NormalizeNames(&kinds);
	coded = CodeContacts(contacts, n, &channels, &kinds);
	engagement = palloc_extended(VARHDRSZ + 1 + zone.length + channels.bytes + kinds.bytes +
									 3 * VARINT_MAX_BYTES + (n + 1) * CONTACT_MAX_BYTES,
								 MCXT_ALLOC_HUGE);
	start = out = (uint8 *) VARDATA(engagement);
	*out++ = ENGAGEMENT_VERSION;
	out = PutName(out, &zone);
	out = PutNames(out, &channels);
	out = PutNames(out, &kinds);
	out = PutContacts(out, coded, n);
	if ((Size) (out - start) > MaxAllocSize - VARHDRSZ)
		/* not reached: takes contacts of more than 1 GB */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("engagement too large: %zu contacts", n));
	SET_VARSIZE(engagement, VARHDRSZ + (out - start));
	pfree(coded);
	pfree(channels.names);
	pfree(kinds.names);
	return engagement;
}

/* --- and back --- */

typedef struct
{
	const uint8 *next;
	const uint8 *end;
} Bytes;

static inline uint64
TakeVarint(Bytes *bytes)
{
	uint64 value;

	bytes->next = GetVarint(bytes->next, bytes->end, &value);
	if (bytes->next == NULL)
		ReportBadEngagement();
	return value;
}

static EngagementName
TakeName(Bytes *bytes)
{
	uint64		   length = TakeVarint(bytes);
	EngagementName name = {(const char *) bytes->next, (uint32) length};

	if (length > (uint64) (bytes->end - bytes->next))
		ReportBadEngagement();
	bytes->next += length;
	return name;
}

static EngagementName *
TakeNames(Bytes *bytes, uint32 *n)
{
	uint64			number = TakeVarint(bytes);
	EngagementName *names;

	if (number > (uint64) (bytes->end - bytes->next))
		ReportBadEngagement();
	names = palloc((number + 1) * sizeof(EngagementName));
	names[0] = (EngagementName){NULL, 0};
	for (uint64 i = 1; i <= number; i++)
		names[i] = TakeName(bytes);
	*n = (uint32) number;
	return names;
}

static void
TakeContacts(Bytes *bytes, OpenEngagement *open)
{
	uint64		number = TakeVarint(bytes);
	TimestampTz at = 0;

	if (number > (uint64) (bytes->end - bytes->next))
		ReportBadEngagement();
	open->contacts = palloc_extended(Max(number, 1) * sizeof(Contact), MCXT_ALLOC_HUGE);
	open->n = number;
	if (number > 0)
	{
		if (bytes->end - bytes->next < (int) sizeof(TimestampTz))
			ReportBadEngagement();
		memcpy(&at, bytes->next, sizeof(TimestampTz));
		bytes->next += sizeof(TimestampTz);
	}
	for (uint64 i = 0; i < number; i++)
	{
		uint64 code;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (i > 0)
			at = (TimestampTz) ((uint64) at + TakeVarint(bytes));
		code = TakeVarint(bytes);
		open->contacts[i] = (Contact){.at = at,
									  .inbound = code & 1,
									  .kind = (uint32) (code / 2 % (open->nkinds + 1)),
									  .channel = (uint32) (code / 2 / (open->nkinds + 1))};
		if (code / 2 / (open->nkinds + 1) > open->nchannels)
			ReportBadEngagement();
	}
}

void
EngagementOpen(OpenEngagement *open, const Engagement *engagement)
{
	Bytes bytes = {(const uint8 *) VARDATA_ANY(engagement),
				   (const uint8 *) VARDATA_ANY(engagement) + VARSIZE_ANY_EXHDR(engagement)};

	if (bytes.next == bytes.end || *bytes.next++ != ENGAGEMENT_VERSION)
		ReportBadEngagement();
	open->zone = TakeName(&bytes);
	open->channels = TakeNames(&bytes, &open->nchannels);
	open->kinds = TakeNames(&bytes, &open->nkinds);
	TakeContacts(&bytes, open);
}

DayZone *
EngagementZone(const OpenEngagement *open)
{
	return FindDayZone(cstring_to_text_with_len(open->zone.data, (int) open->zone.length));
}

Size
ContactsBefore(const OpenEngagement *open, TimestampTz end)
{
	Size low = 0;
	Size high = open->n;

	while (low < high)
	{
		Size middle = (low + high) / 2;

		if (open->contacts[middle].at < end)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
