/*
 * segments.c - RFM scores to segments.
 *
 * A map of the 125 cells is made once a query (rules.h says when anew), from the
 * rows of rfm_rules or, if there are none, from the rules below.
 */
#include "postgres.h"

#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "rules.h"
#include "setof.h"

PG_FUNCTION_INFO_V1(rfm_segment);
PG_FUNCTION_INFO_V1(rfm_default_rules);

#define SCORES 5
#define CELLS (SCORES * SCORES * SCORES)
#define RULE_COLUMNS 9
#define OTHER "Other"

/* Columns of rfm_rules and rfm_default_rules. */
enum
{
	POSITION,
	SEGMENT,
	R_MIN,
	R_MAX,
	F_MIN,
	F_MAX,
	M_MIN,
	M_MAX,
	ACTION
};

/* A box of cells. */
typedef struct
{
	const char *segment;
	int			least[3]; /* R, F, M */
	int			most[3];
	const char *action;
} DefaultRule;

#define CHAMPIONS "Give early access and rewards, and ask for reviews and referrals."
#define LOYAL "Offer the loyalty programme and the next better product, and ask for feedback."
#define POTENTIAL \
	"Recommend what goes with earlier purchases and invite to the loyalty programme."
#define NEW                                                                               \
	"Welcome, help with the first product, and bring about the second purchase within a " \
	"month."
#define PROMISING \
	"Remind of the brand with a small offer on a second purchase before interest fades."
#define ATTENTION "Make an offer limited in time, based on what they bought before."
#define SLEEPY "Send a reminder with popular products and a reason to come back now."
#define AT_RISK "Write personally with an offer to come back, and ask what went wrong."
#define CANT_LOSE "Call or write personally, and win back with the best offer that pays."
#define HIBERNATING "Send a standard reactivation offer at low cost, some weeks apart."
#define LOST "Try one last win-back, then stop spending on them."

/* Boxes that cover each of the 125 cells once. */
static const DefaultRule default_rules[] = {
	{"Champions", {4, 4, 4}, {5, 5, 5}, CHAMPIONS},
	{"Loyal", {4, 4, 1}, {5, 5, 3}, LOYAL},
	{"Loyal", {3, 4, 1}, {3, 5, 5}, LOYAL},
	{"Potential Loyalists", {4, 2, 1}, {5, 3, 5}, POTENTIAL},
	{"New", {5, 1, 1}, {5, 1, 5}, NEW},
	{"Promising", {4, 1, 1}, {4, 1, 5}, PROMISING},
	{"Need Attention", {3, 3, 1}, {3, 3, 5}, ATTENTION},
	{"Need Attention", {3, 1, 4}, {3, 2, 5}, ATTENTION},
	{"About to Sleep", {3, 1, 1}, {3, 2, 3}, SLEEPY},
	{"Can't Lose Them", {1, 4, 4}, {2, 5, 5}, CANT_LOSE},
	{"At Risk", {1, 4, 1}, {2, 5, 3}, AT_RISK},
	{"At Risk", {1, 3, 1}, {2, 3, 5}, AT_RISK},
	{"Hibernating", {2, 1, 1}, {2, 2, 5}, HIBERNATING},
	{"Hibernating", {1, 1, 3}, {1, 2, 5}, HIBERNATING},
	{"Lost", {1, 1, 1}, {1, 2, 2}, LOST},
};

/* --- the rules built in, as rows --- */

static void *
OpenDefaultRules(FunctionCallInfo fcinfo)
{
	return palloc0(sizeof(int));
}

static bool
NextDefaultRule(void *source, Datum *values, bool *nulls)
{
	int				  *next = source;
	const DefaultRule *rule = &default_rules[*next];

	if (*next == lengthof(default_rules))
		return false;
	memset(nulls, 0, RULE_COLUMNS * sizeof(bool));
	values[POSITION] = Int32GetDatum(++*next);
	values[SEGMENT] = CStringGetTextDatum(rule->segment);
	for (int i = 0; i < 3; i++)
	{
		values[R_MIN + 2 * i] = Int32GetDatum(rule->least[i]);
		values[R_MAX + 2 * i] = Int32GetDatum(rule->most[i]);
	}
	values[ACTION] = CStringGetTextDatum(rule->action);
	return true;
}

Datum
rfm_default_rules(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenDefaultRules, NextDefaultRule);
}

/* --- the map of cells --- */

typedef struct
{
	RulesMoment	  moment;
	MemoryContext context; /* of the names */
	text		 *cells[CELLS];
	text		 *other;
} SegmentMap;

/* One rule of the table while the map is made. */
typedef struct
{
	int	  position;
	text *segment;
	int	  least[3];
	int	  most[3];
} Rule;

typedef struct
{
	Rule *rules;
	int	  n;
	int	  capacity;
} RuleList;

static inline int
CellIndex(int recency, int frequency, int monetary)
{
	return ((recency - 1) * SCORES + frequency - 1) * SCORES + monetary - 1;
}

/* Gives the cells of a box that have no segment yet one. */
static void
FillBox(SegmentMap *map, const int *least, const int *most, text *segment)
{
	for (int r = Max(least[0], 1); r <= Min(most[0], SCORES); r++)
		for (int f = Max(least[1], 1); f <= Min(most[1], SCORES); f++)
			for (int m = Max(least[2], 1); m <= Min(most[2], SCORES); m++)
				if (map->cells[CellIndex(r, f, m)] == NULL)
					map->cells[CellIndex(r, f, m)] = segment;
}

static void
AddRule(void *rules, TupleTableSlot *slot)
{
	RuleList *list = rules;
	Rule	 *rule;

	if (list->n == list->capacity)
	{
		list->capacity = list->capacity * 2 + 16;
		list->rules = list->rules == NULL
						  ? palloc(list->capacity * sizeof(Rule))
						  : repalloc(list->rules, list->capacity * sizeof(Rule));
	}
	for (int i = POSITION; i <= M_MAX; i++)
	{
		if (slot->tts_isnull[i])
			return; /* its constraints do not let this happen */
	}
	rule = &list->rules[list->n++];
	rule->position = DatumGetInt32(slot->tts_values[POSITION]);
	rule->segment = DatumGetTextPCopy(slot->tts_values[SEGMENT]);
	for (int i = 0; i < 3; i++)
	{
		rule->least[i] = DatumGetInt32(slot->tts_values[R_MIN + 2 * i]);
		rule->most[i] = DatumGetInt32(slot->tts_values[R_MAX + 2 * i]);
	}
}

#define ST_SORT SortRules
#define ST_ELEMENT_TYPE Rule
#define ST_COMPARE(a, b) ((a)->position < (b)->position ? -1 : (a)->position > (b)->position)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static void
FillMap(SegmentMap *map, Oid function, Snapshot snapshot)
{
	RuleList list = {0};

	memset(map->cells, 0, sizeof(map->cells));
	map->other = cstring_to_text(OTHER);
	ReadRules("rfm_rules", function, snapshot, AddRule, &list);
	if (list.n > 1)
		SortRules(list.rules, list.n);
	for (int i = 0; i < list.n; i++)
		FillBox(map, list.rules[i].least, list.rules[i].most, list.rules[i].segment);
	for (int i = 0; list.n == 0 && i < lengthof(default_rules); i++)
		FillBox(map, default_rules[i].least, default_rules[i].most,
				cstring_to_text(default_rules[i].segment));
	for (int i = 0; i < CELLS; i++)
	{
		if (map->cells[i] == NULL)
			map->cells[i] = map->other;
	}
}

/* A map as the snapshot sees the rules, kept for the calls to come. */
static SegmentMap *
MakeMap(FunctionCallInfo fcinfo, Snapshot snapshot)
{
	SegmentMap	 *map = fcinfo->flinfo->fn_extra;
	MemoryContext caller;

	if (map == NULL)
	{
		map = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(SegmentMap));
		map->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "rfm_segment rules",
											 ALLOCSET_SMALL_SIZES);
	}
	fcinfo->flinfo->fn_extra = NULL; /* should the reading fail */
	MemoryContextReset(map->context);
	caller = MemoryContextSwitchTo(map->context);
	FillMap(map, fcinfo->flinfo->fn_oid, snapshot);
	MemoryContextSwitchTo(caller);
	map->moment = RulesMomentOf(snapshot);
	fcinfo->flinfo->fn_extra = map;
	return map;
}

static const SegmentMap *
CurrentMap(FunctionCallInfo fcinfo)
{
	Snapshot	snapshot = GetActiveSnapshot();
	SegmentMap *map = fcinfo->flinfo->fn_extra;
	RulesMoment now = RulesMomentOf(snapshot);

	if (likely(map != NULL && IsSameRulesMoment(&map->moment, &now)))
		return map;
	return MakeMap(fcinfo, snapshot);
}

/* The three digits of a score; false when one is not from 1 to 5. */
static inline bool
SplitScore(int32 score, int *recency, int *frequency, int *monetary)
{
	if (score < 111 || score > 555)
		return false;
	*recency = score / 100;
	*frequency = score / 10 % 10;
	*monetary = score % 10;
	return *frequency >= 1 && *frequency <= SCORES && *monetary >= 1 && *monetary <= SCORES;
}

Datum
rfm_segment(PG_FUNCTION_ARGS)
{
	const SegmentMap *map = CurrentMap(fcinfo);
	const text		 *segment = map->other;
	int				  recency;
	int				  frequency;
	int				  monetary;
	text			 *result;

	if (SplitScore(PG_GETARG_INT32(0), &recency, &frequency, &monetary))
		segment = map->cells[CellIndex(recency, frequency, monetary)];
	result = palloc(VARSIZE(segment));
	memcpy(result, segment, VARSIZE(segment));
	PG_RETURN_TEXT_P(result);
}
