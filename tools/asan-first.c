/*
 * asan-first.c
 *		Initialises the address sanitizer before anything else of the process does.
 *
 * A stock server that has libasan preloaded may otherwise hang at its start: code that runs
 * earlier allocates through the sanitizer's malloc while that is not set up. Linked with
 * -z initfirst, and preloaded behind libasan, this object's constructor is the first of all.
 */
extern void __asan_init(void);

__attribute__((constructor)) static void
InitialiseFirst(void)
{
	__asan_init();
}
