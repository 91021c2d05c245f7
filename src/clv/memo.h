/*
 * clv/memo.h - results remembered from customer to customer of one query.
 *
 * What a customer will buy depends on frequency and age alone but for a factor,
 * the probability of being alive, and a million customers have less than a
 * hundred thousand pairs of the two. Remembering changes no bit of a result.
 */
#ifndef CRM_CLV_MEMO_H
#define CRM_CLV_MEMO_H

#include "fmgr.h"

/* What all results of a memo have in common: compared byte by byte. */
typedef struct MemoSubject
{
	float8 params[4];
	float8 family;
	float8 unit_days; /* ages are counts of it */
	float8 horizon;
	float8 rate;
} MemoSubject;

typedef struct Memo Memo;

/* The memo of this call of a function in the query; empty when the subject is another. */
extern Memo *CallMemo(FunctionCallInfo fcinfo, const MemoSubject *subject);

/*
 * Where the customer's result stands, NaN as long as it is not known; NULL for an age that
 * is not a whole number of days, which hardly two customers have. Good until the next call.
 */
extern float8 *MemoPlace(Memo *memo, float8 frequency, float8 age);

#endif /* CRM_CLV_MEMO_H */
