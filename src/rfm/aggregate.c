/*
 * rfm/aggregate.c - rfm_cuts_agg: the customers of a population to cut points.
 *
 * A row with a NULL among the customer's values (or id) is a customer without
 * a purchase, or one nothing can be said of: neither scored nor counted. NULL
 * as bins or as_of is an error.
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "aggregate.h"
#include "compat.h"
#include "day.h"
#include "rfm.h"
#include "state.h"

PG_FUNCTION_INFO_V1(rfm_cuts_agg_transfn);
PG_FUNCTION_INFO_V1(rfm_cuts_agg_transfn_bigint);
PG_FUNCTION_INFO_V1(rfm_cuts_agg_transfn_text);
PG_FUNCTION_INFO_V1(rfm_cuts_agg_transfn_uuid);
PG_FUNCTION_INFO_V1(rfm_cuts_agg_transfn_history);
PG_FUNCTION_INFO_V1(rfm_cuts_agg_finalfn);
PG_FUNCTION_INFO_V1(rfm_cuts_agg_combinefn);
PG_FUNCTION_INFO_V1(rfm_cuts_agg_serialfn);
PG_FUNCTION_INFO_V1(rfm_cuts_agg_deserialfn);

#define STATE_VERSION 1

static int
BinsArgument(FunctionCallInfo fcinfo, int argno)
{
	int bins;

	if (PG_NARGS() <= argno)
		return RFM_DEFAULT_BINS;
	if (PG_ARGISNULL(argno))
		ReportNullArgument("bins");
	bins = PG_GETARG_INT32(argno);
	RequireRfmBins(bins);
	return bins;
}

/*
 * The state in argument 0; made when the first row comes. Only an aggregate can pass one, so that
 * only the first row asks who calls.
 */
static RfmPopulation *
TransitionState(FunctionCallInfo fcinfo, int bins, RfmIdType id_type)
{
	RfmPopulation *population;

	if (PG_ARGISNULL(0))
		return NewRfmPopulation(AggregateContext(fcinfo), bins, id_type, 0);
	population = (RfmPopulation *) PG_GETARG_POINTER(0);
	if (population->bins != bins)
		ReportChangedArgument("bins");
	return population;
}

static void
AddCustomer(RfmPopulation **population, FunctionCallInfo fcinfo, RfmId id)
{
	DateADT day = PG_GETARG_DATEADT(1);
	int64	frequency = PG_GETARG_INT64(2);
	Numeric monetary = (Numeric) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(3));

	RequireRfmCustomer(day, frequency);
	*population = ReserveRfmRows(*population, 1);
	AddRfmRow(*population, day, frequency, RfmMonetary(*population, monetary), id);
}

Datum
rfm_cuts_agg_transfn(PG_FUNCTION_ARGS)
{
	RfmPopulation *population =
		TransitionState(fcinfo, BinsArgument(fcinfo, 4), RFM_TIES_TOGETHER);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3))
		AddCustomer(&population, fcinfo, (RfmId){NULL, 0});
	PG_RETURN_POINTER(population);
}

/* Where ties are split; the id is argument 5. */
static Datum
AddCustomerWithId(FunctionCallInfo fcinfo, RfmIdType id_type, RfmId id)
{
	RfmPopulation *population = TransitionState(fcinfo, BinsArgument(fcinfo, 4), id_type);

	if (id_type == RFM_TEXT_IDS && !OidIsValid(population->collation))
	{
		population->collation = PG_GET_COLLATION();
		(void) RfmCollationName(population->collation); /* checks it */
	}
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3) && !PG_ARGISNULL(5))
		AddCustomer(&population, fcinfo, id);
	PG_RETURN_POINTER(population);
}

Datum
rfm_cuts_agg_transfn_bigint(PG_FUNCTION_ARGS)
{
	int64 id = PG_ARGISNULL(5) ? 0 : PG_GETARG_INT64(5);

	return AddCustomerWithId(fcinfo, RFM_BIGINT_IDS, (RfmId){(char *) &id, sizeof(id)});
}

Datum
rfm_cuts_agg_transfn_text(PG_FUNCTION_ARGS)
{
	RfmId id = {NULL, 0};

	if (!PG_ARGISNULL(5))
	{
		text *value = PG_GETARG_TEXT_PP(5);

		id = (RfmId){VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
	}
	return AddCustomerWithId(fcinfo, RFM_TEXT_IDS, id);
}

Datum
rfm_cuts_agg_transfn_uuid(PG_FUNCTION_ARGS)
{
	RfmId id = {NULL, UUID_LEN};

	if (!PG_ARGISNULL(5))
		id.bytes = (const char *) PG_GETARG_UUID_P(5)->data;
	return AddCustomerWithId(fcinfo, RFM_UUID_IDS, id);
}

Datum
rfm_cuts_agg_transfn_history(PG_FUNCTION_ARGS)
{
	RfmPopulation *population =
		TransitionState(fcinfo, BinsArgument(fcinfo, 3), RFM_TIES_TOGETHER);
	DateADT		as_of;
	RfmCustomer customer;

	if (PG_ARGISNULL(2))
		ReportNullArgument("as_of");
	as_of = PG_GETARG_DATEADT(2);
	RequireFiniteDate(as_of, "as-of date");
	if (population->has_as_of && population->as_of != as_of)
		ReportChangedArgument("as_of");
	population->has_as_of = true;
	population->as_of = as_of;
	if (!PG_ARGISNULL(1) && RfmCustomerOf(&customer, PG_GETARG_PURCHASE_HISTORY_P(1), as_of))
	{
		population = ReserveRfmRows(population, 1);
		AddRfmRow(population, customer.last_purchase, customer.frequency, customer.monetary,
				  (RfmId){NULL, 0});
	}
	PG_RETURN_POINTER(population);
}

Datum
rfm_cuts_agg_finalfn(PG_FUNCTION_ARGS)
{
	RfmPopulation *population;
	RfmCuts		   cuts;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	population = (RfmPopulation *) PG_GETARG_POINTER(0);
	if (population->used == 0)
		PG_RETURN_NULL();
	FindRfmCuts(&cuts, population);
	PG_RETURN_RFM_CUTS_P(PackRfmCuts(&cuts));
}

static void
RequireSameConfiguration(const RfmPopulation *a, const RfmPopulation *b)
{
	if (a->bins != b->bins)
		ReportChangedArgument("bins");
	if (a->has_as_of != b->has_as_of || a->as_of != b->as_of)
		ReportChangedArgument("as_of");
	if (a->id_type != b->id_type || a->collation != b->collation)
		/* not reached: one aggregate's states have ids of one kind */
		ReportChangedArgument("customer_id");
}

static void
CopyRow(RfmPopulation *population, const RfmPopulation *other, Size i)
{
	const uint8 *row = other->rows + i * other->stride;
	DateADT		 day;
	int64		 frequency;
	int128		 monetary;
	RfmId		 id = {(const char *) row + RFM_ROW_ID, other->stride - RFM_ROW_ID};

	memcpy(&day, row + RFM_ROW_DAY, sizeof(day));
	memcpy(&frequency, row + RFM_ROW_FREQUENCY, sizeof(frequency));
	memcpy(&monetary, row + RFM_ROW_MONETARY, sizeof(monetary));
	if (other->id_type == RFM_TEXT_IDS)
	{
		uint64 offset;

		memcpy(&offset, row + RFM_ROW_ID, sizeof(offset));
		id = RfmTextId(other, offset);
	}
	for (int groups = other->groups; groups < population->groups; groups++)
	{
		if (monetary > SCALED_MAX / MONEY_UNIT || monetary < -SCALED_MAX / MONEY_UNIT)
			ReportMoneyOutOfRange();
		monetary *= MONEY_UNIT;
	}
	AddRfmRow(population, day, frequency, monetary, id);
}

Datum
rfm_cuts_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext  context = AggregateContext(fcinfo);
	RfmPopulation *population;
	RfmPopulation *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (RfmPopulation *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
	{
		population = NewRfmPopulation(context, other->bins, other->id_type, other->used);
		population->has_as_of = other->has_as_of;
		population->as_of = other->as_of;
		population->collation = other->collation;
	}
	else
		population = (RfmPopulation *) PG_GETARG_POINTER(0);
	RequireSameConfiguration(population, other);
	if (other->groups > population->groups)
		RefineRfmUnit(population, other->groups);
	population = ReserveRfmRows(population, other->used);
	for (Size i = 0; i < other->used; i++)
	{
		if (i % 0x10000 == 0)
			CHECK_FOR_INTERRUPTS();
		CopyRow(population, other, i);
	}
	PG_RETURN_POINTER(population);
}

/*
 * Serialized: version, bins, id type, groups, has as_of, as_of, the
 * collation's name, then row by row day, frequency, monetary in two halves,
 * and the id (text with its length). Network order.
 */
static void
SendRow(StringInfo message, const RfmPopulation *population, Size i)
{
	const uint8 *row = population->rows + i * population->stride;
	DateADT		 day;
	int64		 frequency;
	int128		 monetary;
	uint64		 offset;
	RfmId		 id;

	memcpy(&day, row + RFM_ROW_DAY, sizeof(day));
	memcpy(&frequency, row + RFM_ROW_FREQUENCY, sizeof(frequency));
	memcpy(&monetary, row + RFM_ROW_MONETARY, sizeof(monetary));
	pq_sendint32(message, day);
	pq_sendint64(message, frequency);
	SendInt128(message, monetary);
	switch (population->id_type)
	{
		case RFM_TIES_TOGETHER:
			break;
		case RFM_BIGINT_IDS:
			memcpy(&offset, row + RFM_ROW_ID, sizeof(offset));
			pq_sendint64(message, offset);
			break;
		case RFM_UUID_IDS:
			pq_sendbytes(message, (const char *) row + RFM_ROW_ID, UUID_LEN);
			break;
		case RFM_TEXT_IDS:
			memcpy(&offset, row + RFM_ROW_ID, sizeof(offset));
			id = RfmTextId(population, offset);
			pq_sendint32(message, id.length);
			pq_sendbytes(message, id.bytes, (int) id.length);
	}
}

Datum
rfm_cuts_agg_serialfn(PG_FUNCTION_ARGS)
{
	RfmPopulation *population = (RfmPopulation *) PG_GETARG_POINTER(0);
	const char	  *collation = "";
	StringInfoData message;

	AggregateContext(fcinfo);
	if (population->id_type == RFM_TEXT_IDS)
		collation = RfmCollationName(population->collation);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendbyte(&message, population->bins);
	pq_sendbyte(&message, population->id_type);
	pq_sendbyte(&message, population->groups);
	pq_sendbyte(&message, population->has_as_of);
	pq_sendint32(&message, population->as_of);
	pq_sendint32(&message, strlen(collation));
	pq_sendbytes(&message, collation, strlen(collation));
	for (Size i = 0; i < population->used; i++)
	{
		if (i % 0x10000 == 0)
			CHECK_FOR_INTERRUPTS();
		SendRow(&message, population, i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static RfmPopulation *
ReceiveHeader(StringInfo message)
{
	int			   version = pq_getmsgbyte(message);
	int			   bins = pq_getmsgbyte(message);
	int			   id_type = pq_getmsgbyte(message);
	int			   groups = pq_getmsgbyte(message);
	int			   has_as_of = pq_getmsgbyte(message);
	DateADT		   as_of = (DateADT) pq_getmsgint(message, 4);
	int			   length = (int) pq_getmsgint(message, 4);
	const char	  *collation = pq_getmsgbytes(message, length);
	RfmPopulation *population;

	if (version != STATE_VERSION || bins < RFM_MIN_BINS || bins > RFM_MAX_BINS ||
		id_type > RFM_UUID_IDS || groups < 1 || groups > SCALED_DIGITS || has_as_of > 1 ||
		(has_as_of && !IS_VALID_DATE(as_of)) || (length > 0) != (id_type == RFM_TEXT_IDS))
		ReportBadBytes("rfm_cuts_agg state");
	population = NewRfmPopulation(CurrentMemoryContext, bins, (RfmIdType) id_type,
								  (message->len - message->cursor) /
									  (id_type == RFM_TEXT_IDS ? 32 : RfmRowBytes(id_type)));
	population->groups = groups;
	population->has_as_of = has_as_of != 0;
	population->as_of = as_of;
	if (length > 0)
		population->collation = FindRfmCollation(collation, length);
	return population;
}

static RfmPopulation *
ReceiveRow(RfmPopulation *population, StringInfo message)
{
	DateADT day = (DateADT) pq_getmsgint(message, 4);
	int64	frequency = pq_getmsgint64(message);
	int128	monetary = ReceiveInt128(message);
	int64	number;
	RfmId	id = {NULL, 0};

	if (!IS_VALID_DATE(day) || frequency < 0 || monetary > SCALED_MAX || monetary < -SCALED_MAX)
		ReportBadBytes("rfm_cuts_agg state");
	if (population->id_type == RFM_BIGINT_IDS)
	{
		number = pq_getmsgint64(message);
		id = (RfmId){(char *) &number, sizeof(number)};
	}
	else if (population->id_type != RFM_TIES_TOGETHER)
	{
		id.length =
			population->id_type == RFM_UUID_IDS ? UUID_LEN : (uint32) pq_getmsgint(message, 4);
		id.bytes = pq_getmsgbytes(message, (int) id.length);
	}
	population = ReserveRfmRows(population, 1);
	AddRfmRow(population, day, frequency, monetary, id);
	return population;
}

Datum
rfm_cuts_agg_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	RfmPopulation *population;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	population = ReceiveHeader(&message);
	while (message.cursor < message.len)
	{
		if (population->used % 0x10000 == 0)
			CHECK_FOR_INTERRUPTS();
		population = ReceiveRow(population, &message);
	}
	PG_RETURN_POINTER(population);
}
