/*
 * referral/values.c - referral_values and value_quadrant: what referring customers are worth.
 *
 * Kumar, Petersen and Leone (2007), How Valuable Is Word of Mouth?, Harvard
 * Business Review 85 (10): who would not have come without the referral (type
 * one) brings their value and saves their acquisition, who would have come
 * anyway (type two) brings the saving only.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "argument.h"
#include "compat.h"
#include "referral.h"
#include "setof.h"

PG_FUNCTION_INFO_V1(referral_values_bigint);
PG_FUNCTION_INFO_V1(referral_values_text);
PG_FUNCTION_INFO_V1(referral_values_uuid);
PG_FUNCTION_INFO_V1(referral_left_out);
PG_FUNCTION_INFO_V1(value_quadrant);

/* Arguments of referral_values. */
enum
{
	GRAPH,
	KEY_TYPE,
	DECAY,
	MAX_DEPTH,
	JOINED_ANYWAY,
	ACQUISITION_SAVING,
	REWARD_COST
};

typedef struct
{
	ReferralReader reader;
	ReferralWorth *worths;
	float8		   share; /* of a referral's value that would not have come anyway */
	float8		   each;  /* what a referral brings besides */
	uint32		   next;
	uint32		   customers; /* 0: no rows */
} ReferralRows;

static int32
DepthArgument(FunctionCallInfo fcinfo)
{
	int32 depth = PG_GETARG_INT32(MAX_DEPTH);

	if (depth < 1)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("max_depth must be at least 1, not %d", depth),
				errhint("1 counts direct referrals only."));
	return depth;
}

static void *
OpenValues(FunctionCallInfo fcinfo, BookKind kind)
{
	ReferralRows *rows = palloc0(sizeof(ReferralRows));
	ReferralTerms terms;
	float8		  joined_anyway;

	for (int i = GRAPH; i <= REWARD_COST; i++)
	{
		if (i != KEY_TYPE && PG_ARGISNULL(i))
			return rows;
	}
	joined_anyway = FractionArgument(fcinfo, JOINED_ANYWAY, "joined_anyway");
	rows->share = 1 - joined_anyway;
	terms.discount = FractionArgument(fcinfo, DECAY, "decay") * rows->share;
	terms.max_depth = DepthArgument(fcinfo);
	rows->each = FiniteArgument(fcinfo, ACQUISITION_SAVING, "acquisition_saving") -
				 FiniteArgument(fcinfo, REWARD_COST, "reward_cost");
	ReferralOpen(&rows->reader, PG_GETARG_REFERRAL_GRAPH_P(GRAPH));
	if (rows->reader.ids.kind != kind)
		ReportIdKind("referral graph", "referral_values", rows->reader.ids.kind, kind);
	rows->worths = ReferralWorths(&rows->reader, &terms);
	rows->customers = rows->reader.graph->customers;
	return rows;
}

static void *
OpenBigint(FunctionCallInfo fcinfo)
{
	return OpenValues(fcinfo, BOOK_BIGINT);
}

static void *
OpenText(FunctionCallInfo fcinfo)
{
	return OpenValues(fcinfo, BOOK_TEXT);
}

static void *
OpenUuid(FunctionCallInfo fcinfo)
{
	return OpenValues(fcinfo, BOOK_UUID);
}

/* A sum of values beyond double precision. */
static void
CheckWorth(float8 direct, float8 indirect)
{
	if (!isfinite(direct + indirect))
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("referral value is out of range: direct %s, indirect %s",
					   float8out_internal(direct), float8out_internal(indirect)));
}

static bool
NextReferrer(void *source, Datum *values, bool *nulls)
{
	ReferralRows		*rows = source;
	const ReferralWorth *worth;
	float8				 direct;
	float8				 indirect;

	while (rows->next < rows->customers && rows->worths[rows->next].direct_referrals == 0)
		rows->next++;
	if (rows->next == rows->customers)
		return false;
	worth = &rows->worths[rows->next];
	direct = rows->share * worth->direct + (float8) worth->direct_referrals * rows->each;
	indirect = rows->share * worth->indirect;
	CheckWorth(direct, indirect);
	memset(nulls, 0, 7 * sizeof(bool));
	values[0] = IdListDatum(&rows->reader.ids, rows->next++);
	values[1] = Int64GetDatum(worth->direct_referrals);
	values[2] = Int64GetDatum(worth->all_referrals);
	values[3] = Int32GetDatum(worth->depth);
	values[4] = Float8GetDatum(direct);
	values[5] = Float8GetDatum(indirect);
	values[6] = Float8GetDatum(direct + indirect);
	return true;
}

Datum
referral_values_bigint(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenBigint, NextReferrer);
}

Datum
referral_values_text(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenText, NextReferrer);
}

Datum
referral_values_uuid(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenUuid, NextReferrer);
}

Datum
referral_left_out(PG_FUNCTION_ARGS)
{
	ReferralReader reader;

	ReferralOpen(&reader, PG_GETARG_REFERRAL_GRAPH_P(0));
	PG_RETURN_INT64(reader.graph->left_out);
}

/* The four groups of Kumar, Petersen and Leone (2007), by lifetime and by referral value. */
Datum
value_quadrant(PG_FUNCTION_ARGS)
{
	float8		clv = FiniteArgument(fcinfo, 0, "clv");
	float8		crv = FiniteArgument(fcinfo, 1, "crv");
	bool		high_clv = clv >= FiniteArgument(fcinfo, 2, "clv_cut");
	bool		high_crv = crv >= FiniteArgument(fcinfo, 3, "crv_cut");
	const char *name;

	if (high_clv)
		name = high_crv ? "champions" : "affluents";
	else
		name = high_crv ? "advocates" : "misers";
	PG_RETURN_TEXT_P(cstring_to_text(name));
}
