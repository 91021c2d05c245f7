# crm_ext: customer analytics inside PostgreSQL.
EXTENSION = crm_ext
VERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)

# The rooms in dependency order: src/ROOM.sql each, joined into the install script.
ROOMS = history book retention segments clv sample
SQL_PARTS = $(wildcard $(ROOMS:%=src/%.sql))

MODULE_big = $(EXTENSION)
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))
DATA_built = $(EXTENSION)--$(VERSION).sql
EXTRA_CLEAN = $(EXTENSION)--*.sql

# -ffp-contract=off among the preprocessor's flags also reaches the bitcode for
# JIT, where clang would otherwise contract a * b + c and change results.
PG_CPPFLAGS = -Isrc -ffp-contract=off
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare

PG_CONFIG = pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(EXTENSION)--$(VERSION).sql: $(SQL_PARTS) $(EXTENSION).control Makefile
	{ echo '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; cat $(SQL_PARTS); } > $@

# Loops over array lanes: vectorised (selects count as branches while traps matter).
src/math/vector.o: CFLAGS += -O3 -fno-trapping-math
