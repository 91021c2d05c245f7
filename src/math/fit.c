/*
 * fit.c - maximum likelihood from several starts, standard errors, and the
 * verdict: converged exactly when the gradient in log parameters is below
 * 1e-6 x customers, minus the Hessian is positive definite, and no parameter
 * lies outside 1e-5 .. 1e5.
 */
#include "math/fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "math/elementary.h"

#define N CRM_MAX_PARAMETERS
#define GAIN 1e-10 /* log-likelihood still to be had at the end */
#define BOUND 40.0 /* in log parameters: a ridge may rise with their logarithm */
#define SMALLEST 1e-5
#define LARGEST 1e5
#define SECOND_OPINIONS 4 /* starts of a population too large to run them all */
#define BUDGET 20000 /* evaluations of one start: more than the limits of its loops allow */
#define COSTLY_BUDGET \
	120 /* a maximum takes 20 to 50; the way to the end of a ridge any number */

static void
ParametersAt(const CrmFitTask *task, const double *point, double *params)
{
	for (int i = 0; i < task->count; i++)
		params[i] = task->scale[i] * CrmExp(point[i]);
}

static bool
Objective(void *context, const double *point, double *value, double *gradient)
{
	const CrmFitTask *task = context;
	double			  params[N];

	ParametersAt(task, point, params);
	*value = task->likelihood(task->context, params, gradient);
	return isfinite(*value);
}

/* Append "name runs to zero" or "to infinity"; how many parameters did. */
static int
NameRunaways(const CrmFitTask *task, const double *params, char *reason, size_t size)
{
	int	   found = 0;
	size_t length = 0;

	for (int i = 0; i < task->count; i++)
	{
		double value = params[i] / task->judged[i];

		if (value >= SMALLEST && value <= LARGEST)
			continue;
		length +=
			snprintf(reason + length, length < size ? size - length : 0, "%s%s runs to %s",
					 found > 0 ? ", " : "", task->names[i], value > 1 ? "infinity" : "zero");
		if (length >= size)
			/* not reached: all names together are shorter */
			length = size - 1;
		found++;
	}
	return found;
}

/* Covariance of the parameters from the Hessian in their logarithms. */
static bool
FillCovariance(const CrmOptimum *optimum, const double *params, CrmFit *fit)
{
	double information[N][N], inverse[N][N];

	for (int i = 0; i < optimum->count; i++)
		for (int j = 0; j < optimum->count; j++)
			information[i][j] = -optimum->hessian[i][j];
	if (!optimum->has_hessian || !CrmInvertPositive(optimum->count, information, inverse))
		return false;
	for (int i = 0; i < optimum->count; i++)
	{
		for (int j = 0; j < optimum->count; j++)
			fit->covariance[i][j] =
				params[i] * params[j] * 0.5 * (inverse[i][j] + inverse[j][i]);
		if (!isfinite(fit->covariance[i][i]))
			return false;
		fit->standard_errors[i] = sqrt(fit->covariance[i][i]);
	}
	return true;
}

/* Turn an optimum into a fit with its verdict. */
static void
Judge(const CrmFitTask *task, const CrmOptimum *optimum, CrmFit *fit)
{
	double steepest = 0;
	bool   definite;

	memset(fit, 0, sizeof(*fit));
	fit->count = task->count;
	fit->customers = task->customers;
	fit->log_likelihood = optimum->value;
	fit->usable = true;
	fit->iterations = optimum->iterations;
	ParametersAt(task, optimum->point, fit->params);
	for (int i = 0; i < task->count; i++)
		steepest = fmax(steepest, fabs(optimum->gradient[i]));
	definite = FillCovariance(optimum, fit->params, fit);
	if (NameRunaways(task, fit->params, fit->reason, sizeof(fit->reason)) > 0)
		return;
	if (!(steepest < 1e-6 * task->customers))
		snprintf(fit->reason, sizeof(fit->reason), "the gradient does not vanish");
	else if (!definite)
		snprintf(fit->reason, sizeof(fit->reason), "the likelihood is flat at its maximum");
	else
		fit->converged = true;
}

void
CrmRunFit(const CrmFitTask *task, CrmFit *fit)
{
	int	   evaluations = 0;
	double slack = 1e-9 * task->customers;
	/* the likelihood may have several maxima: the best of all starts is wanted */
	bool doubtful = task->thorough;

	for (int start = 0; start < task->start_count; start++)
	{
		CrmOptimum optimum;
		CrmFit	   trial;
		double	   point[N];
		bool	   agrees;

		for (int i = 0; i < task->count; i++)
			point[i] = CrmLog(task->starts[start][i]);
		CrmMaximise(Objective, (void *) task, task->count, point, BOUND, GAIN,
					task->costly ? COSTLY_BUDGET : BUDGET, &optimum);
		Judge(task, &optimum, &trial);
		evaluations += optimum.evaluations;
		/* two ways to the same height, and nothing converges there: it is a ridge */
		agrees = task->costly && start > 0 && !trial.converged && !fit->converged &&
				 fabs(trial.log_likelihood - fit->log_likelihood) < 100 * slack;
		if (start == 0 || trial.log_likelihood > fit->log_likelihood + slack ||
			(trial.converged && trial.log_likelihood > fit->log_likelihood - slack))
			*fit = trial;
		doubtful = doubtful || !trial.converged;
		if (!doubtful || agrees || (!task->thorough && start + 1 == SECOND_OPINIONS))
			break;
	}
	fit->evaluations = evaluations;
	if (!isfinite(fit->log_likelihood))
		CrmNoFit(task->count, task->customers, "the likelihood is not finite", fit);
}

void
CrmNoFit(int count, double customers, const char *reason, CrmFit *fit)
{
	memset(fit, 0, sizeof(*fit));
	fit->count = count;
	fit->customers = customers;
	snprintf(fit->reason, sizeof(fit->reason), "%s", reason);
}
