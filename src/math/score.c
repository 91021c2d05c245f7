/*
 * score.c - predictions of the customer-base models, by the restart rule.
 */
#include "math/score.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "math/average.h"
#include "math/btyd_bgbb.h"
#include "math/btyd_pareto.h"
#include "math/elementary.h"
#include "math/rising.h"
#include "math/score_bg.h"
#include "math/score_bgbb.h"
#include "math/score_pareto.h"

#define STEPS_TOGETHER 16

/* The chance of being alive from the log odds of having left. */
static void
SetAlive(CrmRestart *restart, double log_odds)
{
	double small = CrmExp(-fabs(log_odds));
	double large = 1 / (1 + small);

	restart->alive = log_odds > 0 ? small * large : large;
	restart->left = log_odds > 0 ? large : small * large;
}

/* bg/nbd and mbg/nbd: log odds of having left right after the last purchase */
static double
BgLogOdds(const double *params, double chances, const CrmCustomer *c)
{
	double quiet = CrmLog1p((c->age - c->recency) / (params[1] + c->recency));

	return CrmLog(params[2] / chances) + (params[0] + c->frequency) * quiet;
}

static void
RestartBg(CrmRestart *restart, const double *params, const CrmCustomer *c)
{
	bool   modified = restart->family == CRM_MBG_NBD;
	double chances = params[3] + (modified ? c->frequency : c->frequency - 1);

	restart->params[0] = params[0] + c->frequency;
	restart->params[1] = params[1] + c->age;
	restart->params[2] = params[2];
	restart->params[3] = params[3] + (modified ? c->frequency + 1 : c->frequency);
	if (modified || c->frequency > 0)
		SetAlive(restart, BgLogOdds(params, chances, c));
}

static void
RestartPareto(CrmRestart *restart, const double *params, const CrmCustomer *c)
{
	CrmDeparture departure;

	restart->params[0] = params[0] + c->frequency;
	restart->params[1] = params[1] + c->age;
	restart->params[2] = params[2];
	restart->params[3] = params[3] + c->age;
	CrmParetoDeparture(params, c->frequency, c->recency, c->age, &departure);
	SetAlive(restart, departure.log_odds);
}

static void
RestartBgbb(CrmRestart *restart, const double *params, const CrmCustomer *c)
{
	double odds;

	restart->params[0] = params[0] + c->frequency;
	restart->params[1] = params[1] + (c->age - c->frequency);
	restart->params[2] = params[2];
	restart->params[3] = params[3] + c->age;
	CrmBgbbHistory(params, c->frequency, c->recency, c->age, &restart->alive, &odds);
	restart->left = odds < 1 ? odds * restart->alive : 1 - restart->alive;
}

void
CrmRestartAt(CrmFamily family, const double *params, const CrmCustomer *customer,
			 CrmRestart *restart)
{
	restart->family = family;
	restart->alive = 1;
	restart->left = 0;
	if (family == CRM_BG_BB)
		RestartBgbb(restart, params, customer);
	else if (family == CRM_PARETO_NBD)
		RestartPareto(restart, params, customer);
	else
		RestartBg(restart, params, customer);
}

double
CrmPAlive(const CrmRestart *restart)
{
	double gamma = restart->params[2], delta = restart->params[3];

	if (restart->family == CRM_BG_BB)
		return restart->alive * delta / (gamma + delta);
	return restart->alive;
}

void
CrmLivingPurchases(const CrmRestart *restart, const double *horizons, int count,
				   double *purchases)
{
	const double *params = restart->params;

	if (restart->family == CRM_BG_NBD || restart->family == CRM_MBG_NBD)
	{
		CrmBgPurchases(params, horizons, count, purchases);
		return;
	}
	for (int i = 0; i < count; i++)
	{
		if (!(horizons[i] > 0))
			purchases[i] = 0;
		else if (restart->family == CRM_BG_BB)
			purchases[i] = CrmBgbbPurchases(params, horizons[i]);
		else
			purchases[i] = CrmParetoPurchases(params, horizons[i]);
	}
}

double
CrmExpectedPurchases(const CrmRestart *restart, double horizon)
{
	double purchases;

	CrmLivingPurchases(restart, &horizon, 1, &purchases);
	return restart->alive * purchases;
}

double
CrmPurchaseProbability(const CrmRestart *restart, double purchases, double horizon)
{
	double fresh;

	if (!(horizon > 0))
		return purchases == 0 ? 1 : 0;
	if (restart->family == CRM_BG_BB)
		fresh = CrmBgbbProbability(restart->params, purchases, horizon);
	else if (restart->family == CRM_PARETO_NBD)
		fresh = CrmParetoProbability(restart->params, purchases, horizon);
	else
		fresh = CrmBgProbability(restart->params, purchases, horizon);
	return restart->alive * fresh + (purchases == 0 ? restart->left : 0);
}

double
CrmDert(const CrmRestart *restart, double rate)
{
	double fresh;

	if (rate == 0 && restart->params[2] <= 1)
		return INFINITY;
	if (restart->family == CRM_BG_BB)
		fresh = CrmBgbbDert(restart->params, rate);
	else if (restart->family == CRM_PARETO_NBD)
		fresh = CrmParetoDert(restart->params, rate);
	else
		fresh = CrmBgDert(restart->params, rate);
	return restart->alive * fresh;
}

/*
 * Summed by parts, so that all terms are positive and no difference of nearby
 * expectations is taken: E[n step] d^n + sum of E[k step] (d^k - d^(k+1)). E is concave and
 * zero at 0, so behind step k nothing is left that exceeds E[k step] d^k n / k.
 */
double
CrmDiscountedPurchases(const CrmRestart *restart, double steps, double step, double rate,
					   const CrmHooks *hooks)
{
	double discount = 1 / (1 + rate);
	double power = 1;
	double sum = 0;

	if (!(steps > 0))
		return 0;
	if (rate == 0)
		return CrmExpectedPurchases(restart, steps * step);
	/* once the discount is no double any more, nothing is added */
	for (double done = 0; done < steps && power > 0; done += STEPS_TOGETHER)
	{
		int	   count = (int) fmin(STEPS_TOGETHER, steps - done);
		double horizons[STEPS_TOGETHER], purchases[STEPS_TOGETHER];

		for (int i = 0; i < count; i++)
			horizons[i] = (done + i + 1) * step;
		CrmLivingPurchases(restart, horizons, count, purchases);
		for (int i = 0; i < count; i++)
		{
			power *= discount;
			sum += purchases[i] * power * (done + i + 1 < steps ? rate * discount : 1);
		}
		if (purchases[count - 1] * power * (steps / (done + count)) <= DBL_EPSILON / 16 * sum)
			break;
		hooks->interrupt();
	}
	return restart->alive * sum;
}

double
CrmExpectedSpend(const double *params, double frequency, double monetary)
{
	double p = params[0], q = params[1], gamma = params[2];
	double total = frequency > 0 && monetary > 0 ? frequency * monetary : 0;
	double divisor = p * frequency + (q - 1);

	if (!(divisor > 0))
		return NAN;
	return p * (gamma + total) / divisor;
}

double
CrmRenewalSurvival(const double *params, double period)
{
	return CrmExp(CrmLogSurvival(params[0], params[1], period));
}

double
CrmRenewalRetention(const double *params, double period)
{
	return (params[1] + (period - 1)) / (params[0] + params[1] + (period - 1));
}

double
CrmExpectedLifetime(const double *params, double discount_rate, double renewals)
{
	double beta = params[1] + renewals;

	if (discount_rate == 0)
		return params[0] > 1 ? (params[0] + beta - 1) / (params[0] - 1) : NAN;
	return CrmHyp2f1One(params[0], beta, discount_rate / (1 + discount_rate));
}
