// wordcount: how often each word occurs in a text.
//
// A map that looks at a whole batch at once: in->text holds its lines as they lie in the file, and since no word goes over a
// line's end there is no need to look at the lines one by one. Each word is a key; the fold counts its rows.
#include <racimo.h>

static rac_status map_words (const rac_batch *in, rac_out *out, uint32_t flags)
{
    rac_bytes text = { in->text, (uint32_t) in->text_size, 0 };
    rac_bytes word [RAC_ROWS];
    uint32_t from = 0, words;
    while ((words = rac_words (out, text, &from, flags, word, RAC_ROWS)) > 0) {
        rac_column column = rac_of_bytes (word);
        if (rac_emit (out, words, &column, 1))
            return RAC_FAIL;
    }
    return RAC_OK;
}

static rac_status map_ascii (void *state, const rac_batch *in, rac_out *out)
{
    (void) state;
    return map_words (in, out, RAC_LOWER);
}

static rac_status map_utf8 (void *state, const rac_batch *in, rac_out *out)
{
    (void) state;
    return map_words (in, out, RAC_LOWER | RAC_UTF8);
}

RAC_JOB (plan)
{
    int utf8 = rac_flag (plan, "utf8", "letters outside ASCII belong to words too (their case is kept)");

    rac_about (plan, "How often each word occurs: a word is a run of letters, in lower case");
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_map (plan, utf8 ? map_utf8 : map_ascii);
    rac_key (plan, "word", RAC_BYTES);
    rac_fold (plan, "count", RAC_COUNT, NULL);
    return RAC_OK;
}
