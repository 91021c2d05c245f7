/*
 * money.c - amounts as integers: ticks of 1/10000.
 *
 * A numeric is read digit by digit in place: its digits are base 10000, so
 * four decimals are exactly one digit and rounding looks at the next one. The
 * on-disk layout of numeric has been the same since 9.1; should it ever change,
 * a check at first use falls back to the text form.
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "compat.h"
#include "money.h"

/* The header bits of a numeric (src/backend/utils/adt/numeric.c). */
#define NUM_SIGN_MASK 0xC000
#define NUM_NEGATIVE 0x4000
#define NUM_SHORT 0x8000
#define NUM_SPECIAL 0xC000
#define NUM_SHORT_SIGN 0x2000
#define NUM_SHORT_WEIGHT_SIGN 0x0040
#define NUM_SHORT_WEIGHT_MASK 0x003F

typedef enum
{
	MONEY_OK,
	MONEY_NOT_FINITE,
	MONEY_TOO_LARGE
} MoneyStatus;

/* A numeric taken apart. */
typedef struct
{
	bool		negative;
	int			weight; /* power of 10000 of the first digit */
	int			ndigits;
	const char *digits; /* int16 each, perhaps unaligned */
} NumericParts;

#define MONEY_RANGE_DETAIL                                                     \
	errdetail("An amount, a day's net amount and a customer's spend must lie " \
			  "between -922337203685477.5808 and 922337203685477.5807.")

void
ReportMoneyOutOfRange(void)
{
	ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			errmsg("sum of amounts is out of range"), MONEY_RANGE_DETAIL);
}

pg_noreturn static void
ReportAmountOutOfRange(Datum amount, PGFunction output)
{
	ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			errmsg("amount %s is out of range",
				   DatumGetCString(DirectFunctionCall1(output, amount))),
			MONEY_RANGE_DETAIL);
}

pg_noreturn static void
ReportMoneyNotFinite(const char *value)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("amount must be a finite number, not %s", value),
			errhint("Use NULL for a purchase of unknown value."));
}

/* False for NaN and the infinities. */
static bool
SplitNumeric(Numeric number, NumericParts *parts)
{
	const char *data = VARDATA_ANY(number);
	int			length = VARSIZE_ANY_EXHDR(number);
	uint16		header;

	memcpy(&header, data, sizeof(header));
	if ((header & NUM_SIGN_MASK) == NUM_SPECIAL)
		return false;
	if (header & NUM_SHORT)
	{
		parts->negative = (header & NUM_SHORT_SIGN) != 0;
		parts->weight = header & NUM_SHORT_WEIGHT_MASK;
		if (header & NUM_SHORT_WEIGHT_SIGN)
			parts->weight -= NUM_SHORT_WEIGHT_MASK + 1;
		parts->digits = data + sizeof(uint16);
	}
	else
	{
		int16 weight;

		memcpy(&weight, data + sizeof(uint16), sizeof(weight));
		parts->negative = (header & NUM_SIGN_MASK) == NUM_NEGATIVE;
		parts->weight = weight;
		parts->digits = data + 2 * sizeof(uint16);
	}
	parts->ndigits = (length - (int) (parts->digits - data)) / (int) sizeof(int16);
	return true;
}

static inline int
NumericDigit(const NumericParts *parts, int index)
{
	int16 digit;

	if (index < 0 || index >= parts->ndigits)
		return 0;
	memcpy(&digit, parts->digits + index * sizeof(int16), sizeof(digit));
	return digit;
}

/* Digits down to weight -1 are ticks; the digit of weight -2 decides the rounding. */
static MoneyStatus
TicksFromNumeric(Numeric number, int64 *ticks)
{
	NumericParts parts;
	int128		 sum = 0;

	if (!SplitNumeric(number, &parts))
		return MONEY_NOT_FINITE;
	if (parts.ndigits > 0 && parts.weight > 4)
		return MONEY_TOO_LARGE;
	for (int i = 0; i <= parts.weight + 1; i++)
		sum = sum * MONEY_UNIT + NumericDigit(&parts, i);
	if (NumericDigit(&parts, parts.weight + 2) >= MONEY_UNIT / 2)
		sum++;
	if (parts.negative)
		sum = -sum;
	if (sum > PG_INT64_MAX || sum < PG_INT64_MIN)
		return MONEY_TOO_LARGE;
	*ticks = (int64) sum;
	return MONEY_OK;
}

/*
 * The common case: below a hundred million, and no decimals beyond the fourth.
 * False: ask TicksFromNumeric.
 */
static inline bool
TicksFromShortNumeric(Numeric number, int64 *ticks)
{
	static const int64 units[] = {1, INT64CONST(10000), INT64CONST(100000000),
								  INT64CONST(1000000000000)};
	const char		  *data = VARDATA_ANY(number);
	int				   ndigits = (int) (VARSIZE_ANY_EXHDR(number) / sizeof(int16)) - 1;
	int64			   sum = 0;
	uint16			   header;
	int				   weight;

	memcpy(&header, data, sizeof(header));
	weight = header & NUM_SHORT_WEIGHT_MASK;
	if ((header & (NUM_SIGN_MASK | NUM_SHORT_WEIGHT_SIGN)) != NUM_SHORT || weight > 1 ||
		ndigits > weight + 2)
		return false;
	for (int i = 1; i <= ndigits; i++)
	{
		int16 digit;

		memcpy(&digit, data + i * sizeof(int16), sizeof(digit));
		sum = sum * MONEY_UNIT + digit;
	}
	sum *= units[weight + 2 - ndigits];
	*ticks = (header & NUM_SHORT_SIGN) != 0 ? -sum : sum;
	return true;
}

/* The slow way, through numeric's own functions, for a layout that is not the known one. */
/* not reached: every server so far has the known layout */
static MoneyStatus
TicksFromNumericText(Numeric number, int64 *ticks)
{
	Datum scaled;
	Datum unit = NumericGetDatum(int64_to_numeric(MONEY_UNIT));
	char *text;
	char *end;

	number = DatumGetNumeric(NumericGetDatum(number));
	if (numeric_is_nan(number) || numeric_is_inf(number))
		return MONEY_NOT_FINITE;
	scaled = DirectFunctionCall2(numeric_mul, NumericGetDatum(number), unit);
	scaled = DirectFunctionCall2(numeric_round, scaled, Int32GetDatum(0));
	text = DatumGetCString(DirectFunctionCall1(numeric_out, scaled));
	errno = 0;
	*ticks = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' ? MONEY_OK : MONEY_TOO_LARGE;
}

/* Whether the server's numeric looks as SplitNumeric expects; asked once per process. */
typedef enum
{
	LAYOUT_NOT_ASKED,
	LAYOUT_KNOWN,
	LAYOUT_OTHER
} NumericLayout;

static NumericLayout layout = LAYOUT_NOT_ASKED;

static pg_noinline void
AskLayout(void)
{
	Datum short_form = DirectFunctionCall3(numeric_in, CStringGetDatum("-12345678.87654999"),
										   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	Datum fraction = DirectFunctionCall3(numeric_in, CStringGetDatum("0.00015"),
										 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	int64 ticks;
	bool  known = TicksFromNumeric(DatumGetNumeric(short_form), &ticks) == MONEY_OK &&
				 ticks == INT64CONST(-123456788765) &&
				 TicksFromNumeric(DatumGetNumeric(fraction), &ticks) == MONEY_OK && ticks == 2;

	layout = known ? LAYOUT_KNOWN : LAYOUT_OTHER;
}

static inline bool
NumericLayoutIsKnown(void)
{
	if (unlikely(layout == LAYOUT_NOT_ASKED))
		AskLayout();
	return layout == LAYOUT_KNOWN;
}

int64
MoneyFromNumeric(Numeric amount)
{
	int64		ticks = 0;
	MoneyStatus status;

	if (likely(NumericLayoutIsKnown() && TicksFromShortNumeric(amount, &ticks)))
		return ticks;
	status = likely(NumericLayoutIsKnown()) ? TicksFromNumeric(amount, &ticks)
											: TicksFromNumericText(amount, &ticks);
	if (unlikely(status == MONEY_NOT_FINITE))
		ReportMoneyNotFinite(
			DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(amount))));
	if (unlikely(status == MONEY_TOO_LARGE))
		ReportAmountOutOfRange(NumericGetDatum(amount), numeric_out);
	return ticks;
}

bool
MoneyIsTinyRefund(Numeric amount)
{
	NumericParts parts;

	if (unlikely(!NumericLayoutIsKnown()))
		/* not reached: every server so far has the known layout */
		return *DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(amount))) ==
			   '-';
	return SplitNumeric(amount, &parts) && parts.ndigits > 0 && parts.negative;
}

/* The same from the text form, for a layout that is not the known one. */
/* not reached: every server so far has the known layout */
static bool
SplitNumericText(Numeric packed, NumericParts *parts)
{
	Numeric		number = DatumGetNumeric(NumericGetDatum(packed)); /* without a short header */
	const char *text =
		DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
	const char *point = strchr(text, '.');
	int			whole;
	int			length;
	int16	   *digits;

	if (numeric_is_nan(number) || numeric_is_inf(number))
		return false;
	parts->negative = *text == '-';
	text += parts->negative;
	whole = point == NULL ? strlen(text) : point - text;
	length = strlen(text);
	parts->weight = (whole + 3) / 4 - 1;
	parts->ndigits = parts->weight + 1 + (length - whole + 2) / 4;
	digits = palloc0((parts->ndigits + 1) * sizeof(int16));
	for (int i = 0; i < length; i++)
	{
		/* decimal place: 0 is the units, 1 the tens, -1 the first behind the point */
		int place = i < whole ? whole - 1 - i : whole - i;
		int group = place >= 0 ? place / 4 : (place - 3) / 4;
		int power = place - group * 4;

		if (i != whole)
			digits[parts->weight - group] += (text[i] - '0') * (power == 0	 ? 1
																: power == 1 ? 10
																: power == 2 ? 100
																			 : 1000);
	}
	while (parts->ndigits > 0 && digits[parts->ndigits - 1] == 0)
		parts->ndigits--;
	parts->digits = (const char *) digits;
	return true;
}

static inline void
SplitFiniteNumeric(Numeric number, NumericParts *parts, const char *what)
{
	bool finite = likely(NumericLayoutIsKnown()) ? SplitNumeric(number, parts)
												 : SplitNumericText(number, parts);

	if (unlikely(!finite))
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("%s must be a finite number, not %s", what,
				   DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)))));
}

int
NumericGroups(Numeric number, const char *what)
{
	NumericParts parts;

	SplitFiniteNumeric(number, &parts, what);
	return parts.ndigits == 0 ? 0 : Max(parts.ndigits - 1 - parts.weight, 0);
}

int128
ScaleNumeric(Numeric number, int groups, bool *more, const char *what)
{
	NumericParts parts;
	int			 last;
	int128		 sum = 0;

	SplitFiniteNumeric(number, &parts, what);
	last = parts.weight + groups;
	*more = parts.ndigits > 0 && parts.ndigits - 1 > last;
	if (parts.ndigits > 0 && last >= SCALED_DIGITS)
		return parts.negative ? -INT128_MAX_VALUE : INT128_MAX_VALUE;
	for (int i = 0; i <= last; i++)
		sum = sum * MONEY_UNIT + NumericDigit(&parts, i);
	if (parts.negative)
		sum = -sum - (*more ? 1 : 0);
	return sum;
}

int64
MoneyFromInt64(int64 amount)
{
	int64 ticks;

	if (unlikely(pg_mul_s64_overflow(amount, MONEY_UNIT, &ticks)))
		ReportAmountOutOfRange(Int64GetDatum(amount), int8out);
	return ticks;
}

/*
 * The value rounded as its numeric cast would be (15 significant digits).
 * Away from a tie, and where 15 digits reach past the fourth decimal, binary
 * arithmetic decides it; the rest goes through numeric itself.
 */
int64
MoneyFromFloat8(float8 amount)
{
	float8 scaled = amount * (float8) MONEY_UNIT;
	float8 fraction;

	if (unlikely(isnan(amount) || isinf(amount)))
		ReportMoneyNotFinite(isnan(amount) ? "NaN" : amount > 0 ? "Infinity" : "-Infinity");
	fraction = fabs(scaled - trunc(scaled));
	if (unlikely(fabs(amount) > 1e8 || fabs(fraction - 0.5) < 1e-3))
		return MoneyFromNumeric(
			DatumGetNumeric(DirectFunctionCall1(float8_numeric, Float8GetDatum(amount))));
	return (int64) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

/* Sums that 64 bits do not hold: rare enough for arithmetic on numerics. */
static Numeric
NumericFromWideMoney(int128 ticks)
{
	int64 high = (int64) (ticks / INT64CONST(1000000000000000000));
	int64 low = (int64) (ticks % INT64CONST(1000000000000000000));
	Datum high_ticks =
		DirectFunctionCall2(numeric_mul, NumericGetDatum(int64_to_numeric(high)),
							NumericGetDatum(int64_to_numeric(INT64CONST(1000000000000000000))));
	Datum sum =
		DirectFunctionCall2(numeric_add, high_ticks, NumericGetDatum(int64_to_numeric(low)));
	Datum unit = NumericGetDatum(int64_div_fast_to_numeric(1, MONEY_SCALE));

	return DatumGetNumeric(DirectFunctionCall2(numeric_mul, sum, unit));
}

Numeric
NumericFromMoney(int128 ticks)
{
	if (unlikely(ticks > PG_INT64_MAX || ticks < PG_INT64_MIN))
		return NumericFromWideMoney(ticks);
	if ((int64) ticks % 100 == 0)
		return int64_div_fast_to_numeric((int64) ticks / 100, 2);
	if ((int64) ticks % 10 == 0)
		return int64_div_fast_to_numeric((int64) ticks / 10, 3);
	return int64_div_fast_to_numeric((int64) ticks, MONEY_SCALE);
}

float8
Float8FromMoney(int128 ticks)
{
	return (float8) ticks / (float8) MONEY_UNIT;
}
