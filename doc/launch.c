/* launch: counts words on a cluster, from a program: launches the job, shows how far it is, waits for its end.

       cc launch.c -o launch $(pkg-config --cflags --libs racimo-client)
       ./launch /srv/data/books /srv/data/counts/
*/
#include <inttypes.h>
#include <racimo-client.h>
#include <stdio.h>

static int s_run (rac_client *cluster, const char *input, const char *output)
{
    const char *inputs [] = { input, NULL };
    rac_launch launch = { sizeof (rac_launch), "wordcount", NULL, inputs, output, NULL, NULL, 0, 0, 0 };
    uint64_t job = rac_client_launch (cluster, &launch);
    if (!job) {
        fprintf (stderr, "launch: %s\n", rac_client_error (cluster));
        return 1;
    }
    rac_news news;
    while (rac_client_next (cluster, &news, -1) == 1 && news.phase != RAC_ENDED)
        printf ("job %" PRIu64 ": %" PRIu64 " of %" PRIu64 " bytes\n", job, news.bytes_done, news.bytes_all);
    if (news.phase != RAC_ENDED || news.exit_code) {
        fprintf (stderr, "launch: %s\n", news.phase == RAC_ENDED ? news.error : rac_client_error (cluster));
        return 1;
    }
    printf ("job %" PRIu64 " is done\n", job);
    return 0;
}

int main (int argc, char **argv)
{
    char why [256];
    if (argc != 3) {
        fprintf (stderr, "usage: launch INPUT OUTPUT\n");
        return 2;
    }
    rac_client *cluster = rac_client_open (NULL, why, sizeof why);
    if (!cluster) {
        fprintf (stderr, "launch: %s\n", why);
        return 1;
    }
    int status = s_run (cluster, argv [1], argv [2]);
    rac_client_close (&cluster);
    return status;
}
