/*
 * optimise.c - a compact quasi-Newton maximiser for up to four parameters.
 *
 * BFGS (Nocedal and Wright 2006, algorithm 6.1) on the negated function, with
 * three safeguards.  It starts from a Hessian by differences of the gradient,
 * so that its first steps have the right length in data of any size.  Steps
 * are bounded, and the line search interpolates between an upper and a lower
 * end, so that a plateau or a pole costs evaluations, never a wrong turn.
 * Before it ends it takes the Hessian by central differences: if a Newton step
 * still promises a gain it goes on from there, which is what tells a ridge
 * that runs to infinity from a maximum.
 */
#include "math/optimise.h"

#include <math.h>
#include <string.h>

#define N CRM_MAX_PARAMETERS
#define MAX_ITERATIONS 200
#define MAX_POLISHES 12
#define LINE_STEPS 30
#define STALLED 1e-9 /* of the function's value: a round that gains less is the last */
#define MAX_STEP 2.5
#define DIFFERENCE 1e-3
#define ROUNDING 1e-14 /* of the function's value, relative */

typedef struct Search
{
	CrmObjective objective;
	void		*context;
	int			 count;
	double		 bound;
	double		 tolerance;
	int			 budget;
	CrmOptimum	*best;
	double		 inverse[N][N]; /* of the Hessian of the negated function */
} Search;

typedef struct Trial
{
	double point[N];
	double value;
	double gradient[N];
} Trial;

static double
Dot(int count, const double *left, const double *right)
{
	double sum = 0;

	for (int i = 0; i < count; i++)
		sum += left[i] * right[i];
	return sum;
}

static bool
Evaluate(Search *search, Trial *trial)
{
	bool finite;

	if (search->best->evaluations >= search->budget)
		return false;
	search->best->evaluations++;
	finite = search->objective(search->context, trial->point, &trial->value, trial->gradient);
	for (int i = 0; i < search->count && finite; i++)
		finite = isfinite(trial->gradient[i]);
	return finite && isfinite(trial->value);
}

/* Lower triangular factor; false where the matrix is not positive definite. */
static bool
Factor(int count, double matrix[][N], double lower[][N])
{
	for (int i = 0; i < count; i++)
	{
		for (int j = 0; j <= i; j++)
		{
			double sum = matrix[i][j];

			for (int k = 0; k < j; k++)
				sum -= lower[i][k] * lower[j][k];
			if (i != j)
				lower[i][j] = sum / lower[j][j];
			else if (!(sum > 1e-14 * fabs(matrix[i][i])) || !isfinite(sum))
				return false;
			else
				lower[i][i] = sqrt(sum);
		}
	}
	return true;
}

bool
CrmInvertPositive(int count, double matrix[][N], double inverse[][N])
{
	double lower[N][N] = {{0}};

	if (!Factor(count, matrix, lower))
		return false;
	for (int column = 0; column < count; column++)
	{
		double solution[N];

		for (int i = 0; i < count; i++)
		{
			solution[i] = i == column ? 1.0 : 0.0;
			for (int k = 0; k < i; k++)
				solution[i] -= lower[i][k] * solution[k];
			solution[i] /= lower[i][i];
		}
		for (int i = count - 1; i >= 0; i--)
		{
			for (int k = i + 1; k < count; k++)
				solution[i] -= lower[k][i] * solution[k];
			solution[i] /= lower[i][i];
		}
		for (int i = 0; i < count; i++)
			inverse[i][column] = solution[i];
	}
	return true;
}

/*
 * Inverse of a symmetric matrix made positive definite: a multiple of its
 * diagonal is added until it is.
 */
static void
InvertSafely(int count, double matrix[][N], double inverse[][N])
{
	double shifted[N][N];
	double scale = 0;

	for (int i = 0; i < count; i++)
		scale = fmax(scale, fabs(matrix[i][i]));
	if (!(scale > 0) || !isfinite(scale))
		scale = 1;
	for (double shift = 0; shift<1e9; shift = shift> 0 ? shift * 4 : 1e-6)
	{
		memcpy(shifted, matrix, sizeof(shifted));
		for (int i = 0; i < count; i++)
			shifted[i][i] += shift * scale;
		if (CrmInvertPositive(count, shifted, inverse))
			return;
	}
	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++)
			inverse[i][j] = i == j ? 1 / scale : 0;
}

/* Hessian of the function by differences of its gradient, one- or two-sided. */
static bool
DifferenceHessian(Search *search, bool central, double hessian[][N])
{
	const CrmOptimum *best = search->best;
	int				  count = search->count;
	double			  raw[N][N];

	for (int i = 0; i < count; i++)
	{
		Trial  up;
		Trial  down;
		double width;

		memcpy(up.point, best->point, sizeof(up.point));
		memcpy(down.point, best->point, sizeof(down.point));
		memcpy(down.gradient, best->gradient, sizeof(down.gradient));
		up.point[i] += DIFFERENCE;
		if (!Evaluate(search, &up))
			return false;
		if (central)
		{
			down.point[i] -= DIFFERENCE;
			if (!Evaluate(search, &down))
				return false;
		}
		width = up.point[i] - down.point[i];
		for (int j = 0; j < count; j++)
			raw[i][j] = (up.gradient[j] - down.gradient[j]) / width;
	}
	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++)
			hessian[i][j] = 0.5 * (raw[i][j] + raw[j][i]);
	return true;
}

/* Start the inverse from the Hessian by differences. */
static bool
ResetInverse(Search *search, bool central)
{
	double hessian[N][N];
	double negated[N][N];

	if (!DifferenceHessian(search, central, hessian))
		return false;
	for (int i = 0; i < search->count; i++)
		for (int j = 0; j < search->count; j++)
			negated[i][j] = -hessian[i][j];
	if (central)
	{
		memcpy(search->best->hessian, hessian, sizeof(hessian));
		search->best->has_hessian = true;
	}
	InvertSafely(search->count, negated, search->inverse);
	return true;
}

/* The gain worth a step: the tolerance, or what rounding hides. */
static double
Worthwhile(const Search *search)
{
	return search->tolerance + ROUNDING * fabs(search->best->value);
}

/* Whether a coordinate stands at a bound and the function rises beyond it. */
static bool
IsHeld(const Search *search, int i)
{
	double point = search->best->point[i], slope = search->best->gradient[i];

	return (point >= search->bound && slope > 0) || (point <= -search->bound && slope < 0);
}

/* The inverse given that some coordinates are held: theirs are zero. */
static void
ConditionalInverse(const Search *search, double inverse[][N])
{
	int count = search->count;

	memcpy(inverse, search->inverse, sizeof(search->inverse));
	for (int held = 0; held < count; held++)
	{
		double pivot = inverse[held][held];
		double column[N];

		if (!IsHeld(search, held))
			continue;
		for (int i = 0; i < count; i++)
			column[i] = inverse[i][held];
		for (int i = 0; i < count; i++)
			for (int j = 0; j < count; j++)
			{
				if (i == held || j == held)
					inverse[i][j] = 0;
				else if (pivot > 0)
					inverse[i][j] -= column[i] * column[j] / pivot;
			}
	}
}

/*
 * direction = inverse x gradient over the coordinates that may move, shortened
 * to the longest step and to the bounds; its promised slope.
 */
static double
Direction(const Search *search, double *direction)
{
	const CrmOptimum *best = search->best;
	double			  inverse[N][N];
	double			  factor = 1;

	ConditionalInverse(search, inverse);
	for (int i = 0; i < search->count; i++)
		direction[i] = Dot(search->count, inverse[i], best->gradient);
	for (int i = 0; i < search->count; i++)
	{
		double room = search->bound - (direction[i] > 0 ? best->point[i] : -best->point[i]);

		if (room <= 0)
			direction[i] = 0;
		if (fabs(direction[i]) * factor > MAX_STEP)
			factor = MAX_STEP / fabs(direction[i]);
		if (fabs(direction[i]) * factor > room)
			factor = room / fabs(direction[i]);
	}
	for (int i = 0; i < search->count; i++)
		direction[i] *= factor;
	return Dot(search->count, direction, best->gradient);
}

/* Where the cubic through both ends has its maximum, kept inside them. */
static double
Interpolate(double low, double low_value, double low_slope, double high, double high_value,
			double high_slope)
{
	double width = high - low;
	double chord = low_slope + high_slope - 3 * (high_value - low_value) / width;
	double root = sqrt(fmax(chord * chord - low_slope * high_slope, 0));
	double step;

	step = high - width * (high_slope - root - chord) / (high_slope - low_slope - 2 * root);
	if (!isfinite(step) || (step - low) / width < 0.1 || (step - low) / width > 0.9)
		step = low + 0.5 * width;
	return step;
}

/* The trial at a step along the direction; its slope there. */
static bool
Step(Search *search, const double *direction, double step, Trial *trial, double *slope)
{
	for (int i = 0; i < search->count; i++)
		trial->point[i] = fmax(
			-search->bound, fmin(search->bound, search->best->point[i] + step * direction[i]));
	if (!Evaluate(search, trial))
		return false;
	*slope = Dot(search->count, direction, trial->gradient);
	return true;
}

/*
 * A step with enough gain and a slope well below the first one.  Within
 * rounding of the value the slope alone decides (Hager and Zhang 2005).
 */
static bool
LineSearch(Search *search, const double *direction, double first_slope, Trial *trial)
{
	double start = search->best->value;
	double noise = ROUNDING * fabs(start);
	double low = 0, low_value = start, low_slope = first_slope;
	double high = 0, high_value = 0, high_slope = 0;
	bool   bracketed = false;
	double step = 1;

	for (int i = 0; i < LINE_STEPS; i++)
	{
		double slope = 0;
		bool   finite = Step(search, direction, step, trial, &slope);
		double gain = finite ? trial->value - start : 0;

		if (!finite || gain < 1e-4 * step * first_slope - noise ||
			trial->value < low_value - noise)
		{
			high = step;
			bracketed = true;
			high_value = finite ? trial->value : NAN; /* NaN: halve */
			high_slope = slope;
		}
		else if (fabs(slope) <= 0.9 * first_slope)
			return true;
		else if (slope > 0 && !bracketed)
		{
			if (step >= 4)
				return true;
			low = step, low_value = trial->value, low_slope = slope;
			step *= 2;
			continue;
		}
		else if (slope > 0)
			low = step, low_value = trial->value, low_slope = slope;
		else
		{
			high = step, high_value = trial->value, high_slope = slope;
			bracketed = true;
		}
		if (fabs(high - low) < 1e-12)
			break;
		step = Interpolate(low, low_value, low_slope, high, high_value, high_slope);
	}
	return trial->value > start;
}

/* The BFGS update of the inverse by one step and the change of gradient. */
static void
UpdateInverse(Search *search, const Trial *next)
{
	int	   count = search->count;
	double step[N], change[N], image[N];
	double curvature, scale;

	for (int i = 0; i < count; i++)
	{
		step[i] = next->point[i] - search->best->point[i];
		change[i] = search->best->gradient[i] - next->gradient[i];
	}
	curvature = Dot(count, step, change);
	if (!(curvature > 1e-10 * sqrt(Dot(count, step, step) * Dot(count, change, change))))
		return;
	for (int i = 0; i < count; i++)
		image[i] = Dot(count, search->inverse[i], change);
	scale = (1 + Dot(count, change, image) / curvature) / curvature;
	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++)
			search->inverse[i][j] += scale * step[i] * step[j] -
									 (step[i] * image[j] + image[i] * step[j]) / curvature;
}

static void
Accept(Search *search, const Trial *next)
{
	CrmOptimum *best = search->best;

	memcpy(best->point, next->point, sizeof(best->point));
	memcpy(best->gradient, next->gradient, sizeof(best->gradient));
	best->value = next->value;
	best->has_hessian = false;
	best->iterations++;
}

/* Quasi-Newton steps until the promised gain is below the tolerance. */
static void
Climb(Search *search)
{
	CrmOptimum *best = search->best;
	bool		fresh = true;

	while (best->iterations < MAX_ITERATIONS)
	{
		double direction[N];
		Trial  next;
		double slope = Direction(search, direction);

		if (!(slope > 2 * Worthwhile(search)))
			return;
		if (LineSearch(search, direction, slope, &next))
		{
			UpdateInverse(search, &next);
			Accept(search, &next);
			fresh = false;
		}
		else if (fresh || !ResetInverse(search, false))
			return;
		else
			fresh = true;
	}
}

static double
Steepest(int count, const double *gradient)
{
	double steepest = 0;

	for (int i = 0; i < count; i++)
		steepest = fmax(steepest, fabs(gradient[i]));
	return steepest;
}

/*
 * One last Newton step, smaller than the value can tell: the gradient says
 * whether it was good.  The Hessian stays as it is.
 */
static void
Refine(Search *search, const double *direction)
{
	CrmOptimum *best = search->best;
	Trial		last;
	double		slope;

	if (!Step(search, direction, 1, &last, &slope) ||
		!(Steepest(search->count, last.gradient) < Steepest(search->count, best->gradient)))
		return;
	Accept(search, &last);
	best->has_hessian = true;
}

void
CrmMaximise(CrmObjective objective, void *context, int count, const double *start, double bound,
			double tolerance, int budget, CrmOptimum *optimum)
{
	Search search = {objective, context, count, bound, tolerance, budget, optimum, {{0}}};
	Trial  first;

	memset(optimum, 0, sizeof(*optimum));
	optimum->count = count;
	memcpy(first.point, start, count * sizeof(double));
	memcpy(optimum->point, start, count * sizeof(double));
	optimum->value = -INFINITY;
	if (!Evaluate(&search, &first))
		return;
	Accept(&search, &first);
	if (!ResetInverse(&search, false))
		return;

	for (int polish = 0; polish < MAX_POLISHES; polish++)
	{
		double direction[N];
		double before = optimum->value;

		Climb(&search);
		if (polish > 0 && !(optimum->value - before > STALLED * fabs(before)))
			return;
		if (!ResetInverse(&search, true))
			return;
		optimum->settled = !(Direction(&search, direction) > 2 * Worthwhile(&search));
		if (optimum->settled)
			Refine(&search, direction);
		if (optimum->settled || optimum->iterations >= MAX_ITERATIONS)
			return;
	}
}
