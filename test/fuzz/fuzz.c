/*
 * test/fuzz/fuzz.c - what feeds libFuzzer's bytes to input, receive and deserialize functions.
 *
 * Linked into the library of the extension by tools/fuzz alone. crm_fuzz() runs the fuzzer
 * inside of a backend, so that what is tested are the functions themselves, with the server's
 * memory contexts, errors and types around them. See docs/developing.md.
 *
 * A value that is accepted must come back the same from its text and from its binary form,
 * and the members that take it must survive it. An internal error (XX000) is a finding: what
 * somebody may send must be refused with a message of its own.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "nodes/execnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "compat.h"

extern int LLVMFuzzerRunDriver(int *argc, char ***argv,
							   int (*callback)(const uint8_t *data, size_t size));

PG_FUNCTION_INFO_V1(crm_fuzz);

#define MAX_ARGUMENTS 8
#define MAX_MEMBERS 256
#define MEMORY_LIMIT (256 * 1024 * 1024)
#define RUNS_PER_MEMORY_CHECK 4096

typedef struct Member
{
	FmgrInfo function;
	int		 count;
	Datum	 arguments[MAX_ARGUMENTS];
	bool	 is_value[MAX_ARGUMENTS]; /* gets the fuzzed value */
} Member;

typedef struct Aggregate
{
	FmgrInfo serialize;
	FmgrInfo deserialize;
	FmgrInfo combine;
	FmgrInfo final;
	int		 final_arguments; /* more than the state: NULLs */
} Aggregate;

static struct
{
	Oid			  type;
	bool		  by_text;
	FmgrInfo	  input;
	FmgrInfo	  output;
	FmgrInfo	  receive;
	FmgrInfo	  send;
	Oid			  io_parameter;
	int			  narguments; /* what other arguments the members get: the first of a type */
	Datum		 *argument_types;
	Datum		 *argument_texts;
	int			  nmembers;
	Member		 *members;
	int			  naggregates;
	Aggregate	 *aggregates;
	MemoryContext long_lived;
	MemoryContext scratch;
	AggState	 *aggregation;
	uint64		  runs;
	char		 *bytes; /* the copy that the function under test reads */
	char		 *value; /* the copy that the members read */
} Run;

static void
Finding(const char *what)
{
	fprintf(stderr, "FINDING: %s\n", what);
	fflush(stderr);
	abort();
}

/* Allocations of their own, so that the sanitizer sees a byte read behind the end. */
static char *
ExactCopy(const void *data, size_t size, size_t zeroes)
{
	char *copy = malloc(size + zeroes + (size + zeroes == 0));

	if (size > 0)
		memcpy(copy, data, size);
	memset(copy + size, 0, zeroes);
	return copy;
}

static uint32
Choice(const uint8_t *data, size_t size)
{
	uint32 hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 16777619u;
	return hash ^ (hash >> 15);
}

/* -------------------------------------------------------------------------------------
 * Values
 */

static Datum
Receive(char *data, int size, bool *whole)
{
	StringInfoData message = {data, size, size + 1, 0};
	Datum		   value = ReceiveFunctionCall(&Run.receive, &message, Run.io_parameter, -1);

	*whole = message.cursor == message.len;
	return value;
}

static void
RequireSame(const bytea *a, const bytea *b, const char *what)
{
	if (VARSIZE(a) != VARSIZE(b) || memcmp(a, b, VARSIZE(a)) != 0)
		Finding(what);
}

static void
CheckRoundTrips(Datum value)
{
	char  *text = OutputFunctionCall(&Run.output, value);
	bytea *sent = SendFunctionCall(&Run.send, value);
	bool   whole;
	Datum  again = InputFunctionCall(&Run.input, text, Run.io_parameter, -1);
	char  *copy;

	RequireSame(sent, SendFunctionCall(&Run.send, again), "text does not come back the same");
	copy = palloc0(VARSIZE(sent));
	memcpy(copy, VARDATA(sent), VARSIZE(sent) - VARHDRSZ);
	again = Receive(copy, VARSIZE(sent) - VARHDRSZ, &whole);
	if (!whole)
		Finding("receive leaves bytes of what was sent");
	RequireSame(sent, SendFunctionCall(&Run.send, again), "binary does not come back the same");
	if (strcmp(text, OutputFunctionCall(&Run.output, again)) != 0)
		Finding("the text of what was received differs");
}

static void
CallMember(Member *member, Datum value)
{
	LOCAL_FCINFO(fcinfo, MAX_ARGUMENTS);

	InitFunctionCallInfoData(*fcinfo, &member->function, member->count, DEFAULT_COLLATION_OID,
							 NULL, NULL);
	for (int i = 0; i < member->count; i++)
	{
		fcinfo->args[i].value = member->is_value[i] ? value : member->arguments[i];
		fcinfo->args[i].isnull = false;
	}
	(void) FunctionCallInvoke(fcinfo);
}

/* Reads the value; false where it is refused in a way that raises no error. */
static bool
ReadValue(const uint8_t *data, size_t size, Datum *value)
{
	bool whole = true;

	Run.bytes = ExactCopy(data, size, 1);
	if (!Run.by_text)
		*value = Receive(Run.bytes, (int) size, &whole);
	else if (strlen(Run.bytes) == size && pg_verifymbstr(Run.bytes, (int) size, true))
		*value = InputFunctionCall(&Run.input, Run.bytes, Run.io_parameter, -1);
	else
		return false;
	return whole;
}

static void
FuzzValue(const uint8_t *data, size_t size, bool *accepted)
{
	Datum value;

	if (!ReadValue(data, size, &value))
		return;
	*accepted = true;
	CheckRoundTrips(value);
	*accepted = false; /* what the members raise is theirs */
	Run.value = ExactCopy(DatumGetPointer(value), VARSIZE_ANY(DatumGetPointer(value)), 0);
	if (Run.nmembers > 0)
		CallMember(&Run.members[Choice(data, size) % Run.nmembers], PointerGetDatum(Run.value));
}

/* -------------------------------------------------------------------------------------
 * States of aggregates
 */

/* A NULL argument is one that is 0. */
static Datum
CallSupport(FmgrInfo *function, int count, Datum first, Datum second, bool *isnull)
{
	LOCAL_FCINFO(fcinfo, FUNC_MAX_ARGS);
	Datum result;

	InitFunctionCallInfoData(*fcinfo, function, count, DEFAULT_COLLATION_OID,
							 (Node *) Run.aggregation, NULL);
	for (int i = 0; i < count; i++)
	{
		fcinfo->args[i].value = i == 0 ? first : i == 1 ? second : (Datum) 0;
		fcinfo->args[i].isnull = fcinfo->args[i].value == (Datum) 0;
	}
	result = FunctionCallInvoke(fcinfo);
	*isnull = fcinfo->isnull;
	return result;
}

static Datum
Deserialize(Aggregate *aggregate, const char *bytes)
{
	bool isnull;

	return CallSupport(&aggregate->deserialize, 2, PointerGetDatum(bytes), (Datum) 0, &isnull);
}

static Datum
Combine(Aggregate *aggregate, Datum state, Datum other)
{
	bool isnull;

	return CallSupport(&aggregate->combine, 2, state, other, &isnull);
}

static bytea *
Serialize(Aggregate *aggregate, Datum state)
{
	bool isnull;

	return DatumGetByteaP(CallSupport(&aggregate->serialize, 1, state, (Datum) 0, &isnull));
}

static void
FuzzState(const uint8_t *data, size_t size, bool *accepted)
{
	uint32	   choice = Choice(data, size);
	Aggregate *aggregate = &Run.aggregates[choice % Run.naggregates];
	Datum	   state, again;
	bytea	  *bytes;
	bool	   isnull;

	Run.bytes = ExactCopy("\0\0\0\0", VARHDRSZ, size);
	SET_VARSIZE(Run.bytes, VARHDRSZ + size);
	memcpy(VARDATA(Run.bytes), data, size);
	state = Deserialize(aggregate, Run.bytes);

	*accepted = true;
	bytes = Serialize(aggregate, state);
	again = Deserialize(aggregate, (char *) bytes);
	RequireSame(bytes, Serialize(aggregate, again), "state does not come back the same");
	*accepted = false;
	if (choice / 64 % 4 != 0)
		return;
	/* the server, too, combines deserialized states into one of combine's own only */
	state = Combine(aggregate, Combine(aggregate, (Datum) 0, state), again);
	if (OidIsValid(aggregate->final.fn_oid))
		(void) CallSupport(&aggregate->final, 1 + aggregate->final_arguments, state, (Datum) 0,
						   &isnull);
}

/* -------------------------------------------------------------------------------------
 * A run
 */

static void
JudgeError(bool accepted)
{
	ErrorData *error;

	MemoryContextSwitchTo(Run.scratch);
	error = CopyErrorData();
	FlushErrorState();
	if (error->sqlerrcode == ERRCODE_INTERNAL_ERROR || accepted)
	{
		fprintf(stderr, "%s: %s\n", unpack_sql_state(error->sqlerrcode), error->message);
		Finding(accepted ? "accepted, but then not writable or not readable"
						 : "internal error");
	}
}

/* What is kept from one run to the next must not grow without bound. */
static void
CheckMemory(void)
{
	if (++Run.runs % RUNS_PER_MEMORY_CHECK == 0 &&
		MemoryContextMemAllocated(TopMemoryContext, true) > MEMORY_LIMIT)
	{
		MemoryContextStats(TopMemoryContext);
		Finding("memory is kept from call to call");
	}
}

static int
FuzzOnce(const uint8_t *data, size_t size)
{
	volatile bool accepted = false;

	MemoryContextSwitchTo(Run.scratch);
	PG_TRY();
	{
		if (Run.naggregates > 0)
			FuzzState(data, size, (bool *) &accepted);
		else
			FuzzValue(data, size, (bool *) &accepted);
	}
	PG_CATCH();
	{
		JudgeError(accepted);
	}
	PG_END_TRY();
	free(Run.bytes);
	free(Run.value);
	Run.bytes = Run.value = NULL;
	MemoryContextReset(Run.scratch);
	CheckMemory();
	return 0;
}

static bool
FixedArgument(Oid type, Datum *value)
{
	for (int i = 0; i < Run.narguments; i++)
		if (DatumGetObjectId(Run.argument_types[i]) == type)
		{
			Oid input, parameter;

			getTypeInputInfo(type, &input, &parameter);
			*value = OidInputFunctionCall(input, TextDatumGetCString(Run.argument_texts[i]),
										  parameter, -1);
			return true;
		}
	return false;
}

/* The array's elements, as long-lived as the array. */
static Datum *
Elements(Datum array, Oid type, int *count)
{
	Datum *elements;
	int16  length;
	bool   by_value;
	char   align;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(DatumGetArrayTypePCopy(array), type, length, by_value, align, &elements,
					  NULL, count);
	return elements;
}

/* Takes the function in if it can be called with the value and fixed arguments. */
static void
AddMember(Oid function)
{
	Oid	   *types;
	int		count;
	Member *member = &Run.members[Run.nmembers];

	(void) get_func_signature(function, &types, &count);
	if (count > MAX_ARGUMENTS || Run.nmembers == MAX_MEMBERS)
		return;
	for (int i = 0; i < count; i++)
	{
		member->is_value[i] = types[i] == Run.type;
		if (!member->is_value[i] && !FixedArgument(types[i], &member->arguments[i]))
			return;
	}
	fmgr_info_cxt(function, &member->function, Run.long_lived);
	member->count = count;
	Run.nmembers++;
}

static void
PrepareValues(Oid type, Datum members, bool by_text)
{
	Oid	   function;
	bool   isvarlena;
	int	   count;
	Datum *oids = Elements(members, OIDOID, &count);

	Run.type = type;
	Run.by_text = by_text;
	getTypeInputInfo(type, &function, &Run.io_parameter);
	fmgr_info_cxt(function, &Run.input, Run.long_lived);
	getTypeOutputInfo(type, &function, &isvarlena);
	fmgr_info_cxt(function, &Run.output, Run.long_lived);
	getTypeBinaryInputInfo(type, &function, &Run.io_parameter);
	fmgr_info_cxt(function, &Run.receive, Run.long_lived);
	getTypeBinaryOutputInfo(type, &function, &isvarlena);
	fmgr_info_cxt(function, &Run.send, Run.long_lived);
	Run.members = palloc0(MAX_MEMBERS * sizeof(Member));
	for (int i = 0; i < count; i++)
		AddMember(DatumGetObjectId(oids[i]));
}

static void
PrepareAggregate(Aggregate *aggregate, Oid oid)
{
	HeapTuple		  tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(oid));
	Form_pg_aggregate form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "no aggregate %u", oid);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	fmgr_info_cxt(form->aggserialfn, &aggregate->serialize, Run.long_lived);
	fmgr_info_cxt(form->aggdeserialfn, &aggregate->deserialize, Run.long_lived);
	fmgr_info_cxt(form->aggcombinefn, &aggregate->combine, Run.long_lived);
	if (OidIsValid(form->aggfinalfn))
	{
		fmgr_info_cxt(form->aggfinalfn, &aggregate->final, Run.long_lived);
		aggregate->final_arguments = aggregate->final.fn_nargs - 1;
	}
	ReleaseSysCache(tuple);
}

static void
PrepareAggregates(Datum aggregates)
{
	Datum		*oids = Elements(aggregates, OIDOID, &Run.naggregates);
	ExprContext *context = makeNode(ExprContext);

	Run.aggregates = palloc0(Run.naggregates * sizeof(Aggregate));
	for (int i = 0; i < Run.naggregates; i++)
		PrepareAggregate(&Run.aggregates[i], DatumGetObjectId(oids[i]));
	context->ecxt_per_tuple_memory = Run.scratch;
	Run.aggregation = makeNode(AggState);
	Run.aggregation->curaggcontext = context;
}

/*
 * crm_fuzz(kind text, subject oid, members oid[], argument_types oid[], argument_texts text[],
 * options text[]): kind is input or receive of the type subject, whose members are called too,
 * or deserialize of the aggregates members. Does not return: libFuzzer ends the process.
 */
Datum
crm_fuzz(PG_FUNCTION_ARGS)
{
	char  *kind = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int	   count;
	Datum *options;
	char **argv;

	Run.long_lived = AllocSetContextCreate(TopMemoryContext, "fuzz", ALLOCSET_DEFAULT_SIZES);
	Run.scratch = AllocSetContextCreate(TopMemoryContext, "fuzz run", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(Run.long_lived);
	Run.argument_types = Elements(PG_GETARG_DATUM(3), OIDOID, &Run.narguments);
	Run.argument_texts = Elements(PG_GETARG_DATUM(4), TEXTOID, &Run.narguments);
	if (strcmp(kind, "deserialize") == 0)
		PrepareAggregates(PG_GETARG_DATUM(2));
	else
		PrepareValues(PG_GETARG_OID(1), PG_GETARG_DATUM(2), strcmp(kind, "input") == 0);
	fprintf(stderr, "MEMBERS: %d\n", Run.nmembers + Run.naggregates);

	options = Elements(PG_GETARG_DATUM(5), TEXTOID, &count);
	argv = palloc0((count + 2) * sizeof(char *));
	argv[0] = "postgres";
	for (int i = 0; i < count; i++)
		argv[i + 1] = TextDatumGetCString(options[i]);
	count++;
	exit(LLVMFuzzerRunDriver(&count, &argv, FuzzOnce));
}
