/*
 * rfm/score.c - rfm_score: a customer's digits by given cuts.
 *
 * Cuts are taken apart once and kept for the rest of the query; each call
 * compares their bytes with those of the call before.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "compat.h"
#include "day.h"
#include "rfm.h"

PG_FUNCTION_INFO_V1(rfm_score);
PG_FUNCTION_INFO_V1(rfm_score_bigint);
PG_FUNCTION_INFO_V1(rfm_score_text);
PG_FUNCTION_INFO_V1(rfm_score_uuid);
PG_FUNCTION_INFO_V1(rfm_score_history);

/*
 * The cut points of a dimension as the scores of histories need them: money
 * in ticks, a cut point between two of them at the upper one.
 */
typedef struct
{
	int	  ncuts;
	int64 cuts[RFM_MAX_CUTS];
} RfmSteps;

/* The cuts of the last call. */
typedef struct
{
	Size		   length;
	PackedRfmCuts *packed;
	RfmCuts		   cuts;
	Oid			   collation;
	bool		   in_ticks; /* every cut point of these has its place among 64-bit ticks */
	RfmSteps	   steps[RFM_DIMENSIONS];
} KnownCuts;

/* False where the dimension has one value, or a cut point is beyond all ticks. */
static bool
StepsOf(RfmSteps *steps, const RfmDimension *dimension, int128 unit)
{
	steps->ncuts = dimension->ncuts;
	for (int i = 0; i < dimension->ncuts; i++)
	{
		int128 cut = dimension->cuts[i] / unit + (dimension->cuts[i] % unit > 0 ? 1 : 0);

		if (cut < PG_INT64_MIN || cut > PG_INT64_MAX)
			return false;
		steps->cuts[i] = (int64) cut;
	}
	return !dimension->one_value;
}

static void
LearnSteps(KnownCuts *known)
{
	int128 tick = 1;

	for (int groups = 1; groups < known->cuts.groups; groups++)
		tick *= MONEY_UNIT;
	known->in_ticks = true;
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		known->in_ticks &=
			StepsOf(&known->steps[d], &known->cuts.dimensions[d], d == RFM_MONETARY ? tick : 1);
}

static void
LearnCuts(KnownCuts *known, const PackedRfmCuts *packed, MemoryContext context)
{
	Size length = VARSIZE_ANY(packed);

	if (known->packed != NULL)
		pfree(known->packed);
	known->packed = NULL;
	known->length = 0;
	known->packed = MemoryContextAlloc(context, length);
	memcpy(known->packed, packed, length);
	UnpackRfmCuts(&known->cuts, known->packed);
	known->collation = InvalidOid;
	if (known->cuts.id_type == RFM_TEXT_IDS)
		known->collation =
			FindRfmCollation(known->cuts.collation, known->cuts.collation_length);
	LearnSteps(known);
	known->length = length;
}

/* The cuts in argument 0, taken apart. */
static inline const KnownCuts *
CutsArgument(FunctionCallInfo fcinfo)
{
	PackedRfmCuts *packed = PG_GETARG_RFM_CUTS_P(0);
	KnownCuts	  *known = fcinfo->flinfo->fn_extra;

	if (unlikely(known == NULL))
	{
		known = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(KnownCuts));
		fcinfo->flinfo->fn_extra = known;
	}
	if (unlikely(known->length != VARSIZE_ANY(packed) ||
				 memcmp(known->packed, packed, known->length) != 0))
		LearnCuts(known, packed, fcinfo->flinfo->fn_mcxt);
	return known;
}

static inline int
ThreeDigits(int recency, int frequency, int monetary)
{
	return recency * 100 + frequency * 10 + monetary;
}

static void
RequireNoIds(const RfmCuts *cuts)
{
	if (unlikely(cuts->id_type != RFM_TIES_TOGETHER))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("these rfm_cuts split ties by customer_id"),
				errhint("Pass customer_id as the last argument of rfm_score."));
}

static const char *
IdTypeName(RfmIdType type)
{
	return type == RFM_BIGINT_IDS ? "bigint" : type == RFM_TEXT_IDS ? "text" : "uuid";
}

static void
RequireIds(const RfmCuts *cuts, RfmIdType type)
{
	if (unlikely(cuts->id_type == RFM_TIES_TOGETHER))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("these rfm_cuts do not split ties by customer_id"),
				errhint("Leave customer_id out, or pass it to rfm_cuts_agg as well."));
	if (unlikely(cuts->id_type != type))
		ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("these rfm_cuts split ties by a customer_id of type %s, not %s",
					   IdTypeName(cuts->id_type), IdTypeName(type)));
}

Datum
rfm_score(PG_FUNCTION_ARGS)
{
	const RfmCuts *cuts = &CutsArgument(fcinfo)->cuts;
	DateADT		   day = PG_GETARG_DATEADT(1);
	int64		   frequency = PG_GETARG_INT64(2);
	Numeric		   amount = (Numeric) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(3));
	bool		   more;
	int128		   monetary = ScaleNumeric(amount, cuts->groups, &more, "monetary");

	RequireNoIds(cuts);
	RequireRfmCustomer(day, frequency);
	PG_RETURN_INT32(
		ThreeDigits(RfmDigit(&cuts->dimensions[RFM_RECENCY], cuts->bins, day, false),
					RfmDigit(&cuts->dimensions[RFM_FREQUENCY], cuts->bins, frequency, false),
					RfmDigit(&cuts->dimensions[RFM_MONETARY], cuts->bins, monetary, more)));
}

static inline int
DigitBySteps(const RfmSteps *steps, int64 value)
{
	int score = 1;

	for (int i = 0; i < steps->ncuts; i++)
		score += value >= steps->cuts[i];
	return score;
}

/* The rare cuts that 64-bit ticks do not do justice to. */
static int
ScoreWideCuts(const RfmCuts *cuts, const RfmCustomer *customer)
{
	int128 monetary = customer->monetary;

	for (int groups = 1; groups < cuts->groups; groups++)
	{
		if (__builtin_mul_overflow(monetary, (int128) MONEY_UNIT, &monetary))
		{
			monetary = customer->monetary < 0 ? -INT128_MAX_VALUE : INT128_MAX_VALUE;
			break;
		}
	}
	return ThreeDigits(
		RfmDigit(&cuts->dimensions[RFM_RECENCY], cuts->bins, customer->last_purchase, false),
		RfmDigit(&cuts->dimensions[RFM_FREQUENCY], cuts->bins, customer->frequency, false),
		RfmDigit(&cuts->dimensions[RFM_MONETARY], cuts->bins, monetary, false));
}

/* Inline in rfm_score_history, which does nothing else. */
static pg_attribute_always_inline bool
ScoreByArgument(FunctionCallInfo fcinfo, const PurchaseHistory *history, DateADT as_of,
				int32 *score)
{
	const KnownCuts *known = CutsArgument(fcinfo);
	RfmCustomer		 customer;

	RequireNoIds(&known->cuts);
	RequireFiniteDate(as_of, "as-of date");
	if (!RfmCustomerOf(&customer, history, as_of))
		return false;
	if (unlikely(!known->in_ticks))
		*score = ScoreWideCuts(&known->cuts, &customer);
	else
		*score = ThreeDigits(DigitBySteps(&known->steps[RFM_RECENCY], customer.last_purchase),
							 DigitBySteps(&known->steps[RFM_FREQUENCY], customer.frequency),
							 DigitBySteps(&known->steps[RFM_MONETARY], customer.monetary));
	return true;
}

bool
RfmScoreByArgument(FunctionCallInfo fcinfo, const PurchaseHistory *history, DateADT as_of,
				   int32 *score)
{
	return ScoreByArgument(fcinfo, history, as_of, score);
}

Datum
rfm_score_history(PG_FUNCTION_ARGS)
{
	int32 score;

	if (!ScoreByArgument(fcinfo, PG_GETARG_PURCHASE_HISTORY_P(1), PG_GETARG_DATEADT(2), &score))
		PG_RETURN_NULL();
	PG_RETURN_INT32(score);
}

/* 1 + number of pairs at or below (value, id). */
static int
DigitOfPair(const KnownCuts *known, RfmDimensionName name, int128 value, bool more, RfmId id)
{
	const RfmDimension *dimension = &known->cuts.dimensions[name];
	int					score = 1;

	for (int i = 0; i < dimension->ncuts; i++)
	{
		if (value == dimension->cuts[i] && !more)
			score += CompareRfmIds(known->cuts.id_type, known->collation, id,
								   dimension->ids[i]) >= 0;
		else
			score += value >= dimension->cuts[i];
	}
	return score;
}

static Datum
ScoreWithId(FunctionCallInfo fcinfo, RfmIdType type, RfmId id)
{
	const KnownCuts *known = CutsArgument(fcinfo);
	DateADT			 day = PG_GETARG_DATEADT(1);
	int64			 frequency = PG_GETARG_INT64(2);
	Numeric			 amount = (Numeric) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(3));
	bool			 more;
	int128			 monetary = ScaleNumeric(amount, known->cuts.groups, &more, "monetary");

	RequireIds(&known->cuts, type);
	RequireRfmCustomer(day, frequency);
	PG_RETURN_INT32(ThreeDigits(DigitOfPair(known, RFM_RECENCY, day, false, id),
								DigitOfPair(known, RFM_FREQUENCY, frequency, false, id),
								DigitOfPair(known, RFM_MONETARY, monetary, more, id)));
}

Datum
rfm_score_bigint(PG_FUNCTION_ARGS)
{
	int64 id = PG_GETARG_INT64(4);

	return ScoreWithId(fcinfo, RFM_BIGINT_IDS, (RfmId){(char *) &id, sizeof(id)});
}

Datum
rfm_score_text(PG_FUNCTION_ARGS)
{
	text *id = PG_GETARG_TEXT_PP(4);

	return ScoreWithId(fcinfo, RFM_TEXT_IDS, (RfmId){VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id)});
}

Datum
rfm_score_uuid(PG_FUNCTION_ARGS)
{
	return ScoreWithId(fcinfo, RFM_UUID_IDS,
					   (RfmId){(const char *) PG_GETARG_UUID_P(4)->data, UUID_LEN});
}
