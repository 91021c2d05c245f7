/*
 * conversation/engagement.h - what a customer and we said to each other, as a value.
 *
 * An engagement lists the contacts with one customer in order of time, each with
 * its direction, channel and kind, and the time zone in which its days and hours
 * are meant. The stored form is canonical: equal engagements have equal bytes.
 *
 *   byte  0   version (1)
 *   varint    length of the zone's name, then the name
 *   varint    number of channels, then each: varint length, bytes; in order of
 *             bytes, those that occur
 *   varint    number of kinds, then each likewise
 *   varint    number of contacts
 *   8 bytes   moment of the first one, in the machine's byte order (not when empty)
 *   then for each contact: varint microseconds since the one before (not for the
 *   first), varint 2 x ((kinds + 1) x channel + kind) + inbound, where channel and
 *   kind count from 1 and 0 is none.
 *
 * Contacts of one moment are in order of the last number.
 */
#ifndef CRM_ENGAGEMENT_H
#define CRM_ENGAGEMENT_H

#include "fmgr.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "day.h"
#include "varint.h"

#define ENGAGEMENT_VERSION 1

typedef struct varlena Engagement;

#define DatumGetEngagementP(X) ((Engagement *) PG_DETOAST_DATUM_PACKED(X))
#define PG_GETARG_ENGAGEMENT_P(n) DatumGetEngagementP(PG_GETARG_DATUM(n))
#define PG_RETURN_ENGAGEMENT_P(x) PG_RETURN_POINTER(x)

/* A channel, a kind or a zone, not terminated; no data: none. */
typedef struct EngagementName
{
	const char *data;
	uint32		length;
} EngagementName;

/* A contact as it comes in. */
typedef struct NewContact
{
	TimestampTz	   at;
	bool		   inbound;
	EngagementName channel;
	EngagementName kind;
} NewContact;

/* A contact of an engagement; channel and kind are numbers of its names, 0 is none. */
typedef struct Contact
{
	TimestampTz at;
	uint32		channel;
	uint32		kind;
	bool		inbound;
} Contact;

/* An engagement taken apart; the names point into it. */
typedef struct OpenEngagement
{
	EngagementName	zone;
	EngagementName *channels; /* of number 1 on */
	EngagementName *kinds;
	uint32			nchannels;
	uint32			nkinds;
	Contact		   *contacts;
	Size			n;
} OpenEngagement;

/* A palloc'd value of contacts in any order. */
extern Engagement *EngagementFromContacts(EngagementName zone, const NewContact *contacts,
										  Size n);

/* Takes an engagement apart; bytes that are none are 22P03. */
extern void EngagementOpen(OpenEngagement *open, const Engagement *engagement);

/* Its zone. */
extern DayZone *EngagementZone(const OpenEngagement *open);

/* The number of its contacts before a moment. */
extern Size ContactsBefore(const OpenEngagement *open, TimestampTz end);

/* 22008 for an infinite moment. */
extern void RequireContactTime(TimestampTz at);

pg_noreturn extern void ReportBadEngagement(void);

#endif /* CRM_ENGAGEMENT_H */
