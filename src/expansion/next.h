/*
 * expansion/next.h - the next products of a customer, from what products are bought together.
 *
 * Item-based recommendation after Deshpande and Karypis (2004), Item-Based
 * Top-N Recommendation Algorithms, ACM TOIS 22 (1): of each product the most
 * similar ones are kept, by the cosine together / sqrt(count x other count);
 * a product's score for a customer is the sum of its similarities to what the
 * customer bought. Products that are together no more often than by chance
 * (lift at most 1) are not similar.
 */
#ifndef CRM_EXPANSION_NEXT_H
#define CRM_EXPANSION_NEXT_H

#include "fmgr.h"

#include "affinity.h"

typedef struct Neighbour
{
	uint32 product;
	float8 similarity;
} Neighbour;

typedef struct NextProduct
{
	uint32 product;
	uint32 because_of;
	float8 score;
} NextProduct;

typedef struct Recommender
{
	const BasketCounts *counts;
	IdList				ids;
	IdTable				table;		/* of the same numbers */
	uint32				neighbours; /* kept of each product, at most */
	uint32				how_many;
	uint32			   *nkept;
	Neighbour		   *kept;	 /* neighbours places for each product, most similar first */
	float8			   *scores;	 /* of the customer at hand, 0 between customers */
	float8			   *highest; /* single similarity in the score, and whose it is */
	uint32			   *because_of;
	bool			   *bought;
	uint32			   *touched;
	NextProduct		   *best; /* how_many places */
} Recommender;

/* Reads all pairs; 22023 where how_many or neighbours is below 1. */
extern void RecommenderInit(Recommender *recommender, const BasketCounts *counts, BookKind kind,
							int32 how_many, int32 neighbours);

/*
 * The best products for who bought these, sorted and each once, into
 * recommender->best; returns their number.
 */
extern uint32 RecommendNext(Recommender *recommender, const uint32 *bought, Size nbought);

#endif /* CRM_EXPANSION_NEXT_H */
