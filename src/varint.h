/*
 * varint.h - unsigned integers in as few bytes as they need (LEB128), and the
 * zigzag mapping that makes small negative numbers small unsigned ones.
 */
#ifndef CRM_VARINT_H
#define CRM_VARINT_H

#include "port/pg_bitutils.h"

/* The longest encoding of 64 bits. */
#define VARINT_MAX_BYTES 10

static inline uint8 *
PutVarint(uint8 *out, uint64 value)
{
	while (value >= 0x80)
	{
		*out++ = (uint8) (value | 0x80);
		value >>= 7;
	}
	*out++ = (uint8) value;
	return out;
}

/*
 * The same for values that are mostly below 2^28, without a branch on their
 * length. Writes four bytes: there must be room for them.
 */
static inline uint8 *
PutSmallVarint(uint8 *out, uint64 value)
{
#ifndef WORDS_BIGENDIAN
	if (likely(value < (UINT64CONST(1) << 28)))
	{
		uint32 bits = (uint32) value;
		int	   length = pg_leftmost_one_pos32(bits | 1) / 7 + 1;
		uint32 more = UINT32_C(0x00808080) & ((UINT32_C(1) << (8 * (length - 1))) - 1);

		bits = (bits & 0x7F) | (bits & 0x3F80) << 1 | (bits & 0x1FC000) << 2 |
			   (bits & 0xFE00000) << 3;
		bits |= more;
		memcpy(out, &bits, sizeof(bits));
		return out + length;
	}
#endif
	return PutVarint(out, value);
}

/*
 * Reads one value; returns the place after it, or NULL when the bytes end
 * before the value does or the value has more than 64 bits.
 */
static inline const uint8 *
GetVarint(const uint8 *in, const uint8 *end, uint64 *value)
{
	uint64 result = 0;
	int	   shift = 0;

	while (in < end)
	{
		uint8 byte = *in++;

		if (shift == 63 && byte > 1)
			return NULL;
		result |= (uint64) (byte & 0x7F) << shift;
		if (byte < 0x80)
		{
			*value = result;
			return in;
		}
		shift += 7;
		if (shift > 63)
			return NULL;
	}
	return NULL;
}

/*
 * The same without a loop, for hot places: eight bytes are taken at once and
 * their groups of seven bits pushed together, so that the length of a value,
 * which no processor can predict, costs no branch. There must be at least
 * eight readable bytes before `end`, those already read included.
 */
#define VARINT_TOP_BITS UINT64CONST(0x8080808080808080)

/* Eight bytes, the first one lowest; bytes past the end are 0. */
static pg_attribute_always_inline uint64
LoadVarintWord(const uint8 *in, const uint8 *end)
{
	uint64 word;

	if (likely(end - in >= 8))
		memcpy(&word, in, 8);
	else if (likely(in < end))
	{
		memcpy(&word, end - 8, 8);
		word >>= 8 * (8 - (end - in));
	}
	else
		word = 0;
	return word;
}

/* The value of a word's bytes, 7 bits of each. */
static pg_attribute_always_inline uint64
PackVarintWord(uint64 word)
{
	word &= ~VARINT_TOP_BITS;
	word = (word & UINT64CONST(0x007F007F007F007F)) |
		   ((word & UINT64CONST(0x7F007F007F007F00)) >> 1);
	word = (word & UINT64CONST(0x00003FFF00003FFF)) |
		   ((word & UINT64CONST(0x3FFF00003FFF0000)) >> 2);
	return (word & UINT64CONST(0x0FFFFFFF)) | ((word & UINT64CONST(0x0FFFFFFF00000000)) >> 4);
}

/* The same of at most four bytes. */
static pg_attribute_always_inline uint32
PackShortVarintWord(uint32 word)
{
	word &= 0x7F7F7F7F;
	word = (word & 0x007F007F) | ((word & 0x7F007F00) >> 1);
	return (word & 0x00003FFF) | ((word & 0x3FFF0000) >> 2);
}

static pg_attribute_always_inline const uint8 *
GetVarintWord(const uint8 *in, const uint8 *end, uint64 *value)
{
#ifndef WORDS_BIGENDIAN
	uint64 word = LoadVarintWord(in, end);
	uint64 stop = ~word & VARINT_TOP_BITS;

	if (unlikely(stop == 0))
		return GetVarint(in, end, value);
	*value = PackVarintWord(word & (stop ^ (stop - 1)));
	in += (pg_rightmost_one_pos64(stop) >> 3) + 1;
	return likely(in <= end) ? in : NULL;
#else
	return GetVarint(in, end, value);
#endif
}

/* Two values in a row, mostly from one word. */
static pg_attribute_always_inline const uint8 *
GetVarintPair(const uint8 *in, const uint8 *end, uint64 *first, uint64 *second)
{
#ifndef WORDS_BIGENDIAN
	uint64 word = LoadVarintWord(in, end);
	uint64 stop = ~word & VARINT_TOP_BITS;
	uint64 next_stop = stop & (stop - 1);

	if (likely(next_stop != 0))
	{
		uint64 head = word & (stop ^ (stop - 1));
		uint64 tail =
			(word & (next_stop ^ (next_stop - 1))) >> (pg_rightmost_one_pos64(stop) + 1);

		if (likely(((head | tail) >> 32) == 0))
		{
			*first = PackShortVarintWord((uint32) head);
			*second = PackShortVarintWord((uint32) tail);
		}
		else
		{
			*first = PackVarintWord(head);
			*second = PackVarintWord(tail);
		}
		in += (pg_rightmost_one_pos64(next_stop) >> 3) + 1;
		return likely(in <= end) ? in : NULL;
	}
#endif
	in = GetVarint(in, end, first);
	return in == NULL ? NULL : GetVarint(in, end, second);
}

static inline uint64
ZigzagEncode(int64 value)
{
	return ((uint64) value << 1) ^ (uint64) (value >> 63);
}

static inline int64
ZigzagDecode(uint64 value)
{
	return (int64) (value >> 1) ^ -(int64) (value & 1);
}

#endif /* CRM_VARINT_H */
