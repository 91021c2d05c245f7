/*
 * rfm/custom.c - rfm_cuts from own cut points.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/numeric.h"

#include "compat.h"
#include "day.h"
#include "rfm.h"

PG_FUNCTION_INFO_V1(rfm_cuts);

/* The elements of one argument: one dimension, none NULL, 1 to 8. */
static int
CutPointArray(ArrayType *array, Oid type, int length, bool by_value, char align,
			  RfmDimensionName name, Datum **values)
{
	bool *nulls;
	int	  n;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("%s must be a one-dimensional array", rfm_dimension_names[name]));
	deconstruct_array(array, type, length, by_value, align, values, &nulls, &n);
	if (n < 1 || n > RFM_MAX_CUTS)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must have between 1 and %d cut points, not %d",
					   rfm_dimension_names[name], RFM_MAX_CUTS, n),
				errhint("The score is 1 + the number of cut points <= value: 4 of them give "
						"scores from 1 to 5."));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("%s must not contain null", rfm_dimension_names[name]));
	}
	return n;
}

static void
RequireAscending(const RfmCuts *made)
{
	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		const RfmDimension *dimension = &made->dimensions[d];

		for (int i = 1; i < dimension->ncuts; i++)
		{
			if (dimension->cuts[i] < dimension->cuts[i - 1])
				ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cut points of %s must not decrease: number %d is below the one "
							   "before",
							   rfm_dimension_names[d], i + 1));
		}
	}
}

Datum
rfm_cuts(PG_FUNCTION_ARGS)
{
	RfmCuts		  made;
	Numeric		  monetary[RFM_MAX_CUTS];
	RfmDimension *dimensions = made.dimensions;
	Datum		 *values;
	const char	 *fault;

	memset(&made, 0, sizeof(made));
	dimensions[RFM_RECENCY].ncuts =
		CutPointArray(PG_GETARG_ARRAYTYPE_P(0), DATEOID, sizeof(DateADT), true, TYPALIGN_INT,
					  RFM_RECENCY, &values);
	for (int i = 0; i < dimensions[RFM_RECENCY].ncuts; i++)
	{
		RequireFiniteDate(DatumGetDateADT(values[i]), "cut point of recency");
		dimensions[RFM_RECENCY].cuts[i] = DatumGetDateADT(values[i]);
	}
	dimensions[RFM_FREQUENCY].ncuts =
		CutPointArray(PG_GETARG_ARRAYTYPE_P(1), INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, RFM_FREQUENCY, &values);
	for (int i = 0; i < dimensions[RFM_FREQUENCY].ncuts; i++)
		dimensions[RFM_FREQUENCY].cuts[i] = DatumGetInt64(values[i]);
	dimensions[RFM_MONETARY].ncuts = CutPointArray(PG_GETARG_ARRAYTYPE_P(2), NUMERICOID, -1,
												   false, TYPALIGN_INT, RFM_MONETARY, &values);
	for (int i = 0; i < dimensions[RFM_MONETARY].ncuts; i++)
		monetary[i] = DatumGetNumeric(values[i]);
	ScaleRfmMonetary(&made, monetary);
	made.bins = RFM_MIN_BINS;
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		made.bins = Max(made.bins, dimensions[d].ncuts + 1);
	RequireAscending(&made);
	fault = RfmCutsFault(&made);
	if (fault != NULL)
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("%s", fault));
	PG_RETURN_RFM_CUTS_P(PackRfmCuts(&made));
}
