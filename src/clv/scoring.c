/*
 * clv/scoring.c - predictions per customer, and lifetime value from them.
 *
 * Each function takes a customer as (frequency, recency, age), as (h, as_of),
 * or not at all (a new one); which is told by the number of arguments. A model
 * without parameters, and a history in which nothing was bought by as_of, give
 * NULL.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/float.h"

#include "clv/fit.h"
#include "clv/memo.h"
#include "clv/model.h"
#include "clv/statistics.h"
#include "day.h"
#include "math/elementary.h"
#include "math/score.h"
#include "math/vector.h"

PG_FUNCTION_INFO_V1(p_alive);
PG_FUNCTION_INFO_V1(expected_purchases);
PG_FUNCTION_INFO_V1(purchase_probability);
PG_FUNCTION_INFO_V1(dert);
PG_FUNCTION_INFO_V1(discounted_expected_purchases);
PG_FUNCTION_INFO_V1(expected_spend);
PG_FUNCTION_INFO_V1(clv_model_history);
PG_FUNCTION_INFO_V1(clv_model);
PG_FUNCTION_INFO_V1(renewal_survival);
PG_FUNCTION_INFO_V1(renewal_retention);
PG_FUNCTION_INFO_V1(expected_lifetime);

#define DAYS_PER_YEAR 365.25
#define MONTHS_TOGETHER 12

/* ---- arguments ---- */

static void
RequireNumber(const char *name, float8 value, bool good, const char *expected)
{
	if (!good)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be %s, got %s", name, expected, float8out_internal(value)));
}

static void
RequireRate(const char *name, float8 value)
{
	if (!(value >= 0 && value <= 1))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be between 0 and 1, got %s", name, float8out_internal(value)),
				value > 1 ? errhint("Write a rate as a fraction: 10 %% is 0.10.") : 0);
}

static void
RequireWhole(const char *name, float8 value)
{
	if (value != floor(value))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be a whole number of opportunities, got %s", name,
					   float8out_internal(value)),
				errhint("The bg/bb family counts opportunities, not time."));
}

/* A span of time ahead in model units. */
static float8
HorizonArgument(FunctionCallInfo fcinfo, int argno, const char *name, const FittedModel *model)
{
	float8 horizon = PG_GETARG_FLOAT8(argno);

	RequireNumber(name, horizon, horizon >= 0 && isfinite(horizon), "finite and not negative");
	if (model->family == CRM_BG_BB)
		RequireWhole(name, horizon);
	return horizon;
}

/* A customer of argument argno on; false when there is nothing to say about. */
static bool
CustomerArgument(FunctionCallInfo fcinfo, int argno, const FittedModel *model,
				 CrmCustomer *customer)
{
	CrmFamily family = (CrmFamily) model->family;
	int64	  frequency = 0;

	if (!ModelHas(model, MODEL_HAS_PARAMS))
		return false;
	memset(customer, 0, sizeof(*customer));
	if (PG_NARGS() == argno + 3)
	{
		frequency = PG_GETARG_INT64(argno);
		customer->recency = PG_GETARG_FLOAT8(argno + 1);
		customer->age = PG_GETARG_FLOAT8(argno + 2);
		RequireStatistics(family, frequency, customer->recency, customer->age);
	}
	else if (PG_NARGS() == argno + 2)
	{
		DateADT as_of = PG_GETARG_DATEADT(argno + 1);

		RequireFiniteDate(as_of, "as-of date");
		if (!HistoryStatistics(family, PG_GETARG_PURCHASE_HISTORY_P(argno), as_of,
							   model->unit_days, &frequency, &customer->recency,
							   &customer->age))
			return false;
		if (family != CRM_BG_BB)
		{
			customer->recency /= model->unit_days;
			customer->age /= model->unit_days;
		}
	}
	customer->frequency = (float8) frequency;
	return true;
}

/* Where the model starts anew for the customer of argument argno on; false as above. */
static bool
RestartArgument(FunctionCallInfo fcinfo, int argno, const FittedModel *model,
				CrmRestart *restart)
{
	CrmCustomer customer;

	if (!CustomerArgument(fcinfo, argno, model, &customer))
		return false;
	CrmRestartAt((CrmFamily) model->family, model->params, &customer, restart);
	return true;
}

/* What a customer who is alive will buy depends on these, frequency and age alone. */
static void
SetSubject(MemoSubject *subject, const FittedModel *model, float8 horizon, float8 rate)
{
	StaticAssertStmt(lengthof(subject->params) == CRM_MAX_PARAMETERS, "parameters do not fit");
	memcpy(subject->params, model->params, sizeof(subject->params));
	subject->family = model->family;
	subject->unit_days = model->family == CRM_BG_BB ? 1 : model->unit_days;
	subject->horizon = horizon;
	subject->rate = rate;
}

/* NULL where a prediction does not exist (NaN, infinity). */
static Datum
ReturnFigure(FunctionCallInfo fcinfo, float8 value)
{
	if (!isfinite(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

/* ---- predictions ---- */

/* model, customer */
Datum
p_alive(PG_FUNCTION_ARGS)
{
	FittedModel *model = PG_GETARG_FITTED_MODEL_P(0);
	CrmRestart	 restart;

	if (!RestartArgument(fcinfo, 1, model, &restart))
		PG_RETURN_NULL();
	return ReturnFigure(fcinfo, CrmPAlive(&restart));
}

/* model, horizon [, customer] */
Datum
expected_purchases(PG_FUNCTION_ARGS)
{
	FittedModel *model = PG_GETARG_FITTED_MODEL_P(0);
	float8		 horizon = HorizonArgument(fcinfo, 1, "horizon", model);
	MemoSubject	 subject;
	CrmRestart	 restart;
	CrmCustomer	 customer;
	float8		*known;
	float8		 purchases;

	if (!CustomerArgument(fcinfo, 2, model, &customer))
		PG_RETURN_NULL();
	SetSubject(&subject, model, horizon, 0);
	CrmRestartAt((CrmFamily) model->family, model->params, &customer, &restart);
	known = MemoPlace(CallMemo(fcinfo, &subject), customer.frequency, customer.age);
	if (known != NULL && !isnan(*known))
		return ReturnFigure(fcinfo, restart.alive * *known);
	CrmLivingPurchases(&restart, &horizon, 1, &purchases);
	if (known != NULL)
		*known = purchases;
	return ReturnFigure(fcinfo, restart.alive * purchases);
}

/* model, purchases, horizon [, customer] */
Datum
purchase_probability(PG_FUNCTION_ARGS)
{
	FittedModel *model = PG_GETARG_FITTED_MODEL_P(0);
	int32		 purchases = PG_GETARG_INT32(1);
	float8		 horizon = HorizonArgument(fcinfo, 2, "horizon", model);
	CrmRestart	 restart;

	RequireNumber("purchases", purchases, purchases >= 0, "a number of purchases");
	if (model->family == CRM_BG_BB && horizon > MAX_OPPORTUNITIES)
		ereport(
			ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			errmsg("horizon of %s opportunities is out of range", float8out_internal(horizon)));
	if (!RestartArgument(fcinfo, 3, model, &restart))
		PG_RETURN_NULL();
	return ReturnFigure(fcinfo, CrmPurchaseProbability(&restart, purchases, horizon));
}

/* model, discount_rate [, customer] */
Datum
dert(PG_FUNCTION_ARGS)
{
	FittedModel *model = PG_GETARG_FITTED_MODEL_P(0);
	float8		 rate = PG_GETARG_FLOAT8(1);
	CrmRestart	 restart;

	RequireRate("discount_rate", rate);
	if (!RestartArgument(fcinfo, 2, model, &restart))
		PG_RETURN_NULL();
	return ReturnFigure(fcinfo, CrmDert(&restart, rate));
}

/* model, steps, step, rate [, customer] */
Datum
discounted_expected_purchases(PG_FUNCTION_ARGS)
{
	FittedModel *model = PG_GETARG_FITTED_MODEL_P(0);
	int32		 steps = PG_GETARG_INT32(1);
	float8		 step = HorizonArgument(fcinfo, 2, "step", model);
	float8		 rate = PG_GETARG_FLOAT8(3);
	CrmRestart	 restart;

	RequireNumber("steps", steps, steps >= 0, "a number of steps");
	RequireNumber("step", step, step > 0, "positive");
	RequireRate("rate", rate);
	if (!RestartArgument(fcinfo, 4, model, &restart))
		PG_RETURN_NULL();
	return ReturnFigure(fcinfo, CrmDiscountedPurchases(&restart, steps, step, rate, &FitHooks));
}

/* ---- spend ---- */

static void
RequireSpend(int64 frequency, bool known, float8 monetary)
{
	if (frequency < 0)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("frequency must not be negative, got " INT64_FORMAT, frequency));
	if (known)
		RequireNumber("monetary", monetary, isfinite(monetary), "finite");
}

/* Spend per purchase; NaN where it is not known. */
static float8
SpendOf(const FittedModel *model, int64 frequency, bool known, float8 monetary)
{
	if (!ModelHas(model, MODEL_HAS_PARAMS) || (frequency > 0 && !known))
		return NAN;
	return CrmExpectedSpend(model->params, (float8) frequency, known ? monetary : 0);
}

/* model [, frequency, monetary] */
Datum
expected_spend(PG_FUNCTION_ARGS)
{
	FittedModel *model;
	int64		 frequency = 0;
	float8		 monetary = 0;
	bool		 known = false;

	if (PG_ARGISNULL(0) || (PG_NARGS() > 1 && PG_ARGISNULL(1)))
		PG_RETURN_NULL();
	model = PG_GETARG_FITTED_MODEL_P(0);
	if (PG_NARGS() > 1)
	{
		frequency = PG_GETARG_INT64(1);
		known = !PG_ARGISNULL(2);
		monetary = known ? PG_GETARG_FLOAT8(2) : 0;
		RequireSpend(frequency, known, monetary);
	}
	return ReturnFigure(fcinfo, SpendOf(model, frequency, known, monetary));
}

/* ---- lifetime value ---- */

typedef struct Horizon
{
	bool   forever;
	int32  days;
	float8 annual_rate;
	float8 margin;
} Horizon;

/* horizon_days, annual_discount_rate, margin from argno on; false when one is not known. */
static bool
ValueArguments(FunctionCallInfo fcinfo, int argno, Horizon *horizon)
{
	if (PG_ARGISNULL(argno + 1) || PG_ARGISNULL(argno + 2))
		return false;
	horizon->forever = PG_ARGISNULL(argno);
	horizon->days = horizon->forever ? 0 : PG_GETARG_INT32(argno);
	horizon->annual_rate = PG_GETARG_FLOAT8(argno + 1);
	horizon->margin = PG_GETARG_FLOAT8(argno + 2);
	RequireNumber("horizon_days", horizon->days, horizon->days >= 0, "a number of days");
	RequireRate("annual_discount_rate", horizon->annual_rate);
	RequireRate("margin", horizon->margin);
	return true;
}

/* The day that ends a month, from 1; the last month is shorter. */
static float8
EndOfMonth(int64 month, const Horizon *horizon)
{
	return Min((float8) horizon->days, (float8) month * DAYS_PER_YEAR / 12);
}

/*
 * Purchases of the months until the horizon, each discounted from its end,
 * summed by parts: all terms are positive.
 */
static float8
DiscountedMonths(const FittedModel *model, const CrmRestart *restart, const Horizon *horizon)
{
	float8 force = CrmLog1p(horizon->annual_rate) / DAYS_PER_YEAR;
	float8 whole_month = -CrmExpm1(-force * DAYS_PER_YEAR / 12);
	float8 sum = 0;
	float8 last = 1;
	int64  months = (int64) ceil(horizon->days * 12 / DAYS_PER_YEAR);

	/* undiscounted months are but their end; once the discount is no double, nothing is added */
	for (int64 done = force > 0 ? 0 : Max(months - 1, 0); done < months && last > 0;
		 done += MONTHS_TOGETHER)
	{
		int	   count = (int) Min(MONTHS_TOGETHER, months - done);
		float8 units[MONTHS_TOGETHER], purchases[MONTHS_TOGETHER], discount[MONTHS_TOGETHER];

		for (int i = 0; i < count; i++)
		{
			float8 day = EndOfMonth(done + i + 1, horizon);

			units[i] = day / model->unit_days;
			if (model->family == CRM_BG_BB)
				units[i] = floor(units[i]);
			discount[i] = -force * day;
		}
		CrmLivingPurchases(restart, units, count, purchases);
		CrmExpArray(discount, discount, count);
		last = discount[count - 1];
		for (int i = 0; i < count; i++)
		{
			int64  left = months - (done + i + 1);
			float8 drop =
				left == 0 ? 1
				: left > 1
					? whole_month
					: -CrmExpm1(-force * (horizon->days - EndOfMonth(months - 1, horizon)));

			sum += purchases[i] * discount[i] * drop;
		}
		CHECK_FOR_INTERRUPTS();
	}
	return sum;
}

/* Purchases until the horizon, discounted, of a customer who is alive. */
static float8
PurchasesOfTheLiving(const FittedModel *model, CrmRestart restart, const Horizon *horizon)
{
	restart.alive = 1;
	restart.left = 0;
	if (horizon->forever)
		return CrmDert(&restart,
					   CrmLog1p(horizon->annual_rate) * model->unit_days / DAYS_PER_YEAR);
	return DiscountedMonths(model, &restart, horizon);
}

static float8
LifetimeValue(FunctionCallInfo fcinfo, const FittedModel *model, const CrmCustomer *customer,
			  float8 spend, const Horizon *horizon)
{
	MemoSubject subject;
	CrmRestart	restart;
	float8	   *known;
	float8		purchases;

	if (isnan(spend))
		return NAN;
	SetSubject(&subject, model, horizon->forever ? -1 : horizon->days, horizon->annual_rate);
	CrmRestartAt((CrmFamily) model->family, model->params, customer, &restart);
	known = MemoPlace(CallMemo(fcinfo, &subject), customer->frequency, customer->age);
	purchases = known != NULL && !isnan(*known) ? *known
												: PurchasesOfTheLiving(model, restart, horizon);
	if (known != NULL)
		*known = purchases;
	return horizon->margin * spend * (restart.alive * purchases);
}

/* btyd_model, spend_model, h, as_of, horizon_days, annual_discount_rate, margin */
Datum
clv_model_history(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history;
	FittedModel		*model, *spend;
	HistorySummary	 summary;
	CrmCustomer		 customer;
	Horizon			 horizon;
	DateADT			 as_of;
	int64			 frequency;
	float8			 monetary = 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) ||
		!ValueArguments(fcinfo, 4, &horizon))
		PG_RETURN_NULL();
	model = PG_GETARG_FITTED_MODEL_P(0);
	spend = PG_GETARG_FITTED_MODEL_P(1);
	history = PG_GETARG_PURCHASE_HISTORY_P(2);
	as_of = PG_GETARG_DATEADT(3);
	RequireFiniteDate(as_of, "as-of date");
	HistorySummarize(&summary, history, as_of);
	if (summary.purchase_days == 0 || !ModelHas(model, MODEL_HAS_PARAMS))
		PG_RETURN_NULL();
	(void) HistoryStatistics((CrmFamily) model->family, history, as_of, model->unit_days,
							 &frequency, &customer.recency, &customer.age);
	customer.frequency = (float8) frequency;
	if (model->family != CRM_BG_BB)
	{
		customer.recency /= model->unit_days;
		customer.age /= model->unit_days;
	}
	if (summary.purchase_days > 1)
		monetary = Float8FromMoney(summary.repeat_spend) / (summary.purchase_days - 1);
	return ReturnFigure(fcinfo, LifetimeValue(fcinfo, model, &customer,
											  SpendOf(spend, summary.purchase_days - 1,
													  summary.has_amount, monetary),
											  &horizon));
}

/*
 * btyd_model, spend_model, frequency, recency, age, monetary, horizon_days,
 * annual_discount_rate, margin
 */
Datum
clv_model(PG_FUNCTION_ARGS)
{
	FittedModel *model, *spend;
	CrmCustomer	 customer;
	Horizon		 horizon;
	int64		 frequency;
	float8		 monetary;
	bool		 known = !PG_ARGISNULL(5);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) ||
		PG_ARGISNULL(4) || !ValueArguments(fcinfo, 6, &horizon))
		PG_RETURN_NULL();
	model = PG_GETARG_FITTED_MODEL_P(0);
	spend = PG_GETARG_FITTED_MODEL_P(1);
	frequency = PG_GETARG_INT64(2);
	customer.frequency = (float8) frequency;
	customer.recency = PG_GETARG_FLOAT8(3);
	customer.age = PG_GETARG_FLOAT8(4);
	monetary = known ? PG_GETARG_FLOAT8(5) : 0;
	RequireStatistics((CrmFamily) model->family, frequency, customer.recency, customer.age);
	RequireSpend(frequency, known, monetary);
	if (!ModelHas(model, MODEL_HAS_PARAMS))
		PG_RETURN_NULL();
	return ReturnFigure(fcinfo,
						LifetimeValue(fcinfo, model, &customer,
									  SpendOf(spend, frequency, known, monetary), &horizon));
}

/* ---- renewals ---- */

static int32
PeriodArgument(FunctionCallInfo fcinfo, int argno, const char *name, int32 least)
{
	int32 period = PG_GETARG_INT32(argno);

	if (period < least)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be at least %d, got %d", name, least, period));
	return period;
}

Datum
renewal_survival(PG_FUNCTION_ARGS)
{
	FittedModel *model = PG_GETARG_FITTED_MODEL_P(0);
	int32		 period = PeriodArgument(fcinfo, 1, "period", 0);

	if (!ModelHas(model, MODEL_HAS_PARAMS))
		PG_RETURN_NULL();
	return ReturnFigure(fcinfo, CrmRenewalSurvival(model->params, period));
}

Datum
renewal_retention(PG_FUNCTION_ARGS)
{
	FittedModel *model = PG_GETARG_FITTED_MODEL_P(0);
	int32		 period = PeriodArgument(fcinfo, 1, "period", 1);

	if (!ModelHas(model, MODEL_HAS_PARAMS))
		PG_RETURN_NULL();
	return ReturnFigure(fcinfo, CrmRenewalRetention(model->params, period));
}

Datum
expected_lifetime(PG_FUNCTION_ARGS)
{
	FittedModel *model = PG_GETARG_FITTED_MODEL_P(0);
	float8		 rate = PG_GETARG_FLOAT8(1);
	int32		 renewals = PeriodArgument(fcinfo, 2, "renewals", 0);

	RequireRate("discount_rate", rate);
	if (!ModelHas(model, MODEL_HAS_PARAMS))
		PG_RETURN_NULL();
	return ReturnFigure(fcinfo, CrmExpectedLifetime(model->params, rate, renewals));
}
