/*
 * vector.c - exp, log and log1p of whole arrays.
 *
 * The bodies are the branch-free kernels of elementary_kernel.h; a compiler at
 * -O3 turns the loops into vector code (the Makefile gives this file -O3). The
 * loop is compiled once for the baseline of the architecture and, on x86-64,
 * once more for AVX2 (which does not include FMA: nothing can be contracted);
 * the processor decides at run time. Each lane does what the scalar function
 * does, so the choice changes the time taken and nothing else.
 */
#include "math/vector.h"

#include "math/elementary_kernel.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define CRM_HAVE_AVX2 1
#endif

/*
 * PostgreSQL's JIT may copy small functions out of the library; these stay
 * where the compiler's record of the processor's abilities is linked.
 */
#if defined(__GNUC__)
#define KEEP_HERE __attribute__((noinline))
#else
#define KEEP_HERE
#endif

/*
 * Blocks of fixed length in local arrays spare the compiler the question of
 * whether x and y overlap, and it vectorises without a scalar remainder.
 */
#define LANES 32

#define DEFINE_ARRAY_FUNCTION(name, attributes, expression)        \
	static attributes void name(const double *x, double *y, int n) \
	{                                                              \
		for (int from = 0; from < n; from += LANES)                \
		{                                                          \
			int	   count = n - from < LANES ? n - from : LANES;    \
			double block[LANES];                                   \
                                                                   \
			if (count < LANES)                                     \
				memset(block, 0, sizeof(block));                   \
			memcpy(block, x + from, count * sizeof(double));       \
			for (int lane = 0; lane < LANES; lane++)               \
			{                                                      \
				double v = block[lane];                            \
                                                                   \
				block[lane] = (expression);                        \
			}                                                      \
			memcpy(y + from, block, count * sizeof(double));       \
		}                                                          \
	}

#define DEFINE_PATH(path, attributes)                                    \
	DEFINE_ARRAY_FUNCTION(ExpArray##path, attributes, ExpKernel(v, 0.0)) \
	DEFINE_ARRAY_FUNCTION(LogArray##path, attributes, LogKernel(v))      \
	DEFINE_ARRAY_FUNCTION(Log1pArray##path, attributes, Log1pKernel(v))

#define NO_ATTRIBUTES
DEFINE_PATH(Base, NO_ATTRIBUTES)

#ifdef CRM_HAVE_AVX2
DEFINE_PATH(Avx2, __attribute__((target("avx2"))))

static int
HaveAvx2(void)
{
	return __builtin_cpu_supports("avx2") != 0;
}

#define DISPATCH(function, x, y, n)  \
	do                               \
	{                                \
		if (HaveAvx2())              \
			function##Avx2(x, y, n); \
		else                         \
			function##Base(x, y, n); \
	} while (0)
#else
#define DISPATCH(function, x, y, n) function##Base(x, y, n)
#endif

KEEP_HERE void
CrmExpArray(const double *x, double *y, int n)
{
	DISPATCH(ExpArray, x, y, n);
}

KEEP_HERE void
CrmLogArray(const double *x, double *y, int n)
{
	DISPATCH(LogArray, x, y, n);
}

KEEP_HERE void
CrmLog1pArray(const double *x, double *y, int n)
{
	DISPATCH(Log1pArray, x, y, n);
}

int
CrmVectorPaths(CrmVectorPath paths[4])
{
	int count = 0;

	paths[count++] = (CrmVectorPath){"base", 1, ExpArrayBase, LogArrayBase, Log1pArrayBase};
#ifdef CRM_HAVE_AVX2
	paths[count++] =
		(CrmVectorPath){"avx2", HaveAvx2(), ExpArrayAvx2, LogArrayAvx2, Log1pArrayAvx2};
#endif
	paths[count++] = (CrmVectorPath){"dispatched", 1, CrmExpArray, CrmLogArray, CrmLog1pArray};
	return count;
}
