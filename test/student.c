/*
 * student.c - TAP tests of src/math/student.c and src/math/exact.c, linked with
 * src/math alone. Expected values: test/student_values.h (mpmath, 60 digits).
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "math/exact.h"
#include "math/student.h"
#include "student_values.h"

#define LENGTH(array) ((int) (sizeof(array) / sizeof((array)[0])))
#define TOLERANCE 1e-12

static int tests;
static int failures;

static void
Ok(int good, const char *name)
{
	tests++;
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

/* Whether got is expected to the tolerance, relative; says so where it is not. */
static int
Near(double got, double expected, double tolerance, const char *what, double argument)
{
	int near = got == expected || fabs(got - expected) <= tolerance * fabs(expected);

	if (!near)
		printf("# %s at %.17g: got %.17g, expected %.17g\n", what, argument, got, expected);
	return near;
}

static void
TestTails(void)
{
	int good = 0;

	for (int i = 0; i < LENGTH(erfc_values); i++)
		good += Near(CrmErfc(erfc_values[i][0]), erfc_values[i][1], TOLERANCE, "erfc",
					 erfc_values[i][0]);
	Ok(good == LENGTH(erfc_values), "erfc");
	good = 0;
	for (int i = 0; i < LENGTH(student_values); i++)
		good += Near(CrmStudentTwoSided(student_values[i][0], student_values[i][1]),
					 student_values[i][2], TOLERANCE, "tail", student_values[i][1]);
	Ok(good == LENGTH(student_values), "Student's tails");
	good = 0;
	for (int i = 0; i < LENGTH(quantile_values); i++)
		good += Near(CrmStudent975(quantile_values[i][0]), quantile_values[i][1], TOLERANCE,
					 "quantile", quantile_values[i][0]);
	Ok(good == LENGTH(quantile_values), "Student's 97.5 percent points");
	Ok(Near(CrmNormalTwoSided(CRM_NORMAL_975), 0.05, 1e-14, "normal", CRM_NORMAL_975),
	   "the normal one");
	Ok(Near(CrmStudent975(1e15), CRM_NORMAL_975, TOLERANCE, "quantile", 1e15),
	   "with many degrees of freedom it is the normal one");
}

/* The same limbs forwards, backwards, and in two halves. */
static int
SameInAnyOrder(const double *values, int n)
{
	static CrmExactMoments forwards, backwards, first, second;

	memset(&forwards, 0, sizeof(forwards));
	backwards = first = second = forwards;
	for (int i = 0; i < n; i++)
	{
		CrmExactAdd(&forwards, values[i]);
		CrmExactAdd(&backwards, values[n - 1 - i]);
		CrmExactAdd(i % 2 == 0 ? &first : &second, values[i]);
	}
	CrmExactCarry(&forwards);
	CrmExactCarry(&backwards);
	CrmExactMerge(&second, &first);
	return memcmp(&forwards, &backwards, sizeof(forwards)) == 0 &&
		   memcmp(&forwards, &second, sizeof(forwards)) == 0 && CrmExactIsCarried(&forwards);
}

static void
TestExact(void)
{
	static CrmExactMoments moments;
	const double		  *values = exact_values;
	int					   good = 0;
	int					   same = 0;

	for (int i = 0; i < LENGTH(exact_sets); i++)
	{
		int		  n = (int) exact_sets[i][0];
		CrmScaled square;
		double	  error;

		memset(&moments, 0, sizeof(moments));
		for (int k = 0; k < n; k++)
			CrmExactAdd(&moments, values[k]);
		same += SameInAnyOrder(values, n);
		CrmExactCarry(&moments);
		square = CrmExactErrorSquare(&moments);
		if (square.exponent % 2 != 0)
			square = (CrmScaled){square.fraction * 2, square.exponent - 1};
		error = ldexp(sqrt(square.fraction), square.exponent / 2);
		good += Near(CrmExactMean(&moments), exact_sets[i][1], 4 * DBL_EPSILON, "mean", i) &&
				Near(error, exact_sets[i][2], 4 * DBL_EPSILON, "error", i);
		values += n;
	}
	Ok(good == LENGTH(exact_sets), "means and their errors, also where digits would cancel");
	Ok(same == LENGTH(exact_sets), "the same sums in any order and in parts");
}

static void
TestExtremes(void)
{
	static CrmExactMoments moments, other;

	memset(&moments, 0, sizeof(moments));
	memset(&other, 0, sizeof(other));
	for (int i = 0; i < 1000; i++)
	{
		CrmExactAdd(&moments, DBL_MAX);
		CrmExactAdd(&other, -DBL_MAX);
	}
	CrmExactCarry(&moments);
	CrmExactCarry(&other);
	Ok(CrmExactMean(&moments) == DBL_MAX && CrmExactMean(&other) == -DBL_MAX,
	   "a sum beyond all doubles, its mean not");
	Ok(CrmExactErrorSquare(&moments).fraction == 0, "equal values have no variance");
	CrmExactMerge(&moments, &other);
	Ok(CrmExactMean(&moments) == 0 && moments.n == 2000, "what cancels cancels");
	CrmExactAdd(&moments, 4e-323);
	CrmExactCarry(&moments);
	Ok(moments.sum[0] == 8, "nothing is too small beside it");
}

/* Far out the tail of one degree of freedom is that of Cauchy's distribution, 2 / (pi t). */
static void
TestFarTail(void)
{
	static const double far[] = {1e100, 1e160, 1e200, 1e300};
	int					good = 0;

	for (int i = 0; i < LENGTH(far); i++)
		good += fabs(CrmStudentTwoSided(far[i], 1) * far[i] * 1.5707963267948966 - 1) < 1e-12;
	Ok(good == LENGTH(far), "far tails");
}

/* The state carries before its limbs are full, and survives sums that no values have. */
static void
TestCarries(void)
{
	static CrmExactMoments moments;

	memset(&moments, 0, sizeof(moments));
	moments.waiting = (INT64_C(1) << 28) - 1;
	CrmExactAdd(&moments, -3);
	Ok(moments.waiting == 0 && CrmExactIsCarried(&moments) && CrmExactMean(&moments) == -3,
	   "carried in time");
	CrmExactAdd(&moments, -3);
	CrmExactCarry(&moments);
	memset(moments.squares, 0, sizeof(moments.squares));
	Ok(CrmExactErrorSquare(&moments).fraction == 0, "squares below the mean's");
}

int
main(void)
{
	TestTails();
	TestFarTail();
	TestCarries();
	TestExact();
	TestExtremes();
	printf("1..%d\n", tests);
	return failures > 0;
}
