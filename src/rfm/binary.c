/*
 * rfm/binary.c - binary form of rfm_cuts.
 *
 * Version, id type, bins, groups (a byte each), length and name of the
 * collation, then for each dimension whether it has one value only, number of
 * values, and these as 128 bits in two halves, then the ids: bigint 8 bytes,
 * uuid 16, text its length and bytes in the client's encoding. Network order.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/uuid.h"

#include "aggregate.h"
#include "compat.h"
#include "rfm.h"
#include "state.h"

PG_FUNCTION_INFO_V1(rfm_cuts_recv);
PG_FUNCTION_INFO_V1(rfm_cuts_send);

/* Length and bytes in the client's encoding. */
static void
SendText(StringInfo message, const char *bytes, int length)
{
	char *converted = pg_server_to_client(bytes, length);

	if (converted != bytes)
		length = (int) strlen(converted);
	pq_sendint32(message, length);
	pq_sendbytes(message, converted, length);
}

static void
SendDimension(StringInfo message, const RfmCuts *cuts, const RfmDimension *dimension)
{
	int n = dimension->one_value ? 1 : dimension->ncuts;

	pq_sendbyte(message, dimension->one_value);
	pq_sendbyte(message, n);
	for (int i = 0; i < n; i++)
		SendInt128(message, dimension->cuts[i]);
	for (int i = 0; cuts->id_type != RFM_TIES_TOGETHER && i < n; i++)
	{
		RfmId id = dimension->ids[i];
		int64 number;

		switch (cuts->id_type)
		{
			case RFM_BIGINT_IDS:
				memcpy(&number, id.bytes, sizeof(number));
				pq_sendint64(message, (uint64) number);
				break;
			case RFM_TEXT_IDS:
				SendText(message, id.bytes, (int) id.length);
				break;
			default:
				pq_sendbytes(message, id.bytes, (int) id.length);
		}
	}
}

Datum
rfm_cuts_send(PG_FUNCTION_ARGS)
{
	RfmCuts		   cuts;
	StringInfoData message;

	UnpackRfmCuts(&cuts, PG_GETARG_RFM_CUTS_P(0));
	pq_begintypsend(&message);
	pq_sendbyte(&message, RFM_VERSION);
	pq_sendbyte(&message, cuts.id_type);
	pq_sendbyte(&message, cuts.bins);
	pq_sendbyte(&message, cuts.groups);
	SendText(&message, cuts.collation, cuts.collation_length);
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		SendDimension(&message, &cuts, &cuts.dimensions[d]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static RfmId
ReceiveText(StringInfo message)
{
	int	  length = (int) pq_getmsgint(message, 4);
	int	  converted;
	char *bytes;

	if (length < 0 || length > message->len - message->cursor)
		ReportBadBytes("rfm_cuts");
	bytes = pq_getmsgtext(message, length, &converted);
	return (RfmId){bytes, (uint32) converted};
}

static RfmId
ReceiveId(StringInfo message, RfmIdType type)
{
	int64 *number;

	switch (type)
	{
		case RFM_BIGINT_IDS:
			number = palloc(sizeof(int64));
			*number = pq_getmsgint64(message);
			return (RfmId){(char *) number, sizeof(int64)};
		case RFM_TEXT_IDS:
			return ReceiveText(message);
		default:
			return (RfmId){pq_getmsgbytes(message, UUID_LEN), UUID_LEN};
	}
}

static void
ReceiveDimension(StringInfo message, RfmCuts *cuts, RfmDimension *dimension)
{
	int one_value = pq_getmsgbyte(message);
	int n = pq_getmsgbyte(message);

	if (one_value > 1 || n > RFM_MAX_CUTS || (one_value && n != 1))
		ReportBadBytes("rfm_cuts");
	dimension->one_value = one_value != 0;
	dimension->ncuts = one_value ? 0 : n;
	for (int i = 0; i < n; i++)
		dimension->cuts[i] = ReceiveInt128(message);
	for (int i = 0; cuts->id_type != RFM_TIES_TOGETHER && i < n; i++)
		dimension->ids[i] = ReceiveId(message, cuts->id_type);
}

Datum
rfm_cuts_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int		   version = pq_getmsgbyte(message);
	RfmCuts	   cuts;
	RfmId	   collation;

	memset(&cuts, 0, sizeof(cuts));
	cuts.id_type = (RfmIdType) pq_getmsgbyte(message);
	cuts.bins = pq_getmsgbyte(message);
	cuts.groups = pq_getmsgbyte(message);
	if (version != RFM_VERSION || cuts.id_type > RFM_UUID_IDS)
		ReportBadBytes("rfm_cuts");
	collation = ReceiveText(message);
	if (collation.length > PG_UINT16_MAX)
		ReportBadBytes("rfm_cuts");
	cuts.collation = collation.bytes;
	cuts.collation_length = (uint16) collation.length;
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		ReceiveDimension(message, &cuts, &cuts.dimensions[d]);
	if (RfmCutsFault(&cuts) != NULL)
		ReportBadBytes("rfm_cuts");
	PG_RETURN_RFM_CUTS_P(PackRfmCuts(&cuts));
}
