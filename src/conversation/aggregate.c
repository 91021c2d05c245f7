/*
 * conversation/aggregate.c - engagement_agg: the contacts with one customer to an
 * engagement.
 *
 * The state is one chunk of bytes: the zone's name, then the contacts as they
 * came: moment, flags, and the lengths and bytes of channel and kind. Sorting and
 * numbering the names is left to the final function.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "conversation/engagement.h"
#include "state.h"

PG_FUNCTION_INFO_V1(engagement_agg_transfn);
PG_FUNCTION_INFO_V1(engagement_agg_finalfn);
PG_FUNCTION_INFO_V1(engagement_agg_combinefn);
PG_FUNCTION_INFO_V1(engagement_agg_serialfn);
PG_FUNCTION_INFO_V1(engagement_agg_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "engagement_agg state"
#define FIRST_CAPACITY 232
#define FIXED_BYTES (sizeof(TimestampTz) + 1 + 2 * VARINT_MAX_BYTES) /* of a contact, at most */
#define CHECK_EVERY 0x10000

#define INBOUND 1
#define HAS_CHANNEL 2
#define HAS_KIND 4

typedef struct
{
	Size   used; /* bytes, the zone's included */
	Size   capacity;
	uint32 contacts;
	uint32 zone_length;
	uint8  bytes[FLEXIBLE_ARRAY_MEMBER];
} EngagementState;

static EngagementState *
NewState(MemoryContext context, EngagementName zone, Size bytes)
{
	Size			 capacity = Max(zone.length + bytes, FIRST_CAPACITY);
	EngagementState *state;

	state = MemoryContextAllocHuge(context, offsetof(EngagementState, bytes) + capacity);
	state->used = zone.length;
	state->capacity = capacity;
	state->contacts = 0;
	state->zone_length = zone.length;
	memcpy(state->bytes, zone.data, zone.length);
	return state;
}

static EngagementState *
Reserve(EngagementState *state, Size bytes)
{
	if (likely(bytes <= state->capacity - state->used))
		return state;
	state->capacity = Max(state->capacity * 2 + 32, state->used + bytes);
	return repalloc_huge(state, offsetof(EngagementState, bytes) + state->capacity);
}

static EngagementName
NameOfText(text *name)
{
	return (EngagementName){VARDATA_ANY(name), (uint32) VARSIZE_ANY_EXHDR(name)};
}

static bool
IsWord(EngagementName name, const char *word)
{
	return name.length == strlen(word) && memcmp(name.data, word, name.length) == 0;
}

/* --- rows --- */

static bool
IsInbound(FunctionCallInfo fcinfo, int argno)
{
	EngagementName direction;

	if (PG_ARGISNULL(argno))
		ReportNullArgument("direction");
	direction = NameOfText(PG_GETARG_TEXT_PP(argno));
	if (IsWord(direction, "inbound"))
		return true;
	if (!IsWord(direction, "outbound"))
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("direction must be \"inbound\" or \"outbound\", not \"%.*s\"",
				   (int) Min(direction.length, 100), direction.data),
			errhint("Inbound is from the customer to you; map words of your own with CASE."));
	return false;
}

static EngagementName
NameArgument(FunctionCallInfo fcinfo, int argno)
{
	if (PG_ARGISNULL(argno))
		return (EngagementName){NULL, 0};
	return NameOfText(PG_GETARG_TEXT_PP(argno));
}

/* The state in argument 0, made when the first contact comes; the zone is the same in every row. */
static EngagementState *
TransitionState(FunctionCallInfo fcinfo, int argno)
{
	MemoryContext	 context = AggregateContext(fcinfo);
	EngagementState *state;
	EngagementName	 zone;

	if (PG_ARGISNULL(argno))
		ReportNullArgument("time_zone");
	zone = NameOfText(PG_GETARG_TEXT_PP(argno));
	if (PG_ARGISNULL(0))
	{
		(void) FindDayZone(PG_GETARG_TEXT_PP(argno));
		return NewState(context, zone, 0);
	}
	state = (EngagementState *) PG_GETARG_POINTER(0);
	if (state->zone_length != zone.length || memcmp(state->bytes, zone.data, zone.length) != 0)
		ReportChangedArgument("time_zone");
	return state;
}

static uint8 *
PutBytes(uint8 *out, EngagementName name)
{
	if (name.data == NULL)
		return out;
	out = PutVarint(out, name.length);
	memcpy(out, name.data, name.length);
	return out + name.length;
}

static EngagementState *
AddContact(EngagementState *state, const NewContact *contact)
{
	uint8 *out;

	if (state->contacts == PG_UINT32_MAX)
		/* not reached: takes 4,294,967,296 contacts with one customer */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many contacts with one customer: %u", state->contacts));
	state = Reserve(state, FIXED_BYTES + contact->channel.length + contact->kind.length);
	out = state->bytes + state->used;
	memcpy(out, &contact->at, sizeof(TimestampTz));
	out += sizeof(TimestampTz);
	*out++ = (contact->inbound ? INBOUND : 0) | (contact->channel.data ? HAS_CHANNEL : 0) |
			 (contact->kind.data ? HAS_KIND : 0);
	out = PutBytes(out, contact->channel);
	out = PutBytes(out, contact->kind);
	state->used = out - state->bytes;
	state->contacts++;
	return state;
}

Datum
engagement_agg_transfn(PG_FUNCTION_ARGS)
{
	EngagementState *state;
	NewContact		 contact;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	contact.at = PG_GETARG_TIMESTAMPTZ(1);
	RequireContactTime(contact.at);
	contact.inbound = IsInbound(fcinfo, 2);
	contact.channel = NameArgument(fcinfo, 3);
	contact.kind = NameArgument(fcinfo, 4);
	state = TransitionState(fcinfo, 5);
	PG_RETURN_POINTER(AddContact(state, &contact));
}

/* --- reading the state --- */

/* The name there, if there is to be one; NULL where the bytes end too early. */
static const uint8 *
ReadName(const uint8 *in, const uint8 *end, bool there, EngagementName *name)
{
	uint64 length;

	*name = (EngagementName){NULL, 0};
	if (!there)
		return in;
	in = GetVarint(in, end, &length);
	if (in == NULL || length > (uint64) (end - in))
		return NULL;
	*name = (EngagementName){(const char *) in, (uint32) length};
	return in + length;
}

/* The contact there; returns the place after it, NULL where the bytes are none. */
static const uint8 *
ReadContact(const uint8 *in, const uint8 *end, NewContact *contact)
{
	uint8 flags;

	if (end - in < (int) sizeof(TimestampTz) + 1)
		return NULL;
	memcpy(&contact->at, in, sizeof(TimestampTz));
	in += sizeof(TimestampTz);
	flags = *in++;
	if (flags > (INBOUND | HAS_CHANNEL | HAS_KIND))
		return NULL;
	contact->inbound = flags & INBOUND;
	in = ReadName(in, end, flags & HAS_CHANNEL, &contact->channel);
	return in == NULL ? NULL : ReadName(in, end, flags & HAS_KIND, &contact->kind);
}

Datum
engagement_agg_finalfn(PG_FUNCTION_ARGS)
{
	EngagementState *state;
	NewContact		*contacts;
	const uint8		*in;
	EngagementName	 zone;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (EngagementState *) PG_GETARG_POINTER(0);
	contacts = palloc_extended((Size) state->contacts * sizeof(NewContact), MCXT_ALLOC_HUGE);
	zone = (EngagementName){(const char *) state->bytes, state->zone_length};
	in = state->bytes + state->zone_length;
	for (uint32 i = 0; i < state->contacts; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		in = ReadContact(in, state->bytes + state->used, &contacts[i]);
	}
	PG_RETURN_ENGAGEMENT_P(EngagementFromContacts(zone, contacts, state->contacts));
}

/* --- partial states --- */

Datum
engagement_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext	 context = AggregateContext(fcinfo);
	EngagementState *state;
	EngagementState *other;
	Size			 bytes;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (EngagementState *) PG_GETARG_POINTER(1);
	bytes = other->used - other->zone_length;
	state =
		PG_ARGISNULL(0)
			? NewState(context,
					   (EngagementName){(const char *) other->bytes, other->zone_length}, bytes)
			: (EngagementState *) PG_GETARG_POINTER(0);
	if (state->zone_length != other->zone_length ||
		memcmp(state->bytes, other->bytes, other->zone_length) != 0)
		ReportChangedArgument("time_zone");
	if (other->contacts > PG_UINT32_MAX - state->contacts)
		/* not reached: takes 4,294,967,296 contacts with one customer */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many contacts with one customer: %u", PG_UINT32_MAX));
	state = Reserve(state, bytes);
	memcpy(state->bytes + state->used, other->bytes + other->zone_length, bytes);
	state->used += bytes;
	state->contacts += other->contacts;
	PG_RETURN_POINTER(state);
}

Datum
engagement_agg_serialfn(PG_FUNCTION_ARGS)
{
	EngagementState *state = (EngagementState *) PG_GETARG_POINTER(0);
	StringInfoData	 message;
	const uint8		*in = state->bytes + state->zone_length;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendint32(&message, state->zone_length);
	pq_sendbytes(&message, (const char *) state->bytes, (int) state->zone_length);
	for (uint32 i = 0; i < state->contacts; i++)
	{
		NewContact	 contact;
		const uint8 *next = ReadContact(in, state->bytes + state->used, &contact);

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		pq_sendint64(&message, contact.at);
		pq_sendbytes(&message, (const char *) in + sizeof(TimestampTz),
					 (int) (next - in - sizeof(TimestampTz)));
		in = next;
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static void
CheckName(EngagementName name)
{
	if (name.data != NULL && !pg_verifymbstr(name.data, (int) name.length, true))
		ReportBadBytes(STATE_NAME);
}

static EngagementName
ReceiveZone(StringInfo message)
{
	EngagementName zone;

	zone.length = pq_getmsgint(message, 4);
	if (zone.length > (uint32) (message->len - message->cursor))
		ReportBadBytes(STATE_NAME);
	zone.data = pq_getmsgbytes(message, (int) zone.length);
	CheckName(zone);
	(void) FindDayZone(cstring_to_text_with_len(zone.data, (int) zone.length));
	return zone;
}

Datum
engagement_agg_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData	 message;
	EngagementState *state;
	const uint8		*in;
	const uint8		*end;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len < 5 || pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(STATE_NAME);
	state = NewState(CurrentMemoryContext, ReceiveZone(&message), message.len);
	in = (const uint8 *) message.data + message.cursor;
	end = (const uint8 *) message.data + message.len;
	while (in < end)
	{
		NewContact contact;

		if (state->contacts % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		in = ReadContact(in, end, &contact);
		if (in == NULL)
			ReportBadBytes(STATE_NAME);
		contact.at = (TimestampTz) pg_ntoh64((uint64) contact.at);
		CheckName(contact.channel);
		CheckName(contact.kind);
		if (TIMESTAMP_NOT_FINITE(contact.at))
			ReportBadBytes(STATE_NAME);
		state = AddContact(state, &contact);
	}
	PG_RETURN_POINTER(state);
}
