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
	float8 unit_days;
	float8 horizon;
	float8 rate;
} MemoSubject;

typedef struct Memo Memo;

/* The memo of this call of a function in the query; empty when the subject is another. */
extern Memo *CallMemo(FunctionCallInfo fcinfo, const MemoSubject *subject);

/* The customer's result; NULL where it is not known yet. */
extern const float8 *MemoFind(const Memo *memo, float8 frequency, float8 age);

extern void MemoKeep(Memo *memo, float8 frequency, float8 age, float8 result);

#endif /* CRM_CLV_MEMO_H */
