/*
 * referral/referral.h - who referred whom: edges as they come, and the forest made of them.
 *
 * A referral_graph is a forest: every customer has at most one referrer, and
 * nobody is their own ancestor. The stored form is canonical: the same rows in
 * any order give the same bytes.
 *
 *   version (1), kind of ids (BookKind), 0, 0
 *   number of customers, number of referrals, number of rows left out
 *   for each customer what the referral of them is worth (0: not referred)
 *   for each customer the number of the referrer, or ID_NONE
 *   the ids, an IdList
 *
 * Customers are numbered in order of their ids; only those are there who
 * referred somebody or were referred.
 */
#ifndef CRM_REFERRAL_REFERRAL_H
#define CRM_REFERRAL_REFERRAL_H

#include "fmgr.h"

#include "idtable.h"

#define REFERRAL_VERSION 1
#define REFERRAL_NAME "referral_graph"
#define REFERRAL_MAX_BYTES 0x3FFFFFF0

/* A referral without a time: later than any. */
#define NO_TIME PG_INT64_MAX

typedef struct ReferralGraph
{
	int32  vl_len_;
	uint8  version;
	uint8  kind;
	uint16 reserved;
	uint32 customers;
	uint32 referrals;
	int64  left_out;
	float8 values[FLEXIBLE_ARRAY_MEMBER];
} ReferralGraph;

#define DatumGetReferralGraphP(X) ((ReferralGraph *) PG_DETOAST_DATUM(X))
#define PG_GETARG_REFERRAL_GRAPH_P(n) DatumGetReferralGraphP(PG_GETARG_DATUM(n))

/* A row of the aggregate: customers by their numbers in an IdTable. */
typedef struct ReferralEdge
{
	uint32 referred;
	uint32 referrer;
	float8 value;
	int64  at; /* timestamptz, or NO_TIME */
} ReferralEdge;

/* A graph's parts in place. */
typedef struct ReferralReader
{
	const ReferralGraph *graph;
	const float8		*values;
	const uint32		*referrers;
	IdList				 ids;
} ReferralReader;

/* Opens a stored graph; bytes that are none are 22P03. */
extern void ReferralOpen(ReferralReader *reader, const ReferralGraph *graph);

/* The forest of these rows; what makes no forest is left out and counted on top of left_out. */
extern ReferralGraph *ReferralBuild(const IdTable *ids, const ReferralEdge *edges, Size nedges,
									int64 left_out);

/* What one customer's referrals come to. */
typedef struct ReferralWorth
{
	int64  direct_referrals;
	int64  all_referrals;
	int32  depth;
	float8 direct; /* values of those referred */
	float8
		indirect; /* values further down, each generation discounted by decay x (1 - joined_anyway) */
} ReferralWorth;

typedef struct ReferralTerms
{
	float8 discount; /* of each generation after the first */
	int32  max_depth;
} ReferralTerms;

/* The worth of each customer's referrals, palloc'd, in order of their numbers. */
extern ReferralWorth *ReferralWorths(const ReferralReader *reader, const ReferralTerms *terms);

#endif /* CRM_REFERRAL_REFERRAL_H */
