// message: the one walker over the tables.
//
// Encoding writes a msgpack map in the order of the table. Decoding trusts nothing: scan_msgpack first holds every count against the
// bytes that are there, then msgpack-c builds its objects (at most SCAN_NODES of them), and each field is checked for name, type and
// text before it is copied into the message's own arena. Decoded messages never point into the received bytes.
#include "wire/message.h"
#include "wire/scan.h"

#include <assert.h>
#include <msgpack.h>
#include <string.h>

static char *s_base (const message_t *self)
{
    return (char *) (uintptr_t) &self->submit;          // all members of the union begin here
}

const char *message_name (message_verb_t verb)
{
    return (unsigned) verb < MESSAGE_VERBS && message_verbs [verb].name ? message_verbs [verb].name : "unknown";
}

// ---- encode

static int s_write (void *into, const char *bytes, size_t size)
{
    buffer_add (into, bytes, size);
    return 0;
}

static void s_pack_bin (msgpack_packer *packer, const void *bytes, size_t size)
{
    msgpack_pack_bin (packer, size);
    msgpack_pack_bin_body (packer, size ? bytes : "", size);
}

// Text for people must arrive, whatever data it quotes: what is not UTF-8 is sent with each byte beyond ASCII as a question mark.
static void s_pack_text (msgpack_packer *packer, const char *text)
{
    size_t size = text ? strlen (text) : 0;
    msgpack_pack_str (packer, size);
    if (scan_utf8 (text ? text : "", size)) {
        msgpack_pack_str_body (packer, text ? text : "", size);
        return;
    }
    for (size_t i = 0; i < size; i++)
        msgpack_pack_str_body (packer, (unsigned char) text [i] < 0x80 ? text + i : "?", 1);
}

static void s_pack_path (msgpack_packer *packer, const char *path)
{
    s_pack_bin (packer, path, path ? strlen (path) : 0);
}

static void s_pack_field (msgpack_packer *packer, field_kind_t kind, const void *at)
{
    const wire_bytes_t *bytes = at;
    const wire_texts_t *texts = at;
    const wire_numbers_t *numbers = at;
    const wire_bytes_list_t *list = at;
    switch (kind) {
    case FIELD_NUMBER: msgpack_pack_uint64 (packer, *(const uint64_t *) at); break;
    case FIELD_TEXT: s_pack_text (packer, *(char *const *) at); break;
    case FIELD_PATH: s_pack_path (packer, *(char *const *) at); break;
    case FIELD_BYTES: s_pack_bin (packer, bytes->data, bytes->size); break;
    case FIELD_TEXTS:
    case FIELD_PATHS:
        msgpack_pack_array (packer, texts->count);
        for (uint32_t i = 0; i < texts->count; i++)
            (kind == FIELD_TEXTS ? s_pack_text : s_pack_path) (packer, texts->item [i]);
        break;
    case FIELD_NUMBERS:
        msgpack_pack_array (packer, numbers->count);
        for (uint32_t i = 0; i < numbers->count; i++)
            msgpack_pack_uint64 (packer, numbers->item [i]);
        break;
    case FIELD_BYTES_LIST:
        msgpack_pack_array (packer, list->count);
        for (uint32_t i = 0; i < list->count; i++)
            s_pack_bin (packer, list->item [i].data, list->item [i].size);
        break;
    }
}

status_t message_encode (const message_t *self, buffer_t *into, error_t *error)
{
    assert ((unsigned) self->verb < MESSAGE_VERBS && message_verbs [self->verb].name);
    const verb_t *verb = &message_verbs [self->verb];
    size_t from = into->size;
    char head [2] = { (char) self->verb, MESSAGE_PROTOCOL };
    buffer_add (into, head, sizeof head);
    msgpack_packer packer;
    msgpack_packer_init (&packer, into, s_write);
    msgpack_pack_map (&packer, verb->fields);
    for (size_t i = 0; i < verb->fields; i++) {
        const field_t *field = &verb->field [i];
        size_t size = strlen (field->name);
        msgpack_pack_str (&packer, size);
        msgpack_pack_str_body (&packer, field->name, size);
        s_pack_field (&packer, field->kind, s_base (self) + field->at);
    }
    size_t size = into->size - from;
    if (size <= MESSAGE_LIMIT && !scan_msgpack (into->data + from + 2, size - 2, error))
        return OK;
    into->size = from;
    return error_set (error, "%s: a message of %zu bytes is larger than %d", verb->name, size, MESSAGE_LIMIT);
}

// ---- decode

static void *s_copy (arena_t *memory, const void *bytes, size_t size)
{
    char *copy = arena_take (memory, size + 1);
    memcpy (copy, bytes, size);
    copy [size] = '\0';
    return copy;
}

static bool s_take_text (arena_t *memory, const msgpack_object *value, char **into)
{
    if (value->type != MSGPACK_OBJECT_STR || !scan_utf8 (value->via.str.ptr, value->via.str.size))
        return false;
    *into = s_copy (memory, value->via.str.ptr, value->via.str.size);
    return true;
}

static bool s_take_path (arena_t *memory, const msgpack_object *value, char **into)
{
    if (value->type != MSGPACK_OBJECT_BIN || memchr (value->via.bin.ptr, '\0', value->via.bin.size))
        return false;
    *into = s_copy (memory, value->via.bin.ptr, value->via.bin.size);
    return true;
}

static bool s_take_bytes (arena_t *memory, const msgpack_object *value, wire_bytes_t *into)
{
    if (value->type != MSGPACK_OBJECT_BIN)
        return false;
    *into = (wire_bytes_t) { s_copy (memory, value->via.bin.ptr, value->via.bin.size), value->via.bin.size };
    return true;
}

static bool s_take_number (const msgpack_object *value, uint64_t *into)
{
    if (value->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return false;
    *into = value->via.u64;
    return true;
}

static bool s_take_list (arena_t *memory, field_kind_t kind, const msgpack_object *value, void *into)
{
    if (value->type != MSGPACK_OBJECT_ARRAY)
        return false;
    const msgpack_object *item = value->via.array.ptr;
    uint32_t count = value->via.array.size;
    wire_texts_t texts = { arena_take (memory, count * sizeof (char *)), count };
    wire_numbers_t numbers = { arena_take (memory, count * sizeof (uint64_t)), count };
    wire_bytes_list_t list = { arena_take (memory, count * sizeof (wire_bytes_t)), count };
    bool good = true;
    for (uint32_t i = 0; good && i < count; i++)
        good = kind == FIELD_TEXTS ? s_take_text (memory, item + i, &texts.item [i])
            : kind == FIELD_PATHS ? s_take_path (memory, item + i, &texts.item [i])
            : kind == FIELD_NUMBERS ? s_take_number (item + i, &numbers.item [i])
            : s_take_bytes (memory, item + i, &list.item [i]);
    if (kind == FIELD_NUMBERS)
        *(wire_numbers_t *) into = numbers;
    else if (kind == FIELD_BYTES_LIST)
        *(wire_bytes_list_t *) into = list;
    else
        *(wire_texts_t *) into = texts;
    return good;
}

static bool s_take_field (arena_t *memory, field_kind_t kind, const msgpack_object *value, void *into)
{
    switch (kind) {
    case FIELD_NUMBER: return s_take_number (value, into);
    case FIELD_TEXT: return s_take_text (memory, value, into);
    case FIELD_PATH: return s_take_path (memory, value, into);
    case FIELD_BYTES: return s_take_bytes (memory, value, into);
    default: return s_take_list (memory, kind, value, into);
    }
}

static const field_t *s_field_of (const verb_t *verb, const msgpack_object *key)
{
    if (key->type != MSGPACK_OBJECT_STR)
        return NULL;
    for (size_t i = 0; i < verb->fields; i++)
        if (strlen (verb->field [i].name) == key->via.str.size && !memcmp (verb->field [i].name, key->via.str.ptr, key->via.str.size))
            return &verb->field [i];
    return NULL;
}

// As many entries as fields, each known, none twice: so none is missing.
static status_t s_take_all (const verb_t *verb, const msgpack_object *body, message_t *into, error_t *error)
{
    if (body->type != MSGPACK_OBJECT_MAP || body->via.map.size != verb->fields)
        return error_set (error, "%s: not a map of %zu fields", verb->name, verb->fields);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < body->via.map.size; i++) {
        const msgpack_object_kv *entry = &body->via.map.ptr [i];
        const field_t *field = s_field_of (verb, &entry->key);
        if (!field)
            return error_set (error, "%s: unknown field", verb->name);
        uint64_t bit = UINT64_C (1) << (field - verb->field);
        if (seen & bit)
            return error_set (error, "%s: field %s comes twice", verb->name, field->name);
        seen |= bit;
        if (!s_take_field (into->memory, field->kind, &entry->val, s_base (into) + field->at))
            return error_set (error, "%s: field %s has a wrong type or is no valid text", verb->name, field->name);
    }
    return OK;
}

status_t message_decode (const void *bytes, size_t size, message_t *into, error_t *error)
{
    const unsigned char *head = bytes;
    *into = (message_t) { 0 };
    if (size < 3 || size > MESSAGE_LIMIT)
        return error_set (error, "a message of %zu bytes", size);
    if (head [1] != MESSAGE_PROTOCOL)
        return error_set (error, "the other side speaks protocol %u, this racimo speaks %d", head [1], MESSAGE_PROTOCOL);
    if (head [0] >= MESSAGE_VERBS || !message_verbs [head [0]].name)
        return error_set (error, "unknown verb %u", head [0]);
    const verb_t *verb = &message_verbs [head [0]];
    error_t why = { 0 };
    if (scan_msgpack (head + 2, size - 2, &why))
        return error_set (error, "%s: %s", verb->name, why.text);

    msgpack_unpacked unpacked;
    msgpack_unpacked_init (&unpacked);
    size_t offset = 0;
    status_t rc = OK;
    if (msgpack_unpack_next (&unpacked, (const char *) head + 2, size - 2, &offset) != MSGPACK_UNPACK_SUCCESS || offset != size - 2)
        rc = error_set (error, "%s: not one msgpack value", verb->name);
    into->verb = (message_verb_t) head [0];
    into->memory = arena_new (size + 256);
    if (!rc)
        rc = s_take_all (verb, &unpacked.data, into, error);
    msgpack_unpacked_destroy (&unpacked);
    if (rc)
        message_free (into);
    return rc;
}

void message_free (message_t *self)
{
    arena_destroy (&self->memory);
    *self = (message_t) { 0 };
}

// ---- print and document

static void s_print_bytes (const char *data, size_t size, buffer_t *into)
{
    buffer_add (into, "\"", 1);
    for (size_t i = 0; i < size && i < 60; i++) {
        unsigned char c = (unsigned char) data [i];
        buffer_print (into, c < 0x20 || c > 0x7e || c == '"' || c == '\\' ? "\\x%02x" : "%c", c);
    }
    buffer_print (into, size > 60 ? "...\"" : "\"");
}

static void s_print_field (field_kind_t kind, const void *at, buffer_t *into)
{
    const wire_bytes_t *bytes = at;
    const char *text;
    switch (kind) {
    case FIELD_NUMBER: buffer_print (into, "%llu", (unsigned long long) *(const uint64_t *) at); break;
    case FIELD_TEXT:
    case FIELD_PATH:
        text = *(char *const *) at;
        s_print_bytes (text, text ? strlen (text) : 0, into);
        break;
    case FIELD_BYTES: s_print_bytes (bytes->data, bytes->size, into); break;
    default: buffer_print (into, "[%u]", ((const wire_texts_t *) at)->count); break;      // every list has its count there
    }
}

void message_print (const message_t *self, buffer_t *into)
{
    buffer_print (into, "%s", message_name (self->verb));
    if ((unsigned) self->verb >= MESSAGE_VERBS)
        return;
    const verb_t *verb = &message_verbs [self->verb];
    for (size_t i = 0; i < verb->fields; i++) {
        buffer_print (into, " %s=", verb->field [i].name);
        s_print_field (verb->field [i].kind, s_base (self) + verb->field [i].at, into);
    }
}

void message_document (buffer_t *into)
{
    static const char *const kinds [] = { "number", "text", "path", "bytes", "texts", "paths", "numbers", "bytes list" };
    for (int v = 1; v < MESSAGE_VERBS; v++) {
        const verb_t *verb = &message_verbs [v];
        buffer_print (into, "\n### %d %s\n\n%s to %s: %s.\n\n| field | kind | |\n| --- | --- | --- |\n", v, verb->name, verb->from, verb->to, verb->about);
        for (size_t i = 0; i < verb->fields; i++)
            buffer_print (into, "| `%s` | %s | %s |\n", verb->field [i].name, kinds [verb->field [i].kind], verb->field [i].about);
    }
}
