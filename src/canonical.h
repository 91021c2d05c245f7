/*
 * canonical.h - comparison and hashing of types whose stored form is canonical.
 */
#ifndef CRM_CANONICAL_H
#define CRM_CANONICAL_H

#include "fmgr.h"

extern PGDLLEXPORT Datum canonical_eq(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum canonical_ne(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum canonical_lt(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum canonical_le(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum canonical_gt(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum canonical_ge(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum canonical_cmp(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum canonical_hash(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum canonical_hash_extended(PG_FUNCTION_ARGS);

#endif /* CRM_CANONICAL_H */
