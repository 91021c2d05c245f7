/*
 * day.h - from a purchase's moment to its calendar day.
 *
 * A day is a DateADT: days since 2000-01-01. A moment with time zone falls on
 * a day only in a named zone.
 */
#ifndef CRM_DAY_H
#define CRM_DAY_H

#include "utils/date.h"
#include "utils/timestamp.h"

/* A time zone and the stretches of constant UTC offset met so far; lives as long as the process. */
typedef struct DayZone DayZone;

/* The zone of that name; 22023 when there is none. */
extern DayZone *FindDayZone(text *name);

/* The date as the session writes it. */
extern const char *DayText(DateADT day);

/* 22008 unless the date is finite; `what` names it in the message. */
extern void RequireFiniteDate(DateADT day, const char *what);

/* The day a purchase falls on; infinite moments are 22008. */
extern DateADT DayFromDate(DateADT day);
extern DateADT DayFromTimestamp(Timestamp moment);
extern DateADT DayFromTimestampTz(TimestampTz moment, DayZone *zone);

/* The first moment of a day in a zone; infinite where there is no such moment. */
extern TimestampTz StartOfDay(int64 day, DayZone *zone);

/* Hour of the day, 0 to 23, in a zone at a finite moment. */
extern int HourOfDay(TimestampTz moment, DayZone *zone);

#endif /* CRM_DAY_H */
