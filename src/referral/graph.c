/*
 * referral/graph.c - from rows of who referred whom to a forest.
 *
 * Every customer has at most one edge upwards, so each connected part has at
 * most one cycle, and walking upwards from every customer once finds it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "referral.h"

#define CHECK_EVERY 0x10000

typedef struct
{
	const IdTable	   *ids;
	const ReferralEdge *edges;
	uint32			   *order; /* numbers in order of ids */
	uint32			   *ranks;
	uint32			   *chosen; /* of each customer, the edge that counts, or ID_NONE */
} Forest;

static uint32 *
NewNumbers(Size n, uint32 fill)
{
	uint32 *numbers = palloc_extended(Max(n, 1) * sizeof(uint32), MCXT_ALLOC_HUGE);

	for (Size i = 0; i < n; i++)
		numbers[i] = fill;
	return numbers;
}

/*
 * Whether edge a counts rather than b, for the same customer: the earlier, then
 * the referrer with the smaller id; of one referrer the higher value.
 */
static bool
IsPreferred(const Forest *forest, const ReferralEdge *a, const ReferralEdge *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	if (a->referrer != b->referrer)
		return forest->ranks[a->referrer] < forest->ranks[b->referrer];
	return a->value > b->value;
}

static void
ChooseReferrers(Forest *forest, Size nedges)
{
	for (Size i = 0; i < nedges; i++)
	{
		const ReferralEdge *edge = &forest->edges[i];
		uint32			   *chosen = &forest->chosen[edge->referred];

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (edge->referred == edge->referrer)
			continue;
		if (*chosen == ID_NONE || IsPreferred(forest, edge, &forest->edges[*chosen]))
			*chosen = (uint32) i;
	}
}

/* Cuts the edge of the cycle through `start` that came last, then the one of the largest id. */
static void
CutCycle(Forest *forest, uint32 start)
{
	uint32 worst = start;
	uint32 at = start;
	uint32 steps = 0;

	do
	{
		const ReferralEdge *edge = &forest->edges[forest->chosen[at]];
		const ReferralEdge *last = &forest->edges[forest->chosen[worst]];

		if (++steps % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (edge->at > last->at ||
			(edge->at == last->at && forest->ranks[at] > forest->ranks[worst]))
			worst = at;
		at = edge->referrer;
	} while (at != start);
	forest->chosen[worst] = ID_NONE;
}

/* Walks upwards from everybody; who is met twice on one walk is on a cycle. */
static void
CutCycles(Forest *forest)
{
	uint32	n = forest->ids->used;
	uint32 *walks = NewNumbers(n, ID_NONE);
	uint64	steps = 0;

	for (uint32 start = 0; start < n; start++)
	{
		uint32 at = start;

		while (walks[at] == ID_NONE)
		{
			walks[at] = start;
			if (++steps % CHECK_EVERY == 0)
				CHECK_FOR_INTERRUPTS();
			if (forest->chosen[at] == ID_NONE)
				break;
			at = forest->edges[forest->chosen[at]].referrer;
			if (walks[at] == start)
				CutCycle(forest, at);
		}
	}
	pfree(walks);
}

/* Customers without an edge are none of the graph's: gives the others their numbers, by id. */
static uint32
NumberCustomers(Forest *forest, uint32 *numbers, uint32 *referrals)
{
	uint32 n = forest->ids->used;
	uint32 kept = 0;

	*referrals = 0;
	for (uint32 i = 0; i < n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (forest->chosen[i] == ID_NONE)
			continue;
		(*referrals)++;
		numbers[i] = numbers[forest->edges[forest->chosen[i]].referrer] = 0;
	}
	for (uint32 i = 0; i < n; i++)
	{
		uint32 id = forest->order[i];

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (numbers[id] == ID_NONE)
			continue;
		numbers[id] = kept;
		forest->order[kept++] = id;
	}
	return kept;
}

static ReferralGraph *
NewGraph(const Forest *forest, uint32 customers)
{
	Size offset =
		offsetof(ReferralGraph, values) + (Size) customers * (sizeof(float8) + sizeof(uint32));
	Size		   bytes = offset + IdListBytes(forest->ids, forest->order, customers);
	ReferralGraph *graph;

	if (bytes > REFERRAL_MAX_BYTES)
		ereport(
			ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			errmsg("referral graph too large: %u customers take %zu bytes", customers, bytes),
			errhint("Make one graph for each part that refers only within itself."));
	graph = palloc0(bytes);
	SET_VARSIZE(graph, bytes);
	graph->version = REFERRAL_VERSION;
	graph->kind = forest->ids->kind;
	graph->customers = customers;
	IdListWrite(forest->ids, forest->order, customers, (uint8 *) graph + offset);
	return graph;
}

ReferralGraph *
ReferralBuild(const IdTable *ids, const ReferralEdge *edges, Size nedges, int64 left_out)
{
	Forest		   forest = {.ids = ids, .edges = edges};
	uint32		  *numbers = NewNumbers(ids->used, ID_NONE);
	uint32		  *referrers;
	uint32		   customers;
	uint32		   referrals;
	ReferralGraph *graph;

	forest.order = IdTableOrder(ids, &forest.ranks);
	forest.chosen = NewNumbers(ids->used, ID_NONE);
	ChooseReferrers(&forest, nedges);
	CutCycles(&forest);
	customers = NumberCustomers(&forest, numbers, &referrals);
	graph = NewGraph(&forest, customers);
	graph->referrals = referrals;
	graph->left_out = left_out + (int64) (nedges - referrals);
	referrers = (uint32 *) (graph->values + customers);
	for (uint32 i = 0; i < customers; i++)
	{
		uint32 edge = forest.chosen[forest.order[i]];

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		referrers[i] = edge == ID_NONE ? ID_NONE : numbers[edges[edge].referrer];
		graph->values[i] = edge == ID_NONE ? 0 : edges[edge].value;
	}
	pfree(numbers);
	pfree(forest.order);
	pfree(forest.ranks);
	pfree(forest.chosen);
	return graph;
}

void
ReferralOpen(ReferralReader *reader, const ReferralGraph *graph)
{
	Size bytes = VARSIZE(graph);
	Size offset = offsetof(ReferralGraph, values);
	Size ids;

	if (bytes < offset || graph->version != REFERRAL_VERSION || graph->kind < BOOK_BIGINT ||
		graph->kind > BOOK_UUID)
		ReportBadBytes(REFERRAL_NAME);
	reader->graph = graph;
	reader->values = graph->values;
	reader->referrers = (const uint32 *) (graph->values + graph->customers);
	offset += (Size) graph->customers * (sizeof(float8) + sizeof(uint32));
	if (bytes < offset)
		ReportBadBytes(REFERRAL_NAME);
	ids = IdListOpen(&reader->ids, graph->kind, graph->customers,
					 (const uint8 *) graph + offset, bytes - offset);
	if (ids != bytes - offset || (ids == 0 && graph->customers > 0))
		ReportBadBytes(REFERRAL_NAME);
}
