/*
 * retention/period.h - the arguments of aggregates over one period: (..., period
 * daterange, active_days integer), read with the first row and compared with later
 * ones, unless they are constants of the statement.
 */
#ifndef CRM_RETENTION_PERIOD_H
#define CRM_RETENTION_PERIOD_H

#include "fmgr.h"
#include "utils/date.h"

typedef struct PeriodArguments
{
	bool	constant;
	DateADT start;
	DateADT end;		 /* the day after its last */
	int32	active_days; /* 0 where there is no such argument */
} PeriodArguments;

/* Reads the arguments from number 2 on. Errors: 22004 NULL, 22023. */
extern void PeriodArgumentsRead(PeriodArguments *arguments, FunctionCallInfo fcinfo);

/* 22023 when they differ. */
extern void PeriodArgumentsRequireSame(const PeriodArguments *a, const PeriodArguments *b);

#endif /* CRM_RETENTION_PERIOD_H */
