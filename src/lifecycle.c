/*
 * lifecycle.c - the stage of a customer's life as of a date.
 *
 * The order of the rules is that of StageOf; SPEC and docs/segments.md say the
 * same in words.
 */
#include "postgres.h"

#include <float.h>

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "day.h"
#include "history.h"
#include "lifecycle.h"

PG_FUNCTION_INFO_V1(lifecycle_rules);
PG_FUNCTION_INFO_V1(lifecycle_stage);
PG_FUNCTION_INFO_V1(lifecycle_stage_history);

const char *const lifecycle_stage_names[STAGES] = {
	"prospect", "new", "developing", "loyal", "reactivated", "at_risk", "dormant", "lost"};

#define RULES 7

typedef struct
{
	int32  dormant_after;
	int32  lost_after;
	float8 at_risk_factor;
	float8 typical_gap;
	int32  loyal_purchases;
	int32  at_risk_after;
	int32  dormant_warning;
} Rules;

/* --- rules --- */

static void
RequireAtLeast(int32 value, int32 least, const char *name)
{
	if (value < least)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be at least %d, not %d", name, least, value));
}

static void
RequirePositive(float8 value, const char *name)
{
	if (!(value > 0 && value <= DBL_MAX))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be a positive number, not %g", name, value));
}

static void
CheckRules(const Rules *rules)
{
	RequireAtLeast(rules->dormant_after, 1, "dormant_after");
	if (rules->lost_after <= rules->dormant_after)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("lost_after must be more than dormant_after: %d is not more than %d",
					   rules->lost_after, rules->dormant_after));
	RequirePositive(rules->at_risk_factor, "at_risk_factor");
	RequirePositive(rules->typical_gap, "typical_gap");
	RequireAtLeast(rules->loyal_purchases, 1, "loyal_purchases");
	RequireAtLeast(rules->at_risk_after, 0, "at_risk_after");
	RequireAtLeast(rules->dormant_warning, 0, "dormant_warning");
}

Datum
lifecycle_rules(PG_FUNCTION_ARGS)
{
	Rules	  rules = {PG_GETARG_INT32(0),	PG_GETARG_INT32(1), PG_GETARG_FLOAT8(2),
					   PG_GETARG_FLOAT8(3), PG_GETARG_INT32(4), PG_GETARG_INT32(5),
					   PG_GETARG_INT32(6)};
	Datum	  values[RULES];
	bool	  nulls[RULES] = {false};
	TupleDesc row;

	CheckRules(&rules);
	for (int i = 0; i < RULES; i++)
		values[i] = PG_GETARG_DATUM(i);
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE || row->natts != RULES)
		elog(ERROR, "lifecycle_rules is not the type that it was");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}

/* What a query keeps from call to call: the rules as last seen, and the enum's values. */
typedef struct
{
	HeapTupleHeader seen;
	Size			length;
	Rules			rules;
	Oid				stages[STAGES];
} Known;

static void
LookUpStages(Known *known, Oid function)
{
	Oid type = get_func_rettype(function);

	for (int i = 0; i < STAGES; i++)
	{
		HeapTuple tuple = SearchSysCache2(ENUMTYPOIDNAME, ObjectIdGetDatum(type),
										  CStringGetDatum(lifecycle_stage_names[i]));

		if (!HeapTupleIsValid(tuple))
			ereport(
				ERROR, errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("type customer_stage has no value \"%s\"", lifecycle_stage_names[i]));
		known->stages[i] = ((Form_pg_enum) GETSTRUCT(tuple))->oid;
		ReleaseSysCache(tuple);
	}
}

/* A composite can be made up: its values are checked like those of the constructor. */
static Rules
ReadRules(HeapTupleHeader row)
{
	TupleDesc description =
		lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(row), .t_data = row};
	Datum		  values[RULES];
	bool		  nulls[RULES];
	Rules		  rules;

	if (description->natts != RULES)
		elog(ERROR, "lifecycle_rules is not the type that it was");
	heap_deform_tuple(&tuple, description, values, nulls);
	for (int i = 0; i < RULES; i++)
	{
		if (nulls[i])
			ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("%s of the lifecycle rules must not be null",
						   NameStr(TupleDescAttr(description, i)->attname)),
					errhint("Make rules with lifecycle_rules(...)."));
	}
	rules =
		(Rules){DatumGetInt32(values[0]),  DatumGetInt32(values[1]), DatumGetFloat8(values[2]),
				DatumGetFloat8(values[3]), DatumGetInt32(values[4]), DatumGetInt32(values[5]),
				DatumGetInt32(values[6])};
	ReleaseTupleDesc(description);
	CheckRules(&rules);
	return rules;
}

static void
LearnRules(Known *known, HeapTupleHeader row, MemoryContext context)
{
	Size length = HeapTupleHeaderGetDatumLength(row);

	known->rules = ReadRules(row);
	if (known->seen != NULL)
		pfree(known->seen);
	known->seen = NULL;
	known->length = 0;
	known->seen = MemoryContextAlloc(context, length);
	memcpy(known->seen, row, length);
	known->length = length;
}

/* The rules in the given argument, not NULL, taken apart. */
static inline Known *
RulesArgument(FunctionCallInfo fcinfo, int argno)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(argno);
	Known		   *known = fcinfo->flinfo->fn_extra;

	if (unlikely(known == NULL))
	{
		known = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Known));
		LookUpStages(known, fcinfo->flinfo->fn_oid);
		fcinfo->flinfo->fn_extra = known;
	}
	if (unlikely(known->length != HeapTupleHeaderGetDatumLength(row) ||
				 memcmp(known->seen, row, known->length) != 0))
		LearnRules(known, row, fcinfo->flinfo->fn_mcxt);
	return known;
}

/* --- stages --- */

/* What the rules look at: purchase days, and days since the last and before it. */
typedef struct
{
	int64 purchase_days;
	int64 days_since_last;
	int64 last_gap; /* only with two purchase days or more */
} Life;

/* The first rule that holds; whether the silence is unusual has been decided before. */
static Stage
StageOf(const Life *life, const Rules *rules, bool unusually_silent)
{
	int64 g = life->days_since_last;

	if (life->purchase_days == 0)
		return STAGE_PROSPECT;
	if (g >= rules->lost_after)
		return STAGE_LOST;
	if (g >= rules->dormant_after)
		return STAGE_DORMANT;
	if (unusually_silent || g >= (int64) rules->dormant_after - rules->dormant_warning)
		return STAGE_AT_RISK;
	if (life->purchase_days > 1 && life->last_gap >= rules->dormant_after)
		return STAGE_REACTIVATED;
	if (life->purchase_days == 1)
		return STAGE_NEW;
	return life->purchase_days >= rules->loyal_purchases ? STAGE_LOYAL : STAGE_DEVELOPING;
}

/* Whether the typical gap can matter: only a silence of medium length asks for it. */
static inline bool
AsksForTypicalGap(const Life *life, const Rules *rules)
{
	int64 g = life->days_since_last;

	return life->purchase_days > 0 && g > rules->at_risk_after && g < rules->dormant_after &&
		   g < (int64) rules->dormant_after - rules->dormant_warning;
}

static inline bool
IsUnusuallySilent(const Life *life, const Rules *rules, float8 typical_gap)
{
	return life->days_since_last > rules->at_risk_after &&
		   (float8) life->days_since_last > rules->at_risk_factor * typical_gap;
}

/* The longest typical gap of whole days that makes the silence unusual; -1: none does. */
static int64
LongestUnusualGap(const Life *life, const Rules *rules)
{
	int64 gap =
		(int64) Min((float8) life->days_since_last / rules->at_risk_factor, PG_INT32_MAX);

	/* the division rounds: the product decides */
	while (gap >= 0 && !IsUnusuallySilent(life, rules, (float8) gap))
		gap--;
	while (gap < PG_INT32_MAX && IsUnusuallySilent(life, rules, (float8) (gap + 1)))
		gap++;
	return gap;
}

/* IsUnusuallySilent by the history's own typical gap; a median is looked for only if it has to be. */
static bool
HistoryIsUnusuallySilent(const PurchaseHistory *history, DateADT as_of, const Life *life,
						 const Rules *rules)
{
	float8 typical_gap;
	uint32 short_gaps;
	uint32 gaps;

	if (life->purchase_days < 3)
		return IsUnusuallySilent(life, rules, rules->typical_gap);
	gaps = HistoryCountGaps(history, as_of, LongestUnusualGap(life, rules), &short_gaps);
	if (short_gaps != gaps - short_gaps)
		return short_gaps > gaps - short_gaps;
	if (!HistoryTypicalGap(history, as_of, &typical_gap))
		elog(ERROR, "a history of %d purchase days has no gap", (int) life->purchase_days);
	return IsUnusuallySilent(life, rules, typical_gap);
}

static Stage
StageOfHistory(const PurchaseHistory *history, DateADT as_of, const Rules *rules,
			   int32 *purchase_days)
{
	HistorySummary summary;
	Life		   life;

	HistorySummarize(&summary, history, as_of);
	*purchase_days = summary.purchase_days;
	life.purchase_days = summary.purchase_days;
	life.days_since_last = (int64) as_of - summary.last;
	life.last_gap = (int64) summary.last - summary.previous;
	return StageOf(&life, rules,
				   AsksForTypicalGap(&life, rules) &&
					   HistoryIsUnusuallySilent(history, as_of, &life, rules));
}

Stage
LifecycleStageByDefault(const PurchaseHistory *history, DateADT as_of, int32 *purchase_days)
{
	/* the defaults of the function lifecycle_rules; a test compares */
	static const Rules rules = {180, 365, 2, 60, 4, 30, 30};

	return StageOfHistory(history, as_of, &rules, purchase_days);
}

Datum
lifecycle_stage_history(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history;
	DateADT			 as_of;
	Known			*known;
	int32			 purchase_days;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	as_of = PG_GETARG_DATEADT(1);
	RequireFiniteDate(as_of, "as-of date");
	known = RulesArgument(fcinfo, 2);
	if (PG_ARGISNULL(0))
		PG_RETURN_OID(known->stages[STAGE_PROSPECT]);
	history = PG_GETARG_PURCHASE_HISTORY_P(0);
	PG_RETURN_OID(known->stages[StageOfHistory(history, as_of, &known->rules, &purchase_days)]);
}

/* Arguments of the plain form. */
enum
{
	FIRST_PURCHASE,
	LAST_PURCHASE,
	PREVIOUS_PURCHASE,
	PURCHASE_DAYS,
	TYPICAL_GAP,
	AS_OF,
	RULES_ARGUMENT
};

static void
RequireOrder(FunctionCallInfo fcinfo, int earlier, const char *earlier_name, int later,
			 const char *later_name)
{
	if (!PG_ARGISNULL(earlier) && PG_GETARG_DATEADT(earlier) > PG_GETARG_DATEADT(later))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must not be after %s: it is %d days later", earlier_name, later_name,
					   PG_GETARG_DATEADT(earlier) - PG_GETARG_DATEADT(later)));
}

/* Dates finite and in order, counts and gaps not negative. */
static void
CheckPlainArguments(FunctionCallInfo fcinfo)
{
	static const char *const names[] = {"first purchase", "last purchase", "previous purchase"};

	RequireFiniteDate(PG_GETARG_DATEADT(AS_OF), "as-of date");
	for (int i = FIRST_PURCHASE; i <= PREVIOUS_PURCHASE; i++)
	{
		if (!PG_ARGISNULL(i))
			RequireFiniteDate(PG_GETARG_DATEADT(i), names[i]);
	}
	if (!PG_ARGISNULL(LAST_PURCHASE))
	{
		RequireOrder(fcinfo, LAST_PURCHASE, "last_purchase", AS_OF, "as_of");
		RequireOrder(fcinfo, FIRST_PURCHASE, "first_purchase", LAST_PURCHASE, "last_purchase");
		RequireOrder(fcinfo, PREVIOUS_PURCHASE, "previous_purchase", LAST_PURCHASE,
					 "last_purchase");
	}
	if (!PG_ARGISNULL(PURCHASE_DAYS) && PG_GETARG_INT64(PURCHASE_DAYS) < 0)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("purchase_days must not be negative: %lld",
					   (long long) PG_GETARG_INT64(PURCHASE_DAYS)));
	if (!PG_ARGISNULL(TYPICAL_GAP) &&
		!(PG_GETARG_FLOAT8(TYPICAL_GAP) >= 0 && PG_GETARG_FLOAT8(TYPICAL_GAP) <= DBL_MAX))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("typical_gap must be a number of days, not %g",
					   PG_GETARG_FLOAT8(TYPICAL_GAP)));
}

/* Whether what a customer of so many purchase days must have is there. */
static bool
PlainArgumentsComplete(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(LAST_PURCHASE) || PG_ARGISNULL(PURCHASE_DAYS))
		return false;
	if (PG_GETARG_INT64(PURCHASE_DAYS) >= 2 && PG_ARGISNULL(PREVIOUS_PURCHASE))
		return false;
	return PG_GETARG_INT64(PURCHASE_DAYS) < 3 || !PG_ARGISNULL(TYPICAL_GAP);
}

Datum
lifecycle_stage(PG_FUNCTION_ARGS)
{
	Life   life = {0};
	Known *known;
	float8 typical_gap;
	bool   silent;

	if (PG_ARGISNULL(AS_OF) || PG_ARGISNULL(RULES_ARGUMENT))
		PG_RETURN_NULL();
	CheckPlainArguments(fcinfo);
	known = RulesArgument(fcinfo, RULES_ARGUMENT);
	if (PG_ARGISNULL(PURCHASE_DAYS) ? PG_ARGISNULL(LAST_PURCHASE)
									: PG_GETARG_INT64(PURCHASE_DAYS) == 0)
		PG_RETURN_OID(known->stages[STAGE_PROSPECT]);
	if (!PlainArgumentsComplete(fcinfo))
		PG_RETURN_NULL();
	life.purchase_days = PG_GETARG_INT64(PURCHASE_DAYS);
	life.days_since_last = (int64) PG_GETARG_DATEADT(AS_OF) - PG_GETARG_DATEADT(LAST_PURCHASE);
	if (life.purchase_days > 1)
		life.last_gap =
			(int64) PG_GETARG_DATEADT(LAST_PURCHASE) - PG_GETARG_DATEADT(PREVIOUS_PURCHASE);
	typical_gap =
		life.purchase_days < 3 ? known->rules.typical_gap : PG_GETARG_FLOAT8(TYPICAL_GAP);
	silent = IsUnusuallySilent(&life, &known->rules, typical_gap);
	PG_RETURN_OID(known->stages[StageOf(&life, &known->rules, silent)]);
}
