# crm_ext: customer analytics inside PostgreSQL.
#
#   make && make install     on an existing server (PGXS; PG_CONFIG chooses which)
#   make demo, make check    on a private throw-away server; see README.md
EXTENSION = crm_ext
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)

# The rooms in dependency order: src/ROOM.sql each, joined into the install script.
ROOMS = history book \
	retention key_figures survival cohort subscription \
	rfm segments lifecycle top_share \
	clv sample \
	referral expansion acquisition reactivation conversation \
	workspace/source workspace/views workspace/subscriptions workspace/costs workspace/referrals \
	workspace/campaigns workspace/interactions workspace/events workspace/products \
	workspace/kinds workspace/attached workspace/stored workspace/attachment \
	workspace/capture workspace/check workspace/tables workspace/attach workspace/refresh workspace/discover \
	report/text chart report/sections report/outlook report/attached report/page report/read
SQL_PARTS = $(wildcard $(ROOMS:%=src/%.sql))

# What is released is frozen in release/; from the newest one there an update script leads here.
RELEASED := $(shell ls release | sed -n 's/^$(EXTENSION)--\([^-]*\)\.sql$$/\1/p' | sort -V | tail -n 1)
UPDATE = $(EXTENSION)--$(RELEASED)--$(EXTVERSION).sql
ifeq ($(RELEASED),$(EXTVERSION))
$(error $(EXTVERSION) is released: $(EXTENSION).control must name the next version)
endif

# These need no PGXS: they find, and where they may install, what they need themselves.
TOOL_GOALS = demo check check-moved check-sanitized check-valgrind check-all coverage check-random fuzz check-packages dist \
	freeze docs-write bench format format-check

ifneq ($(filter $(TOOL_GOALS),$(MAKECMDGOALS)),)
include tools/goals.mk
else

MODULE_big = $(EXTENSION)
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))
DATA_built = $(EXTENSION)--$(EXTVERSION).sql $(UPDATE)
DATA = $(wildcard release/$(EXTENSION)--*.sql)
EXTRA_CLEAN = $(EXTENSION)--*.sql* build

# -ffp-contract=off stands with the preprocessor's flags because only these reach the
# bitcode as well: a function inlined by the JIT must give the same bits.
PG_CPPFLAGS = -Isrc -ffp-contract=off
# The two warnings left out come from the server's own headers (ilist.h, array.h).
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=$(EXTENSION) \
	--launcher='env PGTZ=Europe/Berlin PGDATESTYLE=ISO,MDY'

ifeq ($(origin PG_CONFIG),undefined)
PG_CONFIG := $(or $(shell tools/find-pg-config),pg_config)
endif
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq ($(and $(wildcard $(PGXS)),$(wildcard $(shell $(PG_CONFIG) --includedir-server)/postgres.h)),)
$(error $(PG_CONFIG) has no server development files: install them, or set PG_CONFIG; make demo says how)
endif
# A server built with LLVM wants bitcode; without its clang the extension does without.
ifeq ($(shell command -v $$(sed -n 's/^CLANG = *//p' $(dir $(PGXS))../Makefile.global)),)
override with_llvm = no
endif
include $(PGXS)

$(EXTENSION)--$(EXTVERSION).sql: $(SQL_PARTS) $(EXTENSION).control Makefile
	{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; cat $(SQL_PARTS) /dev/null; } > $@

$(UPDATE): release/$(EXTENSION)--$(RELEASED).sql $(EXTENSION)--$(EXTVERSION).sql $(wildcard release/changes.sql) tools/update-script.pl
	perl tools/update-script.pl $(filter %.sql,$^) > $@.part && mv $@.part $@

# Loops over array lanes: vectorised (selects count as branches while traps matter).
src/math/vector.o: CFLAGS += -O3 -fno-trapping-math
src/math/btyd_bg.o src/math/btyd_pareto.o src/math/score_bg.o src/math/spend.o: CFLAGS += -O3 -fno-trapping-math

# Headers are few; whoever changes one gets everything rebuilt.
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h src/*/*.h)

# Unit programs of src/math: the very objects of the module, and nothing of PostgreSQL.
MATH_OBJS = $(filter src/math/%,$(OBJS))
UNIT_PROGRAMS = $(patsubst test/%.c,build/test/%,$(wildcard test/*.c))

.PHONY: unit
unit: $(UNIT_PROGRAMS)
build/test/%: test/%.c $(MATH_OBJS) $(wildcard src/math/*.h test/*.h)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -ffp-contract=off -Isrc -o $@ $< $(MATH_OBJS) -lm

endif
