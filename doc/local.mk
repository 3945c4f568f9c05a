dist_man_MANS = doc/racimo.1
dist_doc_DATA = README.md doc/semantics.md doc/tour.md doc/writing-a-job.md doc/block-format.md doc/cluster.md doc/cluster.es.md doc/launch.c
