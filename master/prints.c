// prints: see prints.h.
#include "master/prints.h"
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct held {                                           // an order, as it goes out but for fingerprints
    held_t *next;
    uint64_t worker, slot, job;
    bool names;                                         // it must name those of `file`: a MAP, but of rows that the job makes itself
    uint32_t file;
    buffer_t order;                                     // encoded
};

// ---- a fingerprint

typedef struct {
    shell_t *shell;
    work_t *work;                                       // lives longer: its end is an errand of the same lane
    uint32_t index;
    input_file_t file;                                  // its path is a copy
    print_t print;
} look_t;

static status_t s_read (int fd, const input_file_t *file, print_t *print)
{
    struct stat is;
    if (fd < 0 || fstat (fd, &is) || is.st_ino != file->inode || is.st_dev != file->device)
        return FAILED;
    return input_fingerprint (fd, file->path, file->size, &print->head, &print->tail, NULL);
}

static void s_look (void *context)
{
    look_t *self = context;
    int fd = open (self->file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (s_read (fd, &self->file, &self->print))
        self->print.head = self->print.tail = 1;        // of no file; whoever reads this one will say what is wrong with it
    if (fd >= 0)
        close (fd);
}

static void s_send_held (shell_t *self);

static void s_looked (void *context)
{
    look_t *self = context;
    shell_t *shell = self->shell;
    self->print.state = PRINT_KNOWN;
    self->work->print [self->index] = self->print;
    free (self->file.path);
    free (self);
    s_send_held (shell);
}

// False: it is being looked at.
static bool s_knows (shell_t *self, work_t *work, uint32_t file)
{
    if (!work->print)
        work->print = memory_new (work->inputs.files * sizeof *work->print);
    print_t *print = &work->print [file];
    if (print->state == PRINT_UNKNOWN) {
        print->state = PRINT_ASKED;
        look_t *look = memory_new (sizeof *look);
        *look = (look_t) { .shell = self, .work = work, .index = file, .file = work->inputs.file [file] };
        look->file.path = memory_text (look->file.path);
        shell_errand (self, work->number, s_look, s_looked, look);
    }
    return print->state == PRINT_KNOWN;
}

// ---- orders

static bool s_is_behind (const held_t *held, const held_t *end, uint64_t worker, uint64_t slot)
{
    for (; held != end; held = held->next)
        if (held->worker == worker && held->slot == slot)
            return true;
    return false;
}

static void s_free (held_t *held)
{
    buffer_free (&held->order);
    free (held);
}

static void s_hold (shell_t *self, const member_t *member, const work_t *work, const message_t *order, uint64_t slot)
{
    error_t error = { 0 };
    held_t *held = memory_new (sizeof *held), **end = &self->held;
    bool names = order->verb == MESSAGE_MAP && !work->numbered;
    *held = (held_t) { .worker = member->number, .slot = slot, .job = work->number, .names = names, .file = names ? (uint32_t) order->map.file : 0 };
    if (message_encode (order, &held->order, &error)) { // a name of 64 KiB; the others have been looked at
        shell_log (self, error.text);
        s_free (held);
        return;
    }
    while (*end)
        end = &(*end)->next;
    *end = held;
}

static void s_send (shell_t *self, member_t *member, const work_t *work, const held_t *held)
{
    message_t order;
    if (message_decode (held->order.data, held->order.size, &order, NULL))
        return;
    if (held->names) {
        order.map.head = work->print [held->file].head;
        order.map.tail = work->print [held->file].tail;
    }
    shell_tell (self, member, &order);
    message_free (&order);
}

static void s_send_held (shell_t *self)
{
    for (held_t **at = &self->held, *held; (held = *at);) {
        member_t *member = roster_find (&self->roster, held->worker);
        const work_t *work = shell_work (self, held->job);
        bool waits = held->names && work && work->print [held->file].state != PRINT_KNOWN;
        if (member && work && (waits || s_is_behind (self->held, held, held->worker, held->slot))) {
            at = &held->next;
            continue;
        }
        if (member && work)
            s_send (self, member, work, held);
        *at = held->next;
        s_free (held);
    }
}

void prints_order (shell_t *self, member_t *member, work_t *work, const message_t *order, uint64_t slot)
{
    message_t named = *order;
    bool known = true;
    if (order->verb == MESSAGE_MAP) {
        work_map_message (work, order->map.task, &named.map);
        if (self->data && !work->numbered && (known = s_knows (self, work, (uint32_t) named.map.file))) {
            named.map.head = work->print [named.map.file].head;
            named.map.tail = work->print [named.map.file].tail;
        }
    }
    if (!known || s_is_behind (self->held, NULL, member->number, slot))
        s_hold (self, member, work, &named, slot);
    else
        shell_tell (self, member, &named);
}

void prints_forget (shell_t *self, uint64_t job)
{
    for (held_t **at = &self->held, *held; (held = *at);)
        if (held->job == job) {
            *at = held->next;
            s_free (held);
        }
        else
            at = &held->next;
    s_send_held (self);                                 // what was behind them
}
