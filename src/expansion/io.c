/*
 * expansion/io.c - text and binary form of basket_counts.
 *
 * Text: the type of the ids, the number of baskets, then each product with the
 * baskets it is in and, in parentheses, later products with those they share:
 *     bigint 3 baskets {10: 2 (20: 1, 30: 1); 20: 2 (30: 1); 30: 2}
 *
 * Binary, in network order: version, kind, int64 baskets, the ids (int32
 * number; each an int64, or int32 length and bytes), for each int32 baskets;
 * int32 number of pairs, for each int32 numbers of the two products, the
 * smaller first, int32 baskets with both.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "affinity.h"
#include "aggregate.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(basket_counts_in);
PG_FUNCTION_INFO_V1(basket_counts_out);
PG_FUNCTION_INFO_V1(basket_counts_recv);
PG_FUNCTION_INFO_V1(basket_counts_send);

#define PAIR_BYTES 12

#define ST_SORT SortPairs
#define ST_ELEMENT_TYPE ProductPair
#define ST_COMPARE(x, y) \
	((x)->a != (y)->a ? ((x)->a < (y)->a ? -1 : 1) : ((x)->b < (y)->b ? -1 : (x)->b > (y)->b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* A value being read in; products by their numbers in ids. */
typedef struct
{
	const char	*input;
	const char	*next;
	IdTable		 ids;
	int64		 baskets;
	uint32		*counts;
	uint32		 counts_capacity;
	ProductPair *pairs;
	Size		 npairs;
	Size		 pairs_capacity;
} CountsInput;

static void *
Grow(void *array, Size bytes)
{
	return array == NULL ? palloc_extended(bytes, MCXT_ALLOC_HUGE)
						 : repalloc_huge(array, bytes);
}

/* A product's count, 0 as long as it has none. */
static uint32 *
CountOf(CountsInput *input, uint32 product)
{
	if (product >= input->counts_capacity)
	{
		uint32 capacity = Max(16, Max(input->counts_capacity * 2, product + 1));

		input->counts = Grow(input->counts, (Size) capacity * sizeof(uint32));
		memset(input->counts + input->counts_capacity, 0,
			   (Size) (capacity - input->counts_capacity) * sizeof(uint32));
		input->counts_capacity = capacity;
	}
	return &input->counts[product];
}

static void
AddPair(CountsInput *input, uint32 a, uint32 b, uint32 together)
{
	if (input->npairs == input->pairs_capacity)
	{
		input->pairs_capacity = Max(16, input->pairs_capacity * 2);
		input->pairs = Grow(input->pairs, input->pairs_capacity * sizeof(ProductPair));
	}
	input->pairs[input->npairs++] = (ProductPair){a, b, together};
}

/* Whether the figures can be of baskets, pairs being sorted. */
static bool
FiguresHold(const CountsInput *input, const uint32 *counts)
{
	if (input->baskets < 0 || input->baskets >= PG_UINT32_MAX ||
		(input->baskets > 0) != (input->ids.used > 0))
		return false;
	for (uint32 i = 0; i < input->ids.used; i++)
	{
		if (counts[i] < 1 || counts[i] > input->baskets)
			return false;
	}
	for (Size i = 0; i < input->npairs; i++)
	{
		const ProductPair *pair = &input->pairs[i];
		int64			   either = (int64) counts[pair->a] + counts[pair->b];

		if (i > 0 && pair->a == pair[-1].a && pair->b == pair[-1].b)
			return false;
		if (pair->a == pair->b || pair->together < 1 || pair->together > counts[pair->a] ||
			pair->together > counts[pair->b] || either - pair->together > input->baskets)
			return false;
	}
	return true;
}

static BasketCounts *
WriteCounts(const CountsInput *input, const uint32 *order, const uint32 *counts)
{
	AffinityWriter writer;
	Size		   next = 0;

	AffinityBegin(&writer, &input->ids, order, counts, input->baskets);
	for (uint32 product = 0; product < input->ids.used; product++)
	{
		Size end = next;

		CHECK_FOR_INTERRUPTS();
		while (end < input->npairs && input->pairs[end].a == product)
			end++;
		AffinityPutRow(&writer, product, (uint32) (end - next));
		for (; next < end; next++)
			AffinityPutPair(&writer, input->pairs[next].b, input->pairs[next].together);
	}
	return AffinityEnd(&writer);
}

/* The value, or NULL when the figures do not hold. */
static BasketCounts *
EndInput(CountsInput *input)
{
	uint32	n = input->ids.used;
	uint32 *counts = palloc_extended(Max(n, 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	uint32 *ranks;
	uint32 *order = IdTableOrder(&input->ids, &ranks);

	for (uint32 i = 0; i < n; i++)
		counts[i] = *CountOf(input, order[i]);
	for (Size i = 0; i < input->npairs; i++)
	{
		ProductPair *pair = &input->pairs[i];
		uint32		 a = ranks[pair->a];
		uint32		 b = ranks[pair->b];

		*pair = (ProductPair){Min(a, b), Max(a, b), pair->together};
	}
	SortPairs(input->pairs, input->npairs);
	return FiguresHold(input, counts) ? WriteCounts(input, order, counts) : NULL;
}

/* -------------------------------------------------------------------- text */

static void
ReportBadText(const CountsInput *input, const char *expected)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			errmsg("invalid input syntax for type %s: \"%s\"", AFFINITY_NAME, input->input),
			errdetail("Expected %s at \"%s\".", expected, input->next),
			errhint("Counts look like bigint 3 baskets {10: 2 (20: 1, 30: 1); 20: 2 (30: 1); "
					"30: 2}"));
}

static bool
Accept(CountsInput *input, const char *token)
{
	input->next += strspn(input->next, " \t\n\r");
	if (strncmp(input->next, token, strlen(token)) != 0)
		return false;
	input->next += strlen(token);
	input->next += strspn(input->next, " \t\n\r");
	return true;
}

static void
Expect(CountsInput *input, const char *token)
{
	if (!Accept(input, token))
		ReportBadText(input, psprintf("\"%s\"", token));
}

static uint32
ReadCount(CountsInput *input)
{
	char		 *end;
	unsigned long value;

	if (*input->next < '0' || *input->next > '9')
		ReportBadText(input, "a number");
	errno = 0;
	value = strtoul(input->next, &end, 10);
	if (errno != 0 || value >= PG_UINT32_MAX)
		ReportBadText(input, "a smaller number");
	input->next = end;
	return (uint32) value;
}

static uint32
ReadProduct(CountsInput *input)
{
	uint32 number;

	if (!IdTableAddText(&input->ids, &input->next, &number))
		ReportBadText(input, "an id");
	return number;
}

static void
ReadPartners(CountsInput *input, uint32 product)
{
	do
	{
		uint32 other = ReadProduct(input);

		CHECK_FOR_INTERRUPTS();
		Expect(input, ":");
		AddPair(input, product, other, ReadCount(input));
	} while (Accept(input, ","));
	Expect(input, ")");
}

static void
ReadRow(CountsInput *input)
{
	uint32 product = ReadProduct(input);

	Expect(input, ":");
	if (*CountOf(input, product) != 0)
		ReportBadText(input, "a product once");
	*CountOf(input, product) = ReadCount(input);
	if (Accept(input, "("))
		ReadPartners(input, product);
}

Datum
basket_counts_in(PG_FUNCTION_ARGS)
{
	CountsInput	  input = {.input = PG_GETARG_CSTRING(0), .next = PG_GETARG_CSTRING(0)};
	BookKind	  kind;
	BasketCounts *value;

	(void) Accept(&input, "");
	kind = ReadIdKind(&input.next);
	if (kind == 0)
		ReportBadText(&input, "bigint, text or uuid");
	IdTableInit(&input.ids, CurrentMemoryContext, kind);
	(void) Accept(&input, "");
	input.baskets = ReadCount(&input);
	Expect(&input, "baskets");
	Expect(&input, "{");
	for (bool first = true; !Accept(&input, "}"); first = false)
	{
		CHECK_FOR_INTERRUPTS();
		if (!first)
			Expect(&input, ";");
		ReadRow(&input);
	}
	if (*input.next != '\0')
		ReportBadText(&input, "the end");
	value = EndInput(&input);
	if (value == NULL)
		ereport(ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				errmsg("invalid %s: no baskets give these counts", AFFINITY_NAME));
	PG_RETURN_POINTER(value);
}

Datum
basket_counts_out(PG_FUNCTION_ARGS)
{
	AffinityReader reader;
	StringInfoData text;
	bool		   more;

	AffinityOpen(&reader, PG_GETARG_BASKET_COUNTS_P(0));
	initStringInfo(&text);
	appendStringInfo(&text, "%s " INT64_FORMAT " baskets {", BookKindName(reader.ids.kind),
					 reader.counts->baskets);
	more = AffinityNext(&reader);
	for (uint32 product = 0; product < reader.counts->products; product++)
	{
		bool first = true;

		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(&text, product > 0 ? "; " : "");
		IdListAppendText(&text, &reader.ids, product);
		appendStringInfo(&text, ": %u", reader.counts->counts[product]);
		for (; more && reader.pair.a == product; more = AffinityNext(&reader))
		{
			appendStringInfoString(&text, first ? " (" : ", ");
			IdListAppendText(&text, &reader.ids, reader.pair.b);
			appendStringInfo(&text, ": %u", reader.pair.together);
			first = false;
		}
		appendStringInfoString(&text, first ? "" : ")");
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

/* ------------------------------------------------------------------ binary */

Datum
basket_counts_recv(PG_FUNCTION_ARGS)
{
	StringInfo	  message = (StringInfo) PG_GETARG_POINTER(0);
	int			  version = pq_getmsgbyte(message);
	int			  kind = pq_getmsgbyte(message);
	CountsInput	  input = {.baskets = pq_getmsgint64(message)};
	uint32		  n;
	BasketCounts *value;

	if (version != AFFINITY_VERSION || kind < BOOK_BIGINT || kind > BOOK_UUID)
		ReportBadBytes(AFFINITY_NAME);
	IdTableInit(&input.ids, CurrentMemoryContext, (BookKind) kind);
	IdTableReceive(&input.ids, message, true, AFFINITY_NAME);
	for (uint32 i = 0; i < input.ids.used; i++)
		*CountOf(&input, i) = (uint32) pq_getmsgint(message, 4);
	n = (uint32) pq_getmsgint(message, 4);
	if (n > (uint32) (message->len - message->cursor) / PAIR_BYTES)
		ReportBadBytes(AFFINITY_NAME);
	for (uint32 i = 0; i < n; i++)
	{
		uint32 a = (uint32) pq_getmsgint(message, 4);
		uint32 b = (uint32) pq_getmsgint(message, 4);

		CHECK_FOR_INTERRUPTS();
		if (a >= b || b >= input.ids.used)
			ReportBadBytes(AFFINITY_NAME);
		AddPair(&input, a, b, (uint32) pq_getmsgint(message, 4));
	}
	value = EndInput(&input);
	if (value == NULL)
		ReportBadBytes(AFFINITY_NAME);
	PG_RETURN_POINTER(value);
}

Datum
basket_counts_send(PG_FUNCTION_ARGS)
{
	AffinityReader reader;
	StringInfoData message;
	uint64		   sent = 0;

	AffinityOpen(&reader, PG_GETARG_BASKET_COUNTS_P(0));
	pq_begintypsend(&message);
	pq_sendbyte(&message, AFFINITY_VERSION);
	pq_sendbyte(&message, reader.ids.kind);
	pq_sendint64(&message, reader.counts->baskets);
	IdListSend(&reader.ids, &message);
	for (uint32 i = 0; i < reader.counts->products; i++)
		pq_sendint32(&message, reader.counts->counts[i]);
	pq_sendint32(&message, (uint32) reader.counts->pairs);
	while (AffinityNext(&reader))
	{
		if (++sent % 0x10000 == 0)
			CHECK_FOR_INTERRUPTS();
		pq_sendint32(&message, reader.pair.a);
		pq_sendint32(&message, reader.pair.b);
		pq_sendint32(&message, reader.pair.together);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
