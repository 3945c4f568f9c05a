/* racimo-client: jobs of a cluster, launched and followed from a program of your own.

   A rac_client is one connection to one cluster, of one thread at a time; it may follow many jobs. The machine has been let into the cluster as a
   client (racimo cluster join TOKEN), so names and keys come from its configuration. Jobs are what `racimo run` takes; they go on when the
   program ends, whatever ends it. Link with what `pkg-config --libs racimo-client` says.

       char why [256];
       rac_client *cluster = rac_client_open (NULL, why, sizeof why);
       const char *inputs [] = { "/srv/data/books", NULL };
       rac_launch launch = { sizeof (rac_launch), "wordcount", NULL, inputs, "/srv/data/counts/" };
       rac_news news;
       uint64_t job = rac_client_launch (cluster, &launch);
       if (!job || rac_client_wait (cluster, job, &news))
           fprintf (stderr, "%s\n", job ? news.error : rac_client_error (cluster));
       rac_client_close (&cluster);
*/
#ifndef RACIMO_CLIENT_H
#define RACIMO_CLIENT_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rac_client rac_client;

/* What to run. All but size, job and output may be NULL or 0. Lists end with NULL. Texts are borrowed for the call. */
typedef struct {
    size_t size;                      /* sizeof (rac_launch): what later releases add comes behind */
    const char *job;                  /* one that comes with racimo, "wordcount"; or a C or C++ file: it travels with what it includes */
    const char *const *options;       /* the job's own: "by=origin" */
    const char *const *inputs;        /* files, folders, patterns on the head's disk */
    const char *output;               /* there: a folder if it ends in / or has no extension, else a file */
    const char *format;               /* of the input: "lines", "csv", "tsv"; NULL: the job's */
    const char *output_format;        /* "tsv", "csv"; NULL: tsv */
    uint64_t max_rejects;             /* bad records that may be left out */
    int overwrite;                    /* 1: replace a result that is there, once the new one is complete */
    int priority;                     /* 1 to 200: more goes first; 0: the usual 100 */
} rac_launch;

typedef enum { RAC_WAITING, RAC_MAPPING, RAC_REDUCING, RAC_COMMITTING, RAC_ENDED } rac_phase;

/* How a job is. Texts are never NULL, and good until the next call with this client. */
typedef struct {
    uint64_t job;
    rac_phase phase;
    uint64_t bytes_done, bytes_all;   /* of the input */
    uint64_t rows;                    /* read so far */
    uint64_t tasks_done, tasks_all;   /* of this phase */
    int exit_code;                    /* RAC_ENDED: 0: the result is in place; else as `racimo run` ends, 130: cancelled */
    const char *error;                /* RAC_ENDED: one line, or empty */
    const char *summary;              /* RAC_ENDED: the JSON of _job.json, or empty */
} rac_news;

/* master: HOST or HOST:PORT; NULL: as the configuration says. NULL: failed, and `why` (room bytes) says why. Does not wait for the master. */
rac_client *rac_client_open (const char *master, char *why, size_t room);
void rac_client_close (rac_client **self_p);
/* Why the last call failed: one line. */
const char *rac_client_error (const rac_client *self);

/* Returns the job's number once the master has accepted it, and follows it; 0: refused or not reached, rac_client_error says why. */
uint64_t rac_client_launch (rac_client *self, const rac_launch *launch);
/* Follows a job that somebody has launched, also one that has ended. 0, or -1: failed. */
int rac_client_follow (rac_client *self, uint64_t job);
/* Asks for its end, which comes as news. 0, or -1: failed. */
int rac_client_cancel (rac_client *self, uint64_t job);

/* The next word of any job that is followed, waiting at most wait_ms (-1: for ever). 1: *into is filled; 0: there was none; -1: failed for good.
   A job at work gives news at least once a second; one that has ended gives RAC_ENDED once and is followed no more. A master that is away is
   called again every five seconds. */
int rac_client_next (rac_client *self, rac_news *into, int wait_ms);
/* Until that job has ended; news of others are passed over, but for their ends, which rac_client_next still gives. Its exit code, or -1: failed. */
int rac_client_wait (rac_client *self, uint64_t job, rac_news *into);

#ifdef __cplusplus
}
#endif
#endif
