/*
 * retention.h - what the rooms about retention share.
 */
#ifndef CRM_RETENTION_H
#define CRM_RETENTION_H

/* The definition of every rate in percent; the caller has seen to whole != 0. */
static inline float8
Percent(float8 part, float8 whole)
{
	return 100.0 * part / whole;
}

#endif /* CRM_RETENTION_H */
