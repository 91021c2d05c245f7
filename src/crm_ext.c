/*
 * crm_ext.c - the module's entry point: nothing but the magic block.
 *
 * Each concept lives in a room of its own (src/CONCEPT.c, src/CONCEPT.sql);
 * docs/developing.md has the map.
 */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;
