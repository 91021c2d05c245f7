/*
 * rules.h - rules that users keep in a table of the extension.
 *
 * A function makes what it needs of the rows once a query, from the snapshot
 * that the query sees, and anew when the snapshot has changed, which a function
 * that keeps its state for a whole transaction (a PL/pgSQL expression) can see
 * happen; so nothing needs to be told when the rules change.
 */
#ifndef CRM_RULES_H
#define CRM_RULES_H

#include "executor/tuptable.h"
#include "utils/snapshot.h"

/* What tells one state of the database apart from another, as this backend sees it. */
typedef struct RulesMoment
{
	TransactionId	 xmin;
	TransactionId	 xmax;
	uint32			 running;
	CommandId		 command;
	SubTransactionId subtransaction;
} RulesMoment;

extern RulesMoment RulesMomentOf(Snapshot snapshot);

static inline bool
IsSameRulesMoment(const RulesMoment *a, const RulesMoment *b)
{
	return a->xmin == b->xmin && a->xmax == b->xmax && a->running == b->running &&
		   a->command == b->command && a->subtransaction == b->subtransaction;
}

/* Takes one row, its columns taken apart, for its list. */
typedef void (*TakeRule)(void *list, TupleTableSlot *slot);

/* Hands over every row, as the snapshot sees them, of the table of that name beside the function. */
extern void ReadRules(const char *table, Oid function, Snapshot snapshot, TakeRule take,
					  void *list);

#endif /* CRM_RULES_H */
