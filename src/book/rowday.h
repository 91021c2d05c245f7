/*
 * book/rowday.h - a row's day, purchases and money in one word.
 *
 * The sort moves each row three or four times, so that its bytes are its time.
 * A day from 565 to 3435 with up to 7 purchases worth less than 55 million fits
 * a word; any other stands elsewhere, and the word is its address.
 *
 *   bit  0       1: the day is here
 *   bits 1-3     purchases
 *   bits 4-23    the day, from EARLIEST_ROW_DAY on
 *   bits 24-63   money in ticks, from LOWEST_ROW_AMOUNT on
 */
#ifndef CRM_BOOK_ROWDAY_H
#define CRM_BOOK_ROWDAY_H

#include "history.h"

typedef uint64 RowDay;

#define ROW_PURCHASES_BITS 3
#define ROW_DAY_BITS 20
#define ROW_AMOUNT_BITS 40
#define ROW_PURCHASES_SHIFT 1
#define ROW_DAY_SHIFT (ROW_PURCHASES_SHIFT + ROW_PURCHASES_BITS)
#define ROW_AMOUNT_SHIFT (ROW_DAY_SHIFT + ROW_DAY_BITS)

#define EARLIEST_ROW_DAY (-(INT64CONST(1) << (ROW_DAY_BITS - 1)))
#define LOWEST_ROW_AMOUNT (-(INT64CONST(1) << (ROW_AMOUNT_BITS - 1)))

static inline bool
RowDayIsHere(RowDay word)
{
	return (word & 1) != 0;
}

/* Where a day stands that is not here. */
static inline const HistoryDay *
RowDayPlace(RowDay word)
{
	return (const HistoryDay *) (uintptr_t) word;
}

/* False when the day does not fit. */
static pg_attribute_always_inline bool
RowDayPack(RowDay *word, const HistoryDay *day)
{
	uint64 purchases = (uint32) day->purchases;
	uint64 days = (uint64) day->day - (uint64) EARLIEST_ROW_DAY;
	uint64 amount = (uint64) day->amount - (uint64) LOWEST_ROW_AMOUNT;

	if (unlikely((purchases >> ROW_PURCHASES_BITS | days >> ROW_DAY_BITS |
				  amount >> ROW_AMOUNT_BITS) != 0))
		return false;
	*word = 1 | purchases << ROW_PURCHASES_SHIFT | days << ROW_DAY_SHIFT |
			amount << ROW_AMOUNT_SHIFT;
	return true;
}

static pg_attribute_always_inline HistoryDay
RowDayUnpack(RowDay word)
{
	HistoryDay day;

	if (unlikely(!RowDayIsHere(word)))
		return *RowDayPlace(word);
	day.day = (DateADT) ((int64) (word >> ROW_DAY_SHIFT & ((1 << ROW_DAY_BITS) - 1)) +
						 EARLIEST_ROW_DAY);
	day.purchases = (int32) (word >> ROW_PURCHASES_SHIFT & ((1 << ROW_PURCHASES_BITS) - 1));
	day.amount = (int64) (word >> ROW_AMOUNT_SHIFT) + LOWEST_ROW_AMOUNT;
	return day;
}

#endif /* CRM_BOOK_ROWDAY_H */
