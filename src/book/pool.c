/* book/pool.c - blocks of rows and the slabs they are cut from. */
#include "postgres.h"

#include "utils/memutils.h"

#include "pool.h"

#define MAX_SLAB_BLOCKS 256

void *
AddSlab(MemoryContext context, Slab **slabs, Size bytes)
{
	Slab *slab = MemoryContextAllocHuge(context, sizeof(Slab) + bytes);

	slab->bytes = sizeof(Slab) + bytes;
	slab->next = *slabs;
	*slabs = slab;
	return (char *) slab + sizeof(Slab);
}

void
FreeSlabs(Slab **slabs)
{
	while (*slabs != NULL)
	{
		Slab *slab = *slabs;

		*slabs = slab->next;
		pfree(slab);
	}
}

void
PoolInit(BlockPool *pool, MemoryContext context)
{
	pool->context = context;
	pool->free = NULL;
	pool->slabs = NULL;
	pool->bytes = 0;
	pool->next_blocks = 1;
}

void
PoolReset(BlockPool *pool)
{
	FreeSlabs(&pool->slabs);
	PoolInit(pool, pool->context);
}

RowBlock *
NewBlock(BlockPool *pool, Size bytes, Size stride)
{
	RowBlock *block = AddSlab(pool->context, &pool->slabs, bytes);

	pool->bytes += pool->slabs->bytes;
	block->capacity = (bytes - sizeof(RowBlock)) / stride;
	return block;
}

static void
RefillPool(BlockPool *pool, Size stride)
{
	uint32 nblocks = pool->next_blocks;
	char  *bytes = AddSlab(pool->context, &pool->slabs, (Size) nblocks * BLOCK_BYTES);

	pool->bytes += pool->slabs->bytes;
	pool->next_blocks = Min(nblocks * 2, MAX_SLAB_BLOCKS);
	while (nblocks-- > 0)
	{
		RowBlock *block = (RowBlock *) (bytes + (Size) nblocks * BLOCK_BYTES);

		block->capacity = (BLOCK_BYTES - sizeof(RowBlock)) / stride;
		block->next = pool->free;
		pool->free = block;
	}
}

RowBlock *
TakeBlock(BlockPool *pool, Size stride)
{
	RowBlock *block;

	if (pool->free == NULL)
		RefillPool(pool, stride);
	block = pool->free;
	pool->free = block->next;
	block->next = NULL;
	block->used = 0;
	return block;
}

/* Blocks of a list's beginning are smaller, and not worth using again. */

void
AppendBlock(RowList *list, RowBlock *block)
{
	block->next = NULL;
	block->used = 0;
	if (list->last == NULL)
		list->first = block;
	else
		list->last->next = block;
	list->last = block;
}
