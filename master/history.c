// history: see history.h.
//
//     FOLDER/12       the job's JOB_INFO, and once it has ended its FINISHED
//     FOLDER/12.log   LOG messages, as they came
//
// Both are records: the size of a message in 32 bits, then the message as the wire has it, so that there is one codec and one set of checks.
// The first file is written anew under another name and renamed. A log is appended to, record by record; one that is cut off in the middle
// ends before it. Nothing here is synced: what a power cut may cost is the memory of the last few jobs, never their results.
#define _GNU_SOURCE
#include "master/history.h"
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INFO_LIMIT = 4 * MESSAGE_LIMIT, LOG_LIMIT = HISTORY_LOG + MESSAGE_LIMIT, LOST_CODE = 6 };

typedef struct {
    uint64_t number;
    buffer_t info;                                      // JOB_INFO, encoded
    bool ended;
    uint64_t logged;                                    // bytes of its log, as far as it may still grow
    uint64_t bytes;                                     // of its log, on the disk
} entry_t;

struct history {
    char *folder;
    entry_t *entry;                                     // ascending
    size_t entries;
    uint64_t last;
    uint64_t bytes;                                     // of all logs
};

// ---- records

static status_t s_add_record (buffer_t *into, const message_t *message, error_t *error)
{
    buffer_t body = { 0 };
    status_t rc = message_encode (message, &body, error);
    uint32_t size = (uint32_t) body.size;
    if (!rc) {
        buffer_add (into, &size, sizeof size);
        buffer_add (into, body.data, body.size);
    }
    buffer_free (&body);
    return rc;
}

// The bytes of the record at *at; TRUNCATED: there is none, or half of one.
static status_t s_next_record (const buffer_t *from, size_t *at, const char **bytes, uint32_t *size)
{
    if (from->size - *at < sizeof *size)
        return TRUNCATED;
    memcpy (size, from->data + *at, sizeof *size);
    if (*size > from->size - *at - sizeof *size)
        return TRUNCATED;
    *bytes = from->data + *at + sizeof *size;
    *at += sizeof *size + *size;
    return OK;
}

static bool s_next (const buffer_t *from, size_t *at, message_verb_t verb, message_t *into)
{
    const char *bytes;
    uint32_t size;
    if (s_next_record (from, at, &bytes, &size) || message_decode (bytes, size, into, NULL))
        return false;
    if (into->verb == verb)
        return true;
    message_free (into);
    return false;
}

// ---- files

static char *s_path (const history_t *self, uint64_t job, const char *ending)
{
    buffer_t path = { 0 };
    buffer_print (&path, "%s/%llu%s", self->folder, (unsigned long long) job, ending);
    return path.data;
}

static status_t s_save (const history_t *self, uint64_t job, const buffer_t *records, error_t *error)
{
    char *path = s_path (self, job, ""), *fresh = s_path (self, job, ".new");
    status_t rc = file_make_folders (self->folder, 0700, error);        // somebody may have cleared the state
    if (!rc)
        rc = file_save (fresh, records->data, records->size, error);
    if (!rc && rename (fresh, path))
        rc = error_errno (error, "%s", path);
    if (rc)
        unlink (fresh);
    free (path);
    free (fresh);
    return rc;
}

static void s_remove_files (const history_t *self, uint64_t job)
{
    static const char *const endings [] = { "", ".new", ".log" };
    for (size_t i = 0; i < COUNT_OF (endings); i++) {
        char *path = s_path (self, job, endings [i]);
        unlink (path);
        free (path);
    }
}

// ---- entries

static entry_t *s_find (const history_t *self, uint64_t job)
{
    size_t low = 0, high = self->entries;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (self->entry [middle].number < job)
            low = middle + 1;
        else
            high = middle;
    }
    return low < self->entries && self->entry [low].number == job ? &self->entry [low] : NULL;
}

static void s_drop_log (history_t *self, entry_t *entry)
{
    char *path = s_path (self, entry->number, ".log");
    unlink (path);
    free (path);
    self->bytes -= entry->bytes;
    entry->bytes = 0;
    entry->logged = HISTORY_LOG + 1;                    // nothing of its middle
}

// The one that is written to now stays.
static void s_bound_logs (history_t *self, const entry_t *now)
{
    for (size_t i = 0; i < self->entries && self->bytes > HISTORY_LOGS; i++)
        if (self->entry [i].bytes && &self->entry [i] != now)
            s_drop_log (self, &self->entry [i]);
}

static void s_drop_oldest (history_t *self)
{
    s_remove_files (self, self->entry [0].number);
    self->bytes -= self->entry [0].bytes;
    buffer_free (&self->entry [0].info);
    memmove (self->entry, self->entry + 1, --self->entries * sizeof *self->entry);
}

// Numbers are given before jobs are accepted, so one may come behind a higher one.
static entry_t *s_entry (history_t *self, uint64_t job)
{
    entry_t *entry = s_find (self, job);
    if (entry)
        return entry;
    if (self->entries >= HISTORY_JOBS)
        s_drop_oldest (self);
    self->entry = memory_grow (self->entry, (self->entries + 1) * sizeof *self->entry);
    size_t at = self->entries++;
    for (; at && self->entry [at - 1].number > job; at--)
        self->entry [at] = self->entry [at - 1];
    self->entry [at] = (entry_t) { .number = job };
    self->last = job > self->last ? job : self->last;
    return &self->entry [at];
}

static status_t s_note (history_t *self, const message_job_info_t *info, bool ended, error_t *error)
{
    entry_t *entry = s_entry (self, info->job);
    message_t message = { .verb = MESSAGE_JOB_INFO, .job_info = *info };
    entry->info.size = 0;
    entry->ended = ended;
    return message_encode (&message, &entry->info, error);
}

// ---- what earlier masters have left

static int s_is_number (const struct dirent *file)
{
    size_t digits = strspn (file->d_name, "0123456789");
    return digits && digits < 20 && !file->d_name [digits];
}

static void s_weigh_log (history_t *self, entry_t *entry)
{
    struct stat facts;
    char *path = s_path (self, entry->number, ".log");
    entry->bytes = stat (path, &facts) ? 0 : (uint64_t) facts.st_size;
    self->bytes += entry->bytes;
    free (path);
}

static status_t s_load (history_t *self, uint64_t job)
{
    buffer_t records = { 0 };
    message_t info = { 0 }, finished = { 0 };
    size_t at = 0;
    char *path = s_path (self, job, "");
    status_t rc = file_load (path, INFO_LIMIT, &records, NULL);
    free (path);
    if (!rc && (!s_next (&records, &at, MESSAGE_JOB_INFO, &info) || info.job_info.job != job))
        rc = FAILED;
    if (!rc && !s_next (&records, &at, MESSAGE_FINISHED, &finished)) {
        info.job_info.phase = STATE_ENDED;
        info.job_info.exit_code = LOST_CODE;
        info.job_info.error = (char *) "the head was restarted before this job had ended: run it again";
    }
    if (!rc)
        rc = s_note (self, &info.job_info, true, NULL);
    if (!rc)
        s_weigh_log (self, s_find (self, job));
    message_free (&info);
    message_free (&finished);
    buffer_free (&records);
    return rc;
}

static int s_by_number (const struct dirent **a, const struct dirent **b)
{
    unsigned long long left = strtoull ((*a)->d_name, NULL, 10), right = strtoull ((*b)->d_name, NULL, 10);
    return (left > right) - (left < right);
}

history_t *history_new (const char *folder, error_t *error)
{
    if (file_make_folders (folder, 0700, error))
        return NULL;
    struct dirent **file = NULL;
    int files = scandir (folder, &file, s_is_number, s_by_number);
    if (files < 0) {
        (void) error_errno (error, "%s", folder);
        return NULL;
    }
    history_t *self = memory_new (sizeof *self);
    self->folder = memory_text (folder);
    for (int i = 0; i < files; i++) {
        uint64_t job = strtoull (file [i]->d_name, NULL, 10);
        if (s_load (self, job))
            self->last = job > self->last ? job : self->last;           // damaged: but its number was given
        free (file [i]);
    }
    free (file);
    return self;
}

void history_destroy (history_t **self_p)
{
    history_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->entries; i++)
        buffer_free (&self->entry [i].info);
    free (self->entry);
    free (self->folder);
    free (self);
    *self_p = NULL;
}

uint64_t history_last (const history_t *self)
{
    return self->last;
}

// ---- jobs

status_t history_begin (history_t *self, const message_job_info_t *info, error_t *error)
{
    message_t message = { .verb = MESSAGE_JOB_INFO, .job_info = *info };
    buffer_t records = { 0 };
    status_t rc = s_note (self, info, false, error);
    if (!rc)
        rc = s_add_record (&records, &message, error);
    if (!rc)
        rc = s_save (self, info->job, &records, error);
    buffer_free (&records);
    return rc;
}

status_t history_end (history_t *self, const message_job_info_t *info, const message_finished_t *finished, error_t *error)
{
    message_t first = { .verb = MESSAGE_JOB_INFO, .job_info = *info }, second = { .verb = MESSAGE_FINISHED, .finished = *finished };
    buffer_t records = { 0 };
    status_t rc = s_note (self, info, true, error);
    if (!rc)
        rc = s_add_record (&records, &first, error);
    if (!rc && s_add_record (&records, &second, NULL)) {                // a summary of tens of kilobytes: _job.json has it
        second.finished.summary = (char *) "";
        rc = s_add_record (&records, &second, error);
    }
    if (!rc)
        rc = s_save (self, info->job, &records, error);
    buffer_free (&records);
    return rc;
}

size_t history_count (const history_t *self)
{
    return self->entries;
}

uint64_t history_number (const history_t *self, size_t at)
{
    return self->entry [at].number;
}

const buffer_t *history_info (const history_t *self, size_t at)
{
    return self->entry [at].ended ? &self->entry [at].info : NULL;
}

// One whose end was never written down has ended with its master.
static void s_invent_end (const entry_t *entry, message_t *into)
{
    message_t info = { 0 };
    if (message_decode (entry->info.data, entry->info.size, &info, NULL))
        return;
    message_t end = { .verb = MESSAGE_FINISHED, .finished = { entry->number, info.job_info.exit_code, info.job_info.error, NULL, NULL } };
    buffer_t copy = { 0 };
    if (!message_encode (&end, &copy, NULL) && message_decode (copy.data, copy.size, into, NULL))
        *into = (message_t) { 0 };
    buffer_free (&copy);
    message_free (&info);
}

status_t history_finished (const history_t *self, uint64_t job, message_t *into)
{
    const entry_t *entry = s_find (self, job);
    buffer_t records = { 0 };
    message_t info = { 0 };
    size_t at = 0;
    *into = (message_t) { 0 };
    if (!entry || !entry->ended)
        return FAILED;
    char *path = s_path (self, job, "");
    if (!file_load (path, INFO_LIMIT, &records, NULL) && s_next (&records, &at, MESSAGE_JOB_INFO, &info)) {
        message_free (&info);
        if (!s_next (&records, &at, MESSAGE_FINISHED, into))
            *into = (message_t) { 0 };
    }
    if (!into->verb)
        s_invent_end (entry, into);
    free (path);
    buffer_free (&records);
    return into->verb ? OK : FAILED;
}

// ---- what jobs print

static status_t s_append (const history_t *self, uint64_t job, const buffer_t *record)
{
    char *path = s_path (self, job, ".log");
    int fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    status_t rc = fd < 0 ? FAILED : file_write_all (fd, record->data, record->size, path, NULL);
    if (fd >= 0)
        close (fd);
    free (path);
    return rc;
}

void history_log (history_t *self, const message_log_t *log)
{
    entry_t *entry = s_find (self, log->job);
    message_t message = { .verb = MESSAGE_LOG, .log = *log };
    buffer_t record = { 0 };
    if (!entry || entry->logged > HISTORY_LOG || s_add_record (&record, &message, NULL))
        return;
    if (entry->logged + record.size > HISTORY_LOG) {
        entry->logged = HISTORY_LOG;
        record.size = 0;
        message.log.text = (char *) "[racimo: the rest of what this job printed is left out]\n";
        if (s_add_record (&record, &message, NULL))
            record.size = 0;
    }
    entry->logged += record.size;
    entry->bytes += record.size;
    self->bytes += record.size;
    if (s_append (self, log->job, &record))
        entry->logged = HISTORY_LOG + 1;                // half a record ends the log
    s_bound_logs (self, entry);
    buffer_free (&record);
}

void history_log_read (const history_t *self, uint64_t job, buffer_t *into)
{
    char *path = s_path (self, job, ".log");
    into->size = 0;
    if (s_find (self, job) && file_load (path, LOG_LIMIT, into, NULL))
        into->size = 0;
    free (path);
}

bool history_log_next (const buffer_t *log, size_t *at, message_t *into)
{
    return log->size && s_next (log, at, MESSAGE_LOG, into);
}
