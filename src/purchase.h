/*
 * purchase.h - one purchase as an aggregate's arguments hold it, read into a row.
 *
 * ReadPurchase_TIME_AMOUNT(fcinfo, first, row) reads the moment from argument
 * `first` and what follows it: the amount, then the time zone. False when the
 * moment is NULL: such a row is ignored. One function for each pair of types,
 * because a support function cannot ask for the types of its arguments.
 *
 * TIME    date, timestamp (their time zone, where there is one, is checked and
 *         not applied), timestamptz (always followed by a zone)
 * AMOUNT  none, numeric, bigint, float8
 *
 * A negative amount is a refund: money, no purchase. A NULL amount is a
 * purchase of unknown value, worth 0.
 */
#ifndef CRM_PURCHASE_H
#define CRM_PURCHASE_H

#include "fmgr.h"
#include "utils/builtins.h"

#include "aggregate.h"
#include "day.h"
#include "history.h"
#include "money.h"
#include "packed.h"

#define PURCHASE_HAS_none false
#define PURCHASE_HAS_numeric true
#define PURCHASE_HAS_bigint true
#define PURCHASE_HAS_float8 true

#define FOR_EACH_PURCHASE_AMOUNT(MACRO, TIME) \
	MACRO(TIME, none)                         \
	MACRO(TIME, numeric)                      \
	MACRO(TIME, bigint)                       \
	MACRO(TIME, float8)

#define FOR_EACH_PURCHASE_FORM(MACRO)          \
	FOR_EACH_PURCHASE_AMOUNT(MACRO, date)      \
	FOR_EACH_PURCHASE_AMOUNT(MACRO, timestamp) \
	FOR_EACH_PURCHASE_AMOUNT(MACRO, timestamptz)

/* The zone in the last argument; NULL is 22004, an unknown one 22023. */
static inline DayZone *
PurchaseZone(FunctionCallInfo fcinfo, int argno)
{
	if (unlikely(PG_ARGISNULL(argno)))
		ReportNullArgument("time_zone");
	return FindDayZone((text *) PackedVarlena(PG_GETARG_DATUM(argno)));
}

/* A date or timestamp may come with a zone it does not need: still it has to be one. */
static inline void
CheckUnusedZone(FunctionCallInfo fcinfo, int argno)
{
	if (PG_NARGS() > argno)
		(void) PurchaseZone(fcinfo, argno);
}

static inline DateADT
PurchaseDay_date(FunctionCallInfo fcinfo, int argno, int zone_argno)
{
	CheckUnusedZone(fcinfo, zone_argno);
	return DayFromDate(PG_GETARG_DATEADT(argno));
}

static inline DateADT
PurchaseDay_timestamp(FunctionCallInfo fcinfo, int argno, int zone_argno)
{
	CheckUnusedZone(fcinfo, zone_argno);
	return DayFromTimestamp(PG_GETARG_TIMESTAMP(argno));
}

static inline DateADT
PurchaseDay_timestamptz(FunctionCallInfo fcinfo, int argno, int zone_argno)
{
	return DayFromTimestampTz(PG_GETARG_TIMESTAMPTZ(argno), PurchaseZone(fcinfo, zone_argno));
}

/* Read in place, without a detoasted copy; a refund that rounds to 0 ticks is still one. */
static inline int64
PurchaseMoney_numeric(Datum amount, bool *refund)
{
	Numeric number = (Numeric) PackedVarlena(amount);
	int64	ticks = MoneyFromNumeric(number);

	*refund = ticks < 0 || (unlikely(ticks == 0) && MoneyIsTinyRefund(number));
	return ticks;
}

static inline int64
PurchaseMoney_bigint(Datum amount, bool *refund)
{
	*refund = DatumGetInt64(amount) < 0;
	return MoneyFromInt64(DatumGetInt64(amount));
}

static inline int64
PurchaseMoney_float8(Datum amount, bool *refund)
{
	*refund = DatumGetFloat8(amount) < 0;
	return MoneyFromFloat8(DatumGetFloat8(amount));
}

/* not reached: without amounts nobody asks for one */
static inline int64
PurchaseMoney_none(Datum amount, bool *refund)
{
	(void) amount;
	*refund = false;
	return 0;
}

#define READ_PURCHASE(TIME, AMOUNT)                                                       \
	static inline bool ReadPurchase_##TIME##_##AMOUNT(FunctionCallInfo fcinfo, int first, \
													  HistoryDay *row)                    \
	{                                                                                     \
		int	 amount_argno = first + (PURCHASE_HAS_##AMOUNT ? 1 : 0);                      \
		bool refund = false;                                                              \
                                                                                          \
		if (PG_ARGISNULL(first))                                                          \
			return false;                                                                 \
		row->day = PurchaseDay_##TIME(fcinfo, first, amount_argno + 1);                   \
		row->amount = 0;                                                                  \
		if (PURCHASE_HAS_##AMOUNT && !PG_ARGISNULL(amount_argno))                         \
			row->amount = PurchaseMoney_##AMOUNT(PG_GETARG_DATUM(amount_argno), &refund); \
		row->purchases = refund ? 0 : 1;                                                  \
		return true;                                                                      \
	}

FOR_EACH_PURCHASE_FORM(READ_PURCHASE)

#endif /* CRM_PURCHASE_H */
