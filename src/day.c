/*
 * day.c - from a purchase's moment to its calendar day.
 *
 * AT TIME ZONE costs 150 ns a row; here a zone keeps the stretches of time
 * with one UTC offset that it has met, and a moment inside one of them costs a
 * comparison and an addition.
 */
#include "postgres.h"

#include "fmgr.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "compat.h"
#include "day.h"

#define MAX_STRETCHES 64
#define MAX_ZONES 8
#define LOOK_BACK (INT64CONST(400) * SECS_PER_DAY)

/* 2000-01-01 in seconds since the Unix epoch. */
#define UNIX_SECONDS ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* Moments from <= t < until have this offset east of UTC, in microseconds as they are. */
typedef struct
{
	TimestampTz from;
	TimestampTz until;
	int64		offset;
} Stretch;

struct DayZone
{
	char	name[TZ_STRLEN_MAX + 1];
	int		name_length;
	pg_tz  *zone;
	int		nstretches;
	int		last;
	int		replace;
	Stretch stretches[MAX_STRETCHES];
};

/* Zones in use, most processes need one; the oldest makes room. */
static DayZone zones[MAX_ZONES];
static int	   nzones = 0;
static int	   last_zone = 0;
static int	   next_zone = 0;

static inline int64
FloorDivide(int64 value, int64 divisor)
{
	int64 quotient = value / divisor;

	return quotient - (value % divisor < 0 ? 1 : 0);
}

static pg_tz *
LookUpZone(const char *name)
{
	pg_tz *zone = pg_tzset(name);

	if (zone == NULL || !pg_tz_acceptable(zone))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("time zone \"%s\" not recognized", name),
				errhint("See pg_timezone_names; the session's zone is "
						"current_setting('TimeZone')."));
	return zone;
}

static DayZone *
AddDayZone(const char *name, int length)
{
	DayZone *entry;
	char	 copy[TZ_STRLEN_MAX + 1];
	pg_tz	*zone;

	if (length > TZ_STRLEN_MAX)
		LookUpZone(pnstrdup(name, length));
	memcpy(copy, name, Min(length, TZ_STRLEN_MAX));
	copy[Min(length, TZ_STRLEN_MAX)] = '\0';
	zone = LookUpZone(copy);

	last_zone = nzones < MAX_ZONES ? nzones++ : next_zone;
	next_zone = (last_zone + 1) % MAX_ZONES;
	entry = &zones[last_zone];
	memcpy(entry->name, copy, sizeof(copy));
	entry->name_length = length;
	entry->zone = zone;
	entry->nstretches = entry->last = entry->replace = 0;
	entry->stretches[0] = (Stretch){PG_INT64_MAX, PG_INT64_MIN, 0};
	return entry;
}

/* memcmp for names, which are short: two words that may overlap say it of up to sixteen bytes. */
static inline bool
SameName(const char *a, const char *b, int length)
{
	uint64 a_words[2];
	uint64 b_words[2];
	int	   second = length - (int) sizeof(uint64);

	if (second < 0 || second > (int) sizeof(uint64))
		return memcmp(a, b, length) == 0;
	memcpy(&a_words[0], a, sizeof(uint64));
	memcpy(&b_words[0], b, sizeof(uint64));
	memcpy(&a_words[1], a + second, sizeof(uint64));
	memcpy(&b_words[1], b + second, sizeof(uint64));
	return a_words[0] == b_words[0] && a_words[1] == b_words[1];
}

DayZone *
FindDayZone(text *name)
{
	const char *data = VARDATA_ANY(name);
	int			length = VARSIZE_ANY_EXHDR(name);

	/* Row after row it is the same one. */
	if (likely(zones[last_zone].name_length == length && nzones > 0 &&
			   SameName(zones[last_zone].name, data, length)))
		return &zones[last_zone];
	for (int slot = 0; slot < nzones; slot++)
	{
		if (zones[slot].name_length == length && memcmp(zones[slot].name, data, length) == 0)
		{
			last_zone = slot;
			return &zones[slot];
		}
	}
	return AddDayZone(data, length);
}

/* What pg_next_dst_boundary counts in, seconds since the Unix epoch, as a moment. */
static TimestampTz
MomentOfSeconds(pg_time_t seconds)
{
	int64 since = seconds - UNIX_SECONDS;

	return since > PG_INT64_MAX / USECS_PER_SEC ? PG_INT64_MAX : since * USECS_PER_SEC;
}

/*
 * The stretch around a moment. pg_next_dst_boundary only looks forward, so
 * start a good year before and walk; where nothing changed in that year the
 * stretch begins there.
 */
static Stretch
MeasureStretch(pg_tz *zone, TimestampTz moment)
{
	Stretch	  stretch = {0, PG_INT64_MAX, 0};
	pg_time_t from = FloorDivide(moment, USECS_PER_SEC) + UNIX_SECONDS - LOOK_BACK;
	pg_time_t boundary;
	long	  before_offset;
	long	  after_offset;
	int		  before_dst;
	int		  after_dst;

	for (;;)
	{
		int found = pg_next_dst_boundary(&from, &before_offset, &before_dst, &boundary,
										 &after_offset, &after_dst, zone);

		if (found < 0)
			/* not reached: the zones of the server have one at every moment */
			ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					errmsg("time zone \"%s\" has no offset for this moment",
						   pg_get_timezone_name(zone)));
		stretch.from = MomentOfSeconds(from);
		stretch.offset = before_offset * USECS_PER_SEC;
		if (found == 0)
			return stretch;
		stretch.until = MomentOfSeconds(boundary);
		if (stretch.until > moment)
			return stretch;
		from = boundary;
		stretch.until = PG_INT64_MAX;
	}
}

static const Stretch *
FindStretch(DayZone *zone, TimestampTz moment)
{
	int slot;

	for (int i = 0; i < zone->nstretches; i++)
	{
		if (moment >= zone->stretches[i].from && moment < zone->stretches[i].until)
		{
			zone->last = i;
			return &zone->stretches[i];
		}
	}
	slot = zone->nstretches < MAX_STRETCHES ? zone->nstretches : zone->replace;
	zone->stretches[slot] = MeasureStretch(zone->zone, moment);
	if (zone->nstretches < MAX_STRETCHES)
		zone->nstretches++;
	zone->replace = (slot + 1) % MAX_STRETCHES;
	zone->last = slot;
	return &zone->stretches[slot];
}

static void
ReportInfinite(const char *what, bool negative)
{
	ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			errmsg("%s must be finite, not \"%s\"", what, negative ? "-infinity" : "infinity"));
}

const char *
DayText(DateADT day)
{
	return DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(day)));
}

void
RequireFiniteDate(DateADT day, const char *what)
{
	if (unlikely(DATE_NOT_FINITE(day)))
		ReportInfinite(what, DATE_IS_NOBEGIN(day));
}

DateADT
DayFromDate(DateADT day)
{
	RequireFiniteDate(day, "purchase date");
	return day;
}

DateADT
DayFromTimestamp(Timestamp moment)
{
	if (unlikely(TIMESTAMP_NOT_FINITE(moment)))
		ReportInfinite("purchase time", TIMESTAMP_IS_NOBEGIN(moment));
	return (DateADT) FloorDivide(moment, USECS_PER_DAY);
}

/* Microseconds since 2000-01-01 on the clocks of a zone; a finite moment is far enough from the ends. */
static inline int64
LocalTime(TimestampTz moment, DayZone *zone)
{
	const Stretch *stretch = &zone->stretches[zone->last];

	if (unlikely(moment < stretch->from || moment >= stretch->until))
		stretch = FindStretch(zone, moment);
	return moment + stretch->offset;
}

DateADT
DayFromTimestampTz(TimestampTz moment, DayZone *zone)
{
	int64 day;

	if (unlikely(TIMESTAMP_NOT_FINITE(moment)))
		ReportInfinite("purchase time", TIMESTAMP_IS_NOBEGIN(moment));
	day = FloorDivide(LocalTime(moment, zone), USECS_PER_DAY);
	if (unlikely(!IS_VALID_DATE(day)))
		ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("purchase time falls before the first date there is in time zone \"%s\"",
					   zone->name));
	return (DateADT) day;
}

TimestampTz
StartOfDay(int64 day, DayZone *zone)
{
	struct pg_tm tm = {0};

	if (day < DATETIME_MIN_JULIAN + 2 - POSTGRES_EPOCH_JDATE)
		return DT_NOBEGIN;
	if (day > TIMESTAMP_END_JULIAN - 2 - POSTGRES_EPOCH_JDATE)
		return DT_NOEND;
	j2date((int) day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	return day * USECS_PER_DAY +
		   (int64) DetermineTimeZoneOffset(&tm, zone->zone) * USECS_PER_SEC;
}

int
HourOfDay(TimestampTz moment, DayZone *zone)
{
	int64 local = LocalTime(moment, zone);

	return (int) ((local - FloorDivide(local, USECS_PER_DAY) * USECS_PER_DAY) / USECS_PER_HOUR);
}
