/*
 * packed.h - values of variable length as they stand.
 */
#ifndef CRM_PACKED_H
#define CRM_PACKED_H

#include "fmgr.h"

/* PG_DETOAST_DATUM_PACKED without a call where nothing is to be done, as mostly. */
static pg_attribute_always_inline struct varlena *
PackedVarlena(Datum value)
{
	struct varlena *varlena = (struct varlena *) DatumGetPointer(value);

	if (unlikely(VARATT_IS_COMPRESSED(varlena) || VARATT_IS_EXTERNAL(varlena)))
		return pg_detoast_datum_packed(varlena);
	return varlena;
}

#endif /* CRM_PACKED_H */
