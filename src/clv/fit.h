/*
 * clv/fit.h - the state that btyd_fit, gamma_gamma_fit and sbg_fit share.
 */
#ifndef CRM_CLV_FIT_H
#define CRM_CLV_FIT_H

#include "utils/date.h"

#include "clv/model.h"
#include "math/patterns.h"

/*
 * Rows in one chunk, 24 bytes each. The first `merged` are sorted and distinct,
 * the others as they came. When the chunk is full the rows are merged, and it
 * grows by a quarter if three quarters of it are still used: with scratch for
 * the new rows that is at most 96 bytes a distinct row.
 */
typedef struct FitState
{
	ModelKind	  kind;
	CrmFamily	  family;	 /* of btyd_fit */
	bool		  has_as_of; /* fitted on histories */
	DateADT		  as_of;
	float8		  unit_days;
	int64		  left_out;
	Size		  used;
	Size		  merged;
	Size		  capacity;
	CrmHistoryRow rows[FLEXIBLE_ARRAY_MEMBER];
} FitState;

/* palloc and CHECK_FOR_INTERRUPTS for src/math */
extern const CrmHooks FitHooks;

extern FitState *NewFitState(MemoryContext context, ModelKind kind, Size capacity);

/* Adds a row; weight customers are alike, at most 2^32 - 1. */
extern FitState *AddFitRow(FitState *state, const CrmHistoryRow *row);

#endif /* CRM_CLV_FIT_H */
