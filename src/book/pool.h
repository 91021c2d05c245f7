/*
 * book/pool.h - rows in blocks of 4 kB, in lists, and the memory they come from.
 *
 * Blocks are cut from slabs that double in size, and go back to the pool's free
 * list when their rows have been dealt out; a slab lives as long as its pool.
 */
#ifndef CRM_BOOK_POOL_H
#define CRM_BOOK_POOL_H

#define BLOCK_BYTES 4096

typedef struct RowBlock
{
	struct RowBlock *next;
	uint32			 used;
	uint32			 capacity;
} RowBlock;

#define BlockRows(block) ((char *) (block) + sizeof(RowBlock))

/* Rows in the order they came. */
typedef struct RowList
{
	RowBlock *first;
	RowBlock *last;
} RowList;

/* One allocation that holds blocks or key bytes; its header is as long as a block's. */
typedef struct Slab
{
	struct Slab *next;
	Size		 bytes;
} Slab;

/* Blocks to hand out, and all that was allocated for them. */
typedef struct BlockPool
{
	MemoryContext context;
	RowBlock	 *free;
	Slab		 *slabs;
	Size		  bytes; /* allocated */
	uint32		  next_blocks;
} BlockPool;

/* Memory for a list of slabs, to be freed together. */
extern void *AddSlab(MemoryContext context, Slab **slabs, Size bytes);
extern void	 FreeSlabs(Slab **slabs);

extern void PoolInit(BlockPool *pool, MemoryContext context);
extern void PoolReset(BlockPool *pool);

/* A block of that many bytes, of which the pool keeps no more than the memory. */
extern RowBlock *NewBlock(BlockPool *pool, Size bytes, Size stride);

/* A block of BLOCK_BYTES from the free list, which is filled up when it is empty. */
extern RowBlock *TakeBlock(BlockPool *pool, Size stride);

/* Blocks of a list's beginning are smaller, and not worth using again. */
static inline void
GiveBlock(BlockPool *pool, RowBlock *block, Size stride)
{
	if (block->capacity == (BLOCK_BYTES - sizeof(RowBlock)) / stride)
	{
		block->next = pool->free;
		pool->free = block;
	}
}

extern void AppendBlock(RowList *list, RowBlock *block);

#endif /* CRM_BOOK_POOL_H */
