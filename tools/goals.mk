# The goals that run on a private server or need no server at all (see Makefile).
# Other goals named in the same call go to a make of their own, with PGXS.
OTHER_GOALS = $(filter-out $(TOOL_GOALS),$(MAKECMDGOALS))

.PHONY: $(TOOL_GOALS) $(OTHER_GOALS)
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
export PG_CONFIG PG_CONFIGS VERSIONS ORDERS KEEP TARGETS TESTS PAGE NEXT ROUNDS STATEMENTS SEED UNCOVERED

demo:
	@exec tools/demo
check:
	@exec tools/check
check-sanitized:
	@UNDER=sanitizers exec tools/check
check-moved:
	@CRM_MOVED=yes exec tools/check
check-valgrind:
	@UNDER=valgrind exec tools/check
fuzz:
	@FUZZ_SECONDS="$(SECONDS)" exec tools/fuzz
check-all:
	@exec tools/check-all
coverage:
	@exec tools/coverage
check-random:
	@exec tools/check-random
check-packages:
	@exec tools/check-packages
dist:
	@exec tools/dist
freeze:
	@exec tools/freeze "$(NEXT)"
docs-write:
	@exec tools/docs-write
bench:
	@exec bench/run
format:
	@exec tools/format
format-check:
	@exec tools/format --check

ifneq ($(OTHER_GOALS),)
$(OTHER_GOALS):
	@$(MAKE) $@
endif
