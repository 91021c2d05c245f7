/*
 * conversation/relationship.c - how close a customer is, by rules that can be edited.
 *
 * The rules in order of position are those of relationship_rules or, where that is
 * empty, the ones below; the first whose conditions all hold gives the level. They
 * are read once a query; rules.h says when anew.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "conversation/engagement.h"
#include "lifecycle.h"
#include "rules.h"
#include "setof.h"

PG_FUNCTION_INFO_V1(relationship_level);
PG_FUNCTION_INFO_V1(relationship_default_rules);

/* Columns of relationship_rules and relationship_default_rules. */
enum
{
	POSITION,
	LEVEL,
	STAGES_ALLOWED,
	PURCHASE_DAYS,
	INBOUND_DAYS,
	INBOUND_CONTACTS,
	INBOUND_CHANNELS,
	COLUMNS
};

#define ANY_STAGE ((1 << STAGES) - 1)
#define ANY_TIME 0
#define BIT(stage) (1 << (stage))

typedef struct
{
	int			position;
	const char *level;
	int			stages; /* a bit for each that will do */
	int32		purchase_days;
	int32		inbound_days; /* ANY_TIME: since the first contact */
	int32		inbound_contacts;
	int32		inbound_channels;
} Rule;

static const Rule default_rules[] = {
	{1, "interconnected", BIT(STAGE_LOYAL), 0, 180, 1, 2},
	{2, "collaborative", ANY_STAGE & ~BIT(STAGE_DORMANT) & ~BIT(STAGE_LOST), 2, 180, 1, 0},
	{3, "basic", ANY_STAGE, 1, ANY_TIME, 0, 0},
	{4, "basic", ANY_STAGE, 0, ANY_TIME, 1, 0},
	{5, "exploratory", ANY_STAGE, 0, ANY_TIME, 0, 0},
};

#define OTHER "Other"

/* --- the rules built in, as rows --- */

static Datum
StageNames(int stages)
{
	Datum names[STAGES];
	int	  n = 0;

	for (int stage = 0; stage < STAGES; stage++)
	{
		if (stages & BIT(stage))
			names[n++] = CStringGetTextDatum(lifecycle_stage_names[stage]);
	}
	return PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static void *
OpenDefaultRules(FunctionCallInfo fcinfo)
{
	return palloc0(sizeof(int));
}

static bool
NextDefaultRule(void *source, Datum *values, bool *nulls)
{
	int		   *next = source;
	const Rule *rule = &default_rules[*next];

	if (*next == lengthof(default_rules))
		return false;
	++*next;
	memset(nulls, 0, COLUMNS * sizeof(bool));
	values[POSITION] = Int32GetDatum(rule->position);
	values[LEVEL] = CStringGetTextDatum(rule->level);
	nulls[STAGES_ALLOWED] = rule->stages == ANY_STAGE;
	values[STAGES_ALLOWED] = StageNames(rule->stages);
	values[PURCHASE_DAYS] = Int32GetDatum(rule->purchase_days);
	nulls[INBOUND_DAYS] = rule->inbound_days == ANY_TIME;
	values[INBOUND_DAYS] = Int32GetDatum(rule->inbound_days);
	values[INBOUND_CONTACTS] = Int32GetDatum(rule->inbound_contacts);
	values[INBOUND_CHANNELS] = Int32GetDatum(rule->inbound_channels);
	return true;
}

Datum
relationship_default_rules(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenDefaultRules, NextDefaultRule);
}

/* --- the rules of the table --- */

typedef struct
{
	Rule *rules;
	int	  n;
	int	  capacity;
} RuleList;

/* What a query keeps from call to call. */
typedef struct
{
	RulesMoment	  moment;
	MemoryContext context; /* of the rules */
	const Rule	 *rules;
	int			  n;
} KnownRules;

#define ST_SORT SortRules
#define ST_ELEMENT_TYPE Rule
#define ST_COMPARE(a, b) ((a)->position < (b)->position ? -1 : (a)->position > (b)->position)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static int
StagesOfNames(Datum array)
{
	Datum *names;
	bool  *nulls;
	int	   n;
	int	   stages = 0;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &names,
					  &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		for (int stage = 0; stage < STAGES && !nulls[i]; stage++)
		{
			if (strcmp(TextDatumGetCString(names[i]), lifecycle_stage_names[stage]) == 0)
				stages |= BIT(stage);
		}
	}
	return stages;
}

static void
AddRule(void *rules, TupleTableSlot *slot)
{
	RuleList *list = rules;
	Datum	 *values = slot->tts_values;
	bool	 *nulls = slot->tts_isnull;

	if (list->n == list->capacity)
	{
		list->capacity = list->capacity * 2 + 8;
		list->rules = list->rules == NULL
						  ? palloc(list->capacity * sizeof(Rule))
						  : repalloc(list->rules, list->capacity * sizeof(Rule));
	}
	list->rules[list->n++] = (Rule){
		.position = DatumGetInt32(values[POSITION]),
		.level = TextDatumGetCString(values[LEVEL]),
		.stages = nulls[STAGES_ALLOWED] ? ANY_STAGE : StagesOfNames(values[STAGES_ALLOWED]),
		.purchase_days = DatumGetInt32(values[PURCHASE_DAYS]),
		.inbound_days = nulls[INBOUND_DAYS] ? ANY_TIME : DatumGetInt32(values[INBOUND_DAYS]),
		.inbound_contacts = DatumGetInt32(values[INBOUND_CONTACTS]),
		.inbound_channels = DatumGetInt32(values[INBOUND_CHANNELS])};
}

static KnownRules *
LearnRules(FunctionCallInfo fcinfo, Snapshot snapshot)
{
	KnownRules	 *known = fcinfo->flinfo->fn_extra;
	RuleList	  list = {0};
	MemoryContext caller;

	if (known == NULL)
	{
		known = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(KnownRules));
		known->context = AllocSetContextCreate(
			fcinfo->flinfo->fn_mcxt, "relationship_level rules", ALLOCSET_SMALL_SIZES);
	}
	fcinfo->flinfo->fn_extra = NULL; /* should the reading fail */
	MemoryContextReset(known->context);
	caller = MemoryContextSwitchTo(known->context);
	ReadRules("relationship_rules", fcinfo->flinfo->fn_oid, snapshot, AddRule, &list);
	MemoryContextSwitchTo(caller);
	if (list.n > 1)
		SortRules(list.rules, list.n);
	known->rules = list.n > 0 ? list.rules : default_rules;
	known->n = list.n > 0 ? list.n : lengthof(default_rules);
	known->moment = RulesMomentOf(snapshot);
	fcinfo->flinfo->fn_extra = known;
	return known;
}

static const KnownRules *
CurrentRules(FunctionCallInfo fcinfo)
{
	Snapshot	snapshot = GetActiveSnapshot();
	KnownRules *known = fcinfo->flinfo->fn_extra;
	RulesMoment now = RulesMomentOf(snapshot);

	if (likely(known != NULL && IsSameRulesMoment(&known->moment, &now)))
		return known;
	return LearnRules(fcinfo, snapshot);
}

/* --- a customer --- */

typedef struct
{
	Stage		   stage;
	int32		   purchase_days;
	bool		   has_contacts;
	DateADT		   as_of;
	OpenEngagement engagement;
	Size		   until; /* contacts by as_of */
	bool		  *seen;  /* channels, while they are counted */
} Customer;

/* Whether enough was heard from the customer, on enough channels, in the days of a rule. */
static bool
WasHeard(const Customer *customer, const Rule *rule)
{
	const OpenEngagement *open = &customer->engagement;
	int64				  contacts = 0;
	int64				  channels = 0;
	Size				  from = 0;

	if (rule->inbound_contacts == 0 && rule->inbound_channels == 0)
		return true;
	if (!customer->has_contacts)
		return false;
	if (rule->inbound_days != ANY_TIME)
		from = ContactsBefore(open, StartOfDay((int64) customer->as_of + 1 - rule->inbound_days,
											   EngagementZone(open)));
	memset(customer->seen, 0, open->nchannels + 1);
	for (Size i = from; i < customer->until; i++)
	{
		const Contact *contact = &open->contacts[i];

		if (!contact->inbound)
			continue;
		contacts++;
		if (contact->channel > 0 && !customer->seen[contact->channel])
			channels++;
		customer->seen[contact->channel] = true;
	}
	return contacts >= rule->inbound_contacts && channels >= rule->inbound_channels;
}

static const char *
LevelOf(const Customer *customer, const KnownRules *known)
{
	for (int i = 0; i < known->n; i++)
	{
		const Rule *rule = &known->rules[i];

		if ((rule->stages & BIT(customer->stage)) &&
			customer->purchase_days >= rule->purchase_days && WasHeard(customer, rule))
			return rule->level;
	}
	return OTHER;
}

Datum
relationship_level(PG_FUNCTION_ARGS)
{
	const KnownRules *known;
	Customer		  customer = {.stage = STAGE_PROSPECT};

	if (PG_ARGISNULL(2))
		PG_RETURN_NULL();
	customer.as_of = PG_GETARG_DATEADT(2);
	RequireFiniteDate(customer.as_of, "as-of date");
	known = CurrentRules(fcinfo);
	if (!PG_ARGISNULL(0))
	{
		OpenEngagement *open = &customer.engagement;

		EngagementOpen(open, PG_GETARG_ENGAGEMENT_P(0));
		customer.has_contacts = true;
		customer.until =
			ContactsBefore(open, StartOfDay((int64) customer.as_of + 1, EngagementZone(open)));
		customer.seen = palloc((Size) open->nchannels + 1);
	}
	if (!PG_ARGISNULL(1))
		customer.stage = LifecycleStageByDefault(PG_GETARG_PURCHASE_HISTORY_P(1),
												 customer.as_of, &customer.purchase_days);
	PG_RETURN_TEXT_P(cstring_to_text(LevelOf(&customer, known)));
}
