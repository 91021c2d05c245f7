/*
 * btyd_pareto.c - likelihood of Pareto/NBD (Schmittlein, Morrison and Colombo
 * 1987), without lgamma(x + 1).
 *
 * One history contributes
 *
 *   sum over i < x of log((r + i) / alpha) - (r + x) log(1 + T / alpha)
 *   - s log(1 + T / beta) + log(1 + e^d),
 *
 * e^d = the integral over u from t_x to T of
 *   s / (beta + u) ((alpha + T) / (alpha + u))^(r + x) ((beta + T) / (beta + u))^s,
 *
 * the odds of having left at some u.  Fader and Hardie (2005, "A note on
 * deriving the Pareto/NBD model", eq. 22) write this integral as a difference
 * of two 2F1; it is taken by Gauss-Legendre rules instead: the integrand is
 * positive, so nothing cancels whatever the parameters, and the same nodes
 * give the gradient.
 */
#include "math/btyd_pareto.h"

#include <math.h>
#include <string.h>

#include "math/elementary.h"
#include "math/lanes.h"
#include "math/gauss.h"
#include "math/rising.h"
#include "math/vector.h"

#define NEVER -1e30
#define NEGLIGIBLE 48.0 /* e^-48: below the last digit of the integral */
#define BATCH_SEGMENTS (CRM_BLOCK / 8)
#define BLOCK 128 /* histories, a multiple of CRM_LANES */

/* The integral for one history. */
typedef struct Integral
{
	double shape; /* r + x */
	double alpha;
	double s;
	double beta;
	double age;
	double top; /* exponent at t_x, its largest */
	double sum;
	double log_scale;
	double inverse_scale;
	double log_beta;
	double inverse_beta;
} Integral;

/* How fast the exponent falls at u. */
static double
Slope(const Integral *in, double u)
{
	return in->shape / (in->alpha + u) + in->s / (in->beta + u);
}

/* By how much it has fallen there. */
static double
Fall(const Integral *in, double recency, double u)
{
	return in->shape * CrmLog1p((u - recency) / (in->alpha + recency)) +
		   in->s * CrmLog1p((u - recency) / (in->beta + recency));
}

/*
 * Where the integrand has become negligible, at most T: Newton's method on a
 * concave function from the left, which never passes the root.
 */
static double
UpperEnd(const Integral *in, double recency)
{
	double u = recency;

	if (in->top <= NEGLIGIBLE)
		return in->age;
	for (int i = 0; i < 8; i++)
	{
		double missing = NEGLIGIBLE - Fall(in, recency, u);

		if (missing < 0.5)
			break;
		u += missing / Slope(in, u);
	}
	return u < in->age ? u : in->age;
}

/*
 * Nodes of several histories, so that the vector kernels get long arrays.  All
 * share alpha, beta and s.
 */
typedef struct Batch
{
	int		  nodes;
	int		  segments;
	Integral *owner[BATCH_SEGMENTS];
	int		  start[BATCH_SEGMENTS + 1];
	double	  u[CRM_BLOCK];
	double	  rest[CRM_BLOCK]; /* T - u */
	double	  measure[CRM_BLOCK];
} Batch;

/* What the integrand is made of, at each node of a batch. */
typedef struct Values
{
	double log_scale[CRM_BLOCK]; /* log((alpha + T) / (alpha + u)) */
	double log_beta[CRM_BLOCK];
	double inverse_scale[CRM_BLOCK]; /* 1 / (alpha + u) */
	double inverse_beta[CRM_BLOCK];
	double term[CRM_BLOCK]; /* the integrand without s, times the node's weight */
} Values;

/* Add one owner's nodes from..end - 1 to its sums. */
static void
SumSegment(Integral *in, int from, int end, const Values *values)
{
	for (int i = from; i < end; i++)
	{
		double weight = values->term[i];

		in->sum += weight;
		in->log_scale += weight * values->log_scale[i];
		in->inverse_scale += weight * values->inverse_scale[i];
		in->log_beta += weight * values->log_beta[i];
		in->inverse_beta += weight * values->inverse_beta[i];
	}
}

/* Evaluate the integrand at all nodes and hand them to their owners. */
static void
FlushBatch(Batch *batch)
{
	Values values;
	double alpha, beta;

	if (batch->nodes == 0)
		return;
	alpha = batch->owner[0]->alpha;
	beta = batch->owner[0]->beta;
	for (int i = 0; i < batch->nodes; i++)
	{
		values.inverse_scale[i] = 1 / (alpha + batch->u[i]);
		values.inverse_beta[i] = 1 / (beta + batch->u[i]);
		values.log_scale[i] = batch->rest[i] * values.inverse_scale[i];
		values.log_beta[i] = batch->rest[i] * values.inverse_beta[i];
	}
	CrmLog1pArray(values.log_scale, values.log_scale, batch->nodes);
	CrmLog1pArray(values.log_beta, values.log_beta, batch->nodes);
	batch->start[batch->segments] = batch->nodes;
	for (int segment = 0; segment < batch->segments; segment++)
	{
		const Integral *in = batch->owner[segment];

		for (int i = batch->start[segment]; i < batch->start[segment + 1]; i++)
			values.term[i] =
				in->shape * values.log_scale[i] + in->s * values.log_beta[i] - in->top;
	}
	CrmExpArray(values.term, values.term, batch->nodes);
	for (int i = 0; i < batch->nodes; i++)
		values.term[i] *= batch->measure[i] * values.inverse_beta[i];
	for (int segment = 0; segment < batch->segments; segment++)
		SumSegment(batch->owner[segment], batch->start[segment], batch->start[segment + 1],
				   &values);
	batch->nodes = 0;
	batch->segments = 0;
}

/* Room for an owner's nodes; where they begin. */
static int
OpenSegment(Batch *batch, Integral *owner, int count)
{
	int start;

	if (batch->nodes + count > CRM_BLOCK || batch->segments == BATCH_SEGMENTS)
		FlushBatch(batch);
	start = batch->nodes;
	batch->owner[batch->segments] = owner;
	batch->start[batch->segments++] = start;
	batch->nodes += count;
	return start;
}

/* One rule over [recency, end] in u itself. */
static void
IntegrateLinear(Integral *in, double recency, double end, const CrmRule *rule, Batch *batch)
{
	int	   start = OpenSegment(batch, in, rule->count);
	double width = end - recency;

	for (int i = 0; i < rule->count; i++)
	{
		batch->u[start + i] = recency + width * rule->nodes[i];
		batch->rest[start + i] = (in->age - end) + width * rule->nodes[rule->count - 1 - i];
		batch->measure[start + i] = width * rule->weights[i];
	}
}

/*
 * Equal panels in log(shift + u), shift the smaller of alpha and beta: the
 * integrand's singularities then lie at distance pi from the line.
 */
static void
IntegrateLog(Integral *in, double recency, double range, int panels, const CrmRule *rule,
			 Batch *batch)
{
	double shift = in->alpha < in->beta ? in->alpha : in->beta;
	double width = range / panels;

	for (int panel = 0; panel < panels; panel++)
	{
		int		start = OpenSegment(batch, in, rule->count);
		double *measure = batch->measure + start;

		for (int i = 0; i < rule->count; i++)
			measure[i] = width * (panel + rule->nodes[i]);
		CrmExpArray(measure, measure, rule->count);
		for (int i = 0; i < rule->count; i++)
		{
			double length = (shift + recency) * measure[i];
			double rest = in->age - (length - shift);

			batch->u[start + i] = length - shift;
			batch->rest[start + i] = rest > 0 ? rest : 0;
			measure[i] = length * width * rule->weights[i];
		}
	}
}

#define MAX_PANELS 1e9

/*
 * Choose variable and rule by how far and how steeply the integrand falls; the
 * limits were found by trial to leave 1e-13.
 */
static void
Integrate(Integral *in, double recency, Batch *batch)
{
	double shift = in->alpha < in->beta ? in->alpha : in->beta;
	double end = UpperEnd(in, recency);
	double width = end - recency;
	double ratio = width / (shift + recency);
	double range, steep, parts;
	int	   panels;

	if (ratio <= 3)
	{
		steep = Slope(in, recency) * width;
		if (steep <= 60)
		{
			double hard = steep + 4 * ratio;

			IntegrateLinear(in, recency, end,
							&CrmRules[hard > 18	   ? 2
									  : hard > 3.5 ? 1
												   : 0],
							batch);
			return;
		}
	}
	range = CrmLog1p(ratio);
	steep = Slope(in, end) * (shift + end) * range;
	parts = range / 7 > steep / 50 ? range / 7 : steep / 50;
	if (!(parts < MAX_PANELS)) /* NaN, or parameters far from any that an optimum has */
		return;
	panels = 1 + (int) parts;
	IntegrateLog(in, recency, range, panels,
				 &CrmRules[panels > 1 || range > 3 || steep > 12 ? 2 : 1], batch);
}

static void
SetIntegral(const double *params, double frequency, double age, Integral *in)
{
	memset(in, 0, sizeof(*in));
	in->shape = params[0] + frequency;
	in->alpha = params[1];
	in->s = params[2];
	in->beta = params[3];
	in->age = age;
}

/* What the integral's sums say, once its batch is flushed; log_mass is the log of s x sum. */
static void
EndIntegral(const Integral *in, double log_mass, CrmDeparture *departure)
{
	memset(departure, 0, sizeof(*departure));
	departure->log_odds = NEVER;
	if (!(in->sum > 0))
		return;
	departure->log_odds = in->top + log_mass;
	departure->log_scale = in->log_scale / in->sum;
	departure->inverse_scale = in->inverse_scale / in->sum;
	departure->log_beta = in->log_beta / in->sum;
	departure->inverse_beta = in->inverse_beta / in->sum;
}

void
CrmParetoDeparture(const double *params, double frequency, double recency, double age,
				   CrmDeparture *departure)
{
	Integral in;
	Batch	 batch;

	batch.nodes = 0;
	batch.segments = 0;
	SetIntegral(params, frequency, age, &in);
	if (age > recency)
	{
		in.top = Fall(&in, recency, age);
		Integrate(&in, recency, &batch);
	}
	FlushBatch(&batch);
	EndIntegral(&in, CrmLog(in.s * in.sum), departure);
}

typedef struct Sums
{
	CrmLanes value;
	CrmLanes shape;
	CrmLanes scale;
	CrmLanes s;
	CrmLanes beta;
} Sums;

/* The integrals of the histories from..from + count - 1. */
static void
IntegrateBlock(const CrmSample *sample, const double *params, int from, int count,
			   Integral *integrals)
{
	Batch  batch;
	double log_scale[BLOCK] = {0}, log_beta[BLOCK] = {0};
	int	   padded = CrmPadLanes(count);

	batch.nodes = 0;
	batch.segments = 0;
	for (int i = 0; i < count; i++)
	{
		double recency = sample->times[sample->recency[from + i]];
		double length = sample->times[sample->age[from + i]] - recency;

		log_scale[i] = length / (params[1] + recency);
		log_beta[i] = length / (params[3] + recency);
	}
	CrmLog1pArray(log_scale, log_scale, padded);
	CrmLog1pArray(log_beta, log_beta, padded);
	for (int i = 0; i < count; i++)
	{
		Integral *in = &integrals[i];
		double	  recency = sample->times[sample->recency[from + i]];
		double	  age = sample->times[sample->age[from + i]];

		SetIntegral(params, sample->frequencies[sample->frequency[from + i]], age, in);
		if (!(age > recency))
			continue;
		in->top = in->shape * log_scale[i] + in->s * log_beta[i];
		Integrate(in, recency, &batch);
	}
	FlushBatch(&batch);
}

/* What they say, and in small[] and extra[] e^-|log odds| and log(1 + e^-|log odds|). */
static void
EndBlock(const Integral *integrals, int count, CrmDeparture *gone, double *small, double *extra)
{
	double log_mass[BLOCK];
	int	   padded = CrmPadLanes(count);

	for (int i = 0; i < padded; i++)
		log_mass[i] = i < count && integrals[i].sum > 0 ? integrals[i].s * integrals[i].sum : 1;
	CrmLogArray(log_mass, log_mass, padded);
	for (int i = 0; i < padded; i++)
	{
		small[i] = 0;
		if (i >= count)
			continue;
		EndIntegral(&integrals[i], log_mass[i], &gone[i]);
		small[i] = -fabs(gone[i].log_odds);
	}
	CrmExpArray(small, small, padded);
	CrmLog1pArray(small, extra, padded);
}

/* The histories from..from + count - 1, at most BLOCK. */
static void
AddBlock(const CrmSample *sample, const double *params, int from, int count, Sums *sums)
{
	double		 log_scale[BLOCK] = {0}, log_beta[BLOCK] = {0}; /* log(1 + T / alpha), beta */
	double		 small[BLOCK], extra[BLOCK];
	CrmDeparture departures[BLOCK];
	double		 weight[BLOCK] = {0}, value[BLOCK] = {0}, shape[BLOCK] = {0};
	double		 scale[BLOCK] = {0}, s[BLOCK] = {0}, beta[BLOCK] = {0};
	Integral	 integrals[BLOCK];
	int			 padded = CrmPadLanes(count);

	memcpy(weight, sample->weight + from, count * sizeof(double));
	IntegrateBlock(sample, params, from, count, integrals);
	for (int i = 0; i < count; i++)
	{
		log_scale[i] = sample->times[sample->age[from + i]] / params[1];
		log_beta[i] = sample->times[sample->age[from + i]] / params[3];
	}
	CrmLog1pArray(log_scale, log_scale, padded);
	CrmLog1pArray(log_beta, log_beta, padded);
	EndBlock(integrals, count, departures, small, extra);
	for (int i = 0; i < count; i++)
	{
		CrmDeparture gone = departures[i];
		double		 time = sample->times[sample->age[from + i]];
		double		 inverse_scale = 1 / (params[1] + time);
		double		 inverse_beta = 1 / (params[3] + time);
		double		 left = (gone.log_odds >= 0 ? 1 : small[i]) / (1 + small[i]);

		value[i] = extra[i] + (gone.log_odds > 0 ? gone.log_odds : 0) -
				   integrals[i].shape * log_scale[i] - params[2] * log_beta[i];
		shape[i] = left * gone.log_scale - log_scale[i];
		scale[i] =
			integrals[i].shape *
			(time * inverse_scale + left * params[1] * (inverse_scale - gone.inverse_scale));
		s[i] = left * (1 + params[2] * gone.log_beta) - params[2] * log_beta[i];
		beta[i] = params[2] * time * inverse_beta +
				  left * params[3] *
					  (params[2] * (inverse_beta - gone.inverse_beta) - gone.inverse_beta);
	}
	CrmAddLanes(&sums->value, weight, value, padded);
	CrmAddLanes(&sums->shape, weight, shape, padded);
	CrmAddLanes(&sums->scale, weight, scale, padded);
	CrmAddLanes(&sums->s, weight, s, padded);
	CrmAddLanes(&sums->beta, weight, beta, padded);
}

double
CrmParetoLikelihood(const CrmSample *sample, const double *params, const CrmHooks *hooks,
					double *gradient)
{
	double r = params[0], log_alpha = CrmLog(params[1]);
	double value = 0, by_r = 0, by_alpha = 0;
	double done = 0, rising = 0, inverse = 0;
	Sums   sums;

	memset(&sums, 0, sizeof(sums));
	for (int from = 0; from < sample->patterns; from += BLOCK)
	{
		int left = sample->patterns - from;

		AddBlock(sample, params, from, left < BLOCK ? left : BLOCK, &sums);
		hooks->interrupt();
	}
	for (int i = 0; i < sample->frequency_count; i++)
	{
		double x = sample->frequencies[i];
		double customers = sample->frequency_weight[i];

		rising += CrmLogRising(r + done, x - done) - (x - done) * log_alpha;
		inverse += CrmSumInverse(r + done, x - done);
		done = x;
		value += customers * rising;
		by_r += customers * inverse;
		by_alpha -= customers * x;
	}
	gradient[0] = r * (by_r + CrmTotalLanes(&sums.shape));
	gradient[1] = by_alpha + CrmTotalLanes(&sums.scale);
	gradient[2] = CrmTotalLanes(&sums.s);
	gradient[3] = CrmTotalLanes(&sums.beta);
	return value + CrmTotalLanes(&sums.value);
}
