// Tests of the codec: every verb there and back, and no bytes that make it crash, allocate without bound or accept what is not a message.
#include "base/file.h"
#include "master/plan.h"
#include "tests/main.h"
#include "wire/message.h"
#include "wire/scan.h"

#include <racimo.h>

static uint64_t s_seed;

static uint32_t s_random (uint32_t below)
{
    static uint64_t counter;
    return (uint32_t) (rac_random (s_seed, counter++) % below);
}

static char *s_base (message_t *message)
{
    return (char *) &message->submit;
}

// ---- random messages

static char *s_random_text (arena_t *memory, bool bytes)
{
    uint32_t size = s_random (20);
    char *text = arena_take (memory, 3 * size + 1), *at = text;
    for (uint32_t i = 0; i < size; i++) {
        if (bytes)
            *at++ = (char) (1 + s_random (255));
        else if (s_random (5))
            *at++ = (char) (1 + s_random (127));
        else
            at = stpcpy (at, "\xe2\x82\xac");            // the euro sign
    }
    *at = '\0';
    return text;
}

static uint64_t s_random_number (void)
{
    return rac_random (s_seed + 1, s_random (1000000)) >> s_random (64);
}

static wire_bytes_t s_random_bytes (arena_t *memory)
{
    wire_bytes_t bytes = { arena_take (memory, 40), s_random (40) };
    for (uint32_t i = 0; i < bytes.size; i++)
        bytes.data [i] = (char) s_random (256);
    return bytes;
}

static void s_random_list (arena_t *memory, field_kind_t kind, void *into)
{
    uint32_t count = s_random (4);
    wire_texts_t texts = { arena_take (memory, count * sizeof (char *)), count };
    wire_numbers_t numbers = { arena_take (memory, count * sizeof (uint64_t)), count };
    wire_bytes_list_t list = { arena_take (memory, count * sizeof (wire_bytes_t)), count };
    for (uint32_t i = 0; i < count; i++) {
        texts.item [i] = s_random_text (memory, kind == FIELD_PATHS);
        numbers.item [i] = s_random_number ();
        list.item [i] = s_random_bytes (memory);
    }
    if (kind == FIELD_NUMBERS)
        *(wire_numbers_t *) into = numbers;
    else if (kind == FIELD_BYTES_LIST)
        *(wire_bytes_list_t *) into = list;
    else
        *(wire_texts_t *) into = texts;
}

static message_t s_random_message (message_verb_t verb)
{
    message_t message = { .verb = verb, .memory = arena_new (4096) };
    for (size_t i = 0; i < message_verbs [verb].fields; i++) {
        const field_t *field = &message_verbs [verb].field [i];
        void *at = s_base (&message) + field->at;
        if (field->kind == FIELD_NUMBER)
            *(uint64_t *) at = s_random_number ();
        else if (field->kind == FIELD_TEXT || field->kind == FIELD_PATH)
            *(char **) at = s_random_text (message.memory, field->kind == FIELD_PATH);
        else if (field->kind == FIELD_BYTES)
            *(wire_bytes_t *) at = s_random_bytes (message.memory);
        else
            s_random_list (message.memory, field->kind, at);
    }
    return message;
}

// Equal if they are encoded alike: the encoding is a function of the values.
static bool s_equal (const message_t *a, const message_t *b)
{
    buffer_t x = { 0 }, y = { 0 };
    bool equal = !message_encode (a, &x, NULL) && !message_encode (b, &y, NULL) && x.size == y.size && !memcmp (x.data, y.data, x.size);
    buffer_free (&x);
    buffer_free (&y);
    return equal;
}

static size_t s_size_of (field_kind_t kind)
{
    return kind == FIELD_NUMBER ? sizeof (uint64_t) : kind == FIELD_TEXT || kind == FIELD_PATH ? sizeof (char *) : sizeof (wire_texts_t);
}

// ---- the tables

START_TEST (fields_fill_their_struct)
{
    const verb_t *verb = &message_verbs [_i];
    size_t at = 0;
    ck_assert_ptr_nonnull (verb->name);
    ck_assert_uint_le (verb->fields, 64);               // the decoder keeps a bit for each
    while (at < verb->size) {
        const field_t *found = NULL;
        for (size_t i = 0; i < verb->fields; i++)
            if (verb->field [i].at == at)
                found = &verb->field [i];
        ck_assert_msg (found != NULL, "%s: no field at byte %zu", verb->name, at);
        at += s_size_of (found->kind);
    }
    ck_assert_uint_eq (at, verb->size);
}
END_TEST

START_TEST (document_is_up_to_date)
{
    const char *source = getenv ("SRC");
    char *path = file_join (source ? source : ".", "doc/protocol.md");
    buffer_t document = { 0 }, tables = { 0 };
    error_t error = { 0 };
    ck_assert_msg (file_load (path, 1 << 20, &document, &error) == OK, "%s", error.text);
    message_document (&tables);
    buffer_add (&document, "", 1);
    buffer_add (&tables, "", 1);
    if (getenv ("RACIMO_PRINT_TABLES"))                  // how the document is brought up to date
        fputs (tables.data, stderr);
    ck_assert_msg (strstr (document.data, tables.data) != NULL, "%s: its tables are not those of core/wire/tables.c", path);
    buffer_free (&document);
    buffer_free (&tables);
    free (path);
}
END_TEST

// ---- there and back

START_TEST (round_trip)
{
    s_seed = 7;
    for (int n = 0; n < 200; n++) {
        message_t message = s_random_message ((message_verb_t) _i), back;
        buffer_t bytes = { 0 };
        error_t error = { 0 };
        ck_assert_msg (message_encode (&message, &bytes, &error) == OK, "%s", error.text);
        ck_assert_msg (message_decode (bytes.data, bytes.size, &back, &error) == OK, "%s", error.text);
        ck_assert (s_equal (&message, &back));
        memset (bytes.data, 0xee, bytes.size);           // nothing points into the received bytes
        ck_assert (s_equal (&message, &back));
        bytes.size = 0;
        message_print (&back, &bytes);
        buffer_free (&bytes);
        message_free (&back);
        message_free (&message);
    }
}
END_TEST

START_TEST (every_truncation_is_refused)
{
    s_seed = 11;
    message_t message = s_random_message ((message_verb_t) _i), back;
    buffer_t bytes = { 0 };
    ck_assert (message_encode (&message, &bytes, NULL) == OK);
    for (size_t size = 0; size < bytes.size; size++) {
        char *exact = memory_new (size);                 // so that a sanitizer sees a byte read too far
        memcpy (exact, bytes.data, size);
        ck_assert (message_decode (exact, size, &back, NULL) != OK);
        free (exact);
    }
    buffer_add (&bytes, "\xc0", 1);
    ck_assert (message_decode (bytes.data, bytes.size, &back, NULL) != OK);
    buffer_free (&bytes);
    message_free (&message);
}
END_TEST

// A changed byte makes an error or another message, and that is one which survives the round trip.
START_TEST (mutations_are_refused_or_sound)
{
    s_seed = 13;
    uint32_t refused = 0;
    for (int n = 0; n < 2000; n++) {
        message_t message = s_random_message ((message_verb_t) _i), back, again;
        buffer_t bytes = { 0 }, copy = { 0 };
        ck_assert (message_encode (&message, &bytes, NULL) == OK);
        for (uint32_t changes = 1 + s_random (3); changes; changes--)
            bytes.data [s_random ((uint32_t) bytes.size)] = (char) s_random (256);
        if (message_decode (bytes.data, bytes.size, &back, NULL))
            refused++;
        else {
            ck_assert (message_encode (&back, &copy, NULL) == OK);
            ck_assert (message_decode (copy.data, copy.size, &again, NULL) == OK);
            ck_assert (s_equal (&back, &again));
            message_free (&again);
            message_free (&back);
        }
        buffer_free (&bytes);
        buffer_free (&copy);
        message_free (&message);
    }
    ck_assert_uint_gt (refused, 200);
}
END_TEST

// ---- hostile bodies

static void s_refuse (const void *body, size_t size, const char *why)
{
    buffer_t bytes = { 0 };
    char head [2] = { MESSAGE_CANCEL, MESSAGE_PROTOCOL };
    message_t message;
    error_t error = { 0 };
    buffer_add (&bytes, head, 2);
    buffer_add (&bytes, body, size);
    ck_assert_msg (message_decode (bytes.data, bytes.size, &message, &error) != OK, "accepted: %s", why);
    ck_assert_msg (strstr (error.text, why) != NULL, "%s, not: %s", error.text, why);
    buffer_free (&bytes);
}

#define REFUSE(body, why) s_refuse (body, sizeof body - 1, why)

START_TEST (hostile_bodies)
{
    REFUSE ("\xdd\xff\xff\xff\xff", "count");            // an array of four billion
    REFUSE ("\xdf\xff\xff\xff\xff", "count");
    REFUSE ("\xdb\xff\xff\xff\xff", "count");
    REFUSE ("\xc6\xff\xff\xff\xff", "count");
    REFUSE ("\xc9\xff\xff\xff\xff", "count");
    REFUSE ("\xc1", "not msgpack");
    REFUSE ("\xdc\x00", "not msgpack");                  // a head that is cut
    REFUSE ("\x91\x91\x91\x91\x91\x91\x91\x91\xc0", "deeper");
    REFUSE ("\x81\xa3job\x01\xc0", "behind");
    REFUSE ("\x82\xa3job\x01\xa3job\x02", "fields");
    REFUSE ("\x81\xa3job\xff", "type");                  // -1
    REFUSE ("\x81\xa3job\xcb\x7f\xf8\0\0\0\0\0\0", "type");
    REFUSE ("\x81\xa3job\xd0\x80", "type");
    REFUSE ("\x81\xa3jab\x01", "unknown field");
    REFUSE ("\x81\x01\x01", "unknown field");
    REFUSE ("\x80", "fields");
    REFUSE ("\x91\x01", "map");
    REFUSE ("\x81\xa3job\xd4\x01\x02", "type");          // an extension
}
END_TEST

START_TEST (double_and_missing_fields)
{
    message_t message;
    error_t error = { 0 };
    static const char twice [] = "\x07\x01\x83\xa5" "epoch\x01\xa5" "epoch\x01\xa3" "job\x01";
    char bytes [sizeof twice];
    memcpy (bytes, twice, sizeof twice);
    bytes [0] = MESSAGE_DECLARE;                         // has epoch, job, slot
    ck_assert (message_decode (bytes, sizeof twice - 1, &message, &error) != OK);
    ck_assert_str_eq (error.text, "declare: field epoch comes twice");
}
END_TEST

START_TEST (many_small_values)
{
    size_t size = MESSAGE_LIMIT - 2;
    char *body = memory_new (size);
    body [0] = '\xdc';                                  // an array16 of as many nils as there is room
    body [1] = (char) ((size - 3) >> 8);
    body [2] = (char) (size - 3);
    memset (body + 3, 0xc0, size - 3);
    s_refuse (body, size, "more than");
    free (body);
}
END_TEST

START_TEST (heads)
{
    message_t message;
    error_t error = { 0 };
    ck_assert (message_decode ("\x02\x63\x80", 3, &message, &error) != OK);
    ck_assert_ptr_nonnull (strstr (error.text, "99"));   // names the protocol of the other side
    ck_assert (message_decode ("\xff\x01\x80", 3, &message, NULL) != OK);
    ck_assert (message_decode ("\x00\x01\x80", 3, &message, NULL) != OK);
    ck_assert (message_decode ("", 0, &message, NULL) != OK);
}
END_TEST

// ---- texts

START_TEST (utf8)
{
    static const char *const bad [] = { "\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff" };
    for (size_t i = 0; i < COUNT_OF (bad); i++)
        ck_assert_msg (!scan_utf8 (bad [i], strlen (bad [i])), "number %zu", i);
    ck_assert (scan_utf8 ("a\xc3\xb1\xe2\x82\xac\xf0\x9f\x8d\x87", 10));
    ck_assert (!scan_utf8 ("a\0b", 3));
}
END_TEST

START_TEST (people_read_utf8_and_paths_keep_their_bytes)
{
    message_t message = { .verb = MESSAGE_FAULT, .fault = { .error = (char *) "caf\xe9: bad" } }, back;
    buffer_t bytes = { 0 };
    ck_assert (message_encode (&message, &bytes, NULL) == OK);
    ck_assert (message_decode (bytes.data, bytes.size, &back, NULL) == OK);
    ck_assert_str_eq (back.fault.error, "caf?: bad");
    ck_assert_str_eq (back.fault.compiler, "");          // NULL is the empty text
    message_free (&back);
    bytes.size = 0;
    message = (message_t) { .verb = MESSAGE_JOB, .job = { .folder = (char *) "/tmp/caf\xe9" } };
    ck_assert (message_encode (&message, &bytes, NULL) == OK);
    ck_assert (message_decode (bytes.data, bytes.size, &back, NULL) == OK);
    ck_assert_str_eq (back.job.folder, "/tmp/caf\xe9");
    message_free (&back);
    buffer_free (&bytes);
}
END_TEST

START_TEST (too_large)
{
    char *text = memory_new (MESSAGE_LIMIT + 1);
    memset (text, 'x', MESSAGE_LIMIT);
    message_t message = { .verb = MESSAGE_FINISHED, .finished = { .error = text } };
    buffer_t bytes = { 0 };
    error_t error = { 0 };
    ck_assert (message_encode (&message, &bytes, &error) != OK);
    ck_assert_uint_eq (bytes.size, 0);
    ck_assert_ptr_nonnull (strstr (error.text, "finished"));
    buffer_free (&bytes);
    free (text);
}
END_TEST

// What master/plan.h and master/work.c count on: a segment of as many tasks as a slot may hold, with all samples; a reduce task of the segments of
// two million tasks, and of two hundred slots more.
START_TEST (largest)
{
    enum { TASKS = PLAN_HELD, SAMPLES = 128, SEGMENTS = 2000000 / PLAN_HELD + 200 };
    static uint64_t tasks [TASKS], attempts [TASKS], weights [SAMPLES], numbers [SEGMENTS], bytes [SEGMENTS];
    static wire_bytes_t keys [SAMPLES];
    static char key [64], *paths [SEGMENTS];
    for (int i = 0; i < TASKS; i++)
        tasks [i] = UINT32_MAX - 1;
    for (int i = 0; i < SAMPLES; i++) {
        keys [i] = (wire_bytes_t) { key, sizeof key };
        weights [i] = UINT64_C (1) << 40;
    }
    for (int i = 0; i < SEGMENTS; i++) {
        paths [i] = (char *) "/var/tmp/racimo/racimo-worker-1234567/job-123456/segment-123456";
        numbers [i] = 100000;
        bytes [i] = UINT32_MAX;
    }
    message_t sealed = { .verb = MESSAGE_SEALED, .sealed = { .epoch = UINT64_MAX, .job = 1000000, .tasks = { tasks, TASKS }, .attempts = { attempts, TASKS },
        .path = paths [0], .bytes = UINT64_MAX, .keys = { keys, SAMPLES }, .weights = { weights, SAMPLES } } };
    message_t reduce = { .verb = MESSAGE_REDUCE, .reduce = { .epoch = UINT64_MAX, .job = 1000000, .task = 1000000, .segments = { paths, SEGMENTS },
        .owners = { numbers, SEGMENTS }, .numbers = { numbers, SEGMENTS }, .bytes = { bytes, SEGMENTS }, .low = { key, sizeof key },
        .high = { key, sizeof key } } };
    const message_t *large [] = { &sealed, &reduce };
    for (size_t i = 0; i < COUNT_OF (large); i++) {
        buffer_t encoded = { 0 };
        error_t error = { 0 };
        message_t read;
        ck_assert_msg (!message_encode (large [i], &encoded, &error), "%s", error.text);
        ck_assert_msg (!message_decode (encoded.data, encoded.size, &read, &error), "%s", error.text);
        message_free (&read);
        buffer_free (&encoded);
    }
}
END_TEST

int main (void)
{
    TCase *tests = main_case (NULL, NULL);
    tcase_add_loop_test (tests, fields_fill_their_struct, 1, MESSAGE_VERBS);
    tcase_add_test (tests, document_is_up_to_date);
    tcase_add_loop_test (tests, round_trip, 1, MESSAGE_VERBS);
    tcase_add_loop_test (tests, every_truncation_is_refused, 1, MESSAGE_VERBS);
    tcase_add_loop_test (tests, mutations_are_refused_or_sound, 1, MESSAGE_VERBS);
    tcase_add_test (tests, hostile_bodies);
    tcase_add_test (tests, double_and_missing_fields);
    tcase_add_test (tests, many_small_values);
    tcase_add_test (tests, heads);
    tcase_add_test (tests, utf8);
    tcase_add_test (tests, people_read_utf8_and_paths_keep_their_bytes);
    tcase_add_test (tests, too_large);
    tcase_add_test (tests, largest);
    return main_end ("message", tests);
}
