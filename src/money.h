/*
 * money.h - amounts as integers: ticks of 1/10000.
 *
 * Money is added as integers and never as binary fractions, so that sums are
 * exact and do not depend on the order of rows. A value beyond what 64 bits of
 * ticks hold (about 922 trillion) is error 22003.
 */
#ifndef CRM_MONEY_H
#define CRM_MONEY_H

#include "utils/numeric.h"

#include "compat.h"

#define MONEY_SCALE 4
#define MONEY_UNIT INT64CONST(10000)

/*
 * Rounded half away from zero to four decimals; NaN and infinity are 22023,
 * too large is 22003. A numeric may have a short header.
 */
extern int64 MoneyFromNumeric(Numeric amount);
extern int64 MoneyFromInt64(int64 amount);
extern int64 MoneyFromFloat8(float8 amount);

/* Whether a numeric that rounds to 0 ticks is below 0: then it is a refund all the same. */
extern bool MoneyIsTinyRefund(Numeric amount);

/*
 * A numeric that must not be rounded is read at a scale of its own: value x
 * 10000^groups. NumericGroups says how many groups of four decimals it needs;
 * ScaleNumeric reads it at any number of groups, rounded down, and says in
 * *more whether it was. What has more than SCALED_DIGITS digits in base 10000
 * saturates at an end of int128. Not finite is 22023, `what` in the message.
 */
#define SCALED_DIGITS 9
#define SCALED_MAX \
	((int128) INT64CONST(1000000000000000000) * INT64CONST(1000000000000000000) - 1)
#define INT128_MAX_VALUE ((int128) (~(uint128) 0 >> 1))

extern int	  NumericGroups(Numeric number, const char *what);
extern int128 ScaleNumeric(Numeric number, int groups, bool *more, const char *what);

/* A sum of ticks as numeric, with at least two and at most four decimals shown. */
extern Numeric NumericFromMoney(int128 ticks);

/* The same as double precision, correctly rounded but for sums beyond 2^53 ticks. */
extern float8 Float8FromMoney(int128 ticks);

/* 22003: a sum of amounts does not fit. */
pg_noreturn extern void ReportMoneyOutOfRange(void);

/* Range check for a 128-bit sum that is about to be stored in 64 bits. */
static inline int64
MoneyNarrow(int128 ticks)
{
	if (unlikely(ticks > PG_INT64_MAX || ticks < PG_INT64_MIN))
		ReportMoneyOutOfRange();
	return (int64) ticks;
}

#endif /* CRM_MONEY_H */
