/*
 * state.h - small things that aggregates with a flat state share: ignored rows,
 * messages made of bytes, exact 128-bit fields.
 */
#ifndef CRM_STATE_H
#define CRM_STATE_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"

#include "compat.h"

/* What a transition or combine function returns for a row to ignore: the state as it was. */
static inline Datum
UnchangedState(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* Reads the bytes in place. */
static inline void
OpenMessage(StringInfo message, bytea *bytes)
{
	message->data = VARDATA_ANY(bytes);
	message->len = message->maxlen = VARSIZE_ANY_EXHDR(bytes);
	message->cursor = 0;
}

static inline void
SendInt128(StringInfo message, int128 value)
{
	pq_sendint64(message, (uint64) (value >> 64));
	pq_sendint64(message, (uint64) value);
}

static inline int128
ReceiveInt128(StringInfo message)
{
	int64  high = pq_getmsgint64(message);
	uint64 low = (uint64) pq_getmsgint64(message);

	return (int128) (((uint128) (uint64) high << 64) | low);
}

#endif /* CRM_STATE_H */
