/*
 * conversation/io.c - text and binary form of engagement.
 *
 * Text: a JSON object,
 *     {"time_zone": "Europe/Berlin", "contacts": [
 *      ["2024-03-01T10:00:00+00:00", "inbound", "email", "question"], ...]}
 * with moments in UTC whatever the session's zone and DateStyle are, and null
 * where a channel or kind is not known.
 *
 * Binary, integers in network order: version, zone (length and text), number of
 * contacts, then for each: moment (int64, microseconds since 2000-01-01 UTC),
 * inbound (byte), channel and kind (length, -1 for none, and text).
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "conversation/engagement.h"

PG_FUNCTION_INFO_V1(engagement_in);
PG_FUNCTION_INFO_V1(engagement_out);
PG_FUNCTION_INFO_V1(engagement_recv);
PG_FUNCTION_INFO_V1(engagement_send);

#define CHECK_EVERY 0x10000
#define CONTACT_MIN_BYTES 17

/* --- text --- */

pg_noreturn static void
ReportBadText(const char *detail)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			errmsg("invalid input syntax for type %s", "engagement"), errdetail("%s.", detail),
			errhint("An engagement looks like {\"time_zone\": \"UTC\", \"contacts\": "
					"[[\"2024-03-01T10:00:00+00:00\", \"inbound\", \"email\", null]]}."));
}

static EngagementName
StringOf(const JsonbValue *value, const char *expected)
{
	if (value == NULL || value->type != jbvString)
		ReportBadText(expected);
	return (EngagementName){value->val.string.val, (uint32) value->val.string.len};
}

static EngagementName
StringOrNull(const JsonbValue *value, const char *expected)
{
	if (value != NULL && value->type == jbvNull)
		return (EngagementName){NULL, 0};
	return StringOf(value, expected);
}

/* ISO 8601 with the offset written out, so that no setting of the session matters. */
static bool
IsPlainMoment(const char *moment)
{
	Size length = strlen(moment);
	Size year = strspn(moment, "0123456789");

	if (length > 3 && strcmp(moment + length - 3, " BC") == 0)
		length -= 3;
	return year >= 4 && moment[year] == '-' && length > 10 &&
		   ((length > 6 && strncmp(moment + length - 6, "+00:00", 6) == 0) ||
			moment[length - 1] == 'Z');
}

static TimestampTz
MomentOf(const JsonbValue *value)
{
	EngagementName name = StringOf(value, "a contact begins with its moment");
	char		  *moment = pnstrdup(name.data, name.length);

	if (!IsPlainMoment(moment))
		ReportBadText("moments are in UTC, as 2024-03-01T10:00:00+00:00");
	return DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(moment),
												   ObjectIdGetDatum(InvalidOid),
												   Int32GetDatum(-1)));
}

static NewContact
ReadContact(const JsonbValue *value)
{
	JsonbContainer *parts;
	NewContact		contact;
	EngagementName	direction;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerSize(value->val.binary.data) != 4)
		ReportBadText("a contact is an array [moment, direction, channel, kind]");
	parts = value->val.binary.data;
	contact.at = MomentOf(getIthJsonbValueFromContainer(parts, 0));
	RequireContactTime(contact.at);
	direction = StringOf(getIthJsonbValueFromContainer(parts, 1), "a direction is a string");
	contact.inbound = direction.length == 7 && memcmp(direction.data, "inbound", 7) == 0;
	if (!contact.inbound &&
		!(direction.length == 8 && memcmp(direction.data, "outbound", 8) == 0))
		ReportBadText("a direction is \"inbound\" or \"outbound\"");
	contact.channel =
		StringOrNull(getIthJsonbValueFromContainer(parts, 2), "a channel is a string or null");
	contact.kind =
		StringOrNull(getIthJsonbValueFromContainer(parts, 3), "a kind is a string or null");
	return contact;
}

static JsonbValue *
FindKey(Jsonb *object, const char *key)
{
	return getKeyJsonValueFromContainer(&object->root, key, (int) strlen(key), NULL);
}

Datum
engagement_in(PG_FUNCTION_ARGS)
{
	Jsonb		   *object = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0)));
	JsonbValue	   *list;
	JsonbContainer *items;
	NewContact	   *contacts;
	EngagementName	zone;
	uint32			n;

	if (!JB_ROOT_IS_OBJECT(object))
		ReportBadText("it is a JSON object");
	zone = StringOf(FindKey(object, "time_zone"), "time_zone is the name of one");
	(void) FindDayZone(cstring_to_text_with_len(zone.data, (int) zone.length));
	list = FindKey(object, "contacts");
	if (list == NULL || list->type != jbvBinary ||
		!JsonContainerIsArray(list->val.binary.data) || JB_ROOT_COUNT(object) != 2)
		ReportBadText("its keys are time_zone and contacts, an array");
	items = list->val.binary.data;
	n = JsonContainerSize(items);
	contacts = palloc_extended(Max(n, 1) * sizeof(NewContact), MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		contacts[i] = ReadContact(getIthJsonbValueFromContainer(items, i));
	}
	PG_RETURN_ENGAGEMENT_P(EngagementFromContacts(zone, contacts, n));
}

static void
AppendMoment(StringInfo text, TimestampTz at)
{
	char		 moment[MAXDATELEN + 1];
	struct pg_tm tm;
	fsec_t		 fsec;

	if (timestamp2tm(at, NULL, &tm, &fsec, NULL, NULL) != 0)
		/* not reached: input and receive let no such moment in */
		ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("timestamp out of range"));
	tm.tm_isdst = 0; /* so that the offset is written */
	EncodeDateTime(&tm, fsec, true, 0, NULL, USE_XSD_DATES, moment);
	appendStringInfo(text, "\"%s\"", moment);
}

static void
AppendName(StringInfo text, EngagementName name)
{
	if (name.data == NULL)
		appendStringInfoString(text, "null");
	else
		escape_json(text, pnstrdup(name.data, name.length));
}

Datum
engagement_out(PG_FUNCTION_ARGS)
{
	OpenEngagement open;
	StringInfoData text;

	EngagementOpen(&open, PG_GETARG_ENGAGEMENT_P(0));
	initStringInfo(&text);
	appendStringInfoString(&text, "{\"time_zone\": ");
	AppendName(&text, open.zone);
	appendStringInfoString(&text, ", \"contacts\": [");
	for (Size i = 0; i < open.n; i++)
	{
		const Contact *contact = &open.contacts[i];

		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(&text, i > 0 ? ", [" : "[");
		AppendMoment(&text, contact->at);
		appendStringInfoString(&text,
							   contact->inbound ? ", \"inbound\", " : ", \"outbound\", ");
		AppendName(&text, open.channels[contact->channel]);
		appendStringInfoString(&text, ", ");
		AppendName(&text, open.kinds[contact->kind]);
		appendStringInfoChar(&text, ']');
	}
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

/* --- binary --- */

static EngagementName
ReceiveName(StringInfo message)
{
	int32 length = (int32) pq_getmsgint(message, 4);
	int	  converted;
	char *text;

	if (length == -1)
		return (EngagementName){NULL, 0};
	if (length < 0 || length > message->len - message->cursor)
		ReportBadEngagement();
	text = pq_getmsgtext(message, length, &converted);
	return (EngagementName){text, (uint32) converted};
}

static NewContact
ReceiveContact(StringInfo message)
{
	NewContact contact;
	int		   inbound;

	contact.at = pq_getmsgint64(message);
	inbound = pq_getmsgbyte(message);
	contact.channel = ReceiveName(message);
	contact.kind = ReceiveName(message);
	contact.inbound = inbound != 0;
	if (!IS_VALID_TIMESTAMP(contact.at) || inbound > 1)
		ReportBadEngagement();
	return contact;
}

Datum
engagement_recv(PG_FUNCTION_ARGS)
{
	StringInfo	   message = (StringInfo) PG_GETARG_POINTER(0);
	EngagementName zone;
	NewContact	  *contacts;
	uint32		   n;

	if (pq_getmsgbyte(message) != ENGAGEMENT_VERSION)
		ReportBadEngagement();
	zone = ReceiveName(message);
	if (zone.data == NULL)
		ReportBadEngagement();
	(void) FindDayZone(cstring_to_text_with_len(zone.data, (int) zone.length));
	n = pq_getmsgint(message, 4);
	if (n > (uint32) (message->len - message->cursor) / CONTACT_MIN_BYTES)
		ReportBadEngagement();
	contacts = palloc_extended(Max(n, 1) * sizeof(NewContact), MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		contacts[i] = ReceiveContact(message);
	}
	PG_RETURN_ENGAGEMENT_P(EngagementFromContacts(zone, contacts, n));
}

static void
SendName(StringInfo message, EngagementName name)
{
	if (name.data == NULL)
		pq_sendint32(message, -1);
	else
		SendCountedText(message, name.data, (int) name.length);
}

Datum
engagement_send(PG_FUNCTION_ARGS)
{
	OpenEngagement open;
	StringInfoData message;

	EngagementOpen(&open, PG_GETARG_ENGAGEMENT_P(0));
	pq_begintypsend(&message);
	pq_sendbyte(&message, ENGAGEMENT_VERSION);
	SendName(&message, open.zone);
	pq_sendint32(&message, (uint32) open.n);
	for (Size i = 0; i < open.n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		pq_sendint64(&message, open.contacts[i].at);
		pq_sendbyte(&message, open.contacts[i].inbound);
		SendName(&message, open.channels[open.contacts[i].channel]);
		SendName(&message, open.kinds[open.contacts[i].kind]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
