// test_segment_damage: a file with one byte changed, or cut anywhere, is an error or the same rows, never other ones; so is one whose checksums are
// right and whose lengths lie.
#include "rows.h"

static bool s_read_all (const char *path, const table_t *run, uint32_t runs, const segment_layout_t *layout)
{
    error_t error = { 0 };
    segment_t *segment = segment_open (path, layout, &error);
    if (!segment) {
        ck_assert_msg (strstr (error.text, path) != NULL, "an error without a name: %s", error.text);
        return false;
    }
    bool whole = segment_runs (segment) == runs;
    for (uint32_t i = 0; i < runs && whole; i++)
        whole = s_read_range (segment, i + 1, &run [i], layout, s_none, s_none);
    segment_close (&segment);
    return whole;
}

static void s_damage (segment_layout_t layout, codec_t codec)
{
    table_t run [2] = { s_table (40, 2, 9), s_table (25, 0, 3) };
    buffer_t file = { 0 };
    ck_assert_int_eq (file_load (s_packed_segment (&layout, codec, run, 2), 1 << 20, &file, NULL), OK);
    ck_assert (s_read_all (s_write ("segment", file.data, file.size), run, 2, &layout));
    for (size_t at = 0; at < file.size; at++) {
        char was = file.data [at];
        file.data [at] = (char) (was ^ 1 << at % 8);
        if (s_read_all (s_write ("segment", file.data, file.size), run, 2, &layout))
            ck_abort_msg ("byte %zu of %zu changed: nothing was noticed", at, file.size);
        file.data [at] = was;
    }
    for (size_t size = 0; size < file.size; size++)
        if (s_read_all (s_write ("segment", file.data, size), run, 2, &layout))
            ck_abort_msg ("cut at byte %zu of %zu: nothing was noticed", size, file.size);
    buffer_add (&file, "more", 4);
    ck_assert (!s_read_all (s_write ("segment", file.data, file.size), run, 2, &layout));
    buffer_free (&file);
    s_table_free (&run [0]);
    s_table_free (&run [1]);
}

START_TEST (damage)
{
    s_damage (s_folds, CODEC_NONE);
    s_damage (s_both, CODEC_NONE);
}
END_TEST

START_TEST (damage_of_packed)
{
    s_damage (s_both, CODEC_ZLIB);
}
END_TEST

// Right checksums over wrong lengths: a file of another release, or of somebody who means it.
static void s_forge (const table_t *run, size_t field, uint32_t value)
{
    buffer_t file = { 0 };
    ck_assert_int_eq (file_load (s_segment (&s_both, run, 1), 1 << 20, &file, NULL), OK);
    block_header_t header;
    memcpy (&header, file.data, sizeof header);
    memcpy ((char *) &header + field, &value, 4);
    if (field == offsetof (block_header_t, stored))     // the checksum cannot reach farther than the file
        header.checksum = 0;
    else
        header.checksum = block_checksum (&header, &(block_part_t) { file.data + sizeof header, header.stored }, 1);
    memcpy (file.data, &header, sizeof header);
    if (s_read_all (s_write ("segment", file.data, file.size), run, 1, &s_both))
        ck_abort_msg ("header field at %zu forged to %u: nothing was noticed", field, value);
    buffer_free (&file);
}

START_TEST (forged_headers)
{
    static const uint32_t values [] = { 0, 1, 7, 39, 41, 1000, 0x7fffffff, 0xffffffff };
    static const size_t fields [] = { offsetof (block_header_t, rows), offsetof (block_header_t, state_bytes), offsetof (block_header_t, raw),
                                      offsetof (block_header_t, stored), offsetof (block_header_t, magic), offsetof (block_header_t, codec) };
    table_t table = s_table (40, 2, 9);
    for (size_t f = 0; f < COUNT_OF (fields); f++)
        for (size_t v = 0; v < COUNT_OF (values); v++)
            if (fields [f] != offsetof (block_header_t, codec) || values [v])
                s_forge (&table, fields [f], values [v]);
    s_table_free (&table);
}
END_TEST

// A row whose key is longer than its string.
START_TEST (forged_key_size)
{
    table_t table = s_table (40, 2, 9);
    buffer_t file = { 0 };
    ck_assert_int_eq (file_load (s_segment (&s_both, &table, 1), 1 << 20, &file, NULL), OK);
    block_header_t header;
    memcpy (&header, file.data, sizeof header);
    uint32_t size = table.row [39].text.size + 1;
    memcpy (file.data + sizeof header + 4 * (40 + 39), &size, 4);
    header.checksum = block_checksum (&header, &(block_part_t) { file.data + sizeof header, header.stored }, 1);
    memcpy (file.data, &header, sizeof header);
    table.row [39].key_size = size;
    ck_assert (!s_read_all (s_write ("segment", file.data, file.size), &table, 1, &s_both));
    buffer_free (&file);
    s_table_free (&table);
}
END_TEST

// A block without rows has nothing to stand on; the writer never makes one.
START_TEST (forged_empty_block)
{
    struct { block_header_t header; segment_block_t index; footer_t footer; } file = {
        .header = { .magic = BLOCK_MAGIC, .state_bytes = 8, .records = 1 }, .index = { .stored = sizeof file.header, .run = 1 },
        .footer = { .magic = FOOTER_MAGIC, .blocks = 1, .runs = 1, .index = sizeof file.header },
    };
    file.header.checksum = block_checksum (&file.header, NULL, 0);
    file.footer.checksum = footer_checksum (&file.footer, &file.index);
    table_t table = { 0 };
    ck_assert (!s_read_all (s_write ("segment", &file, sizeof file), &table, 1, &s_both));
}
END_TEST

START_TEST (other_files)
{
    static const char text [] = "name;value\nthis is a text of more than forty bytes, not a segment\n";
    error_t error = { 0 };
    ck_assert_ptr_null (segment_open (s_write ("text", text, sizeof text), &s_folds, &error));
    ck_assert_ptr_nonnull (strstr (error.text, "is not a whole segment"));
    ck_assert_ptr_null (segment_open (s_path ("nothing here"), &s_folds, NULL));
    ck_assert_ptr_null (segment_create (s_path ("no/folder"), &s_folds, NULL));
    table_t table = s_table (10, 0, 5);                 // of another layout
    ck_assert (!s_read_all (s_segment (&s_folds, &table, 1), &table, 1, &s_both));
    ck_assert (!s_read_all (s_segment (&s_folds, &table, 1), &table, 1, &s_records));
    s_table_free (&table);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { damage, damage_of_packed, forged_headers, forged_key_size, forged_empty_block, other_files };
    return s_run ("segment_damage", tests, COUNT_OF (tests));
}
