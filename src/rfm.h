/*
 * rfm.h - cut points of recency, frequency and monetary value, and what is
 * computed from and with them.
 *
 * An rfm_cuts holds, for each of the three dimensions, the values at which the
 * score rises by one: score = 1 + number of cut points <= value. Cuts of a
 * population in which a dimension has one value only keep that value instead:
 * below it scores 1, at it (bins + 1) / 2, above it bins. Where ties are split
 * a cut point is a pair (value, id), compared in this order.
 *
 * Stored form, integers in the machine's byte order and unaligned:
 *
 *   byte  0      version (1)
 *   byte  1      id type (RfmIdType)
 *   byte  2      bins (2-9)
 *   byte  3      groups: monetary cut points are units of 10000^-groups
 *   bytes 4-5    length of the collation's name, only of text ids not 0
 *   bytes 6-7    reserved, 0
 *   the collation's qualified name
 *   then for each dimension: byte 1 if it has one value only, byte number of
 *   cut points, 16 bytes for each; then for each cut point its id: bigint 8
 *   bytes, uuid 16, text 4 of length and the text.
 *
 * The form is canonical: groups is as small as it can be, at least 1.
 */
#ifndef CRM_RFM_H
#define CRM_RFM_H

#include "fmgr.h"
#include "utils/date.h"

#include "compat.h"
#include "history.h"
#include "money.h"

#define RFM_VERSION 1
#define RFM_MIN_BINS 2
#define RFM_MAX_BINS 9
#define RFM_DEFAULT_BINS 5
#define RFM_MAX_CUTS (RFM_MAX_BINS - 1)

typedef enum
{
	RFM_TIES_TOGETHER,
	RFM_BIGINT_IDS,
	RFM_TEXT_IDS,
	RFM_UUID_IDS
} RfmIdType;

typedef enum
{
	RFM_RECENCY,
	RFM_FREQUENCY,
	RFM_MONETARY
} RfmDimensionName;

#define RFM_DIMENSIONS 3

/* An id in the memory of whoever owns it: the integer, the uuid, or the text without header. */
typedef struct RfmId
{
	const char *bytes;
	uint32		length;
} RfmId;

typedef struct RfmDimension
{
	bool   one_value; /* cuts[0] is the population's only value */
	int	   ncuts;
	int128 cuts[RFM_MAX_CUTS];
	RfmId  ids[RFM_MAX_CUTS];
} RfmDimension;

/* Cuts taken apart; names and ids point into what they were read from. */
typedef struct RfmCuts
{
	int			 bins;
	RfmIdType	 id_type;
	int			 groups;
	const char	*collation;
	uint16		 collation_length;
	RfmDimension dimensions[RFM_DIMENSIONS];
} RfmCuts;

typedef struct varlena PackedRfmCuts;

#define DatumGetRfmCutsP(X) ((PackedRfmCuts *) PG_DETOAST_DATUM_PACKED(X))
#define PG_GETARG_RFM_CUTS_P(n) DatumGetRfmCutsP(PG_GETARG_DATUM(n))
#define PG_RETURN_RFM_CUTS_P(x) PG_RETURN_POINTER(x)

/* The stored form of cuts; lowers cuts->groups as far as it goes. */
extern PackedRfmCuts *PackRfmCuts(RfmCuts *cuts);

/* The other way; 22P03 when the bytes are none. */
extern void UnpackRfmCuts(RfmCuts *cuts, const PackedRfmCuts *packed);

/* Monetary cut points, as many as cuts says, at the coarsest unit that holds them all. */
extern void ScaleRfmMonetary(RfmCuts *cuts, const Numeric *monetary);

extern const char *const rfm_dimension_names[RFM_DIMENSIONS];

/* What is wrong with cuts made up by a caller, or NULL. */
extern const char *RfmCutsFault(const RfmCuts *cuts);

/* 22023 unless the number of bins is within range. */
extern void RequireRfmBins(int32 bins);

/* Text ids: the collation of a qualified name (42704), and its name; 0A000 if nondeterministic. */
extern Oid	 FindRfmCollation(const char *name, int length);
extern char *RfmCollationName(Oid collation);

/* Order of two ids: below, at or above 0. */
extern int CompareRfmIds(RfmIdType type, Oid collation, RfmId a, RfmId b);

/* 22023: a customer that no population can have. */
extern void RequireRfmCustomer(DateADT last_purchase, int64 frequency);

/* The three values of one customer; money in ticks. */
typedef struct RfmCustomer
{
	DateADT last_purchase;
	int64	frequency;
	int64	monetary;
} RfmCustomer;

/* Last purchase day, purchase days and spend as of a date; false when nothing was bought. */
extern bool RfmCustomerOf(RfmCustomer *customer, const PurchaseHistory *history, DateADT as_of);

/* The digit of a value that is `value`, or between it and the next integer when `more`. */
static inline int
RfmDigit(const RfmDimension *dimension, int bins, int128 value, bool more)
{
	int score = 1;

	if (unlikely(dimension->one_value))
	{
		if (value < dimension->cuts[0])
			return 1;
		return value > dimension->cuts[0] || more ? bins : (bins + 1) / 2;
	}
	for (int i = 0; i < dimension->ncuts; i++)
		score += value >= dimension->cuts[i];
	return score;
}

/*
 * The score, three digits, as of a date by the cuts in argument 0, which must not split ties by
 * id (22023); keeps them taken apart in fn_extra. False when nothing was bought by then.
 */
extern bool RfmScoreByArgument(FunctionCallInfo fcinfo, const PurchaseHistory *history,
							   DateADT as_of, int32 *score);

/*
 * A population: the values of its customers as they came, in one chunk, and
 * the text of their ids in another.
 */
typedef struct RfmPopulation
{
	int		  bins;
	RfmIdType id_type;
	int		  groups;	 /* monetary values are units of 10000^-groups */
	bool	  has_as_of; /* built from histories, as of this date */
	DateADT	  as_of;
	Oid		  collation; /* of text ids */
	Size	  stride;	 /* bytes of a row */
	Size	  used;
	Size	  capacity;
	char	 *texts; /* each 4 bytes of length and the text */
	Size	  texts_used;
	Size	  texts_capacity;
	uint8	  rows[FLEXIBLE_ARRAY_MEMBER];
} RfmPopulation;

/* A row: int32 day, int64 frequency, int128 monetary, then the id: int64, 16 bytes, or offset in texts. */
#define RFM_ROW_DAY 0
#define RFM_ROW_FREQUENCY 4
#define RFM_ROW_MONETARY 12
#define RFM_ROW_ID 28

extern RfmPopulation *NewRfmPopulation(MemoryContext context, int bins, RfmIdType id_type,
									   Size capacity);
extern RfmPopulation *ReserveRfmRows(RfmPopulation *population, Size rows);
extern Size			  RfmRowBytes(RfmIdType id_type);

/* Adds a customer to reserved space; monetary is in units of 10000^-population->groups. */
extern void AddRfmRow(RfmPopulation *population, DateADT day, int64 frequency, int128 monetary,
					  RfmId id);

/* The amount in units of the population, which get finer when it needs it; 22003 if none holds all. */
extern int128 RfmMonetary(RfmPopulation *population, Numeric monetary);
extern void	  RefineRfmUnit(RfmPopulation *population, int groups);

extern RfmId RfmTextId(const RfmPopulation *population, Size offset);

/* The cut points of a population, palloc'd; it is not changed. */
extern void FindRfmCuts(RfmCuts *cuts, const RfmPopulation *population);

/*
 * Selection without sorting, see rfm/select.c. Keys are integers at an offset
 * in each row, made unsigned in order; a filter lets through rows whose key in
 * another column has one value.
 */
typedef enum
{
	RFM_KEY_INT32,
	RFM_KEY_INT64,
	RFM_KEY_INT128,
	RFM_KEY_UUID
} RfmKeyType;

typedef struct RfmColumn
{
	const uint8 *rows;
	Size		 nrows;
	Size		 stride;
	Size		 offset;
	RfmKeyType	 type;
} RfmColumn;

typedef struct RfmFilter
{
	RfmColumn column;
	uint128	  key;
} RfmFilter;

typedef struct RfmRank
{
	uint64	rank;	  /* in: place in order, from 0; out: place among equal keys */
	uint128 key;	  /* out */
	bool	has_next; /* out: the next larger key is known, and */
	uint128 next;	  /* which one it is */
} RfmRank;

#define RFM_SIGN_BIT ((uint128) 1 << 127)

static pg_attribute_always_inline uint128
RfmKeyOf(RfmKeyType type, const RfmColumn *column, Size row)
{
	const uint8 *from = column->rows + row * column->stride + column->offset;
	uint128		 key = 0;

	switch (type)
	{
		case RFM_KEY_INT32:
		{
			int32 value;

			memcpy(&value, from, sizeof(value));
			return (uint128) (int128) value ^ RFM_SIGN_BIT;
		}
		case RFM_KEY_INT64:
		{
			int64 value;

			memcpy(&value, from, sizeof(value));
			return (uint128) (int128) value ^ RFM_SIGN_BIT;
		}
		case RFM_KEY_INT128:
		{
			int128 value;

			memcpy(&value, from, sizeof(value));
			return (uint128) value ^ RFM_SIGN_BIT;
		}
		case RFM_KEY_UUID:
			for (int i = 0; i < 16; i++)
				key = key << 8 | from[i];
	}
	return key;
}

static inline uint128
RfmKey(const RfmColumn *column, Size row)
{
	return RfmKeyOf(column->type, column, row);
}

static inline int128
RfmKeyValue(uint128 key)
{
	return (int128) (key ^ RFM_SIGN_BIT);
}

/* The range of the keys that the filter, if there is one, lets through: one at least. */
extern void FindRfmRange(const RfmColumn *column, const RfmFilter *filter, uint128 *least,
						 uint128 *most);

/* The keys, of that range, at the given places, which are in ascending order. */
extern void SelectRfmRanks(const RfmColumn *column, const RfmFilter *filter, uint128 least,
						   uint128 most, RfmRank *ranks, int nranks);

/* Finds, by one more pass if it takes one, the next larger keys that are not known; the largest has none. */
extern void FindRfmSuccessors(const RfmColumn *column, uint128 most, RfmRank *ranks,
							  int nranks);

#endif /* CRM_RFM_H */
