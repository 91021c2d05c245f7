/*
 * varint.h - unsigned integers in as few bytes as they need (LEB128), and the
 * zigzag mapping that makes small negative numbers small unsigned ones.
 */
#ifndef CRM_VARINT_H
#define CRM_VARINT_H

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
