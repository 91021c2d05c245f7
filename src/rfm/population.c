/*
 * rfm/population.c - a population's values, and its cut points.
 *
 * A row takes 28 bytes and the chunk grows by an eighth, so that a customer
 * takes 32 bytes at most (a few thousand customers aside), plus the id where
 * ties go by it. Nothing is sorted: rfm/select.c finds the values at the few
 * places that matter.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "rfm.h"

#define FIRST_CAPACITY 64
#define DOUBLE_UNTIL 1024

Size
RfmRowBytes(RfmIdType id_type)
{
	switch (id_type)
	{
		case RFM_TIES_TOGETHER:
			return RFM_ROW_ID;
		case RFM_UUID_IDS:
			return RFM_ROW_ID + 16;
		default:
			return RFM_ROW_ID + sizeof(int64);
	}
}

static Size
PopulationBytes(Size capacity, Size stride)
{
	if (capacity > (SIZE_MAX / 2 - sizeof(RfmPopulation)) / stride)
		/* not reached: takes more memory than there are addresses */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many customers: %zu", capacity));
	return offsetof(RfmPopulation, rows) + capacity * stride;
}

RfmPopulation *
NewRfmPopulation(MemoryContext context, int bins, RfmIdType id_type, Size capacity)
{
	Size		   stride = RfmRowBytes(id_type);
	RfmPopulation *population;

	capacity = Max(capacity, FIRST_CAPACITY);
	population = MemoryContextAllocHuge(context, PopulationBytes(capacity, stride));
	memset(population, 0, sizeof(RfmPopulation));
	population->bins = bins;
	population->id_type = id_type;
	population->groups = 1;
	population->stride = stride;
	population->capacity = capacity;
	return population;
}

RfmPopulation *
GrowRfmPopulation(RfmPopulation *population, Size rows)
{
	Size capacity = population->capacity;

	capacity += capacity < DOUBLE_UNTIL ? capacity : capacity / 8;
	capacity = Max(capacity, population->used + rows);
	population = repalloc_huge(population, PopulationBytes(capacity, population->stride));
	population->capacity = capacity;
	return population;
}

static uint64
AddText(RfmPopulation *population, RfmId id)
{
	Size offset = population->texts_used;
	Size needed = offset + sizeof(uint32) + id.length;

	if (needed > population->texts_capacity)
	{
		Size capacity =
			Max(needed, population->texts_capacity + population->texts_capacity / 8);

		capacity = Max(capacity, FIRST_CAPACITY * sizeof(int64));
		if (population->texts == NULL)
			population->texts =
				MemoryContextAllocHuge(GetMemoryChunkContext(population), capacity);
		else
			population->texts = repalloc_huge(population->texts, capacity);
		population->texts_capacity = capacity;
	}
	memcpy(population->texts + offset, &id.length, sizeof(uint32));
	memcpy(population->texts + offset + sizeof(uint32), id.bytes, id.length);
	population->texts_used = needed;
	return offset;
}

RfmId
RfmTextId(const RfmPopulation *population, Size offset)
{
	RfmId id;

	memcpy(&id.length, population->texts + offset, sizeof(uint32));
	id.bytes = population->texts + offset + sizeof(uint32);
	return id;
}

void
AddRfmRow(RfmPopulation *population, DateADT day, int64 frequency, int128 monetary, RfmId id)
{
	uint8 *row = population->rows + population->used * population->stride;

	memcpy(row + RFM_ROW_DAY, &day, sizeof(day));
	memcpy(row + RFM_ROW_FREQUENCY, &frequency, sizeof(frequency));
	memcpy(row + RFM_ROW_MONETARY, &monetary, sizeof(monetary));
	if (population->id_type == RFM_TEXT_IDS)
	{
		uint64 offset = AddText(population, id);

		memcpy(row + RFM_ROW_ID, &offset, sizeof(offset));
	}
	else if (population->id_type != RFM_TIES_TOGETHER)
		memcpy(row + RFM_ROW_ID, id.bytes, id.length);
	population->used++;
}

static void
ReportTooFine(void)
{
	ereport(
		ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		errmsg("monetary values out of range"),
		errdetail("All of a population must fit 36 digits, at the finest scale among them."));
}

void
RefineRfmUnit(RfmPopulation *population, int groups)
{
	int128 factor = 1;

	if (groups > SCALED_DIGITS)
		ReportTooFine();
	for (int i = population->groups; i < groups; i++)
		factor *= MONEY_UNIT;
	for (Size i = 0; i < population->used; i++)
	{
		uint8 *at = population->rows + i * population->stride + RFM_ROW_MONETARY;
		int128 monetary;

		if (i % 0x10000 == 0)
			CHECK_FOR_INTERRUPTS();
		memcpy(&monetary, at, sizeof(monetary));
		if (monetary > SCALED_MAX / factor || monetary < -SCALED_MAX / factor)
			ReportTooFine();
		monetary *= factor;
		memcpy(at, &monetary, sizeof(monetary));
	}
	population->groups = groups;
}

int128
RfmMonetary(RfmPopulation *population, Numeric monetary)
{
	bool   more;
	int128 value = ScaleNumeric(monetary, population->groups, &more, "monetary");

	if (unlikely(more))
	{
		RefineRfmUnit(population, NumericGroups(monetary, "monetary"));
		value = ScaleNumeric(monetary, population->groups, &more, "monetary");
	}
	if (unlikely(value > SCALED_MAX || value < -SCALED_MAX))
		ReportTooFine();
	return value;
}

bool
RfmCustomerAsOf(RfmCustomer *customer, const PurchaseHistory *history, DateADT as_of)
{
	HistorySummary summary;

	HistorySummarize(&summary, history, as_of);
	customer->last_purchase = summary.last;
	customer->frequency = summary.purchase_days;
	customer->monetary = MoneyNarrow(summary.spend);
	return summary.purchase_days > 0;
}

static RfmColumn
PopulationColumn(const RfmPopulation *population, Size offset, RfmKeyType type)
{
	RfmColumn column = {population->rows, population->used, population->stride, offset, type};

	return column;
}

/*
 * Ties together. The first customer with at least t others strictly below has
 * a value above that of place t - 1; t is (s - 1) / bins of all, rounded up.
 */
static void
CutTogether(RfmDimension *dimension, const RfmPopulation *population, const RfmColumn *column)
{
	RfmRank ranks[RFM_MAX_CUTS];
	uint128 least;
	uint128 most;
	int		ncuts = population->bins - 1;

	FindRfmRange(column, NULL, &least, &most);
	if (least == most)
	{
		dimension->one_value = true;
		dimension->cuts[0] = RfmKeyValue(least);
		return;
	}
	for (int i = 0; i < ncuts; i++)
	{
		uint128 below = (uint128) (i + 1) * population->used;

		ranks[i].rank = (uint64) ((below + population->bins - 1) / population->bins) - 1;
	}
	SelectRfmRanks(column, NULL, least, most, ranks, ncuts);
	FindRfmSuccessors(column, most, ranks, ncuts);
	dimension->ncuts = ncuts;
	for (int i = 0; i < ncuts; i++)
		dimension->cuts[i] = RfmKeyValue(ranks[i].has_next ? ranks[i].next : ranks[i].key);
}

/* The text ids of the customers with one value, as offsets. */
static Size
GatherTexts(const RfmPopulation *population, const RfmFilter *filter, uint64 *offsets)
{
	Size n = 0;

	for (Size i = 0; i < population->used; i++)
	{
		if (i % 0x10000 == 0)
			CHECK_FOR_INTERRUPTS();
		if (filter != NULL && RfmKey(&filter->column, i) != filter->key)
			continue;
		if (offsets != NULL)
			memcpy(&offsets[n], population->rows + i * population->stride + RFM_ROW_ID,
				   sizeof(uint64));
		n++;
	}
	return n;
}

static inline int
CompareTexts(const RfmPopulation *population, uint64 a, uint64 b)
{
	return CompareRfmIds(RFM_TEXT_IDS, population->collation, RfmTextId(population, a),
						 RfmTextId(population, b));
}

/* Text ids in order of their collation; there are as many as customers share one value. */
#define ST_SORT SortTexts
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE_ARG_TYPE const RfmPopulation
#define ST_COMPARE(a, b, population) CompareTexts(population, *(a), *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* The ids at the given places among the customers with one value. */
static void
SelectTexts(RfmId *ids, const RfmPopulation *population, const RfmFilter *filter,
			const RfmRank *ranks, int nranks)
{
	Size	n = GatherTexts(population, filter, NULL);
	uint64 *offsets = palloc_extended(n * sizeof(uint64), MCXT_ALLOC_HUGE);

	GatherTexts(population, filter, offsets);
	SortTexts(offsets, n, population);
	for (int i = 0; i < nranks; i++)
		ids[i] = RfmTextId(population, offsets[ranks[i].rank]);
	pfree(offsets);
}

static void
SelectIds(RfmId *ids, const RfmPopulation *population, const RfmFilter *filter, RfmRank *ranks,
		  int nranks)
{
	bool	  uuid = population->id_type == RFM_UUID_IDS;
	uint128	  least;
	uint128	  most;
	RfmColumn column =
		PopulationColumn(population, RFM_ROW_ID, uuid ? RFM_KEY_UUID : RFM_KEY_INT64);

	if (population->id_type == RFM_TEXT_IDS)
	{
		SelectTexts(ids, population, filter, ranks, nranks);
		return;
	}
	FindRfmRange(&column, filter, &least, &most);
	SelectRfmRanks(&column, filter, least, most, ranks, nranks);
	for (int i = 0; i < nranks; i++)
	{
		char *bytes = palloc(16);

		if (uuid)
		{
			for (int byte = 0; byte < 16; byte++)
				bytes[byte] = (char) (uint8) (ranks[i].key >> (8 * (15 - byte)));
		}
		else
		{
			int64 value = (int64) RfmKeyValue(ranks[i].key);

			memcpy(bytes, &value, sizeof(value));
		}
		ids[i] = (RfmId){bytes, uuid ? 16 : sizeof(int64)};
	}
}

/* Ties split: the first (value, id) of each of ntile's buckets but the first. */
static void
CutSplit(RfmDimension *dimension, const RfmPopulation *population, const RfmColumn *column)
{
	RfmRank ranks[RFM_MAX_CUTS];
	uint128 least;
	uint128 most;
	uint64	size = population->used / population->bins;
	uint64	larger = population->used % population->bins;
	int		ncuts = (int) Min((Size) population->bins, population->used) - 1;
	int		next;

	for (int i = 0; i < ncuts; i++)
		ranks[i].rank = (i + 1) * size + Min((uint64) i + 1, larger);
	FindRfmRange(column, NULL, &least, &most);
	SelectRfmRanks(column, NULL, least, most, ranks, ncuts);
	dimension->ncuts = ncuts;
	for (int i = 0; i < ncuts; i = next)
	{
		RfmFilter filter = {*column, ranks[i].key};

		for (next = i; next < ncuts && ranks[next].key == ranks[i].key; next++)
			dimension->cuts[next] = RfmKeyValue(ranks[next].key);
		SelectIds(&dimension->ids[i], population, &filter, &ranks[i], next - i);
	}
}

void
FindRfmCuts(RfmCuts *cuts, const RfmPopulation *population)
{
	RfmColumn columns[RFM_DIMENSIONS] = {
		PopulationColumn(population, RFM_ROW_DAY, RFM_KEY_INT32),
		PopulationColumn(population, RFM_ROW_FREQUENCY, RFM_KEY_INT64),
		PopulationColumn(population, RFM_ROW_MONETARY, RFM_KEY_INT128)};

	memset(cuts, 0, sizeof(*cuts));
	cuts->bins = population->bins;
	cuts->id_type = population->id_type;
	cuts->groups = population->groups;
	if (population->id_type == RFM_TEXT_IDS)
	{
		cuts->collation = RfmCollationName(population->collation);
		cuts->collation_length = (uint16) strlen(cuts->collation);
	}
	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		if (population->id_type == RFM_TIES_TOGETHER)
			CutTogether(&cuts->dimensions[d], population, &columns[d]);
		else
			CutSplit(&cuts->dimensions[d], population, &columns[d]);
	}
}
