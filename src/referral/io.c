/*
 * referral/io.c - text and binary form of referral_graph.
 *
 * Text: the type of the ids, then each referral as referred <- referrer: value;
 * after the brace the number of rows left out, if any were:
 *     bigint {2 <- 1: 59.9; 3 <- 1: 12} left out 4
 *
 * Binary, in network order: version, kind, int64 left out, the ids (int32
 * number; each an int64, or int32 length and bytes), int32 number of referrals,
 * for each int32 number of the referred, int32 of the referrer, float8 value.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "aggregate.h"
#include "compat.h"
#include "referral.h"

PG_FUNCTION_INFO_V1(referral_graph_in);
PG_FUNCTION_INFO_V1(referral_graph_out);
PG_FUNCTION_INFO_V1(referral_graph_recv);
PG_FUNCTION_INFO_V1(referral_graph_send);

#define REFERRAL_BYTES 16

/* A graph being read in. */
typedef struct
{
	const char	 *input;
	const char	 *next;
	IdTable		  ids;
	ReferralEdge *edges;
	Size		  used;
	Size		  capacity;
	int64		  left_out;
} GraphInput;

static void
AddEdge(GraphInput *input, ReferralEdge edge)
{
	if (input->used == input->capacity)
	{
		input->capacity = Max(16, input->capacity * 2);
		input->edges =
			input->edges == NULL
				? palloc_extended(input->capacity * sizeof(ReferralEdge), MCXT_ALLOC_HUGE)
				: repalloc_huge(input->edges, input->capacity * sizeof(ReferralEdge));
	}
	input->edges[input->used++] = edge;
}

/* The graph, unless some referral had to be left out; then NULL. */
static ReferralGraph *
EndInput(GraphInput *input)
{
	ReferralGraph *graph =
		ReferralBuild(&input->ids, input->edges, input->used, input->left_out);

	return graph->left_out == input->left_out ? graph : NULL;
}

/* -------------------------------------------------------------------- text */

static void
ReportBadText(const GraphInput *input, const char *expected)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			errmsg("invalid input syntax for type %s: \"%s\"", REFERRAL_NAME, input->input),
			errdetail("Expected %s at \"%s\".", expected, input->next),
			errhint("A graph looks like bigint {2 <- 1: 59.9; 3 <- 1: 12} left out 4"));
}

static void
SkipBlanks(GraphInput *input)
{
	input->next += strspn(input->next, " \t\n\r");
}

static bool
Accept(GraphInput *input, const char *token)
{
	SkipBlanks(input);
	if (strncmp(input->next, token, strlen(token)) != 0)
		return false;
	input->next += strlen(token);
	SkipBlanks(input);
	return true;
}

static void
Expect(GraphInput *input, const char *token)
{
	if (!Accept(input, token))
		ReportBadText(input, psprintf("\"%s\"", token));
}

static uint32
ReadId(GraphInput *input)
{
	uint32 number;

	if (!IdTableAddText(&input->ids, &input->next, &number))
		ReportBadText(input, "an id");
	return number;
}

static float8
ReadValue(GraphInput *input)
{
	Size   length = strcspn(input->next, " \t\n\r;}");
	float8 value;

	if (length == 0)
		ReportBadText(input, "a number");
	value = DatumGetFloat8(
		DirectFunctionCall1(float8in, CStringGetDatum(pnstrdup(input->next, length))));
	if (!isfinite(value))
		ReportBadText(input, "a finite number");
	input->next += length;
	return value == 0 ? 0 : value;
}

static void
ReadReferral(GraphInput *input)
{
	ReferralEdge edge = {.at = NO_TIME};

	edge.referred = ReadId(input);
	Expect(input, "<-");
	edge.referrer = ReadId(input);
	Expect(input, ":");
	edge.value = ReadValue(input);
	AddEdge(input, edge);
}

static void
ReadLeftOut(GraphInput *input)
{
	Size length = strspn(input->next, "0123456789");

	if (length == 0)
		ReportBadText(input, "a number of rows");
	input->left_out = DatumGetInt64(
		DirectFunctionCall1(int8in, CStringGetDatum(pnstrdup(input->next, length))));
	input->next += length;
}

Datum
referral_graph_in(PG_FUNCTION_ARGS)
{
	GraphInput	   input = {.input = PG_GETARG_CSTRING(0), .next = PG_GETARG_CSTRING(0)};
	BookKind	   kind;
	ReferralGraph *graph;

	SkipBlanks(&input);
	kind = ReadIdKind(&input.next);
	if (kind == 0)
		ReportBadText(&input, "bigint, text or uuid");
	IdTableInit(&input.ids, CurrentMemoryContext, kind);
	Expect(&input, "{");
	for (bool first = true; !Accept(&input, "}"); first = false)
	{
		CHECK_FOR_INTERRUPTS();
		if (!first)
			Expect(&input, ";");
		ReadReferral(&input);
	}
	if (Accept(&input, "left out"))
		ReadLeftOut(&input);
	SkipBlanks(&input);
	if (*input.next != '\0')
		ReportBadText(&input, "the end");
	graph = EndInput(&input);
	if (graph == NULL)
		ereport(
			ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			errmsg("invalid %s: somebody is referred twice or by themselves", REFERRAL_NAME),
			errhint("Rows like that go through referral_agg, which leaves them out."));
	PG_RETURN_POINTER(graph);
}

Datum
referral_graph_out(PG_FUNCTION_ARGS)
{
	ReferralReader reader;
	StringInfoData text;
	bool		   first = true;

	ReferralOpen(&reader, PG_GETARG_REFERRAL_GRAPH_P(0));
	initStringInfo(&text);
	appendStringInfo(&text, "%s {", BookKindName(reader.ids.kind));
	for (uint32 i = 0; i < reader.graph->customers; i++)
	{
		char *value;

		CHECK_FOR_INTERRUPTS();
		if (reader.referrers[i] == ID_NONE)
			continue;
		appendStringInfoString(&text, first ? "" : "; ");
		first = false;
		IdListAppendText(&text, &reader.ids, i);
		appendStringInfoString(&text, " <- ");
		IdListAppendText(&text, &reader.ids, reader.referrers[i]);
		value = float8out_internal(reader.values[i]);
		appendStringInfo(&text, ": %s", value);
		pfree(value);
	}
	appendStringInfoChar(&text, '}');
	if (reader.graph->left_out > 0)
		appendStringInfo(&text, " left out " INT64_FORMAT, reader.graph->left_out);
	PG_RETURN_CSTRING(text.data);
}

/* ------------------------------------------------------------------ binary */

Datum
referral_graph_recv(PG_FUNCTION_ARGS)
{
	StringInfo	   message = (StringInfo) PG_GETARG_POINTER(0);
	int			   version = pq_getmsgbyte(message);
	int			   kind = pq_getmsgbyte(message);
	GraphInput	   input = {.left_out = pq_getmsgint64(message)};
	uint32		   n;
	ReferralGraph *graph;

	if (version != REFERRAL_VERSION || kind < BOOK_BIGINT || kind > BOOK_UUID ||
		input.left_out < 0)
		ReportBadBytes(REFERRAL_NAME);
	IdTableInit(&input.ids, CurrentMemoryContext, (BookKind) kind);
	IdTableReceive(&input.ids, message, true, REFERRAL_NAME);
	n = (uint32) pq_getmsgint(message, 4);
	if (n > (uint32) (message->len - message->cursor) / REFERRAL_BYTES)
		ReportBadBytes(REFERRAL_NAME);
	for (uint32 i = 0; i < n; i++)
	{
		ReferralEdge edge = {.at = NO_TIME};

		CHECK_FOR_INTERRUPTS();
		edge.referred = (uint32) pq_getmsgint(message, 4);
		edge.referrer = (uint32) pq_getmsgint(message, 4);
		edge.value = pq_getmsgfloat8(message);
		if (edge.referred >= input.ids.used || edge.referrer >= input.ids.used ||
			!isfinite(edge.value))
			ReportBadBytes(REFERRAL_NAME);
		edge.value = edge.value == 0 ? 0 : edge.value;
		AddEdge(&input, edge);
	}
	graph = EndInput(&input);
	if (graph == NULL || graph->customers != input.ids.used)
		ReportBadBytes(REFERRAL_NAME);
	PG_RETURN_POINTER(graph);
}

Datum
referral_graph_send(PG_FUNCTION_ARGS)
{
	ReferralReader reader;
	StringInfoData message;

	ReferralOpen(&reader, PG_GETARG_REFERRAL_GRAPH_P(0));
	pq_begintypsend(&message);
	pq_sendbyte(&message, REFERRAL_VERSION);
	pq_sendbyte(&message, reader.ids.kind);
	pq_sendint64(&message, reader.graph->left_out);
	IdListSend(&reader.ids, &message);
	pq_sendint32(&message, reader.graph->referrals);
	for (uint32 i = 0; i < reader.graph->customers; i++)
	{
		if (i % 0x10000 == 0)
			CHECK_FOR_INTERRUPTS();
		if (reader.referrers[i] == ID_NONE)
			continue;
		pq_sendint32(&message, i);
		pq_sendint32(&message, reader.referrers[i]);
		pq_sendfloat8(&message, reader.values[i]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
