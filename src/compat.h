/*
 * compat.h - what differs between PostgreSQL 15 and 18; the only file that may
 * test PG_VERSION_NUM.
 *
 * Include after postgres.h.
 */
#ifndef CRM_COMPAT_H
#define CRM_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "crm_ext needs PostgreSQL 15 or later"
#endif

#ifndef HAVE_INT128
#error "crm_ext needs a compiler with 128-bit integers"
#endif

/* varatt.h left postgres.h in 16. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* make_range learnt about soft errors in 16. */
#if PG_VERSION_NUM >= 160000
#define MakeRange(typcache, lower, upper) make_range(typcache, lower, upper, false, NULL)
#else
#define MakeRange(typcache, lower, upper) make_range(typcache, lower, upper, false)
#endif

/* stringToQualifiedNameList learnt about soft errors in 16. */
#if PG_VERSION_NUM >= 160000
#define QualifiedNameToList(name) stringToQualifiedNameList(name, NULL)
#else
#define QualifiedNameToList(name) stringToQualifiedNameList(name)
#endif

/* pq_sendcountedtext lost its last argument, whether the length counts itself, in 17. */
#if PG_VERSION_NUM >= 170000
#define SendCountedText(message, text, length) pq_sendcountedtext(message, text, length)
#else
#define SendCountedText(message, text, length) pq_sendcountedtext(message, text, length, false)
#endif

/* 18 replaced pg_attribute_noreturn() behind a declaration by pg_noreturn before it. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn _Noreturn
#endif

#endif /* CRM_COMPAT_H */
