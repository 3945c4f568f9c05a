// segment_format: the bytes of a segment file, shared by its writer and its reader; doc/block-format.md explains them.
#pragma once
#include "base/file.h"
#include "store/segment.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "segments are little-endian, and so are all machines that racimo knows"
#endif

enum { BLOCK_MAGIC = 0x31424352, FOOTER_MAGIC = 0x31464352 };   // "RCB1", "RCF1"

typedef struct {
    uint32_t magic, rows, state_bytes, records;
    uint32_t codec, raw, stored, spare;                 // raw, stored: bytes of the body before and after packing
    uint64_t checksum;                                  // of the header with checksum 0, and of the stored body
} block_header_t;

typedef struct {
    uint32_t magic, blocks, runs, spare;
    uint64_t index, rows;                               // offset of the index
    uint64_t checksum;                                  // of the footer with checksum 0, and of the index
} footer_t;

// A block's body in pieces, in the order of the file.
enum { BLOCK_PARTS = 5 };
typedef struct { const char *data; size_t size; } block_part_t;

uint64_t block_checksum (const block_header_t *header, const block_part_t *part, uint32_t parts);
uint64_t footer_checksum (const footer_t *footer, const void *index);
